"""A build that corrects words leaves what a clean build makes, and is none where anything else is otherwise."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from portal import (
    cachefile,
    circumstances,
    cli,
    config,
    feeds,
    keeping,
    manuscripts,
    nodes,
    proofs,
    reprint,
    rereading,
    shells,
    words,
)
from portal.cli import checking, correcting, whole
from portal.config import Settings
from portal.readings import Readings
from tests.conftest import PortalFolder
from tests.unit.test_building_again import NOW, SECRET, built, engine

LENIENT = """\
    kinds:
      policy: {required: [], recommended: []}
      improvement: {required: [], recommended: []}
      service-plan: {required: [], recommended: []}
    rules: {removed-notice: "off", translation-missing: "off"}
"""
PIXEL = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def folder(portal_folder: PortalFolder, monkeypatch: pytest.MonkeyPatch) -> PortalFolder:
    """Public notices of every kind of standing, built some time after they were written."""
    monkeypatch.setenv("PORTAL_SECRET", SECRET)
    for room in (checking, correcting, whole):
        monkeypatch.setattr(room, "render", engine)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 10_000_000_000)
    settings = portal_folder.root / "mkdocs.yml"
    portal_folder.write("mkdocs.yml", settings.read_text(encoding="utf-8") + LENIENT)
    portal_folder.write("content/contact.zh.md", "# 联系\n")
    portal_folder.write(".gitignore", "site\n.site*\n.cache\n")
    for number in range(12):
        portal_folder.notice(f"n{number:02d}", front(number), body(number))
    portal_folder.notice("n03", "title: Third\ntranslates: 1", "English words.\n", lang="en")
    portal_folder.commit("first", at="2026-11-30T10:00+08:00")
    portal_folder.notice("n06", front(6, "revisions: [{on: 2026-12-02, note: 改一句}]"), body(6, "第二版。"))
    portal_folder.commit("second", at="2026-12-02T10:00+08:00")
    return portal_folder


def front(number: int, *more: str) -> str:
    lines = [
        f"title: 自本月起第 {number} 项费用调整",
        f"date: 2026-{number % 6 + 6:02d}-{number + 1:02d}",
        f"kind: {('general', 'policy', 'improvement')[number % 3]}",
        f"summary: 第 {number} 份",
        *(["supersedes: n02"] if number == 7 else []),
        *(["answers: [n04]"] if number == 8 else []),
        *(["redirects: [old-5]"] if number == 5 else []),
        *(["expires: 2026-12-20"] if number == 9 else []),
        *(["attachments: [list.csv]"] if number == 10 else []),
        *more,
    ]
    return "\n".join(lines)


def body(number: int, *more: str) -> str:
    links = f"见[另一份](n{(number + 3) % 12:02d}.zh.md)与[联系](contact.md)。" if number % 2 else "不提别处。"
    return "\n\n".join([f"正文 {number}。{links}", "## 细节", "| 项 | 数 |\n| --- | --- |\n| 甲 | 1 |", *more, ""])


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The notices that each reprint corrected."""
    done: list[tuple[str, ...]] = []
    real = reprint.run_off

    def run_off(proof, *rest):  # type: ignore[no-untyped-def]
        result = real(proof, *rest)
        done.append(tuple(sorted(entry.id for entry in proof.entries)))
        return result

    monkeypatch.setattr(reprint, "run_off", run_off)
    return done


def clean(folder: PortalFolder, now: str = NOW) -> dict[str, bytes]:
    """What a build makes that remembers nothing."""
    other = PortalFolder(folder.root.with_name("clean"))
    shutil.copytree(folder.root, other.root, symlinks=True, ignore=shutil.ignore_patterns("site", ".cache", ".site*"))
    try:
        return built(other, now)
    finally:
        shutil.rmtree(other.root)


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


@pytest.fixture(autouse=True)
def csv(portal_folder: PortalFolder) -> None:
    portal_folder.write("notices/2026/list.csv", "a,1\n")


@pytest.mark.parametrize("seed", range(3))
def test_corrected_words_leave_the_bytes_of_a_clean_build(
    folder: PortalFolder, runs: list[tuple[str, ...]], seed: int
) -> None:
    """Originals and translations, old and new, again and again, committed or not; with links or without."""
    chance = random.Random(seed)
    alone = [number for number in range(12) if number not in (2, 7, 8)]
    built(folder, NOW)
    for step in range(8):
        chosen = sorted(chance.sample(alone, chance.choice((0, 1, 1, 1, 3))))
        for number in chosen:
            file = folder.root / f"notices/2026/n{number:02d}.zh.md"
            words = chance.choice((f"补充 {step}。", f"见[新的一份](n{step:02d}.zh.md)。", f"**{step}** 元。" * 900))
            file.write_text(f"{file.read_text(encoding='utf-8')}\n{words}\n", encoding="utf-8")
        if 3 in chosen and chance.random() < 0.5:
            folder.notice("n03", "title: Third\ntranslates: 1", f"English words, {step}.\n", lang="en")
        if chance.random() < 0.4:
            folder.commit(f"step {step}", at=f"2026-12-03T10:{step:02d}+08:00")
        again = built(folder, NOW)
        assert differing(again, clean(folder)) == [], f"step {step}, {chosen}"
    assert len(runs) >= 7
    assert sum(map(len, runs)) >= 5


def correct(folder: PortalFolder, number: int = 1, words: str = "补充一句。") -> None:
    folder.notice(f"n{number:02d}", front(number), body(number, words))


