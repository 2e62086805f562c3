"""A build that makes only what changed leaves the same bytes as one that makes everything."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from portal import bundles, cli, parallel
from portal.bundles import Bundle
from portal.chunked import Derived
from portal.cli import checking, correcting, whole
from portal.config import Settings
from portal.errors import PortalError
from portal.inventory import Inventory
from portal.press import Made
from tests.conftest import PortalFolder

T = TypeVar("T")
R = TypeVar("R")

SECRET = "YnVpbGRpbmcgYWdhaW4sIGZvciB0ZXN0cyBvbmx5ISE="
NOW = "2026-12-07T09:30+08:00"
SHELL = """<!doctype html><html><head><title>/duenotice:title/</title><meta name="d" content="/duenotice:description/">
/duenotice:alternates/</head><body>/duenotice:selector/{outline}<main>/duenotice:body/</main></body></html>"""
LENIENT = """\
    kinds:
      policy: {required: [], recommended: []}
      improvement: {required: [], recommended: []}
    rules: {removed-notice: "off"}
"""
HOME = '<html><link rel="canonical" href="x"><body>/duenotice:selector/<!-- duenotice:board --></body></html>'


def engine(settings: Settings, out: Path) -> None:
    """Stands in for MkDocs, which no change of a notice starts."""
    for language in settings.languages:
        home = out / language if language == settings.default_language else out / language / language
        for kind, outline in (("outlined", "/duenotice:outline/"), ("plain", "")):
            shell = out / language / "_shells" / kind / "index.html"
            shell.parent.mkdir(parents=True)
            shell.write_text(SHELL.format(outline=outline), encoding="utf-8")
        home.mkdir(parents=True, exist_ok=True)
        (home / "index.html").write_text(HOME, encoding="utf-8")


@pytest.fixture
def folder(portal_folder: PortalFolder, monkeypatch: pytest.MonkeyPatch) -> PortalFolder:
    """Notices that lean on one another in every way there is."""
    monkeypatch.setenv("PORTAL_SECRET", SECRET)
    for room in (checking, correcting, whole):
        monkeypatch.setattr(room, "render", engine)
    settings = portal_folder.root / "mkdocs.yml"
    portal_folder.write("mkdocs.yml", settings.read_text(encoding="utf-8") + LENIENT)
    for number in range(12):
        portal_folder.notice(f"n{number:02d}", front(number), body(number))
    portal_folder.notice("n03", "title: Third\ntranslates: 1", "English words.\n", lang="en")
    contact = "{id: lin, name: 林岚, email: l@a.example.com}"
    portal_folder.client("yunshan", f"id: yunshan\nname: 云杉贸易\ncontacts: [{contact}]\n")
    portal_folder.notice("sealed", "title: 交接\ndate: 2026-11-28\naudience: {clients: [yunshan]}\n", "按期。\n")
    portal_folder.commit("first", at="2026-11-30T10:00+08:00")
    return portal_folder


def front(number: int, *more: str) -> str:
    lines = [
        f"title: 事项 {number}",
        f"date: 2026-{number % 6 + 6:02d}-{number + 1:02d}",
        f"kind: {('general', 'policy', 'improvement')[number % 3]}",
        f"summary: 第 {number} 份",
        f"effective: {{from: 2026-12-{number % 20 + 5:02d}}}",
        *([f"supersedes: n{number - 5:02d}"] if number in (7, 8) else []),
        *([f"answers: [n{number - 1:02d}]"] if number % 3 == 2 else []),
        *([f"redirects: [old-{number}]"] if number == 4 else []),
        *(["expires: 2026-12-20"] if number == 9 else []),
        *more,
    ]
    return "\n".join(lines)


def body(number: int, *more: str) -> str:
    return "\n\n".join([f"正文 {number}。见[另一份](n{(number + 3) % 12:02d}.zh.md)。", "## 细节", *more, ""])


def built(folder: PortalFolder, now: str, *options: str) -> dict[str, bytes]:
    """The site after a build; nothing where its notices have errors."""
    if cli.main(["build", "--root", str(folder.root), "--now", now, *options]):
        return {}
    out = folder.root / "site"
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*") if file.is_file()}


def edit(folder: PortalFolder, chance: random.Random, step: int) -> str:
    """Do to the portal what people do; what was done, in a word."""
    number, notices = chance.randrange(12), folder.root / "notices/2026"
    kind = chance.choice(
        "body body front title withdraw revise add remove translate attach content client commit replace".split()
    )
    file = notices / f"n{number:02d}.zh.md"
    match kind:
        case "body":
            folder.notice(f"n{number:02d}", front(number), body(number, f"补充 {step}。"))
        case "front":
            folder.notice(f"n{number:02d}", front(number, f"number: 试〔2026〕{step}号"), body(number))
        case "title":
            folder.notice(f"n{number:02d}", front(number).replace("事项", f"改题{step}"), body(number))
        case "withdraw":
            line = f"withdrawn: {{on: 2026-12-0{step % 9 + 1}, reason: 不再适用}}"
            folder.notice(f"n{number:02d}", front(number, line), body(number))
        case "revise":
            line = f"revisions: [{{on: 2026-12-02, note: 第 {step} 次}}]"
            folder.notice(f"n{number:02d}", front(number, line), body(number, "修订。"))
        case "replace":
            folder.notice(f"r{step}", f"title: 代替 {step}\ndate: 2026-12-01\nsupersedes: n{number:02d}\n", "代替。\n")
        case "add":
            folder.notice(f"new-{step}", f"title: 新增 {step}\ndate: 2026-12-0{step % 9 + 1}\n", "新。\n")
        case "remove":
            file.unlink(missing_ok=True)
        case "translate":
            folder.notice(f"n{number:02d}", f"title: Matter {step}\ntranslates: 1", f"Words {step}.\n", lang="en")
            if not file.exists():
                folder.notice(f"n{number:02d}", front(number), body(number))
        case "attach":
            folder.write("notices/2026/list.csv", f"a,{step}\n")
            folder.notice(f"n{number:02d}", front(number, "attachments: [list.csv]"), body(number))
        case "content":
            folder.write("content/contact.zh.md", f"# 联系 {step}\n")
        case "client":
            contact = f"{{id: a, name: 安, email: a{step}@b.example.com}}"
            folder.client(f"c{step}", f"id: c{step}\nname: 蓝圃{step}\ncontacts: [{contact}]\n")
        case _:
            folder.commit(f"step {step}", at=f"2026-12-03T10:{step % 60:02d}+08:00")
    return kind


@pytest.mark.parametrize("seed", [2])
def test_whatever_is_edited_the_bytes_are_those_of_a_clean_build(folder: PortalFolder, seed: int) -> None:
    """Bodies, front matter, new, withdrawn, removed, superseded, translated: no page is left as it was by mistake."""
    chance = random.Random(seed)
    days = "2026-12-07T09:30 2026-12-08T09:30 2026-12-08T23:59 2026-12-21T00:00 2027-01-02T08:00".split()
    clock = [f"{day}+08:00" for day in days]
    built(folder, NOW)
    for step in range(10):
        kind = edit(folder, chance, step)
        now = clock[step // 2]
        again = built(folder, now)
        other = PortalFolder(folder.root.with_name(f"clean-{step}"))
        shutil.copytree(folder.root, other.root, ignore=shutil.ignore_patterns("site", ".cache", ".site*"))
        clean = built(other, now)
        differing = sorted(path for path in again.keys() | clean.keys() if again.get(path) != clean.get(path))
        assert not differing, f"step {step}, {kind}: {differing[:5]}"
        shutil.rmtree(other.root)


def test_what_did_not_change_is_not_made_again(folder: PortalFolder) -> None:
    """After a change of one body its own pages are made, and what tells of bodies; no other notice, no list."""
    built(folder, NOW)
    settings = folder.settings()
    before = {file: file.stat().st_ino for file in (folder.root / "site").rglob("*") if file.is_file()}
    folder.notice("n02", front(2), body(2, "改一句。"))
    built(folder, NOW)
    site = folder.root / "site"
    written = {
        f.relative_to(site).as_posix() for f in site.rglob("*") if f.is_file() and before.get(f) != f.stat().st_ino
    }
    own = {f"{prefix}notices/n02/{version}index.html" for prefix in ("", "en/") for version in ("", "v1/")}
    told = {
        f"feeds/{kind}.{code}.{form}"
        for kind in ("all", "improvement")
        for code in settings.languages
        for form in ("atom", "json")
    }
    assert own <= written
    assert {path for path in written - own if "search" not in path} == {*told, "notices.json"}


def test_a_site_that_is_gone_is_made_at_once(folder: PortalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a cache outlives its site, as in CI, no file is waited for one by one."""
    whole = built(folder, NOW)
    shutil.rmtree(folder.root / "site")
    counts: list[int] = []
    real = parallel.each

    def each(work, items, *rest, **named):  # type: ignore[no-untyped-def]
        counts.append(len(items))
        return real(work, items, *rest, **named)

    monkeypatch.setattr(parallel, "each", each)
    assert built(folder, NOW) == whole
    assert max(counts) > 20


