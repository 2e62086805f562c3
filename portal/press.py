"""Makes files on all processors, and lays them out beside the site as they will stand in it.

Whoever makes a file also hashes it, shows it to the gate, compares it with what stands, and writes it, so that no byte
goes through a pipe. Doing any of it again does no harm.

Numbers of inodes and times of birth tell in which order files were made, and so which sealed files belong together. So
these wait one after another in one file for each process, and become files of their own in the order of their names;
and all files of one build have one time.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeAlias, TypeVar

from portal import chunked, parallel
from portal.addresses import SEALED
from portal.chunked import AnyFile, Chunked, Derived
from portal.errors import PortalError, Problem

T = TypeVar("T")
R = TypeVar("R")

TREE = "tree"
"""The folder in which files wait under their own paths."""

_FEW = 4
"""Public files that come from one item take so long that so many of them are worth a worker."""

Made: TypeAlias = tuple[R, Iterable[AnyFile]]
"""What work comes to: something for who asked for it, and files."""


class Each(Protocol):
    """Does work on every item, and gives what it comes to in order: `map`, or a press."""

    def __call__(self, work: Callable[[T], Made[R]], items: Sequence[T], /) -> Iterator[Made[R]]: ...


class Gate(Protocol):
    """Says what must not be published; it need not see sealed files."""

    def learn(self) -> None:
        """Get to know what to look for, before others look for it too."""

    def check(self, path: str, data: bytes | Chunked) -> list[Problem]:
        """What is wrong with a file: its path below the site, and its bytes."""

    def proved(self, path: str, sha256: str) -> bool:
        """Whether a file with these bytes was looked into before, and may still be published."""

    def findings(self) -> Any:
        """What it found out since it was asked last; a pickle can hold it."""

    def take(self, findings: Any) -> None:
        """Know what the same gate found out in another process."""


Place: TypeAlias = tuple[int, int, int]
"""Where a sealed file waits: by which process it was made, and in the file of that one the first byte and the size."""


def _not_again() -> NoReturn:
    raise AssertionError("a file that is laid out is not made again")


@dataclass(frozen=True, slots=True)
class Laid(Derived):
    """A file that is made: it waits beside the site, or the site has it."""

    make: Callable[[], bytes | Chunked] = field(default=_not_again, repr=False)
    sha256: str = ""
    """Empty where nobody asks for it."""
    waits: bool = False
    place: Place | None = None
    """Of a sealed file that waits."""


class Press:
    """What one build lays out in a folder of its own; closed, it has no worker any more."""

    def __init__(self, out: Path, folder: Path, gate: Gate) -> None:
        self._out, self._gate = str(out), gate
        tree = f"{folder}/{TREE}"
        self.problems: list[Problem] = []
        """What the gate found."""
        os.mkdir(tree)  # noqa: PTH102 - here and below: there are tens of thousands of them
        self._folders = {"": tree}
        """Folders of the tree, and where they are."""
        self._standing: dict[str, bool] = {}
        """Whether the site has a folder."""
        self._moment = os.stat(folder).st_mtime_ns  # noqa: PTH116
        self._spool = _Spool(str(folder))
        self._running: Generator[Any, None, None] | None = None

    def each(self, work: Callable[[T], Made[R]], items: Sequence[T], /) -> Iterator[Made[R]]:
        """The work done on all processors, and every file of it laid out."""
        return self._each(work, items, _FEW, self._gate.learn)

    def few(self, work: Callable[[T], Made[R]], items: Sequence[T], /) -> Iterator[Made[R]]:
        """The same of items that mostly are done before workers could start, beside a mate that is at work."""
        return self._each(work, items, parallel.LEAST, self._gate.learn)

    def seal(self, work: Callable[[T], Made[R]], items: Sequence[T], /) -> Iterator[Made[R]]:
        """The same for sealed files alone."""
        return self._each(work, items, parallel.LEAST, None)

    def lay(self, path: str, data: bytes | Chunked | Derived) -> Laid:
        """Lay out one file, here."""
        laid, problems = self._laid(path, data)
        self.problems += problems
        self._gate.findings()  # it knows of them
        return laid

    def finish(self, waiting: Mapping[str, Place | None]) -> None:
        """All files that shall wait do: make of the sealed ones, which have a place, files like all others."""
        for path, place in sorted(waiting.items()):
            if place is not None:
                self._write(path, self._spool.read(place))
        self._spool.close()

    def close(self) -> None:
        if self._running is not None:
            self._running.close()
        self._spool.close()

    def _each(
        self, work: Callable[[T], Made[R]], items: Sequence[T], least: int, prepare: Callable[[], None] | None
    ) -> Iterator[Made[R]]:
        self._running = running = parallel.each(partial(self._done, work), items, least=least, prepare=prepare)
        for facts, files, problems, findings in running:
            self.problems += problems
            self._gate.take(findings)
            yield facts, files

    def _done(self, work: Callable[[T], Made[R]], item: T) -> tuple[R, list[AnyFile], list[Problem], Any]:
        """Do one item and lay out its files, wherever this process is."""
        facts, files = work(item)
        done: list[AnyFile] = []
        problems: list[Problem] = []
        for path, data in files:
            laid, found = self._laid(path, data)
            done.append((path, laid))
            problems += found
        return facts, done, problems, self._gate.findings()

    def _laid(self, path: str, data: bytes | Chunked | Derived) -> tuple[Laid, list[Problem]]:
        if not stays_inside(path):
            raise PortalError(f"/{path} leads out of the site")
        follows = ""
        if isinstance(data, Derived):
            follows, data = data.follows, data.make()
        sha256 = hashlib.sha256(data).hexdigest() if follows and isinstance(data, bytes) else ""
        problems = self._gate.check(path, data)
        if problems or self._holds(path, data):
            return Laid(follows, sha256=sha256), problems
        place = None
        if path.startswith(SEALED):
            place = self._spool.add(data)
        else:
            self._write(path, data)
        return Laid(follows, sha256=sha256, waits=True, place=place), []

    def _write(self, path: str, data: bytes | Chunked) -> None:
        folder, _, name = path.rpartition("/")
        try:
            target = os.open(f"{self._folder(folder)}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            raise PortalError(f"two things want the address /{path}", "rename one of them") from None
        try:
            _put(target, data)
            os.utime(target, ns=(self._moment, self._moment))
        finally:
            os.close(target)

    def _folder(self, path: str) -> str:
        """Where a folder of the tree is, which is there from now on."""
        place = self._folders.get(path)
        if place is None:
            above, _, name = path.rpartition("/")
            place = f"{self._folder(above)}/{name}"
            with suppress(FileExistsError):  # another process made it
                os.mkdir(place)  # noqa: PTH102
            self._folders[path] = place
        return place

    def _holds(self, path: str, data: bytes | Chunked) -> bool:
        """Whether the site has this file as it shall be."""
        if not self._stands(path.rpartition("/")[0]):
            return False
        file = f"{self._out}/{path}"
        try:
            about = os.lstat(file)
            size = len(data) if isinstance(data, bytes) else data.size
            return stat.S_ISREG(about.st_mode) and about.st_size == size and _alike(file, data)
        except OSError:
            return False

    def _stands(self, folder: str) -> bool:
        stands = self._standing.get(folder)
        if stands is None:
            stands = not folder or self._stands(folder.rpartition("/")[0])
            stands = self._standing[folder] = stands and os.path.isdir(f"{self._out}/{folder}")  # noqa: PTH112
        return stands


class _Spool:
    """Sealed files one after another, in a file for each process."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files: dict[int, int] = {}
        """Those that are open, by process."""

    def add(self, data: bytes | Chunked) -> Place:
        process = os.getpid()
        file = self._file(process)
        start = os.lseek(file, 0, os.SEEK_END)
        return process, start, _put(file, data)

    def read(self, place: Place) -> Chunked:
        process, start, size = place
        return Chunked(size, partial(_pieces, self._file(process), start, size))

    def close(self) -> None:
        for process, file in self._files.items():
            os.close(file)
            os.unlink(self._name(process))  # noqa: PTH108
        self._files.clear()

    def _file(self, process: int) -> int:
        if process not in self._files:
            self._files[process] = os.open(self._name(process), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        return self._files[process]

    def _name(self, process: int) -> str:
        return f"{self._folder}/sealed-{process}"


def stays_inside(path: str) -> bool:
    """Whether a path is one of a file below the site."""
    parts = path.split("/")
    return not path.startswith("/") and ".." not in parts and any(part not in ("", ".") for part in parts)


def _put(target: int, data: bytes | Chunked) -> int:
    """Write to an open file; bytes that there were."""
    size = 0
    for piece in [data] if isinstance(data, bytes) else data:
        size += len(piece)
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(target, rest) :]
    return size


def _pieces(source: int, start: int, size: int) -> Iterator[bytes]:
    while size and (piece := os.pread(source, min(size, chunked.PIECE), start)):
        yield piece
        start, size = start + len(piece), size - len(piece)


def _alike(file: str, data: bytes | Chunked) -> bool:
    with open(file, "rb") as opened:  # noqa: PTH123
        pieces = _in_pieces(data) if isinstance(data, bytes) else data
        return all(opened.read(len(piece)) == piece for piece in pieces)


def _in_pieces(data: bytes) -> Iterator[bytes]:
    """What is compared with a file piece by piece: for the largest no second buffer of its size is filled."""
    return (data[start : start + chunked.PIECE] for start in range(0, len(data), chunked.PIECE))
