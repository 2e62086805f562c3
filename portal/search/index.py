"""The index as files: a table of all documents, shards that lead to them, and excerpts.

How it is laid out, and why, docs/adr/0008-search.md says; site_templates/theme/assets/search-engine.js reads it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence

from portal import parallel
from portal.addresses import SEARCH
from portal.circumstances import program
from portal.kinds import Kind
from portal.search import segment
from portal.search.documents import PAGE, Source, digest
from portal.search.folding import TABLE, simplified
from portal.search.segment import Segment
from portal.search.shelf import Shelf

MAGIC = b"DN1\n"
"""Every shard begins with it: its first bytes shall never say by chance that it is an archive, or UTF-16."""
KINDS = (*(kind.value for kind in Kind), PAGE)

_EACH = 32
"""Sources to a shard, about."""
_MOST = 512
"""Shards; more make small files smaller, and the largest hardly."""


class Index:
    """The index of some sources, of which only those segments are made that are not on the shelf."""

    def __init__(
        self, pages: Sequence[Source], notices: Sequence[Source], languages: Sequence[str], shelf: Shelf
    ) -> None:
        self._languages, self._shelf = languages, shelf
        self._shards = shards_for(len(pages) + len(notices))
        rows = [list(pages)] if pages else []
        self._rows = {self._follows(row): row for row in [*rows, *segment.cut(notices)]}

    @property
    def segments(self) -> list[str]:
        """What each segment follows from: the same hash, the same segment."""
        return list(self._rows)

    def prepare(self) -> None:
        """Put the segments on the shelf that are not there, and remove those that nobody needs any more."""
        missing = [follows for follows in self._rows if not self._shelf.has(follows)]
        missing.sort(
            key=lambda follows: len(self._rows[follows]), reverse=True
        )  # the last one shall not be the longest
        for _ in parallel.each(self._put, missing, least=1):
            pass
        self._shelf.tidy(self._rows)

    def shards(self) -> Iterator[tuple[str, bytes]]:
        """The table, and the files that lead to documents: (path below the site's root, bytes)."""
        segments = [self._segment(follows) for follows in self._rows]
        generation = _generation(segments, self._shards)
        yield f"{SEARCH}index.json", _table(segments, self._languages, self._shards, generation)
        for at in range(self._shards):
            parts = [one.shards[at] for one in segments]
            sizes = b"".join(len(part).to_bytes(4, "big") for part in parts)
            yield f"{SEARCH}{at}.bin", b"".join([MAGIC, generation.to_bytes(4, "big"), sizes, *parts])

    def pieces(self, follows: str) -> Iterator[tuple[str, bytes]]:
        """The files of excerpts of a segment: (path below the site's root, bytes)."""
        one = self._segment(follows)
        for at, piece in enumerate(one.pieces):
            yield f"{SEARCH}{one.name}/{at}.json", piece

    def _follows(self, row: Sequence[Source]) -> str:
        table = TABLE.read_text(encoding="utf-8")
        return digest(
            [program(), table, str(self._shards), *self._languages, "", row[0].name, *(s.follows for s in row)]
        )

    def _put(self, follows: str) -> None:
        self._shelf.put(follows, self._made(follows))

    def _segment(self, follows: str) -> Segment:
        return self._shelf.find(follows) or self._made(follows)

    def _made(self, follows: str) -> Segment:
        row = self._rows[follows]
        found = [source.documents() for source in row]
        return segment.make(segment.name(row), found, KINDS, self._languages, self._shards)


def shards_for(sources: int) -> int:
    """Into how many files the index of so many sources is split: a power of two."""
    count = 1
    while count < _MOST and count * _EACH < sources:
        count *= 2
    return count


def _generation(segments: Iterable[Segment], shards: int) -> int:
    """Changes when a document's place does: a reader with an old table shall not read new shards by it."""
    return zlib.crc32(json.dumps([shards, [[one.name, len(one.table)] for one in segments]]).encode())


def _table(segments: Sequence[Segment], languages: Sequence[str], shards: int, generation: int) -> bytes:
    facts = {
        "generation": f"{generation:08x}",
        "shards": shards,
        "languages": list(languages),
        "kinds": KINDS,
        "segments": [{"name": one.name, "table": one.table, "years": one.years} for one in segments],
        "simplified": _characters({c for one in segments for c in one.characters}),
    }
    return (json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _characters(there: set[str]) -> str:
    """Each traditional character whose simplified form is in the index, that form, and a digit.

    The digit is for the gate: without it, it might take neighbours for somebody's name.
    """
    return "".join(f"{old}{new}0" for old, new in simplified().items() if new in there)
