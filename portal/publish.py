"""Puts a site in place: changed files are staged, pass the gate, and are renamed in under a journal.

Until the journal is written nothing in the site has changed; after it is, the next run completes what a crash
interrupted. A visitor sees the old site or the new one, with at most the instant of the renames between.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal import chunked
from portal.addresses import BUILD, SEALED
from portal.chunked import Chunked, FileOrKnown, Known
from portal.errors import PortalError, Problem

Gate = Callable[[str, bytes | Chunked], list[Problem]]
"""Says what must not be published in a file: (path below the site, its bytes) -> problems."""

_JOURNAL = "journal.json"


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


def publish(out: Path, files: Iterable[FileOrKnown], gate: Gate) -> Published:
    """Make `out` hold exactly `files`. Raises Refused, PortalError; then `out` is as it was."""
    out = out.absolute()
    staging = out.parent / f".{out.name}.staging"
    with _alone(out):
        _recover(out, staging)  # first, for a site whose first publication was interrupted is ours, too
        _must_be_ours(out)
        try:
            return _publish(out, staging, files, gate)
        except BaseException:
            if not (staging / _JOURNAL).exists():
                shutil.rmtree(staging, ignore_errors=True)
            raise


def _publish(out: Path, staging: Path, files: Iterable[FileOrKnown], gate: Gate) -> Published:
    staging.mkdir(parents=True)
    problems: list[Problem] = []
    kept: set[str] = set()
    staged: list[str] = []
    for path, data in files:
        if path in kept:
            raise PortalError(f"two things want the address /{path}", "rename one of them")
        if not _stays_inside(path):
            raise PortalError(f"/{path} leads out of the site")
        kept.add(path)
        if isinstance(data, Known):
            assert path.startswith(SEALED), "only what the gate need not see is known from before"
            if data.stands(out / path):
                continue
            data = data.make()
        problems += gate(path, data)
        if not problems and not _holds(out / path, data):
            chunked.write(staging / str(len(staged)), data)
            staged.append(path)
    if problems:
        raise Refused(problems)
    gone = sorted(set(_present(out)) - kept)
    if staged or gone:
        _in_order_of_names(staging, staged)
        _at_one_moment(staging, len(staged))
        _write_journal(staging, staged, gone)
    _recover(out, staging)
    return Published(len(staged), len(kept) - len(staged), len(gone))


def _stays_inside(path: str) -> bool:
    parts = path.split("/")
    return not path.startswith("/") and ".." not in parts and any(part not in ("", ".") for part in parts)


def _in_order_of_names(staging: Path, staged: list[str]) -> None:
    """Make the sealed files once more, in the order of their names: numbers of inodes and times of birth, too, tell in
    which order files were made. None of the first makes goes before all are there, or its number would be given again.
    """
    sealed = sorted((path, str(number)) for number, path in enumerate(staged) if path.startswith(SEALED))
    for _, number in sealed:
        shutil.copyfile(staging / number, staging / f"{number}.again")
    for _, number in sealed:
        (staging / f"{number}.again").replace(staging / number)


def _at_one_moment(staging: Path, count: int) -> None:
    """Give all files one time: the order in which sealed files were made tells which of them belong together."""
    moment = staging.stat().st_mtime_ns
    for number in range(count):
        os.utime(staging / str(number), ns=(moment, moment))


def _holds(file: Path, data: bytes | Chunked) -> bool:
    try:
        if file.is_symlink():
            return False
        if isinstance(data, bytes):
            return file.stat().st_size == len(data) and file.read_bytes() == data
        return file.stat().st_size == data.size and _alike(file, data)
    except OSError:
        return False


def _alike(file: Path, data: Chunked) -> bool:
    with file.open("rb") as opened:
        return all(opened.read(len(piece)) == piece for piece in data)


def _present(out: Path) -> Iterator[str]:
    for top, _, names in os.walk(out):
        below = Path(top).relative_to(out).as_posix()
        yield from names if below == "." else (f"{below}/{name}" for name in names)


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
        for number, path in in_place:
            source = staging / str(number)
            if source.exists():
                _clear_the_way(out, path)
                source.replace(out / path)
        _remove_empty_folders(out)
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


def _clear_the_way(out: Path, path: str) -> None:
    """Make room for a file: folders above it, and no folder in its place."""
    target = out / path
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)


def _remove_empty_folders(out: Path) -> None:
    for top, _, names in os.walk(out, topdown=False):
        folder = Path(top)
        if not names and folder != out and not any(folder.iterdir()):
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
