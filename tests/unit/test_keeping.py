"""What a build remembers of the one before: it saves work, and changes not one byte of the site."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from portal import chunked, keeping, parallel, private, publish, sealing
from portal.addresses import SEALED
from portal.article import Articles
from portal.chunked import AnyFile, Chunked, Derived
from portal.config import Secret
from portal.press import Laid, Press
from portal.proofreading import Proofreader
from portal.prose import Prose
from portal.publish import Published
from tests.conftest import NOW, PortalFolder
from tests.unit.test_publish import passes

CLIENT = """
id: {id}
name: {name}
contacts:
  - {{id: lin, name: 林岚, email: lin@{id}.example.com, language: zh}}
  - {{id: amy, name: Amy, email: amy@{id}.example.com, language: en}}
"""
TO_BOTH = "title: 季度预览\ndate: 2026-11-27\naudience: {clients: [yunshan, lanpu]}\nattachments: [a.csv]\n"
TO_ONE = "title: 交接安排\ndate: 2026-11-28\naudience: {clients: [yunshan]}\n"
FEES = "title: 代账费 {{new}}\ndate: 2026-11-29\naudience: {status: [active]}\nvalues: fees.csv\n"


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    portal_folder.client("yunshan", CLIENT.format(id="yunshan", name="云杉贸易"))
    portal_folder.client("lanpu", CLIENT.format(id="lanpu", name="蓝圃食品"))
    portal_folder.notice("preview", TO_BOTH, "见[表](a.csv)和[放假](open.zh.md)。\n")
    portal_folder.write("notices/2026/a.csv", "1,2\n")
    portal_folder.notice("handover", TO_ONE, "按期交接。\n")
    portal_folder.notice("fees", FEES, "新价 {{new}}。\n")
    portal_folder.write("notices/2026/fees.csv", "client,new\nyunshan,300 CNY/month\nlanpu,450 CNY/month\n")
    portal_folder.notice("open", "title: 放假\ndate: 2026-11-30\n")
    return portal_folder


def build(folder: PortalFolder, secret: Secret, *, now: str = NOW, clean: bool = False) -> tuple[Published, int]:
    """One build of the private pages; what it did, and how many sealed files it had to make."""
    settings, plan, out = folder.settings(), folder.plan(now), folder.root / "site"
    if clean:
        keeping.forget(settings)
    kept = keeping.recollect(settings, secret)
    memory, inventory = kept.memory, kept.inventory
    made: list[str] = []

    def counted(path: str, data: Derived) -> Derived:
        def make() -> bytes | Chunked:
            made.append(path)
            return data.make()

        return Derived(data.follows, make)

    def files(press: Press) -> Iterator[AnyFile]:
        yield "build.json", b"{}"
        for path, data in private.files(plan, secret, Articles(plan, Prose(settings)), memory, press.seal):
            if isinstance(data, Laid):
                made.append(path)
            elif isinstance(data, Derived) and path.startswith(SEALED):
                data = counted(path, data)
            yield path, data

    done = publish.publish(out, files, passes, inventory)
    keeping.keep(settings, secret, kept)
    return done, len(made)


def sealed(folder: PortalFolder) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder.root / "site/my/s").iterdir()}


def clean_bytes(folder: PortalFolder, secret: Secret, now: str = NOW) -> dict[str, bytes]:
    """What a build that remembers nothing makes."""
    plan = folder.plan(now)
    files = private.files(plan, secret, Articles(plan, Prose(plan.settings)))
    return {path.removeprefix("my/s/"): bytes(data) for path, data in files if path.startswith("my/s/")}


def test_what_did_not_change_is_not_made_again(folder: PortalFolder, secret: Secret) -> None:
    """The second build makes no sealed file and writes none; of a changed notice it makes what the change touches."""
    assert build(folder, secret)[1] == 4 + 2 + 2 + 4 + 1
    done, made = build(folder, secret)
    assert (done.written, made) == (0, 0)
    folder.notice("handover", TO_ONE, "改期交接。\n")
    assert build(folder, secret)[1] == 2 + 2
    assert sealed(folder) == clean_bytes(folder, secret)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("notices/2026/handover.zh.md", f"---\n{TO_ONE}withdrawn: {{on: 2026-12-02, reason: 误发}}\n---\n按期。\n"),
        ("notices/2026/preview.en.md", "---\ntitle: Preview\ntranslates: 1\n---\nSee below.\n"),
        ("notices/2026/fees.csv", "client,new\nyunshan,310 CNY/month\nlanpu,450 CNY/month\n"),
        ("notices/2026/a.csv", "1,3\n"),
        ("notices/2026/open.zh.md", "---\ntitle: 放假\ndate: 2026-11-30\nsupersedes: handover\n---\n"),
        ("notices/2026/open.zh.md", "---\ntitle: 放假\ndate: 2026-11-30\nid: elsewhere\n---\n"),
        ("notices/2026/open.zh.md", "---\ntitle: 放假\ndate: 2026-11-30\ndraft: true\n---\n"),
        ("clients/yunshan.yml", CLIENT.format(id="yunshan", name="云杉国际")),
        ("clients/yunshan.yml", CLIENT.format(id="yunshan", name="云杉贸易") + "access_until: 2026-12-06\n"),
        ("clients/epochs.json", '{"yunshan/lin": 2}'),
        ("site_templates/notice/rest.html", "<p>another template</p>"),
    ],
)
def test_every_change_reaches_the_site(folder: PortalFolder, secret: Secret, path: str, text: str) -> None:
    """Whatever a page follows from, with the memory of the build before the bytes are those of a clean build."""
    build(folder, secret)
    before = sealed(folder)
    folder.write(path, text)
    build(folder, secret)
    assert sealed(folder) == clean_bytes(folder, secret) != before


def test_another_day_reaches_the_site(folder: PortalFolder, secret: Secret) -> None:
    """What is over by then says so."""
    folder.notice("handover", TO_ONE + "action: {needed: true, what: 派人, by: 2026-12-08}\n", "按期交接。\n")
    build(folder, secret)
    later = "2026-12-09T09:30+08:00"
    build(folder, secret, now=later)
    assert sealed(folder) == clean_bytes(folder, secret, later)


def test_another_configuration_reaches_the_site(folder: PortalFolder, secret: Secret) -> None:
    """The name that signs stands on every page."""
    build(folder, secret)
    file = folder.root / "mkdocs.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("试用财税", "另一财税"), encoding="utf-8")
    build(folder, secret)
    assert sealed(folder) == clean_bytes(folder, secret)


@pytest.mark.parametrize("harm", ["gone", "shorter", "changed", "changed and dated back", "a link", "a folder"])
def test_a_harmed_file_is_healed(folder: PortalFolder, secret: Secret, harm: str) -> None:
    """Whatever happened to a file in the site, the next build puts the right one there."""
    build(folder, secret)
    good = sealed(folder)
    for name in good:
        file = folder.root / "site/my/s" / name
        about = file.stat()
        if harm == "changed and dated back":
            *sound, last = file.read_bytes()
            file.write_bytes(bytes([*sound, last ^ 1]))
            os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
        elif harm in ("changed", "shorter"):
            file.write_bytes(file.read_bytes()[:-1] + (b"x" if harm == "changed" else b""))
        else:
            file.unlink()
        if harm == "a link":
            elsewhere = folder.root / "elsewhere" / name
            elsewhere.parent.mkdir(exist_ok=True)
            elsewhere.write_bytes(good[name])
            file.symlink_to(elsewhere)
        elif harm == "a folder":
            file.mkdir()
    build(folder, secret)
    assert sealed(folder) == good
    assert not any(file.is_symlink() for file in (folder.root / "site/my/s").iterdir())


def test_a_site_copied_from_elsewhere_is_read_and_not_made_again(folder: PortalFolder, secret: Secret) -> None:
    """As where a CI system brings back site and cache: times and inodes differ, the bytes do not.

    Only the attachment is sealed again while it is compared.
    """
    build(folder, secret)
    for file in (folder.root / "site/my/s").iterdir():
        data = file.read_bytes()
        file.unlink()
        file.write_bytes(data)
    done, made = build(folder, secret)
    assert (done.written, made) == (0, 1)


def test_now_and_then_every_file_is_read(folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    """One build in 24 trusts no time: what only a wrong clock or a failing disk changes is found then."""
    build(folder, secret)
    reads: list[Path] = []
    honest = chunked.digest
    monkeypatch.setattr(chunked, "digest", lambda file: (reads.append(file), honest(file))[1])
    counted = []
    for _ in range(24):
        reads.clear()
        build(folder, secret)
        counted.append(sum(file.parent.name == "s" for file in reads))
    assert counted == [0] * 23 + [12]


def test_the_memory_says_nothing_without_the_secret(folder: PortalFolder, secret: Secret) -> None:
    """No name, id, code or key is in the file, and another secret does not open it."""
    build(folder, secret)
    data = (folder.settings().cache_dir / "memory").read_bytes()
    code = str(sealing.code(secret, "yunshan/lin", 1))
    for word in ("yunshan", "云杉", "preview", code, code.replace("-", ""), next(iter(sealed(folder)))):
        assert word.encode() not in data
    other = Secret(bytes(range(9, 41)))
    assert keeping.recollect(folder.settings(), other).memory.recall("indexes", "yunshan/lin 1") is None
    assert keeping.recollect(folder.settings(), secret).memory.recall("indexes", "yunshan/lin 1") is not None


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"x" * 100])
def test_a_damaged_memory_is_no_memory(folder: PortalFolder, secret: Secret, damage: bytes) -> None:
    """It is made anew, and the site is right."""
    build(folder, secret)
    (folder.settings().cache_dir / "memory").write_bytes(damage)
    assert build(folder, secret)[1] == 13
    assert build(folder, secret)[1] == 0


def test_a_clean_build_trusts_nothing(folder: PortalFolder, secret: Secret) -> None:
    """With --clean everything is made, and nothing differs."""
    build(folder, secret)
    done, made = build(folder, secret, clean=True)
    assert (done.written, made) == (0, 13)


def test_what_is_not_asked_for_any_more_is_forgotten(folder: PortalFolder, secret: Secret) -> None:
    """The memory is as large as the site, however long it lives."""

    def names() -> dict[str, set[str]]:
        memory = keeping.recollect(folder.settings(), secret).memory
        return {room: set(memory._past[room]) for room in ("sheets", "objects", "indexes", "attachments")}

    build(folder, secret)
    first = names()
    assert all(first.values())
    for number in range(3):
        folder.notice("handover", TO_ONE, f"改期 {number}。\n")
        build(folder, secret)
    folder.notice("handover", TO_ONE, "按期交接。\n")
    build(folder, secret)
    assert names() == first


def test_what_is_wrong_with_a_notice_is_remembered_too(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second build says the same of a private notice without converting it; once mended it says nothing."""
    folder.notice("fees", FEES, "## 新价\n\n新价 {{new}}，自 {{from}} 起；<video>。\n")

    def said() -> list[str]:
        settings, plan = folder.settings(), folder.plan()
        kept = keeping.recollect(settings, secret)
        memory = kept.memory
        reader = Proofreader(plan, Articles(plan, Prose(settings)), memory)
        found = [str(problem) for entry in plan.private for problem in reader.read(entry)]
        keeping.keep(settings, secret, kept)
        return found

    first = said()
    assert [problem.split(": ")[1] for problem in first] == ["warning html-removed", "error unknown-placeholder"]
    with monkeypatch.context() as patched:
        patched.setattr(Articles, "render", lambda *_, **__: pytest.fail("converted again"))
        assert said() == first
    folder.notice("fees", FEES, "新价 {{new}}。\n")
    assert said() == []


