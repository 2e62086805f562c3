"""Keeps segments between builds, a file for each, named by all that it follows from.

A file is put there whole, so it is right or it is not there, under a kill and under two builds at once; what the last
build did not need is removed. It holds only what is public.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from portal import cachefile
from portal.search.segment import Segment

_FOLDER = "search"


class Shelf:
    """The segments in a folder of the cache."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / _FOLDER

    def has(self, follows: str) -> bool:
        """Whether a segment is there; `find` says whether it is sound."""
        return (self._folder / follows).is_file()

    def find(self, follows: str) -> Segment | None:
        """What an earlier build made of the same; None where it is not there, or damaged."""
        file = self._folder / follows
        with suppress(OSError):
            try:
                return _read(cachefile.sound(file.read_bytes()))
            except ValueError:
                file.unlink()  # so that a later build puts it there again
        return None

    def put(self, follows: str, segment: Segment) -> None:
        """Keep a segment. A disk that takes no more costs the next build its time, not this one its site."""
        with suppress(OSError):
            cachefile.put(self._folder / follows, cachefile.vouched(_written(segment)))

    def tidy(self, wanted: Container[str]) -> None:
        """Remove all others."""
        for file in self._folder.glob("*"):
            if file.name not in wanted:
                with suppress(OSError):
                    file.unlink()


def forget(cache: Path) -> None:
    """Remove every segment."""
    shutil.rmtree(cache / _FOLDER, ignore_errors=True)


def _written(segment: Segment) -> bytes:
    facts = {
        "name": segment.name,
        "table": segment.table,
        "years": segment.years,
        "characters": segment.characters,
        "shards": [len(shard) for shard in segment.shards],
        "pieces": [len(piece) for piece in segment.pieces],
    }
    head = json.dumps(facts).encode()
    return b"".join([len(head).to_bytes(4, "big"), head, *segment.shards, *segment.pieces])


def _read(data: bytes) -> Segment:
    start = 4 + int.from_bytes(data[:4], "big")
    facts = json.loads(data[4:start])
    parts = _parts(data, start, [*facts["shards"], *facts["pieces"]])
    shards = tuple(next(parts) for _ in facts["shards"])
    years = tuple((year, first) for year, first in facts["years"])
    return Segment(facts["name"], facts["table"], years, facts["characters"], shards, tuple(parts))


def _parts(data: bytes, start: int, sizes: Iterable[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[start : start + size]
        start += size