def test_work_in_several_processes_comes_back_in_order() -> None:
    """Whatever the workers do, results stand in the order of the items."""
    items = list(range(500))
    assert list(parallel.each(lambda item: item * item, items, workers=3)) == [item * item for item in items]


def test_what_a_worker_fails_at_is_told_as_if_there_were_none() -> None:
    """An error has its own type and words, and what came before it is there."""

    def work(item: int) -> int:
        if item == 130:
            raise PortalError("the 130th is broken")
        return item

    found = parallel.each(work, list(range(200)), workers=2)
    assert [next(found) for _ in range(130)] == list(range(130))
    with pytest.raises(PortalError, match="the 130th is broken"):
        next(found)


def test_a_worker_that_is_killed_takes_nothing_with_it() -> None:
    """What it did not hand over is done by who asked."""
    parent = os.getpid()

    def work(item: int) -> int:
        if item == 77 and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert list(parallel.each(work, list(range(300)), workers=2)) == list(range(300))


def test_one_worker_makes_all_new_bundles_of_a_group() -> None:
    """What they have in common is found out once; the others go round, and all files come in the order of bundles."""
    makers: dict[str, list[int]] = {"": [], "editions": []}

    def bundle(name: str) -> Bundle:
        group = "editions" if name.startswith("m") else ""
        return Bundle(name, lambda: [(f"{name}.html", f"{group} {os.getpid()}".encode())], group)

    def each(work: Callable[[T], Made[R]], items: Sequence[T]) -> Iterator[Made[R]]:
        def done(item: T) -> Made[R]:
            facts, files = work(item)
            return facts, list(files)

        return parallel.each(done, items, workers=2, least=1)

    names = ["a", *(f"m{number}" for number in range(20)), "old", *(f"n{number}" for number in range(100))]
    stands = Inventory()
    stands.note("old.html", ("old", "", (0, 0, 0, 0)))
    found = dict(bundles.files(map(bundle, names), stands, each))
    assert list(found) == ["old.html", *(f"{name}.html" for name in names if name != "old")]
    for path, data in found.items():
        assert isinstance(data, Derived)
        group, _, maker = bytes(data).decode().partition(" ") if path != "old.html" else ("", "", "0")
        makers[group].append(int(maker))
    assert len(set(makers["editions"])) == 1
    assert len(makers["editions"]) == 20
    assert os.getpid() not in makers["editions"] + makers[""]


def test_a_bundle_of_which_a_file_is_gone_is_made_for_that_file(tmp_path: Path) -> None:
    """An inventory that names files which no longer stand costs work, never a page."""
    inventory = Inventory()
    for path in ("a.html", "b.html"):
        inventory.note(path, ("same", "", (1, 1, 1, 1)))
    found = dict(bundles.files([Bundle("same", lambda: [("a.html", b"a"), ("b.html", b"b")])], inventory))
    assert {path: data.make() for path, data in found.items() if isinstance(data, Derived)} == {
        "a.html": b"a",
        "b.html": b"b",
    }
