"""A look at a whole site by another processor, while a build finds out what changed.

It needs to know nothing but how the site lay when the last build had put it in place. That is no more than anybody can
list who can see the site, so the file with it is neither locked nor trusted: who asks compares its hash
(portal/keeping.py).
"""

from __future__ import annotations

import hashlib
import os
import stat
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

from portal.parallel import Mate

Stamp: TypeAlias = tuple[int, ...]
"""How a file lies on the disk: size, time of its content, time of any change, inode; empty where it is none."""

Times: TypeAlias = tuple[int, ...]
"""How a folder lies: time of what it lists, time of any change, inode; empty where it is none."""

_FILE, _FOLDER = 4, 3
"""Numbers of a stamp, and of times."""
_MARK = f"site 1 {array('q').itemsize} {array('q', [1]).tobytes()[:1].hex()}\n".encode()
"""What packs in the same way."""
_SIGNED = (1 << 63) - 1
"""What fits of an inode number, of which some file systems use all 64 bits."""
_END = "\0"
"""No path has it."""


class Standing(NamedTuple):
    """How a site stood: its files and folders by path below it, and how each lay."""

    files: Sequence[str]
    stamps: array[int]
    """Four for each file."""
    folders: Sequence[str]
    times: array[int]
    """Three for each folder."""

    def packed(self) -> bytes:
        """The same as a file can hold it."""
        paths = os.fsencode(_END.join((*self.files, *self.folders)))
        counts = array("q", (len(self.files), len(self.folders)))
        return b"".join((_MARK, counts.tobytes(), self.stamps.tobytes(), self.times.tobytes(), paths))

    def each_stamp(self) -> Iterator[Stamp]:
        return zip(*(self.stamps[part::_FILE] for part in range(_FILE)), strict=True)

    def each_times(self) -> Iterator[Times]:
        return zip(*(self.times[part::_FOLDER] for part in range(_FOLDER)), strict=True)


def unpacked(data: bytes) -> Standing:
    """What was packed. Raises ValueError for anything else."""
    rest = memoryview(data)[len(_MARK) :]
    numbers = array("q")
    if not data.startswith(_MARK) or len(rest) < 2 * numbers.itemsize:
        raise ValueError("not a site as this machine packs it")
    numbers.frombytes(rest[: 2 * numbers.itemsize])
    files, folders = numbers
    middle, end = ((2 + _FILE * files + more) * numbers.itemsize for more in (0, _FOLDER * folders))
    if min(files, folders) < 0 or end > len(rest):
        raise ValueError("cut off")
    stamps, times = array("q"), array("q")
    stamps.frombytes(rest[2 * numbers.itemsize : middle])
    times.frombytes(rest[middle:end])
    paths = os.fsdecode(bytes(rest[end:])).split(_END) if files + folders else []
    if len(paths) != files + folders:
        raise ValueError("not as many paths as it says")
    return Standing(paths[:files], stamps, paths[files:], times)


class Otherwise(NamedTuple):
    """What lies otherwise than a file says, and how it does lie."""

    said: str
    """The SHA-256 of that file; empty where there is none."""
    files: dict[str, Stamp]
    folders: dict[str, Times]


class Survey(NamedTuple):
    """A look at a site that has begun."""

    changes: str
    """How often the site had changed by then."""
    found: Callable[[], Otherwise]
    """Waits until all of it was looked at."""


def begin(out: Path, noted: Path, mate: Mate) -> Survey:
    """Have somebody look at a site from now on, of which the file `noted` says how it lay."""
    out = out.absolute()
    return Survey(changes(out), mate.ask(partial(_look, out, noted)))


def _look(out: Path, noted: Path) -> Otherwise:
    try:
        data = noted.read_bytes()
        was = unpacked(data)
        above = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    except (OSError, ValueError):
        return Otherwise("", {}, {})
    files = zip(was.files, was.each_stamp(), strict=True)
    folders = zip(was.folders, was.each_times(), strict=True)
    try:
        return Otherwise(
            hashlib.sha256(data).hexdigest(),
            {path: lies for path, known in files if (lies := lying(path, above)) != known},
            {path: lies for path, known in folders if (lies := listed(path or ".", above)) != known},
        )
    finally:
        os.close(above)


def lying(place: str, above: int | None = None) -> Stamp:
    """How a file lies on the disk; `above` is an open folder, if the place is below one."""
    try:
        about = os.lstat(place, dir_fd=above)
    except OSError:
        return ()
    if not stat.S_ISREG(about.st_mode):
        return ()
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino & _SIGNED


def listed(place: str, above: int | None = None) -> Times:
    """How a folder lies on the disk; as in `lying`."""
    try:
        about = os.lstat(place, dir_fd=above)
    except OSError:
        return ()
    return (about.st_mtime_ns, about.st_ctime_ns, about.st_ino & _SIGNED) if stat.S_ISDIR(about.st_mode) else ()


def lock(out: Path) -> Path:
    """Whoever publishes has it locked; it holds how often the site has changed."""
    return out.parent / f".{out.name}.lock"


def changes(out: Path) -> str:
    try:
        return lock(out).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def count_change(out: Path) -> None:
    """Before anything changes: who looked at the site until now must look again."""
    said = changes(out)
    lock(out).write_text(str(int(said) + 1 if said.isdecimal() else 1), encoding="ascii")
