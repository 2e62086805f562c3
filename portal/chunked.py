"""A file of the site that is too large to be held: its size, and its bytes in pieces, as often as they are wanted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from portal.errors import PortalError

PIECE = 65536
"""Bytes that are read at once."""


class Changed(PortalError):
    """A file was not the same when it was read again."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} changed while it was read; nothing was published", "build again")


@dataclass(frozen=True, slots=True)
class Chunked:
    """What a file will hold. Iterating gives the same bytes each time, or raises Changed."""

    size: int
    """Bytes."""
    read: Callable[[], Iterator[bytes]] = field(repr=False)
    """Starts again from the first byte."""

    def __iter__(self) -> Iterator[bytes]:
        return self.read()

    def __bytes__(self) -> bytes:
        return b"".join(self)


@dataclass(frozen=True, slots=True)
class Derived:
    """A file as what it follows from: it is made only where it does not stand in the site already."""

    follows: str
    """A name or hash that is the same only for the same bytes at the same path."""
    make: Callable[[], bytes | Chunked] = field(repr=False)

    def __bytes__(self) -> bytes:
        return bytes(self.make())


Stamp: TypeAlias = list[int]
"""By which a file is known again without being read: size, time of its content, time of any change, inode."""

SIGNED = (1 << 63) - 1
"""What fits of a time far from ours, which anybody can give a file, and of an inode number, of which some file systems
use all 64 bits."""


def stamp(about: os.stat_result) -> Stamp:
    written, changed, inode = about.st_mtime_ns, about.st_ctime_ns, about.st_ino
    if -SIGNED < written < SIGNED > inode and -SIGNED < changed < SIGNED:
        return [about.st_size, written, changed, inode]
    return [about.st_size, written & SIGNED, changed & SIGNED, inode & SIGNED]


_SECOND = 1_000_000_000
"""Nanoseconds."""
_FINE, _COARSE = 100_000_000, 2 * _SECOND
"""The ticks of file systems' clocks: Linux' own take the time of the last tick of the kernel's, 10 ms at most; some
count whole seconds (HFS+, ext3), and FAT counts every other."""


def settled(stamp: Stamp, moment: int) -> bool:
    """Whether a file that changed after `moment` (nanoseconds since 1970), when it was read, would show it.

    It would not where it changed twice within one tick, and was read in between.
    """
    last = max(stamp[1], stamp[2])
    return last < moment - (_FINE if last % _SECOND else _COARSE)


File: TypeAlias = tuple[str, bytes | Chunked]
"""A path below the site's root, and what stands there."""

AnyFile: TypeAlias = tuple[str, bytes | Chunked | Derived]
"""The same, where an earlier build may have made it."""


def of(file: Path) -> Chunked:
    """A file as it stands on the disk now; reading it once it has changed raises Changed. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(file):
        digest.update(piece)
        size += len(piece)
    expected = digest.digest()

    def read() -> Iterator[bytes]:
        again = hashlib.sha256()
        try:
            for piece in _pieces(file):
                again.update(piece)
                yield piece
        except OSError:
            raise Changed(file.name) from None
        if again.digest() != expected:
            raise Changed(file.name)

    return Chunked(size, read)


def digest(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal, read in pieces. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write(file: Path, data: bytes | Chunked) -> None:
    """Write a file, whichever way its bytes come. Raises OSError, Changed."""
    with file.open("wb") as opened:
        opened.writelines([data] if isinstance(data, bytes) else data)


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece
