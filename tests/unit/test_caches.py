"""Whatever becomes of the cache, the site is what a clean build makes: kills, two builds at once, damaged files."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import sys
import time
import traceback
from functools import partial
from pathlib import Path

import pytest

from portal import cli, parallel
from portal.renditions import Renditions
from tests.conftest import PortalFolder
from tests.unit.test_building_again import NOW, body, folder, front

__all__ = ["folder"]


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> None:
    """All processors are at work, however little there is to do."""
    monkeypatch.setattr(parallel, "each", partial(parallel.each, least=1))


def started(portal: PortalFolder, out: str = "site") -> int:
    """A process that builds; its number."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            sys.stdout = sys.stderr = portal.root.with_name("said").open("a", encoding="utf-8", buffering=1)
            code = cli.main(["build", "--root", str(portal.root), "--out", str(portal.root / out), "--now", NOW])
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def ended(child: int) -> int:
    """How a process ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def built(portal: PortalFolder, out: str = "site") -> dict[str, bytes]:
    """The site after a build in a process of its own."""
    assert ended(started(portal, out)) == 0, said(portal)
    return held(portal.root / out)


def said(portal: PortalFolder) -> str:
    """What all builds said."""
    return portal.root.with_name("said").read_text(encoding="utf-8")


def held(place: Path) -> dict[str, bytes]:
    return {file.relative_to(place).as_posix(): file.read_bytes() for file in place.rglob("*") if file.is_file()}


def clean(portal: PortalFolder) -> dict[str, bytes]:
    """What a build makes of a portal's sources where there is no cache."""
    other = PortalFolder(portal.root.with_name("clean"))
    shutil.copytree(portal.root, other.root, ignore=shutil.ignore_patterns("site", ".cache", ".site*"))
    made = built(other)
    shutil.rmtree(other.root)
    return made


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def killed(portal: PortalFolder, seconds: float) -> bool:
    """Whether a build still ran when it was killed after so many seconds."""
    child = started(portal)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return ended(child) == -signal.SIGKILL


def timed(portal: PortalFolder) -> tuple[float, dict[str, bytes]]:
    """How many seconds a clean build takes, and what it makes."""
    begun = time.monotonic()
    made = clean(portal)
    return time.monotonic() - begun, made


@pytest.mark.usefixtures("hands")
def test_killed_builds_leave_nothing_that_a_later_one_is_misled_by(folder: PortalFolder) -> None:
    """First builds and later ones, killed at any moment, one after another: the one that ends makes the site."""
    chance = random.Random(7)
    lasts, expected = timed(folder)
    kills = sum(killed(folder, (part + chance.random()) / 6 * lasts) for part in range(6))
    assert kills >= 3, "too few builds were killed to mean anything"
    assert differing(built(folder), expected) == []
    folder.write("content/contact.zh.md", "# 联系\n")  # so that all is made again
    lasts, expected = timed(folder)
    kills = 0
    for part in range(6):
        number = chance.randrange(12)
        folder.notice(f"n{number:02d}", front(number), body(number, f"第 {part} 次。"))
        folder.notice(f"new-{part % 2}", f"title: 新增 {part}\ndate: 2026-12-01\n", "新。\n")
        kills += killed(folder, (part + chance.random()) / 6 * lasts)
    assert kills >= 3, "too few builds were killed to mean anything"
    expected = clean(folder)
    assert differing(built(folder), expected) == []
    assert differing(built(folder), expected) == []
    assert "Traceback" not in said(folder)


@pytest.mark.usefixtures("hands")
def test_builds_at_once_do_not_disturb_each_other(folder: PortalFolder) -> None:
    """One cache, two builds into one place and one into another: both sites are what a clean build makes."""
    places = ("site", "other", "site")
    for turn in range(2):
        folder.notice("n03", front(3), body(3, f"第 {turn} 次。"))
        builds = [started(folder, out) for out in places]
        assert [ended(build) for build in builds] == [0, 0, 0], said(folder)
        expected = clean(folder)
        assert [differing(held(folder.root / out), expected) for out in places] == [[], [], []]
    assert [differing(built(folder, out), expected) for out in places[:2]] == [[], []]


def cut(file: Path, chance: random.Random) -> None:
    """A file that is empty, or ends somewhere."""
    data = file.read_bytes()
    file.write_bytes(data[: chance.choice([0, chance.randrange(len(data) + 1)])])


