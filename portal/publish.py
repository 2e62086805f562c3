"""Puts a site in place: changed files are staged, pass the gate, and are renamed in under a journal.

Until the journal is written nothing in the site has changed; after it is, the next run completes what a crash
interrupted. A visitor sees the old site or the new one, with at most the instant of the renames between.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from portal import chunked
from portal.addresses import BUILD, SEALED
from portal.chunked import AnyFile, Chunked, Derived
from portal.errors import PortalError, Problem
from portal.inventory import Inventory


class Gate(Protocol):
    """Says what must not be published; it need not see sealed files."""

    def check(self, path: str, data: bytes | Chunked) -> list[Problem]:
        """What is wrong with a file: its path below the site, and its bytes."""

    def proved(self, path: str, sha256: str) -> bool:
        """Whether a file with these bytes was looked into before, and may still be published."""


_JOURNAL = "journal.json"
_SPOOL = "sealed"


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did, in files."""

    written: int
    unchanged: int
    removed: int


class Refused(PortalError):
    """The gate found private text in a public file; nothing was published."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("nothing was published: private text would have become public", "see the lines above")
        self.problems = problems


def publish(out: Path, files: Iterable[AnyFile], gate: Gate, inventory: Inventory | None = None) -> Published:
    """Make `out` hold exactly `files`. Raises Refused, PortalError; then `out` is as it was.

    What stands there as `inventory` says is left alone; afterwards it says how everything stands now.
    """
    out = out.absolute()
    staging = out.parent / f".{out.name}.staging"
    with _alone(out):
        _recover(out, staging)  # first, for a site whose first publication was interrupted is ours, too
        _must_be_ours(out)
        try:
            return _publish(out, staging, files, gate, inventory or Inventory())
        except BaseException:
            if not (staging / _JOURNAL).exists():
                shutil.rmtree(staging, ignore_errors=True)
            raise


def _publish(out: Path, staging: Path, files: Iterable[AnyFile], gate: Gate, inventory: Inventory) -> Published:
    stage = _Stage(staging)
    problems: list[Problem] = []
    said: dict[str, tuple[str, str]] = {}
    """Path to what the file follows from, and the SHA-256 of what it holds."""
    place = str(out)
    for path, data in files:
        if path in said:
            raise PortalError(f"two things want the address /{path}", "rename one of them")
        if not _stays_inside(path):
            raise PortalError(f"/{path} leads out of the site")
        follows = ""
        if isinstance(data, Derived):
            follows = data.follows
            stands = inventory.standing(place, path, follows)
            if stands is not None and (path.startswith(SEALED) or gate.proved(path, stands)):
                said[path] = follows, stands
                continue
            data = data.make()
        said[path] = follows, hashlib.sha256(data).hexdigest() if follows and isinstance(data, bytes) else ""
        problems += gate.check(path, data)
        if not problems and not _holds(out / path, data):
            stage.add(path, data)
    if problems:
        raise Refused(problems)
    gone = sorted(set(inventory.present(place)) - said.keys())
    if stage.paths or gone:
        stage.finish(gone)
    _recover(out, staging)
    inventory.take(place, said, {*stage.paths, *gone})
    return Published(len(stage.paths), len(said) - len(stage.paths), len(gone))


class _Stage:
    """Where files wait beside the site: each under the number of its place in `paths`.

    Numbers of inodes and times of birth tell in which order files were made, and so which sealed files belong
    together. So these wait in one file, and become files of their own in the order of their names.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._sealed: list[tuple[str, int, int, int]] = []
        """Path, number, and where it lies in the one file: first byte and size."""
        self._end = 0
        self.paths: list[str] = []

    def add(self, path: str, data: bytes | Chunked) -> None:
        number = len(self.paths)
        self.paths.append(path)
        if not path.startswith(SEALED):
            chunked.write(self._folder / str(number), data)
            return
        with (self._folder / _SPOOL).open("ab") as spool:
            spool.writelines([data] if isinstance(data, bytes) else data)
            end = spool.tell()
        self._sealed.append((path, number, self._end, end - self._end))
        self._end = end

    def finish(self, gone: list[str]) -> None:
        """All is there that shall be, and these files shall go: from here on it will happen."""
        if self._sealed:
            spool = self._folder / _SPOOL
            with spool.open("rb", buffering=0) as source:
                for _, number, start, size in sorted(self._sealed):
                    _copy(source.fileno(), start, size, self._folder / str(number))
            spool.unlink()
        moment = self._folder.stat().st_mtime_ns
        for number in range(len(self.paths)):
            os.utime(f"{self._folder}/{number}", ns=(moment, moment))
        _write_journal(self._folder, self.paths, gone)