def test_only_what_tells_of_the_words_is_written(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """Its own pages, its feeds, the register and the search; nothing else of the site is touched."""
    built(folder, NOW)
    site = folder.root / "site"
    before = {file: file.stat().st_ino for file in site.rglob("*") if file.is_file()}
    correct(folder)
    built(folder, NOW)
    written = {
        f.relative_to(site).as_posix() for f in site.rglob("*") if f.is_file() and f.stat().st_ino != before.get(f)
    }
    own = {f"{prefix}notices/n01/{version}index.html" for prefix in ("", "en/") for version in ("", "v1/")}
    feeds = {
        f"feeds/{kind}.{code}.{form}"
        for kind in ("all", "policy")
        for code in ("zh", "en")
        for form in ("atom", "json")
    }
    assert {path for path in written if not path.startswith("search/")} == own | feeds | {"notices.json"}
    assert runs == [("n01",)]


def test_front_matter_and_configuration_that_are_as_they_were_are_not_read_again(
    folder: PortalFolder, runs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are taken from what an earlier build read."""
    built(folder, NOW)
    correct(folder)
    with monkeypatch.context() as patched:
        for room, name in ((nodes, "read"), (config.Options, "model_validate")):
            patched.setattr(room, name, lambda *_, **__: pytest.fail("read again"))
        again = built(folder, NOW)
    assert runs == [("n01",)]
    assert differing(again, clean(folder)) == []


def test_another_program_may_write_dates_otherwise(folder: PortalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the last one wrote them is nothing to it."""
    built(folder, NOW)
    blank = words._blank
    try:
        monkeypatch.setattr(words, "_blank", lambda *of: f"on {blank(*of)}")
        monkeypatch.setattr(circumstances, "program", lambda: "another")
        words.FORMS.clear()
        words.day.cache_clear()
        again = built(folder, NOW)
        assert differing(again, clean(folder)) == []
        assert "on 2026年" in again["notices/n01/index.html"].decode()
    finally:
        words.FORMS.clear()
        words.day.cache_clear()
        words.month.cache_clear()


OTHERWISE: dict[str, Callable[[PortalFolder], object]] = {
    "a key of its front matter": lambda f: f.notice("n01", front(1, "number: 试〔2026〕1号"), body(1)),
    "a notice that others supersede": lambda f: correct(f, 2),
    "a notice that supersedes another": lambda f: correct(f, 7),
    "a notice that answers another": lambda f: correct(f, 8),
    "a link to a heading": lambda f: correct(f, 1, "见[细节](n03.zh.md#细节)。"),
    "a picture beside it": lambda f: (f.write("notices/2026/a.png", PIXEL), correct(f, 1, "![图](a.png)")),
    "words that are not allowed": lambda f: correct(f, 1, "<video>"),
    "a new notice": lambda f: f.notice("n20", front(0), body(0)),
    "a notice that is gone": lambda f: (f.root / "notices/2026/n00.zh.md").unlink(),
    "a new translation": lambda f: f.notice("n01", "title: First\ntranslates: 1", "Words.\n", lang="en"),
    "a private notice": lambda f: f.notice("p", "title: 密\ndate: 2026-12-01\naudience: {services: [tax]}", "密。\n"),
    "a client": lambda f: f.client(
        "a", "id: a\nname: 云杉贸易\ncontacts: [{id: l, name: 林岚, email: l@a.example.com}]\n"
    ),
    "an attachment": lambda f: f.write("notices/2026/list.csv", "a,2\n"),
    "a page": lambda f: f.write("content/contact.zh.md", "# 联系我们\n"),
    "a template of its own": lambda f: f.write("site_templates/notice/qr.html", "x"),
    "the configuration": lambda f: f.write(
        "mkdocs.yml", (f.root / "mkdocs.yml").read_text(encoding="utf-8").replace("试用公告", "公告栏")
    ),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_whatever_else_is_new_the_build_is_a_whole_one(
    folder: PortalFolder, runs: list[tuple[str, ...]], what: str
) -> None:
    """And what it leaves is what a clean one makes."""
    built(folder, NOW)
    OTHERWISE[what](folder)
    again = built(folder, NOW)
    assert runs == []
    assert differing(again, clean(folder)) == []


@pytest.mark.parametrize(
    ("now", "corrected"),
    [("2026-12-07T23:59+08:00", True), ("2026-12-08T00:00+08:00", False), ("2026-12-07T09:00+08:00", False)],
)
def test_plates_hold_for_the_rest_of_the_day(
    folder: PortalFolder, runs: list[tuple[str, ...]], now: str, corrected: bool
) -> None:
    """Every day changes what pages say, and a clock may be set back."""
    built(folder, NOW)
    correct(folder)
    assert differing(built(folder, now), clean(folder, now)) == []
    assert (runs == [("n01",)]) is corrected


def test_plates_hold_until_an_hour_that_somebody_named(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """A notice for half past twelve is out then, whatever was corrected meanwhile."""
    folder.notice("noon", "title: 正午\ndate: 2026-12-07T12:30+08:00", "到点。\n")
    built(folder, NOW)
    for now, count in (("2026-12-07T12:29+08:00", 1), ("2026-12-07T12:30+08:00", 1)):
        again = built(folder, now)
        assert differing(again, clean(folder, now)) == []
        assert len(runs) == count
    assert "notices/noon/index.html" in again


def test_a_site_that_somebody_touched_is_put_right(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """A page written over, one removed, one added: a reprint notices each, and the build is a whole one."""
    whole = built(folder, NOW)
    site = folder.root / "site"
    touches: list[Callable[[], object]] = [
        lambda: (site / "notices/n04/index.html").write_text("x", encoding="utf-8"),
        lambda: (site / "notices/n04/index.html").unlink(),
        lambda: (site / "more.html").write_text("x", encoding="utf-8"),
        lambda: shutil.rmtree(site),
    ]
    for touch in touches:
        touch()
        assert differing(built(folder, NOW), whole) == []
    assert runs == []
    assert built(folder, NOW) == whole
    assert runs == [()]


def test_commits_of_other_things_are_read(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """One of corrected words changes what the site says of itself; one of a notice with versions is looked into."""
    built(folder, NOW)
    correct(folder)
    built(folder, NOW)
    commit = folder.commit("words", at="2026-12-03T10:00+08:00")
    assert commit.encode() in built(folder, NOW)["build.json"]
    assert runs == [("n01",), ()]
    folder.notice("n06", front(6, "revisions: [{on: 2026-12-02, note: 改一句}]"), body(6, "第二版，再改。"))
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == [("n01",), (), ("n06",)]
    folder.commit("a later text of its second version", at="2026-12-04T10:00+08:00")
    assert differing(built(folder, NOW), clean(folder)) == []
    assert len(runs) == 3


def test_a_build_that_looks_into_every_file_comes_round(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """Every 24th build trusts no times of files."""
    for _ in range(26):
        built(folder, NOW)
    assert runs == [()] * 24


def test_what_was_wrong_before_is_still_told(
    folder: PortalFolder, runs: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Warnings of other notices are told by reprints and quick checks too; those of a corrected one are found anew."""
    correct(folder, 3, "<video>")
    correct(folder, 4, "见[没有](nowhere.md)。")
    built(folder, NOW)
    first = capsys.readouterr()
    assert "n03.zh.md" in first.err + first.out
    correct(folder)
    built(folder, NOW)
    second = capsys.readouterr()
    assert runs == [("n01",)]
    assert [line for line in second.err.splitlines() if "n0" in line] == [
        line for line in first.err.splitlines() if "n0" in line
    ]
    correct(folder, 4, "好了。")
    built(folder, NOW)
    third = capsys.readouterr()
    assert runs == [("n01",)]
    assert "n04" not in third.err + third.out
    assert "n03" in third.err + third.out


def check_both_ways(folder: PortalFolder, capsys: pytest.CaptureFixture[str], now: str = NOW) -> tuple[int, str]:
    """What a check says, which is what one without a memory says."""
    command = ["check", "--root", str(folder.root), "--now", now]
    capsys.readouterr()
    code = cli.main(command)
    quick = capsys.readouterr()
    shutil.rmtree(folder.root / ".cache")
    assert cli.main(command) == code
    assert capsys.readouterr() == quick
    return code, quick.err


@pytest.mark.parametrize(
    "words", ["好的。", "<video>", "见[没有](nowhere.md)。", "---\n", "{{amount}}"], ids=lambda words: words[:6]
)
def test_a_check_finds_what_one_without_a_memory_finds(
    folder: PortalFolder, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    """Whether the plates answer it or not."""
    correct(folder, 3, "<audio>")
    built(folder, NOW)
    correct(folder, 1, words)
    check_both_ways(folder, capsys)


def test_a_check_of_what_stayed_as_it_was_asks_the_plates(
    folder: PortalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read that was read; with --base it is."""
    built(folder, NOW)
    monkeypatch.setattr(checking, "decide", lambda *_: pytest.fail("read again"))
    assert cli.main(["check", "--root", str(folder.root), "--now", NOW]) == 0


def test_a_site_that_a_link_leads_to_is_corrected(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """As where a host serves another disk."""
    (folder.root / "disk").mkdir()
    (folder.root / "site").symlink_to("disk")
    built(folder, NOW)
    correct(folder)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert (folder.root / "site").is_symlink()
    assert runs == [("n01",)]


def test_texts_of_earlier_versions_are_converted_wherever_they_are_wanted(
    folder: PortalFolder, runs: list[tuple[str, ...]]
) -> None:
    """A translation that is behind is read by none but the workers that make its page; all of them end."""
    numbers = range(20, 32)
    for number in numbers:
        folder.notice(f"n{number}", "title: 题\ndate: 2026-11-01", "一。\n")
        folder.notice(f"n{number}", "title: T\ntranslates: 1", "One.\n", lang="en")
    folder.commit("first", at="2026-11-02T10:00+08:00")
    for number in numbers:
        folder.notice(f"n{number}", "title: 题\ndate: 2026-11-01\nrevisions: [{on: 2026-11-05, note: 改}]", "二。\n")
    folder.commit("second", at="2026-11-05T10:00+08:00")
    built(folder, NOW)
    for number in numbers:
        folder.notice(f"n{number}", "title: T\ntranslates: 1", f"One, *corrected* {number}.\n", lang="en")
    again = built(folder, NOW)
    assert differing(again, clean(folder)) == []
    assert b"<em>corrected</em> 25" in again["en/notices/n25/v1/index.html"]


@pytest.mark.parametrize("harm", ["gone", "a folder"])
def test_a_register_that_is_not_there_is_made_again(
    folder: PortalFolder, runs: list[tuple[str, ...]], harm: str
) -> None:
    """Though there is nothing to correct."""
    built(folder, NOW)
    (folder.root / "site/notices.json").unlink()
    if harm == "a folder":
        (folder.root / "site/notices.json").mkdir()
    correct(folder)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == []


def test_a_link_that_leads_nowhere_beside_the_templates_is_no_template(folder: PortalFolder) -> None:
    """Editors leave such for every file that is not saved."""
    built(folder, NOW)
    (folder.root / "site_templates").mkdir()
    (folder.root / "site_templates/.#whole.html").symlink_to("lin@example.com.4711")
    assert differing(built(folder, NOW), clean(folder)) == []


@pytest.mark.parametrize("secret", [None, SECRET], ids=["the machine's key", "the secret"])
def test_what_once_was_private_is_kept_under_the_secret_alone(
    folder: PortalFolder, monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    """Also a version that was written for some only, before the notice became public."""
    if secret is None:
        monkeypatch.delenv("PORTAL_SECRET")
    folder.notice("n20", "title: 交接\ndate: 2026-11-28\naudience: {status: [active]}", "只给云杉贸易看的一句。\n")
    folder.commit("for some", at="2026-11-29T10:00+08:00")
    folder.notice("n20", "title: 交接\ndate: 2026-11-28\nrevisions: [{on: 2026-12-02, note: 公开}]", "公开。\n")
    folder.commit("for all", at="2026-12-02T10:00+08:00")
    for command in ("check", "build"):
        cli.main([command, "--root", str(folder.root), "--now", NOW])
    kept = {file.name for file in folder.settings().cache_dir.iterdir()}
    assert any(name.startswith("readings.") for name in kept) is (secret is not None)
    assert ("checked" in kept) is (secret is not None)


def test_a_search_that_was_lost_is_made_again(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """Where the cache has forgotten what other notices say, the build is a whole one."""
    built(folder, NOW)
    shutil.rmtree(folder.settings().cache_dir / "search")
    correct(folder)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == []


def disturb(patched: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Have something happen when a build has read what people wrote, before it notes anything."""
    real = whole.decide

    def decide(*given, **named):  # type: ignore[no-untyped-def]
        found = real(*given, **named)
        do()
        return found

    patched.setattr(whole, "decide", decide)


@pytest.mark.parametrize("name", ["lay", "sources", "memory", "site", "plates", "checked"])
def test_a_file_of_the_cache_in_place_of_another_is_none(folder: PortalFolder, name: str) -> None:
    """Whatever of the same key lies under a name, it is not taken for what belongs there."""
    first = built(folder, NOW)
    cache = folder.settings().cache_dir
    for other in ("lay", "sources", "site", "plates"):
        shutil.copy(cache / other, cache / f"kept-{other}")
    for other in sorted({"lay", "sources", "site", "plates"} - {name}):
        shutil.copy(cache / f"kept-{other}", cache / name)
        assert cli.main(["check", "--root", str(folder.root), "--now", NOW]) == 0
        assert differing(built(folder, NOW), first) == []


@pytest.mark.parametrize("whose", ["a former page", "the theme"])
def test_what_others_have_in_the_folder_of_the_search_stays(
    folder: PortalFolder, runs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """And with it all that follows from the same."""

    def with_own_files(settings: Settings, out: Path) -> None:
        engine(settings, out)
        for name in ("search", "assets"):
            (out / "zh" / name).mkdir(parents=True)
            (out / "zh" / name / "own.js").write_text("x")

    if whose == "the theme":
        for room in (checking, correcting, whole):
            monkeypatch.setattr(room, "render", with_own_files)
    else:
        folder.notice("n11", front(11, "redirects: [/search/old.html]"), body(11))
    correct(folder)
    built(folder, NOW)
    correct(folder, words="再补充一句。")
    again = built(folder, NOW)
    assert {"search/own.js", "search/old.html"} & again.keys()
    assert (differing(again, clean(folder)), runs) == ([], [("n01",)])


@pytest.mark.parametrize("file", ["notices/2026/list.csv", "notices/2026/n04.zh.md", "site/notices/n01/index.html"])
@pytest.mark.parametrize("year", [1600, 1960, 2300])
def test_a_file_may_be_of_any_time(folder: PortalFolder, file: str, year: int) -> None:
    """Whatever a program or a failing clock dated it."""
    built(folder, NOW)
    os.utime(folder.root / file, ns=((year - 1970) * 31_557_600 * 10**9,) * 2)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert differing(built(folder, NOW), clean(folder)) == []
    assert cli.main(["check", "--root", str(folder.root), "--now", NOW]) == 0


def test_a_file_written_while_a_build_read_is_read_by_the_next(
    folder: PortalFolder, runs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words that changed between being read and being noted do not pass for those that were read."""
    with monkeypatch.context() as patched:
        disturb(patched, lambda: correct(folder))
        patched.setattr(time, "time_ns", lambda: int(time.time() * 1e9))
        built(folder, NOW)
    assert differing(built(folder, NOW), clean(folder)) == []


def test_what_is_private_keeps_a_portal_from_having_plates(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """The gate of such a portal must know all of it."""
    folder.client("a", "id: a\nname: 云杉贸易\ncontacts: [{id: l, name: 林岚, email: l@a.example.com}]\n")
    built(folder, NOW)
    correct(folder)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == []


def test_without_a_secret_the_machine_has_a_key_of_its_own(
    folder: PortalFolder, runs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A portal without one is corrected as well; a cache that another machine locked is none."""
    monkeypatch.delenv("PORTAL_SECRET")
    built(folder, NOW)
    correct(folder)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == [("n01",)]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another machine"))
    correct(folder, 2)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == [("n01",)]


def test_a_proof_is_of_one_place(folder: PortalFolder, tmp_path: Path) -> None:
    """A cache that was copied to another folder is not trusted."""
    built(folder, NOW)
    other = PortalFolder(tmp_path / "moved")
    shutil.copytree(folder.root, other.root)
    settings = other.settings()
    kept = keeping.recollect(settings, config.secret({"PORTAL_SECRET": SECRET}))
    frame, engine = rereading.frame(settings), shells.fingerprint(settings)
    assert kept.plates is not None
    looked = partial(manuscripts.compare, cachefile.sources(other.root))
    with pytest.raises(proofs.Otherwise):
        proofs.pull(settings, kept.plates, frame, engine, dt.datetime.fromisoformat(NOW), Readings(), looked)


def test_a_notice_that_goes_while_a_build_reads_is_missed_by_none(
    folder: PortalFolder, runs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there no more when a build ends was there when it began: the next one sees that it is gone."""
    with monkeypatch.context() as patched:
        disturb(patched, (folder.root / "notices/2026/n00.zh.md").unlink)
        built(folder, NOW)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == []


def test_a_commit_while_a_build_reads_is_told_by_the_next(
    folder: PortalFolder, runs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site says which commit it shows: not the one before."""
    with monkeypatch.context() as patched:
        disturb(patched, lambda: folder.commit("meanwhile", at="2026-12-03T10:00+08:00"))
        built(folder, NOW)
    assert folder.git("rev-parse", "HEAD").strip().encode() in built(folder, NOW)["build.json"]


def test_two_corrections_at_once_leave_both(folder: PortalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that changed after it was looked at is looked at again."""
    built(folder, NOW)
    correct(folder, 1)
    real = reprint.run_off

    def run_off(*given):  # type: ignore[no-untyped-def]
        monkeypatch.setattr(reprint, "run_off", real)
        correct(folder, 5, "改了。")
        built(folder, NOW)
        return real(*given)

    monkeypatch.setattr(reprint, "run_off", run_off)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert differing(built(folder, NOW), clean(folder)) == []


class Killed(BaseException):
    """Nothing is done any more."""


def test_a_reprint_that_was_killed_between_two_renames_is_completed(
    folder: PortalFolder, runs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next build carries out what was ordered, then looks at all of it."""
    built(folder, NOW)
    correct(folder, 1)
    real, left = os.replace, [1]

    def replace(source, target):  # type: ignore[no-untyped-def]
        if "/notices/" in str(target):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", replace)
        with pytest.raises(Killed):
            built(folder, NOW)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == []


def test_an_attachment_that_is_hidden_is_looked_into(folder: PortalFolder) -> None:
    """What people name lies in the site, even where files that begin with a full stop are passed over."""
    folder.write("notices/2026/.kept/list.csv", "a,1\n")
    folder.notice("n10", front(10).replace("list.csv", ".kept/list.csv"), body(10))
    built(folder, NOW)
    folder.write("notices/2026/.kept/list.csv", "a,2\n")
    assert built(folder, NOW)["notices/n10/files/.kept/list.csv"] == b"a,2\n"


def test_a_link_that_leads_nowhere_is_no_hindrance(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """Beside notices and pages, as some editors leave them; once it leads somewhere the build is a whole one."""
    (folder.root / "notices/2026/more.txt").symlink_to("nowhere")
    (folder.root / "content/more.txt").symlink_to("nowhere")
    built(folder, NOW)
    correct(folder)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == [("n01",)]
    folder.write("notices/2026/nowhere", "x")
    built(folder, NOW)
    assert runs == [("n01",)]


def test_an_empty_folder_that_is_gone_is_missed(folder: PortalFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """One that mkdocs.yml names must be there, though nothing lies in it."""
    settings = folder.root / "mkdocs.yml"
    folder.write(
        "mkdocs.yml", settings.read_text(encoding="utf-8").replace("    desks:", "    registry: people\n    desks:")
    )
    folder.write("people/.gitkeep", "")
    built(folder, NOW)
    shutil.rmtree(folder.root / "people")
    code, said = check_both_ways(folder, capsys)
    assert (code, "missing-folder" in said) == (1, True)


def test_a_history_that_was_cut_off_is_told(folder: PortalFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """A fetch with a depth takes older versions away, and moves no branch."""
    built(folder, NOW)
    folder.write(".git/shallow", folder.git("rev-parse", "HEAD"))
    code, said = check_both_ways(folder, capsys)
    assert (code, "shallow-clone" in said) == (1, True)


def test_an_update_that_was_promised_for_an_hour_is_missed(
    folder: PortalFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then, and not at midnight."""
    details = "found_at: 2026-12-07T08:00, symptom: 打不开, periods: 十二月, late_fees: 无, state: 处理中"
    front = "title: 申报系统故障\ndate: 2026-12-07\nkind: incident\nowner: fees\naction: {needed: false}\n"
    folder.notice("down", f"{front}details: {{{details}, next_update: 2026-12-07T12:00}}", "故障。\n")
    assert built(folder, NOW)
    code, said = check_both_ways(folder, capsys, "2026-12-07T12:00+08:00")
    assert (code, "update-overdue" in said) == (0, True)


def test_an_hour_that_only_the_version_in_force_names_counts(folder: PortalFolder) -> None:
    """The file may say already what is to be published later."""
    folder.notice("n01", front(1, "withdrawn: {on: 2026-12-07T12:30+08:00, reason: 不再}"), body(1))
    folder.commit("withdrawn at noon", at="2026-12-02T11:00+08:00")
    folder.notice("n01", front(1, "revisions: [{on: 2026-12-20, note: 改一句}]"), body(1))
    built(folder, NOW)
    now = "2026-12-07T12:31+08:00"
    assert differing(built(folder, now), clean(folder, now)) == []


def first_version_committed_again(folder: PortalFolder, path: str) -> None:
    """Another first text of n06, and the second version over it: the files stand as they stood."""
    second = (folder.root / path).read_text(encoding="utf-8")
    folder.write(path, f"---\n{front(6)}\n---\n{body(6, '改过的第一版。')}")
    folder.commit("another first version", at="2026-12-03T10:00+08:00")
    folder.write(path, second)
    folder.commit("and the second", at="2026-12-03T11:00+08:00")


def test_commits_that_come_to_nothing_may_change_older_versions(folder: PortalFolder) -> None:
    """A version's text is the last one that was committed of it."""
    built(folder, NOW)
    first_version_committed_again(folder, "notices/2026/n06.zh.md")
    again = built(folder, NOW)
    assert "改过的第一版" in again["notices/n06/v1/index.html"].decode()
    assert differing(again, clean(folder)) == []


def test_a_merge_may_change_what_was_committed_before(folder: PortalFolder) -> None:
    """Versions are those of the first-parent history; where HEAD comes in as the second parent, that is another one."""
    built(folder, NOW)
    before = folder.git("rev-parse", "HEAD").strip()
    folder.git("checkout", "-q", "-b", "other", "HEAD~1")
    folder.git("checkout", "-q", "main", "--", "notices")
    first_version_committed_again(folder, "notices/2026/n06.zh.md")
    other, tree = folder.git("rev-parse", "other").strip(), folder.git("rev-parse", "main^{tree}").strip()
    merge = folder.git("commit-tree", tree, "-p", other, "-p", before, "-m", "m", at="2026-12-04T10:00+08:00").strip()
    folder.git("checkout", "-q", "main")
    built(folder, NOW)
    folder.git("reset", "-q", merge)
    assert differing(built(folder, NOW), clean(folder)) == []


@pytest.mark.parametrize("linked", [False, True])
def test_commits_where_notices_have_a_repository_of_their_own_count(
    folder: PortalFolder, tmp_path: Path, linked: bool
) -> None:
    """Also where their folder lies further inside it, and where it lies elsewhere and a link leads to it."""
    settings = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", settings.replace("    desks:", "    notices: [records/notices]\n    desks:"))
    inner = PortalFolder(tmp_path / "records" if linked else folder.root / "records")
    inner.root.mkdir()
    shutil.move(folder.root / "notices", inner.root / "notices")
    if linked:
        (folder.root / "records").symlink_to(inner.root)
    first_version_committed_again(inner, "notices/2026/n06.zh.md")
    built(folder, NOW)
    inner.write("notices/2026/n06.zh.md", f"---\n{front(6)}\n---\n{body(6, '再改的第一版。')}")
    inner.commit("again", at="2026-12-03T12:00+08:00")
    inner.git("revert", "-n", "HEAD")
    inner.commit("and back", at="2026-12-03T13:00+08:00")
    again = built(folder, NOW)
    assert "再改的第一版" in again["notices/n06/v1/index.html"].decode()


def test_plates_of_another_program_are_no_plates(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """After an update they may say other things: the build is a whole one, and so is the check."""
    built(folder, NOW)
    settings, secret = folder.settings(), config.secret({"PORTAL_SECRET": SECRET})
    file = settings.cache_dir / "memory"
    said = keeping._said(file, secret)
    said["plates"]["colour"] = said["plates"].pop("mates")
    keeping._write(file, secret, said)
    assert cli.main(["check", "--root", str(folder.root), "--now", NOW]) == 0
    assert built(folder, NOW) == clean(folder)
    assert runs == []


def test_feeds_that_hold_few_of_many_are_corrected(
    folder: PortalFolder, runs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids that are others' are theirs still, though no feed holds these any more."""
    monkeypatch.setattr(feeds, "NEWEST", 2)
    settings = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", settings.replace('translation-missing: "off"', 'redirect-taken: "off"'))
    folder.notice("n11", front(11, "redirects: [n00]"), body(11))
    built(folder, NOW)
    folder.notice("n11", front(11, "redirects: [n00]"), body(11, "补充一句。"))
    assert differing(built(folder, NOW), clean(folder)) == []
    correct(folder, 5)
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == [("n11",), ("n05",)]


def test_a_version_that_is_still_to_come_is_corrected_under_another_name(
    folder: PortalFolder, runs: list[tuple[str, ...]]
) -> None:
    """The register says of the version in force what it said, though its file had another name then."""
    (folder.root / "notices/2026/n01.zh.md").rename(folder.root / "notices/2026/new.zh.md")
    said = "id: n01\n" + front(1, "revisions: [{on: 2026-12-20, note: 改一句}]")
    folder.notice("new", said, body(1, "将来。"))
    folder.commit("renamed and revised", at="2026-12-03T10:00+08:00")
    built(folder, NOW)
    folder.notice("new", said, body(1, "将来，改过。"))
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == [("n01",)]


def test_a_notice_that_once_was_private_keeps_a_portal_from_having_plates(
    folder: PortalFolder, runs: list[tuple[str, ...]]
) -> None:
    """Its older version is known to the gate, which must be asked."""
    words = "交接口令写在信封里，一共十二位数字，只给云杉贸易的林岚一个人看。"
    folder.notice("once", "title: 交接办法\ndate: 2026-11-20\naudience: {services: [tax]}", f"{words}\n")
    folder.commit("private", at="2026-11-21T10:00+08:00")
    said = "title: 交接办法\ndate: 2026-11-20\nrevisions: [{on: 2026-12-01, note: 公开}]"
    folder.notice("once", said, "照旧。\n")
    folder.commit("public", at="2026-12-01T10:00+08:00")
    assert built(folder, NOW)
    correct(folder, 1, words)
    assert built(folder, NOW) == clean(folder)
    assert runs == []


def test_a_picture_that_lay_there_already_comes_along(folder: PortalFolder, runs: list[tuple[str, ...]]) -> None:
    """Words that show it make it a file of the site: the build is a whole one."""
    folder.write("notices/2026/a.png", PIXEL)
    built(folder, NOW)
    correct(folder, 1, "![图](a.png)")
    assert differing(built(folder, NOW), clean(folder)) == []
    assert runs == []
