"""Keeps segments between builds, a file for each, named by all that it follows from.

A file is put there whole, so it is right or it is not there, under a kill and under two builds at once; what the last
build did not need is removed. It holds only what is public. Its parts are read one by one, and each has its own hash
beside it, so that damage is noticed where it is: then the segment is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Container
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import BinaryIO

from portal import cachefile
from portal.search.segment import Facts, Origin, Segment

_FOLDER = "search"
_DIGITS = 32
"""Of a part's hash: half of its SHA-256, in hexadecimal."""


@dataclass(frozen=True)
class Filed:
    """A segment of which the parts are not read yet."""

    maker: str
    """A hash of the program that made it, and of how it was asked to."""
    facts: Facts
    shards: int
    """How many parts are shards. Trays follow, and what it was made of."""
    sizes: tuple[int, ...]
    digests: str
    """The hash of each part, one after another."""

    def digest(self, nth: int) -> str:
        """The hash of a part."""
        return self.digests[nth * _DIGITS : (nth + 1) * _DIGITS]

    @property
    def trays(self) -> range:
        """Which parts are trays."""
        return range(self.shards, len(self.sizes) - 1)

    @cached_property
    def starts(self) -> list[int]:
        """Where each part begins, from the first of them, and where the last one ends."""
        return list(accumulate(self.sizes, initial=0))


def filed(maker: str, segment: Segment) -> Filed:
    """What is known of a segment that was just made."""
    parts = segment.parts
    digests = "".join(map(_digest, parts))
    return Filed(maker, segment.facts, len(segment.shards), tuple(map(len, parts)), digests)


class Shelf:
    """The segments in a folder of the cache."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / _FOLDER
        self._shards: dict[str, bytes] = {}
        """Of segments, all shards as they lay one after another."""

    def there(self) -> dict[str, Filed]:
        """All that were kept; parts of them may be damaged. By what each follows from."""
        found = {}
        for file in self._folder.glob("*"):
            with suppress(OSError, ValueError), file.open("rb") as opened:
                found[file.name] = _read(opened)
        return found

    def part(self, follows: str, filed: Filed, nth: int) -> bytes | None:
        """One part of a segment; None where it is not there any more, or damaged.

        Who wants one shard of it may want all, so they are read together.
        """
        if nth < filed.shards:
            if follows not in self._shards:
                self._shards[follows] = self._between(follows, filed, 0, filed.shards)
            part = self._shards[follows][filed.starts[nth] : filed.starts[nth + 1]]
        else:
            part = self._between(follows, filed, nth, nth + 1)
        return part if _digest(part) == filed.digest(nth) else None

    def origin(self, follows: str, filed: Filed) -> Origin | None:
        """What a segment was made of; None as above."""
        part = self.part(follows, filed, len(filed.sizes) - 1)
        return None if part is None else Origin.unpacked(part)

    def _between(self, follows: str, filed: Filed, first: int, end: int) -> bytes:
        """What lies where some parts should; nothing where it cannot be read."""
        with suppress(OSError), (self._folder / follows).open("rb") as opened:
            opened.seek(filed.starts[first] - filed.starts[-1], os.SEEK_END)
            return opened.read(filed.starts[end] - filed.starts[first])
        return b""

    def find(self, follows: str, filed: Filed) -> Segment | None:
        """A whole segment; None where it is not there any more, or damaged."""
        data = self._between(follows, filed, 0, len(filed.sizes))
        parts = tuple(data[start:end] for start, end in pairwise(filed.starts))
        if "".join(map(_digest, parts)) != filed.digests:
            return None
        return Segment(filed.facts, parts[: filed.shards], parts[filed.shards : -1], Origin.unpacked(parts[-1]))

    def put(self, follows: str, filed: Filed, segment: Segment) -> bool:
        """Keep a segment; whether it is. A disk that takes no more costs the next build time, not this one its site."""
        head = json.dumps(astuple(filed)).encode() + b"\n"
        with suppress(OSError):
            cachefile.put(self._folder / follows, b"".join([_digest(head).encode(), head, *segment.parts]))
            return True
        return False

    def tidy(self, wanted: Container[str]) -> None:
        """Remove all others."""
        for file in self._folder.glob("*"):
            if file.name not in wanted:
                with suppress(OSError):
                    file.unlink()


def forget(cache: Path) -> None:
    """Remove every segment."""
    shutil.rmtree(cache / _FOLDER, ignore_errors=True)


def _read(opened: BinaryIO) -> Filed:
    """What is known of a segment. Raises ValueError where it is damaged."""
    head = opened.readline()
    if _digest(head[_DIGITS:]).encode() != head[:_DIGITS]:
        raise ValueError("damaged")
    maker, (name, table, years, characters), shards, sizes, digests = json.loads(head[_DIGITS:])
    facts = Facts(name, table, tuple((year, first) for year, first in years), characters)
    return Filed(maker, facts, shards, tuple(sizes), digests)


def _digest(part: bytes) -> str:
    return hashlib.sha256(part).hexdigest()[:_DIGITS]
