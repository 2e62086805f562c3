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
from functools import cached_property, lru_cache, partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, TypeAlias, overload

from portal import chunked
from portal.parallel import Mate

Stamp: TypeAlias = tuple[int, ...]
"""How a file lies on the disk: size, time of its content, time of any change, inode; empty where it is none."""

Times: TypeAlias = tuple[int, ...]
"""How a folder lies: time of what it lists, time of any change, inode; empty where it is none."""

_FILE, _FOLDER = 4, 3
"""Numbers of a stamp, and of times."""
_MARK = f"site 1 {array('q').itemsize} {array('q', [1]).tobytes()[:1].hex()}\n".encode()
"""What packs in the same way."""
_END = b"\0"
"""No path has it."""
_PARTS = 16
"""In how many a site is looked at: between them, who looks does what is wanted sooner."""
_AT_ONCE = 128
"""Places that are compared together; only where one lies otherwise, each by itself."""


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
        paths = _END.join(map(os.fsencode, (*self.files, *self.folders)))
        counts = array("q", (len(self.files), len(self.folders)))
        return b"".join((_MARK, counts.tobytes(), self.stamps.tobytes(), self.times.tobytes(), paths))

    def each_times(self) -> Iterator[Times]:
        return zip(*(self.times[part::_FOLDER] for part in range(_FOLDER)), strict=True)


def unpacked(data: bytes) -> Standing:
    """What was packed. Raises ValueError for anything else."""
    stamps, times, joined = _taken_apart(data)
    end, files = os.fsdecode(_END), len(stamps) // _FILE
    *named, rest = f"{os.fsdecode(joined)}{end}".split(end, files)
    return Standing(named, stamps, _Later(rest.removesuffix(end), len(times) // _FOLDER), times)


class _Later(Sequence[str]):
    """Paths that are told apart once somebody asks for one: few do."""

    def __init__(self, joined: str, count: int) -> None:
        self._joined, self._count = joined, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        return self._paths[at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    @cached_property
    def _paths(self) -> list[str]:
        return self._joined.split(os.fsdecode(_END)) if self._count else []


def _taken_apart(data: bytes) -> tuple[array[int], array[int], bytes]:
    """Stamps, times, and the paths of all files and folders. Raises ValueError."""
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
    paths = bytes(rest[end:])
    if (paths.count(_END) + 1 if files + folders else 0) != files + folders:
        raise ValueError("not as many paths as it says")
    return stamps, times, paths


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
    seen = changes(out)
    mate.ask(partial(os.chdir, out))  # there alone; from within the site a path is found sooner
    parts = [mate.ask(partial(_look, out, noted, part), meanwhile=True) for part in range(_PARTS)]
    return Survey(seen, lambda: _together([found() for found in parts]))


def _together(parts: Sequence[Otherwise]) -> Otherwise:
    """What all of them say; nothing where they looked into different files."""
    (said, *others) = {part.said for part in parts}
    if others or not said:
        return Otherwise("", {}, {})
    files = {path: lies for part in parts for path, lies in part.files.items()}
    return Otherwise(said, files, {path: lies for part in parts for path, lies in part.folders.items()})


def _look(out: Path, noted: Path, part: int) -> Otherwise:
    """What one of `_PARTS` shows."""
    try:
        about = noted.stat()
        said, files, folders = _read(noted, (about.st_mtime_ns, about.st_ctime_ns, about.st_ino))
        above = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    except (OSError, ValueError):
        return Otherwise("", {}, {})
    try:
        return Otherwise(
            said,
            _otherwise(files, part, above, _STAMP, lying),
            _otherwise(folders, part, above, _TIMES, listed),
        )
    finally:
        os.close(above)


class _Column(NamedTuple):
    """Some places, and how they lay."""

    paths: list[bytes]
    numbers: array[int]
    width: int
    """How many numbers tell how a place lay."""


@lru_cache(maxsize=1)
def _read(noted: Path, _lies: Times) -> tuple[str, _Column, _Column]:
    """The SHA-256 of a file that lies so, and what it says of files and folders. Raises OSError, ValueError."""
    data = noted.read_bytes()
    stamps, times, joined = _taken_apart(data)
    files, paths = len(stamps) // _FILE, joined.split(_END)
    return (
        hashlib.sha256(data).hexdigest(),
        _Column(paths[:files], stamps, _FILE),
        _Column(paths[files:], times, _FOLDER),
    )


def _otherwise(
    column: _Column,
    part: int,
    above: int,
    numbers: Callable[[os.stat_result], tuple[int, ...]],
    lies: Callable[[bytes, int], tuple[int, ...]],
) -> dict[str, tuple[int, ...]]:
    """What lies otherwise than it lay, of one of `_PARTS` of some places below an open folder.

    What still is the same object, and has not changed since, still is a file or a folder.
    """
    paths, noted, width = column
    found: dict[str, tuple[int, ...]] = {}
    within = os.path.samestat(os.stat("."), os.fstat(above))  # noqa: PTH116
    about = os.lstat if within else partial(os.lstat, dir_fd=above)
    for first in range(part * _AT_ONCE, len(paths), _PARTS * _AT_ONCE):
        some, known = paths[first : first + _AT_ONCE], noted[first * width : (first + _AT_ONCE) * width]
        try:
            same = array("q", chain.from_iterable(map(numbers, map(about, some)))) == known
        except (OSError, OverflowError):
            same = False
        if not same:
            each = (lies(path, above) for path in some)
            were = zip(*(known[nth::width] for nth in range(width)), strict=True)
            found.update((os.fsdecode(p), now) for p, now, was in zip(some, each, were, strict=True) if now != was)
    return found


_STAMP = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
_TIMES = attrgetter("st_mtime_ns", "st_ctime_ns", "st_ino")


def lying(place: str | bytes, above: int | None = None) -> Stamp:
    """How a file lies on the disk; `above` is an open folder, if the place is below one."""
    try:
        about = os.lstat(place, dir_fd=above)
    except OSError:
        return ()
    if not stat.S_ISREG(about.st_mode):
        return ()
    return tuple(chunked.stamp(about))


def listed(place: str | bytes, above: int | None = None) -> Times:
    """How a folder lies on the disk; as in `lying`."""
    try:
        about = os.lstat(place or ".", dir_fd=above)
    except OSError:
        return ()
    return tuple(chunked.stamp(about)[1:]) if stat.S_ISDIR(about.st_mode) else ()


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
