"""How a site stood when a build had put it in place: of each file what it follows from, and how it lay on the disk.

No program changes a file and leaves its time of change as it was, so a file that lies as it lay is not read again. A
folder's times tell in the same way whether anything was added to it or taken from it. Where an inventory is kept
between builds, portal/keeping.py says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from portal import chunked

Item: TypeAlias = list[Any]
"""[what it follows from, SHA-256 in hexadecimal, *chunked.stamp]; the first two are empty where it was not derived."""


@dataclass(slots=True)
class Inventory:
    """What stands in one site; empty until a build has put it in place."""

    files: dict[str, Item] = field(default_factory=dict)
    """By path below the site."""
    folders: dict[str, list[int]] = field(default_factory=dict)
    """Times and inode by path; '' is the site itself."""
    trusting: bool = True
    """Whether what lies as it lay need not be read."""
    later_files: dict[str, Item | None] = field(default_factory=dict)
    """What was amended since all of it was noted; None for what is gone."""
    later_folders: dict[str, list[int] | None] = field(default_factory=dict)
    _unchanged: dict[str, list[int]] = field(default_factory=dict)
    """The folders to which nothing happened since."""

    def standing(self, out: str, path: str, follows: str) -> str | None:
        """The SHA-256 of a file that still stands in `out` and follows from the same; else None."""
        known = self.files.get(path)
        if known is None or known[0] != follows:
            return None
        place = f"{out}/{path}"
        try:
            about = os.lstat(place)
            if not stat.S_ISREG(about.st_mode) or about.st_size != known[2]:
                return None
            if self.trusting and known[2:] == chunked.stamp(about):
                return str(known[1])
            known[2:] = chunked.stamp(about)
            return str(known[1]) if known[1] and chunked.digest(Path(place)) == known[1] else None
        except OSError:
            return None

    def noted_as(self, path: str, follows: str) -> str | None:
        """The same of a file that is known to lie as it lay."""
        known = self.files.get(path)
        return str(known[1]) if known is not None and known[0] == follows and known[1] else None

    def forget(self) -> None:
        """Know of nothing that stands."""
        self.files, self.folders = {}, {}

    def intact(self, out: str) -> bool:
        """Whether every file and every folder lies as it lay."""
        return all(_stamped(f"{out}/{path}") == known[2:] for path, known in self.files.items()) and all(
            _lies(out, folder) == known for folder, known in self.folders.items()
        )

    def present(self, out: str) -> Iterator[str]:
        """Every file below the site; a folder that lies as it lay is not read."""
        unread = {""}
        self._unchanged = {}
        if self.trusting and self.folders:
            unread = {folder for folder, known in self.folders.items() if _lies(out, folder) != known}
            self._unchanged = {folder: known for folder, known in self.folders.items() if folder not in unread}
            if not unread:
                yield from self.files
                return
            yield from (path for path in self.files if path.rpartition("/")[0] not in unread)
        while unread:
            folder = unread.pop()
            for entry in _entries(out, folder):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if not entry.is_dir():
                    yield path
                elif not entry.is_symlink() and path not in self._unchanged:
                    unread.add(path)

    def outdated(self, said: Mapping[str, tuple[str, str]], folder: str) -> list[str]:
        """The files that go where some were made anew, and all others stay; `said` are those, as `take` has it.

        What is made together is made anew together: of such files those go that were not made again. Of a `folder` in
        which any is said, all are.
        """
        known = self.files
        anew = {known[path][0] for path, (follows, _) in said.items() if path in known and known[path][0] != follows}
        anew.discard("")
        told = folder if folder and any(path.startswith(folder) for path in said) else ""
        if not anew and not told:
            return []
        went = (path for path, item in known.items() if item[0] in anew or (told and path.startswith(told)))
        return sorted(path for path in went if path not in said)

    def amend(self, out: str, said: Mapping[str, tuple[str, str]], changed: Iterable[str]) -> None:
        """Note how files stand that were made anew, where all others stand as they did; as in `take`."""
        changed = set(changed)
        files: dict[str, Item | None] = dict.fromkeys(changed - said.keys())
        for path, told in said.items():
            known = self.files.get(path)
            item = _item(out, path, told, known, path in changed)
            if item is not known:
                files[path] = item
        self.supplement(files, {folder: _lies(out, folder) or None for folder in _folders_of(changed)})

    def noted(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {"files": self.files, "folders": self.folders}

    def supplement(self, files: Mapping[str, Item | None], folders: Mapping[str, list[int] | None]) -> None:
        """Add what was amended later."""
        _supplement(self.files, self.later_files, files)
        _supplement(self.folders, self.later_folders, folders)

    def take(self, out: str, said: Mapping[str, tuple[str, str]], changed: Iterable[str]) -> None:
        """Note how everything stands, now that all is in place.

        `said` is every file's path with what it follows from and its SHA-256; `changed` are those written or removed.
        """
        before = self.files
        changed = set(changed)
        self.files = {path: _item(out, path, told, before.get(path), path in changed) for path, told in said.items()}
        touched = _folders_of(changed)
        if before.keys() == self.files.keys():
            stand = self.folders.keys() | touched
        else:
            stand = {folder for path in said for folder in _above(path)} | {""}
        self.folders = {
            folder: self._unchanged[folder]
            if folder in self._unchanged and folder not in touched
            else _lies(out, folder)
            for folder in stand
        }


def _supplement(known: dict[str, list[Any]], later: dict[str, Any], new: Mapping[str, list[Any] | None]) -> None:
    later.update(new)
    for path, item in new.items():
        if item is None:
            known.pop(path, None)
        else:
            known[path] = item


def _item(out: str, path: str, told: tuple[str, str], known: Item | None, changed: bool) -> Item:
    """How a file stands now that follows from the first, and has the second for its SHA-256."""
    if known is None or changed or known[0] != told[0] or known[1] != told[1]:
        return [*told, *chunked.stamp(os.lstat(f"{out}/{path}"))]
    return known


def _folders_of(paths: Iterable[str]) -> set[str]:
    return {folder for path in paths for folder in _above(path)}


def _above(path: str) -> Iterator[str]:
    """The folders that a file lies in."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def _stamped(place: str) -> list[int]:
    """How a file lies on the disk; nothing where it is none."""
    try:
        about = os.lstat(place)
    except OSError:
        return []
    return chunked.stamp(about) if stat.S_ISREG(about.st_mode) else []


def _lies(out: str, folder: str) -> list[int]:
    """How a folder lies on the disk; nothing where it is none."""
    try:
        about = os.lstat(f"{out}/{folder}" if folder else out)
    except OSError:
        return []
    return [about.st_mtime_ns, about.st_ctime_ns, about.st_ino] if stat.S_ISDIR(about.st_mode) else []


def _entries(out: str, folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(f"{out}/{folder}" if folder else out) as entries:
            return list(entries)
    except OSError:
        return []
