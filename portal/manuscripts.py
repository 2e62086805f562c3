"""How all that people write lies on the disk: told by looking, without reading a word of it.

What was noted of it says which folders hold it, and how each file lay, in the order of their names, but no name of a
file: anybody may see it. So another processor can look before anybody knows key and configuration. Who asks compares
the hash of the note and of all paths.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from array import array
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from portal import chunked
from portal.chunked import Stamp

_NUMBERS = 4
"""Of a stamp."""
_AT_ONCE = 128 * _NUMBERS
"""What is compared together; only where anything is otherwise, each stamp by itself."""
_SIZE = 4
"""Bytes of how many the names of places take."""
_MARK = f"sources 2 {array('q').itemsize} {array('q', [1]).tobytes()[:1].hex()}\n".encode()
"""What packs in the same way."""
_A_FOLDER, _NOTHING, _UNSETTLED = [-1, 0, 0, 0], [-2, 0, 0, 0], [-3, 0, 0, 0]
"""Stamps of a folder that can be read, of a link that leads nowhere, and of what may not tell a change."""


class Places(NamedTuple):
    """Where manuscripts lie: all that is in some folders, and single files."""

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def packed(self) -> bytes:
        return os.fsencode("\0".join((*self.folders, "", *self.files)))


def _places(packed: bytes) -> Places:
    """What was packed. Raises ValueError for anything else."""
    names = os.fsdecode(packed).split("\0")
    end = names.index("")
    return Places(tuple(names[:end]), tuple(names[end + 1 :]))


class Lay(NamedTuple):
    """How all of them lay at a moment before any was read, so that what changes meanwhile is noticed."""

    moment: int
    """Nanoseconds since 1970."""
    places: Places
    tree: Mapping[str, Stamp]
    """Every file and folder by its whole path."""

    def settled(self) -> dict[str, Stamp]:
        """The same, where of what may not tell a change it is said that it lies as nothing does."""
        return {path: s if chunked.settled(s, self.moment) else _UNSETTLED for path, s in self.tree.items()}

    def packed(self) -> bytes:
        """That as a file can hold it, without the names of files."""
        stamps = array("q", chain.from_iterable(self.settled().values()))
        return _head(self.places) + stamps.tobytes()

    def known_by(self, note: bytes) -> str:
        """The SHA-256 of such a note, and of the paths to which it belongs."""
        paths = os.fsencode("\0".join(self.tree))
        return hashlib.sha256(hashlib.sha256(note).digest() + hashlib.sha256(paths).digest()).hexdigest()


def _head(places: Places) -> bytes:
    packed = places.packed()
    return b"".join((_MARK, len(packed).to_bytes(_SIZE, "big"), packed))


class Touched(NamedTuple):
    """What lies otherwise than a file says."""

    said: str
    """What that file, and all that lies there, is known by; empty where the two cannot belong together."""
    lay: Lay
    """Of those that lie otherwise."""


def look(places: Places) -> Lay:
    """How everything lies now, in an order that follows from the names."""
    moment = time.time_ns()
    tree: dict[str, Stamp] = {}
    for folder in places.folders:
        _note(folder, tree)
    for file in places.files:
        tree[file] = _stamp(file)
    return Lay(moment, places, tree)


def compare(noted: Path) -> Touched:
    """What lies otherwise now than the file `noted` says, where it says that there are manuscripts."""
    try:
        data = noted.read_bytes()
        start = len(_MARK) + _SIZE
        places = _places(data[start : start + int.from_bytes(data[len(_MARK) : start], "big")])
    except (OSError, ValueError):
        return Touched("", Lay(0, Places(), {}))
    now, head = look(places), _head(places)
    known, found = array("q"), array("q", chain.from_iterable(now.tree.values()))
    if not data.startswith(head) or len(data) != len(head) + len(found) * found.itemsize:
        return Touched("", now._replace(tree={}))
    known.frombytes(memoryview(data)[len(head) :])
    moved, paths = dict[str, Stamp](), list(now.tree)
    for first in range(0, len(known), _AT_ONCE):
        if known[first : first + _AT_ONCE] != found[first : first + _AT_ONCE]:
            some = paths[first // _NUMBERS : (first + _AT_ONCE) // _NUMBERS]
            moved.update((p, now.tree[p]) for n, p in enumerate(some) if _other(known, found, first + n * _NUMBERS))
    return Touched(now.known_by(data), now._replace(tree=moved))


def _other(known: array[int], found: array[int], at: int) -> bool:
    return known[at : at + _NUMBERS] != found[at : at + _NUMBERS]


def _note(folder: str, tree: dict[str, Stamp]) -> None:
    """Note all that is in a folder, if it can be read."""
    try:
        above = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        names = sorted(name for name in os.listdir(above) if not name.startswith("."))  # noqa: PTH208 - an open folder
        tree[folder] = _A_FOLDER
        for name in names:
            try:
                about = os.lstat(name, dir_fd=above)
                if stat.S_ISDIR(about.st_mode):
                    _note(f"{folder}/{name}", tree)
                    continue
                if stat.S_ISLNK(about.st_mode):
                    about = os.stat(name, dir_fd=above)
                tree[f"{folder}/{name}"] = chunked.stamp(about)
            except OSError:
                tree[f"{folder}/{name}"] = _NOTHING
    except OSError:
        return
    finally:
        os.close(above)


def _stamp(file: str) -> Stamp:
    try:
        return chunked.stamp(os.stat(file))  # noqa: PTH116
    except OSError:
        return _NOTHING