def _copy(source: int, start: int, size: int, target: Path) -> None:
    with target.open("wb", buffering=0) as out:
        while size:
            piece = os.pread(source, min(size, chunked.PIECE), start)
            out.write(piece)
            start, size = start + len(piece), size - len(piece)


def _stays_inside(path: str) -> bool:
    parts = path.split("/")
    return not path.startswith("/") and ".." not in parts and any(part not in ("", ".") for part in parts)


def _holds(file: Path, data: bytes | Chunked) -> bool:
    try:
        about = file.lstat()
        if not stat.S_ISREG(about.st_mode):
            return False
        if isinstance(data, bytes):
            return about.st_size == len(data) and file.read_bytes() == data
        return about.st_size == data.size and _alike(file, data)
    except OSError:
        return False


def _alike(file: Path, data: Chunked) -> bool:
    with file.open("rb") as opened:
        return all(opened.read(len(piece)) == piece for piece in data)


def _write_journal(staging: Path, staged: list[str], gone: list[str]) -> None:
    partial = staging / f"{_JOURNAL}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump({"staged": staged, "gone": gone}, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(staging / _JOURNAL)


def _recover(out: Path, staging: Path) -> None:
    """Carry out a journal to its end, from wherever a crash left it; without one, forget what was staged."""
    journal = staging / _JOURNAL
    if journal.exists():
        staged, gone = _orders(journal)
        for path in gone:
            (out / path).unlink(missing_ok=True)
        in_place = sorted(enumerate(staged), key=lambda order: (order[1] == BUILD, order[1]))  # BUILD: all is there
        folders: set[str] = set()
        for number, path in in_place:
            source, folder = f"{staging}/{number}", path.rpartition("/")[0]
            if os.path.exists(source):  # noqa: PTH110 - here and below: there are tens of thousands of them
                if folder not in folders:
                    (out / folder).mkdir(parents=True, exist_ok=True)
                    folders.add(folder)
                _put(source, out / path)
        _remove_empty_folders(out, gone)
    shutil.rmtree(staging, ignore_errors=True)


def _orders(journal: Path) -> tuple[list[str], list[str]]:
    """What is staged and what goes; nothing where this is no journal of ours, for then a build compares every file."""
    try:
        orders = json.loads(journal.read_text(encoding="utf-8"))
        staged, gone = list(orders["staged"]), list(orders["gone"])
    except (ValueError, KeyError, TypeError):
        return [], []
    sound = all(isinstance(path, str) and _stays_inside(path) for path in (*staged, *gone))
    return (staged, gone) if sound else ([], [])


def _put(source: str, target: Path) -> None:
    """Rename a file to where it belongs, where a folder may be in its way."""
    try:
        os.replace(source, target)  # noqa: PTH105
    except IsADirectoryError:
        shutil.rmtree(target)
        os.replace(source, target)  # noqa: PTH105


def _remove_empty_folders(out: Path, gone: list[str]) -> None:
    """Remove what the files that went have left empty."""
    for path in gone:
        for folder in (out / path).parents:
            if folder == out or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def _must_be_ours(out: Path) -> None:
    """What is not in the plan is removed, so a folder with somebody else's files is not touched."""
    if out.is_dir() and any(out.iterdir()) and not (out / BUILD).is_file():
        raise PortalError(f"{out} holds files that no build made", "name an empty folder with --out")
    if out.exists() and not out.is_dir():
        raise PortalError(f"{out} is a file", "name a folder with --out")


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let one build at a time publish; a second one waits."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with (out.parent / f".{out.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