def test_what_readers_of_different_versions_share_is_handed_on_once(folder: PortalFolder, secret: Secret) -> None:
    """Whoever was told later reads the second version only; two workers seal it, and know nothing of each other."""
    folder.commit("first", at="2026-11-27T10:00+08:00")
    widened = TO_ONE.replace("[yunshan]", "[yunshan, lanpu]")
    folder.notice("handover", widened + "revisions: [{on: 2026-11-30, note: 两家都适用}]\n", "改期交接。\n")
    folder.commit("second", at="2026-11-30T10:00+08:00")
    plan = folder.plan()

    def each(work, items):  # type: ignore[no-untyped-def]
        def alone(item: object, _: int) -> tuple[object, list[tuple[str, bytes]]]:
            facts, files = work(item)
            return facts, [(path, bytes(data)) for path, data in files]

        return (next(parallel.each(partial(alone, item), [1, 2], workers=2, least=1)) for item in items)

    handed_on = [path for path, _ in private.files(plan, secret, Articles(plan, Prose(plan.settings)), each=each)]
    assert len(handed_on) == len(set(handed_on))
    assert {path.removeprefix("my/s/") for path in handed_on if path.startswith("my/s/")} == set(
        clean_bytes(folder, secret)
    )


def test_on_several_processors_the_same_files_are_made(
    folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forks and one process alone seal the same; and the next build knows what the forks made."""
    rows = []
    for number in range(120):
        folder.client(f"c{number:03}", CLIENT.format(id=f"c{number:03}", name=f"客户{number:03}"))
        rows.append(f"c{number:03},{number + 300} CNY/month")
    folder.write(
        "notices/2026/fees.csv", "\n".join(["client,new", "yunshan,1 CNY/month", "lanpu,2 CNY/month", *rows, ""])
    )
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    alone = clean_bytes(folder, secret)
    monkeypatch.setattr(parallel, "processors", lambda: 3)
    here = os.getpid()
    honest = sealing.seal
    monkeypatch.setattr(sealing, "seal", lambda *of: pytest.fail("not forked") if os.getpid() == here else honest(*of))
    assert build(folder, secret)[1] > 2 * 122
    assert sealed(folder) == alone
    assert build(folder, secret)[1] == 0
