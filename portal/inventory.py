"""How a site stood when a build had put it in place: of each file what it follows from, and how it lay on the disk.

No program changes a file and leaves its time of change as it was, so a file that lies as it lay is not read again. A
folder's times tell in the same way whether anything was added to it or taken from it. Where an inventory is kept
between builds, portal/keeping.py says.
"""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from portal import chunked
from portal.survey import Otherwise, Stamp, Standing, Times, listed, lying

Item: TypeAlias = tuple[str, str, Stamp]
"""What a file follows from, its SHA-256 in hexadecimal (both empty where it was not derived), and how it lies."""

_NUMBERS, _DIGEST = 4, 32
"""How many make a stamp, and how many bytes a digest."""
_NONE = bytes(_DIGEST)
"""Stands for a digest that nobody asked for."""
_NOWHERE = (0, 0, 0, 0)
"""Stands for the stamp of what is no file; no file that is has it."""
_END = "\n"
"""Of what a file follows from."""


class Inventory:
    """What stands in one site; empty until a build has put it in place."""

    def __init__(self, standing: Standing | None = None, told: Mapping[str, Any] | None = None) -> None:
        """With what was noted before. Raises KeyError, ValueError where the two are not of one site."""
        self._rows: dict[str, int] = {}
        """Where in the columns a path is; what is in no row any more is gone."""
        self._premises: list[str] = []
        """What files follow from; the same may be there twice."""
        self._follows = array("I")
        """Which of them each does."""
        self._digests = bytearray()
        self._stamps = array("q")
        self._listed = standing
        """How the folders lay, for who asks for them."""
        if standing is not None and told is not None and standing.files:
            self._rows = dict(zip(standing.files, itertools.count()))
            self._premises, self._digests = told["premises"].split(_END), bytearray(told["digests"])
            self._follows.frombytes(told["follows"])
            self._stamps, count = standing.stamps, len(standing.files)
            if not len(self._rows) == len(self._follows) == len(self._digests) // _DIGEST == count:
                raise ValueError("not as many as there are files")
        self.noted_in = ""
        """The SHA-256 of the file that says how all of it lay; empty where none does."""
        self.trusting = True
        """Whether what lies as it lay need not be read."""
        self.later_files: dict[str, Item | None] = {}
        """What was amended since all of it was noted; None for what is gone."""
        self.later_folders: dict[str, Times | None] = {}
        self._unchanged: dict[str, Times] = {}
        """The folders to which nothing happened since."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        """Every file's path below the site."""
        return iter(self._rows)

    def item(self, path: str) -> Item | None:
        row = self._rows.get(path)
        if row is None:
            return None
        digest = self._digests[_DIGEST * row : _DIGEST * (row + 1)]
        stamp = tuple(self._stamps[_NUMBERS * row : _NUMBERS * (row + 1)])
        return self._premises[self._follows[row]], digest.hex() if digest != _NONE else "", stamp

    def note(self, path: str, item: Item) -> None:
        """Know this of a file from now on."""
        row = self._rows.setdefault(path, len(self._follows))
        self._follows[row : row + 1] = array("I", [self._premise(item[0])])
        self._digests[_DIGEST * row : _DIGEST * (row + 1)] = bytes.fromhex(item[1]) or _NONE
        self._stamps[_NUMBERS * row : _NUMBERS * (row + 1)] = array("q", item[2] or _NOWHERE)

    def _premise(self, follows: str) -> int:
        """Which of the premises this is: neighbours mostly follow from the same."""
        if not self._premises or self._premises[-1] != follows:
            self._premises.append(follows)
        return len(self._premises) - 1

    def that_follow(self, names: Container[str]) -> Iterator[tuple[str, str]]:
        """The files that follow from any of these, and from which."""
        wanted, paths = {nth: name for nth, name in enumerate(self._premises) if name in names}, self._by_row()
        return ((paths[row], wanted[nth]) for row, nth in enumerate(self._follows) if nth in wanted and paths[row])

    def _by_row(self) -> Sequence[str]:
        """Each row's path; empty for one of what is gone."""
        if len(self._rows) == len(self._follows):
            return list(self._rows)
        paths = [""] * len(self._follows)
        for path, row in self._rows.items():
            paths[row] = path
        return paths

    def premises(self) -> set[str]:
        """What the files follow from."""
        follows, premises = self._follows, self._premises
        there = follows if len(self._rows) == len(follows) else (follows[row] for row in self._rows.values())
        return {premises[nth] for nth in set(there)}

    def below(self, folder: str) -> list[tuple[str, str]]:
        """The files below a folder, of which the name ends with a slash, and what each follows from."""
        follows, premises = self._follows, self._premises
        return [(path, premises[follows[row]]) for path, row in self._rows.items() if path.startswith(folder)]

    def standing(self, out: str, path: str, follows: str) -> str | None:
        """The SHA-256 of a file that still stands in `out` and follows from the same; else None."""
        known = self.item(path)
        if known is None or known[0] != follows:
            return None
        _, digest, stamp = known
        place = f"{out}/{path}"
        lies = lying(place)
        if lies[:1] != stamp[:1]:
            return None
        if self.trusting and lies == stamp:
            return digest
        self.note(path, (follows, digest, lies))
        try:
            return digest if digest and chunked.digest(Path(place)) == digest else None
        except OSError:
            return None

    def noted_as(self, path: str, follows: str) -> str | None:
        """The same of a file that is known to lie as it lay."""
        known = self.item(path)
        return known[1] if known is not None and known[0] == follows and known[1] else None

    def forget(self) -> None:
        """Know of nothing that stands."""
        self._rows, self._premises, self._follows, self._listed = {}, [], array("I"), None
        self._digests, self._stamps = bytearray(), array("q")
        self.noted_in = ""
        self.later_files, self.later_folders = {}, {}

    def tells_of(self, found: Otherwise, out: str) -> bool:
        """Whether all that lies otherwise than was noted was amended since, and lies as it did then."""
        return (
            found.said == self.noted_in != ""
            and found.files.keys() <= self.later_files.keys()
            and found.folders.keys() <= self.later_folders.keys()
            and all(lying(f"{out}/{path}") == (item[2] if item else ()) for path, item in self.later_files.items())
            and all(_lies(out, path) == (times or ()) for path, times in self.later_folders.items())
        )

    def present(self, out: str) -> Iterator[str]:
        """Every file below the site; a folder that lies as it lay is not read."""
        unread = {""}
        self._unchanged = {}
        folders = self.folders() if self.trusting else {}
        if folders:
            unread = {folder for folder, known in folders.items() if _lies(out, folder) != known}
            self._unchanged = {folder: known for folder, known in folders.items() if folder not in unread}
            if not unread:
                yield from self
                return
            yield from (path for path in self if path.rpartition("/")[0] not in unread)
        while unread:
            folder = unread.pop()
            for entry in _entries(out, folder):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if not entry.is_dir():
                    yield path
                elif not entry.is_symlink() and path not in self._unchanged:
                    unread.add(path)

    def folders(self) -> dict[str, Times]:
        """How each folder lay, by path; '' is the site itself."""
        if self._listed is None:
            return {}
        known: dict[str, Times | None] = dict(zip(self._listed.folders, self._listed.each_times(), strict=True))
        return {path: times for path, times in (known | self.later_folders).items() if times}

    def outdated(self, said: Mapping[str, tuple[str, str]], went: Iterable[str]) -> list[str]:
        """The files that go where some were made anew, and all others stay; `said` are those, as `take` has it.

        What is made together is made anew together: of such files those go that were not made again. So do those paths
        that `went`, and were not.
        """
        before = {path: known[0] for path in said if (known := self.item(path))}
        anew = {follows for path, follows in before.items() if follows and said[path][0] != follows}
        return sorted({*went, *(path for path, _ in self.that_follow(anew))} - said.keys())

    def amend(self, out: str, said: Mapping[str, tuple[str, str]], changed: Iterable[str]) -> None:
        """Note how files stand that were made anew, where all others stand as they did; as in `take`."""
        changed = set(changed)
        files: dict[str, Item | None] = dict.fromkeys(changed - said.keys())
        for path, told in said.items():
            known = self.item(path)
            item = _item(out, path, told, known, path in changed)
            if item is not known:
                files[path] = item
        self.supplement(files, {folder: _lies(out, folder) or None for folder in _folders_of(changed)})

    def supplement(self, files: Mapping[str, Item | None], folders: Mapping[str, Times | None]) -> None:
        """Add what was amended later."""
        self.later_files.update(files)
        self.later_folders.update(folders)
        for path, item in files.items():
            if item is not None:
                self.note(path, item)
            else:
                self._rows.pop(path, None)

    def take(self, out: str, said: Mapping[str, tuple[str, str]], changed: Iterable[str]) -> None:
        """Note how everything stands, now that all is in place.

        `said` is every file's path with what it follows from and its SHA-256; `changed` are those written or removed.
        """
        changed = set(changed)
        items = {path: _item(out, path, told, self.item(path), path in changed) for path, told in said.items()}
        touched = _folders_of(changed)
        if self._rows.keys() == said.keys() and self._listed is not None:
            stand = self.folders().keys() | touched
        else:
            stand = {folder for path in said for folder in _above(path)} | {""}
        folders = {
            folder: self._unchanged[folder]
            if folder in self._unchanged and folder not in touched
            else _lies(out, folder)
            for folder in stand
        }
        self.forget()
        for path, item in items.items():
            self.note(path, item)
        times = array("q", itertools.chain.from_iterable(lies or _NOWHERE[1:] for lies in folders.values()))
        self._listed = Standing([], array("q"), [*folders], times)

    def noted(self) -> tuple[Standing, dict[str, Any]]:
        """How all of it lies, and in the same order what it follows from and holds."""
        rows, folders = self._rows.values(), self.folders()
        stamps, digests = array("q"), bytearray()
        for row in rows:
            stamps.extend(self._stamps[_NUMBERS * row : _NUMBERS * (row + 1)])
            digests += self._digests[_DIGEST * row : _DIGEST * (row + 1)]
        times = array("q", itertools.chain.from_iterable(folders.values()))
        noted: dict[int, int] = {}
        follows = array("I", (noted.setdefault(self._follows[row], len(noted)) for row in rows))
        premises = _END.join(self._premises[nth] for nth in noted)
        told = {"premises": premises, "follows": follows.tobytes(), "digests": bytes(digests)}
        return Standing([*self._rows], stamps, [*folders], times), told


def _item(out: str, path: str, told: tuple[str, str], known: Item | None, changed: bool) -> Item:
    """How a file stands now that follows from the first, and has the second for its SHA-256."""
    if known is None or changed or known[:2] != told:
        return (*told, lying(f"{out}/{path}"))
    return known


def _folders_of(paths: Iterable[str]) -> set[str]:
    return {folder for path in paths for folder in _above(path)}


def _above(path: str) -> Iterator[str]:
    """The folders that a file lies in."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def _lies(out: str, folder: str) -> Times:
    return listed(f"{out}/{folder or '.'}")


def _entries(out: str, folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(f"{out}/{folder}" if folder else out) as entries:
            return list(entries)
    except OSError:
        return []
