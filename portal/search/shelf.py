"""Keeps segments between builds, a file for each, named by all that it follows from.

A file is put there whole, so it is right or it is not there, under a kill and under two builds at once; what the last
build did not need is removed. It holds only what is public.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from portal.search.segment import Segment

_FOLDER = "search"
_SHA256 = 32


class Shelf:
    """The segments in a folder of the cache."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / _FOLDER

    def has(self, follows: str) -> bool:
        """Whether a segment is there; `find` says whether it is sound."""
        return (self._folder / follows).is_file()

    def find(self, follows: str) -> Segment | None:
        """What an earlier build made of the same; None where it is not there, or damaged."""
        try:
            data = (self._folder / follows).read_bytes()
        except OSError:
            return None
        said, rest = data[:_SHA256], data[_SHA256:]
        return _read(rest) if hashlib.sha256(rest).digest() == said else None

    def put(self, follows: str, segment: Segment) -> None:
        """Keep a segment. A disk that takes no more costs the next build its time, not this one its site."""
        data = _written(segment)
        partial = self._folder / f"{follows}.{os.getpid()}.partial"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(data).digest() + data)
            partial.replace(self._folder / follows)

    def tidy(self, wanted: Container[str]) -> None:
        """Remove all others."""
        with suppress(OSError):
            for file in self._folder.iterdir():
                if file.name not in wanted:
                    file.unlink(missing_ok=True)


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
