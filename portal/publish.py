"""Puts a site in place: changed files are staged, pass the gate, and are renamed in under a journal.

Until the journal is written nothing in the site has changed; after it is, the next run completes what a crash
interrupted. A visitor sees the old site or the new one, with at most the instant of the renames between. A killed
build's workers hold its lock as long as they live, so the next one waits for them.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from portal import survey
from portal.addresses import BUILD, SEALED
from portal.chunked import AnyFile, Derived
from portal.errors import PortalError, Refused
from portal.inventory import Inventory
from portal.press import TREE, Gate, Laid, Made, Place, Press, stays_inside
from portal.survey import Survey

_JOURNAL = "journal.json"


class Published(NamedTuple):
    """What a publication did, in files."""

    written: int
    unchanged: int
    removed: int


class Moved(Exception):
    """The site does not stand as the inventory has it."""


def publish(
    out: Path,
    files: Callable[[Press], Iterable[AnyFile]],
    gate: Gate,
    inventory: Inventory | None = None,
    looked: Survey | None = None,
    went: Callable[[], Iterable[str]] = tuple,
) -> Published:
    """Make `out` hold exactly `files`, which may have a press make them. Raises Refused, PortalError; then `out` is as
    it was.

    What stands there as `inventory` says is left alone; afterwards it says how everything stands now. Where somebody
    `looked`, what else it names stays, but for the paths that `went`, which is asked for last; raises Moved where
    anything stood otherwise, or came to since.
    """
    out = out.absolute()
    staging = out.parent / f".{out.name}.staging"
    with _alone(out):
        if looked is not None and (looked.changes != survey.changes(out) or (staging / _JOURNAL).exists()):
            raise Moved
        _recover(out, staging)  # first, for a site whose first publication was interrupted is ours, too
        _must_be_ours(out)
        staging.mkdir()
        try:
            with closing(Press(out, staging, gate)) as press:
                return _publish(
                    out,
                    staging,
                    press,
                    files(press),
                    gate,
                    inventory if inventory is not None else Inventory(),
                    looked,
                    went,
                )
        except BaseException:
            if not (staging / _JOURNAL).exists():
                shutil.rmtree(staging, ignore_errors=True)
            raise


def _publish(
    out: Path,
    staging: Path,
    press: Press,
    files: Iterable[AnyFile],
    gate: Gate,
    inventory: Inventory,
    looked: Survey | None,
    went: Callable[[], Iterable[str]],
) -> Published:
    place = str(out)
    said: dict[str, tuple[str, str]] = {}
    """Path to what the file follows from, and the SHA-256 of what it holds."""
    waiting: dict[str, Place | None] = {}
    standing = inventory.noted_as if looked else partial(inventory.standing, place)
    for path, laid in _laid(standing, press, files, gate, said):
        _say(said, path, laid.follows, laid.sha256)
        if laid.waits:
            waiting[path] = laid.place
    if press.problems:
        raise Refused(press.problems)
    if looked is not None and not inventory.tells_of(looked.found(), place):
        raise Moved
    gone = inventory.outdated(said, went()) if looked else sorted(set(inventory.present(place)) - said.keys())
    if waiting or gone:
        press.finish(waiting)
        _write_journal(staging, gone)
    _recover(out, staging)
    if looked is None:
        inventory.take(place, said, {*waiting, *gone})
    else:
        inventory.amend(place, said, {*waiting, *gone})
    return Published(len(waiting), len(inventory) - len(waiting), len(gone))


def _say(said: dict[str, tuple[str, str]], path: str, follows: str, sha256: str) -> None:
    if path in said:
        raise PortalError(f"two things want the address /{path}", "rename one of them")
    said[path] = follows, sha256


def _laid(
    standing: Callable[[str, str], str | None],
    press: Press,
    files: Iterable[AnyFile],
    gate: Gate,
    said: dict[str, tuple[str, str]],
) -> Iterator[tuple[str, Laid]]:
    """Every file that the site may not have, laid out; those that it has are `said`.

    Files that may be made by themselves come last, made at once.
    """
    unmade: list[AnyFile] = []
    for path, data in files:
        if isinstance(data, Laid):
            yield path, data
        elif isinstance(data, Derived):
            stands = standing(path, data.follows)
            if stands is not None and (path.startswith(SEALED) or gate.proved(path, stands)):
                _say(said, path, data.follows, stands)
            else:
                unmade.append((path, data))
        else:
            yield path, press.lay(path, data)
    sealed = [file for file in unmade if file[0].startswith(SEALED)]
    public = [file for file in unmade if not file[0].startswith(SEALED)]
    for _, made in itertools.chain(press.seal(_by_itself, sealed), press.each(_by_itself, public)):
        for path, data in made:
            assert isinstance(data, Laid), "a press lays out all that it makes"
            yield path, data


def _by_itself(file: AnyFile) -> Made[None]:
    return None, [file]


def _write_journal(staging: Path, gone: list[str]) -> None:
    partial = staging / f"{_JOURNAL}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump({"gone": gone}, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(staging / _JOURNAL)


def _recover(out: Path, staging: Path) -> None:
    """Carry out a journal to its end, from wherever a crash left it; without one, forget what was staged."""
    gone = _orders(staging / _JOURNAL)
    if gone is not None:
        survey.count_change(out)
        for path in gone:
            if not _is_folder(f"{out}/{path}"):  # done once already, and what comes may be there
                with suppress(FileNotFoundError, NotADirectoryError):
                    (out / path).unlink()
        if _is_folder(f"{staging}/{TREE}"):
            out.mkdir(parents=True, exist_ok=True)
            _move_in(f"{staging}/{TREE}", str(out))
        _remove_empty_folders(out, gone)
    shutil.rmtree(staging, ignore_errors=True)


def _orders(journal: Path) -> list[str] | None:
    """What goes, once all that comes is staged; None where this is no journal of ours: then a build compares all."""
    try:
        gone = list(json.loads(journal.read_text(encoding="utf-8"))["gone"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return gone if all(isinstance(path, str) and stays_inside(path) for path in gone) else None


def _move_in(source: str, target: str) -> None:
    """Rename what a folder holds to where it belongs: whole folders, where none stands. BUILD comes last: all is there.

    Whatever is renamed is gone from here, so this may be done again from wherever it was left.
    """
    with os.scandir(source) as found:
        entries = sorted(found, key=lambda entry: (entry.name == BUILD, entry.name))
    for entry in entries:
        place = f"{target}/{entry.name}"
        if _is_folder(place):
            if entry.is_dir(follow_symlinks=False):
                _move_in(entry.path, place)
                continue
            shutil.rmtree(place)
        elif entry.is_dir(follow_symlinks=False):
            Path(place).unlink(missing_ok=True)
        os.replace(entry.path, place)  # noqa: PTH105


def _is_folder(place: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(place).st_mode)
    except OSError:
        return False


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
    with survey.lock(out).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