def altered(file: Path, chance: random.Random) -> None:
    """A file in which some bits are others."""
    data = bytearray(file.read_bytes())
    for _ in range(1 + len(data) // 200):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def in_the_way(file: Path, chance: random.Random) -> None:
    """A folder where a file belongs, so that none can be read or written there."""
    file.unlink()
    (file / "inside").mkdir(parents=True)


DAMAGES = (cut, altered, in_the_way)


def survive(portal: PortalFolder, *groups: tuple[str, ...]) -> None:
    """Damage these kinds of files in each way after a change; each time the site must be right."""
    cache = portal.settings().cache_dir
    time.sleep(2.1)  # what changed just now is not kept
    built(portal)
    portal.notice("n05", front(5), body(5, "改一句。"))
    expected = clean(portal)
    kept = portal.root.with_name("kept")
    shutil.copytree(portal.root, kept)
    chance = random.Random(1)
    for kinds, damage in itertools.product(groups, DAMAGES):
        shutil.rmtree(portal.root)
        shutil.copytree(kept, portal.root)
        names = {file: file.relative_to(cache).as_posix() for file in cache.rglob("*") if file.is_file()}
        files = [file for file, name in names.items() if name.startswith(kinds)]
        assert files, kinds
        for file in files:
            damage(file, chance)
        assert differing(built(portal), expected) == [], (kinds, damage)
    assert "Traceback" not in said(portal)


def test_a_damaged_cache_costs_time_and_nothing_else(folder: PortalFolder) -> None:
    """Whatever in it is empty, cut, altered or a folder, a build makes what a clean one does."""
    survive(folder, ("memory",), ("prose.db", "search"), ("readings", "engine", "secret.fingerprint"))


def test_nor_where_no_secret_tells_what_is_sound(folder: PortalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a secret nothing is encrypted, and altered bytes are noticed all the same."""
    monkeypatch.delenv("PORTAL_SECRET")
    (folder.root / "clients/yunshan.yml").unlink()
    (folder.root / "notices/2026/sealed.zh.md").unlink()
    survive(folder, ("memory",))


def test_a_damaged_store_of_texts_is_of_use_again(tmp_path: Path) -> None:
    """What cannot be read is begun anew, and then holds what is put there; what was altered is not told."""
    store = Renditions(tmp_path, "rules")
    store.put({"text": {"html": "made"}})
    store.close()
    file = tmp_path / "prose.db"
    file.write_bytes(file.read_bytes().replace(b"made", b"fake"))
    assert Renditions(tmp_path, "rules").find("text") is None
    file.write_bytes(b"no database" * 1000)
    again = Renditions(tmp_path, "rules")
    assert again.find("text") is None
    again.put({"text": {"html": "made"}})
    again.close()
    assert Renditions(tmp_path, "rules").find("text") == {"html": "made"}
    assert Renditions(tmp_path, "other rules").find("text") is None


def test_the_store_of_texts_keeps_what_was_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more entries than there may be use for, those go that nobody asked for longest."""
    for day in range(5):
        monkeypatch.setattr(time, "time", lambda day=day: 1_796_000_000 + day * 100_000)
        store = Renditions(tmp_path, "rules")
        store.put({f"text {day}": {"html": "", "day": day}})
        assert store.find("text 0") == {"html": "", "day": 0}
        store.tidy(3)
        store.close()
    left = [day for day in range(5) if Renditions(tmp_path, "rules").find(f"text {day}")]
    assert left == [0, 3, 4]


def test_what_many_edits_and_kills_left_is_removed(folder: PortalFolder) -> None:
    """A build leaves of texts that nobody says any more about a hundred, and nothing half written."""
    cache = folder.settings().cache_dir
    store = Renditions(cache, "rules")
    for number in range(1000):
        store.put({f"text {number}": {"html": "made"}})
    partial = folder.write(".cache/duenotice/memory.4711.partial", "half")
    os.utime(partial, (0, 0))
    recent = folder.write(".cache/duenotice/memory.4712.partial", "half")
    built(folder)
    left = sum(store.find(f"text {number}") is not None for number in range(1000))
    assert 0 < left < 150
    assert not partial.exists()
    assert recent.exists(), "somebody may be writing it"
