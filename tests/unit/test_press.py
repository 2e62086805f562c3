"""Files are made, checked and laid out by several processes, and nobody can tell from the site."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from portal import parallel, publish
from portal.chunked import AnyFile, Chunked, Derived
from portal.errors import Location, PortalError, Problem, Refused
from portal.inventory import Inventory
from portal.press import Made, Press
from portal.publish import Published

ITEMS = range(240)


@pytest.fixture(autouse=True)
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with three processors."""
    monkeypatch.setattr(parallel, "processors", lambda: 3)


class Watch:
    """A gate that refuses a word, proved nothing before, and keeps what it looked at."""

    def __init__(self, word: bytes = b"\0") -> None:
        self._word = word
        self._new: list[str] = []
        self.looked: list[str] = []

    def learn(self) -> None:
        pass

    def check(self, path: str, data: bytes | Chunked) -> list[Problem]:
        self._new.append(path)
        return [Problem(Location(path), "leak", "private text")] if self._word in bytes(data) else []

    def proved(self, path: str, sha256: str) -> bool:  # noqa: ARG002
        return False

    def findings(self) -> list[str]:
        new, self._new = self._new, []
        return new

    def take(self, findings: list[str]) -> None:
        self.looked += findings


def page(number: int) -> Made[int]:
    """A page and what lies beside it; found out by the way: who made it."""
    name = f"notices/n{number}"
    return os.getpid(), [(f"{name}/index.html", Derived(f"n{number}", lambda: b"page")), (f"{name}/qr.svg", b"code")]


def put(
    out: Path, work: Callable[[int], Made[int]], gate: Watch | None = None, inventory: Inventory | None = None
) -> tuple[Published, set[int]]:
    """Publish what `work` makes of all items; what it did, and who made it."""
    makers: set[int] = set()

    def files(press: Press) -> Iterator[AnyFile]:
        yield "build.json", b"1"
        for maker, found in press.each(work, ITEMS):
            makers.add(maker)
            yield from found

    return publish.publish(out, files, gate or Watch(), inventory), makers


def tree(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_what_workers_lay_out_is_the_site(tmp_path: Path) -> None:
    """All of it stands, each file was looked at, and what it follows from is known; a second build writes nothing."""
    out, gate, inventory = tmp_path / "site", Watch(), Inventory()
    done, makers = put(out, page, gate, inventory)
    assert done == Published(481, 0, 0)
    assert os.getpid() not in makers
    both = (("index.html", b"page"), ("qr.svg", b"code"))
    expected = {f"notices/n{number}/{name}": data for number in ITEMS for name, data in both}
    assert tree(out) == {"build.json": b"1", **expected}
    assert gate.looked == list(expected)
    sha256 = "3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274"
    assert (inventory.item("notices/n7/index.html") or ())[:2] == ("n7", sha256)
    assert len({file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}) == 1
    assert put(out, page)[0] == Published(0, 481, 0)


def test_one_refused_file_among_those_of_workers_keeps_the_whole_site_as_it_was(tmp_path: Path) -> None:
    """The problem comes from the worker, nothing is published and nothing is left beside the site."""
    out = tmp_path / "site"
    put(out, page)
    before = tree(out)

    def leaking(number: int) -> Made[int]:
        return 0, [(f"notices/n{number}/index.html", b"secret" if number == 99 else b"new")]

    with pytest.raises(Refused) as refused:
        put(out, leaking, Watch(b"secret"))
    assert [problem.location.file for problem in refused.value.problems] == ["notices/n99/index.html"]
    assert tree(out) == before
    assert sorted(file.name for file in tmp_path.iterdir()) == [".site.lock", "site"]


def test_what_a_killed_worker_laid_out_is_laid_out_again(tmp_path: Path) -> None:
    """Half of its files lie there already, or half of one."""
    here = os.getpid()

    def dying(number: int) -> Made[int]:
        def second() -> bytes:
            if number in (30, 130) and os.getpid() != here:
                os.kill(os.getpid(), signal.SIGKILL)
            return b"second"

        return 0, [(f"a{number}", b"first"), (f"b{number}", Derived("x", second)), (f"my/s/{number}", b"sealed")]

    done, _ = put(tmp_path / "site", dying)
    assert done == Published(721, 0, 0)
    kinds = (("a", b"first"), ("b", b"second"), ("my/s/", b"sealed"))
    expected = {f"{kind}{number}": data for number in ITEMS for kind, data in kinds}
    assert tree(tmp_path / "site") == {"build.json": b"1", **expected}


@pytest.mark.parametrize("second", ["a.html", "a.html/index.html"])
def test_two_workers_that_want_one_address_are_refused(tmp_path: Path, second: str) -> None:
    """Neither silently wins; and a file is no folder for another."""

    def work(number: int) -> Made[int]:
        return 0, [(path, b"x") for at, path in ((3, "a.html"), (200, second)) if at == number]

    with pytest.raises(PortalError, match="two things want the address"):
        put(tmp_path / "site", work)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".site.lock"]


def test_inodes_do_not_tell_what_workers_sealed_together(tmp_path: Path) -> None:
    """However many made them, sealed files become files in the order of their names."""

    def sealed(number: int) -> Made[int]:
        (tmp_path / f"at-work-{os.getpid()}").touch()
        deadline = time.monotonic() + 20
        while len(list(tmp_path.glob("at-work-*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        return os.getpid(), [(f"my/s/{number * 509 % 1009:08x}", b"duen%d" % number)]

    _, makers = put(tmp_path / "site", sealed)
    assert len(makers) > 1
    standing = sorted((tmp_path / "site/my/s").iterdir(), key=lambda file: file.stat().st_ino)
    rising = sum(earlier.name < later.name for earlier, later in pairwise(standing))
    assert rising >= 210 or rising <= 30, "file systems count up or down, and fill what others left; made so, 120 rise"
    assert {file.read_bytes() for file in standing} == {b"duen%d" % number for number in ITEMS}


def test_files_that_can_be_made_by_themselves_are_made_on_all_processors(tmp_path: Path) -> None:
    """As indexes are: whoever hands them on need not know of workers."""
    here = os.getpid()

    def files(press: Press) -> Iterator[AnyFile]:
        yield "build.json", b"1"
        for number in ITEMS:
            yield f"my/s/{number}", Derived(str(number), lambda: b"here" if os.getpid() == here else b"there")

    publish.publish(tmp_path / "site", files, Watch())
    assert {(tmp_path / f"site/my/s/{number}").read_bytes() for number in ITEMS} == {b"there"}


BUILD = """
import os, sys, time
from pathlib import Path
from portal import parallel, publish
sys.path.insert(0, "")
from tests.unit.test_press import Watch
parallel.processors = lambda: 3
out = Path(sys.argv[1])

def slow(number):
    (out.parent / f"worker-{os.getpid()}").touch()
    time.sleep(0.05)
    return 0, [(f"a{number}", b"a"), (f"killed/{number}", b"a"), (f"my/s/{number}", b"a")]

def files(press):
    yield "build.json", b"1"
    for _, found in press.each(slow, range(240)):
        yield from found

publish.publish(out, files, Watch())
"""


def test_workers_of_a_killed_build_do_not_write_into_the_next_one(tmp_path: Path) -> None:
    """They end by themselves, and as long as they live the next build waits; it knows nothing of what they laid out."""
    out = tmp_path / "site"
    killed = subprocess.Popen([sys.executable, "-c", BUILD, str(out)], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 20
    while len(list(tmp_path.glob("worker-*"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    workers = [int(file.name.removeprefix("worker-")) for file in tmp_path.glob("worker-*")]
    assert len(workers) == 3
    assert put(out, page)[0] == Published(481, 0, 0)
    assert not [number for number in workers if alive(number)]
    assert not list(out.glob("a*"))
    assert not (out / "killed").exists()


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
