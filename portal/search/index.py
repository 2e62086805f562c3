"""The index as files: a table of all documents, shards that lead to them, and excerpts.

How it is laid out, and why, docs/adr/0008-search.md says; site_templates/theme/assets/search-engine.js reads it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from portal import parallel
from portal.addresses import SEARCH
from portal.bundles import Bundle
from portal.chunked import File
from portal.circumstances import program
from portal.kinds import Kind
from portal.search import excerpts, segment, shelf
from portal.search.documents import PAGE, Source, digest
from portal.search.excerpts import TRAY
from portal.search.folding import TABLE, simplified
from portal.search.past import Past
from portal.search.segment import Facts, Layout, Segment
from portal.search.shelf import Filed, Shelf

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
        self._shelf = shelf
        self._layout = Layout(KINDS, languages, shards_for(len(pages) + len(notices)))
        table = TABLE.read_text(encoding="utf-8")
        self._maker = digest([program(), table, str(self._layout.shards), *languages])
        rows = [list(pages)] if pages else []
        self._rows = {self._follows(row): row for row in [*rows, *segment.cut(notices)]}
        self._past = Past(shelf, self._layout, {})
        self._filed: dict[str, Filed] = {}
        """What is known of each segment."""
        self._held: dict[str, Segment] = {}
        """Those that the shelf does not keep, or did not keep well."""

    @property
    def segments(self) -> list[str]:
        """What each segment follows from: the same hash, the same segment."""
        return list(self._rows)

    def prepare(self) -> None:
        """Put the segments on the shelf that are not there, and remove those that nobody needs any more.

        Of a source that an earlier build knew, no document is asked for.
        """
        there = self._shelf.there()
        self._filed = {follows: there[follows] for follows in self._rows if follows in there}
        missing = [follows for follows in self._rows if follows not in there]
        if missing:
            before = {name: filed for name, filed in there.items() if name not in self._rows}
            alike = {name: filed for name, filed in before.items() if filed.maker == self._maker}
            self._past = Past(self._shelf, self._layout, alike)
            self._make(missing)
        self._shelf.tidy(self._rows)

    def bundles(self) -> Iterator[Bundle]:
        """Table, shards and excerpts of an index that is prepared, each as what it follows from."""
        filed = {follows: self._filed[follows] for follows in self._rows}
        facts = [one.facts for one in filed.values()]
        generation = _generation(facts, self._layout.shards)
        table = _table(facts, self._layout, generation)
        yield Bundle(digest(["search", table.decode()]), lambda: [(f"{SEARCH}index.json", table)])
        for at in range(self._layout.shards):
            parts = [one.digest(at) for one in filed.values()]
            yield Bundle(digest([f"search {at} {generation}", *parts]), partial(self._shard, at, generation))
        for follows, one in filed.items():
            for at, part in enumerate(one.trays):
                told = digest([f"search {one.facts.name} {at}", one.digest(part)])
                yield Bundle(told, partial(self._tray, follows, at))

    def _follows(self, row: Sequence[Source]) -> str:
        return digest([self._maker, row[0].name, *(source.follows for source in row)])

    def _make(self, missing: Sequence[str]) -> None:
        """Make segments: first those that little changed in, which takes less time than starting a process."""
        left = []
        for follows in missing:
            revised = self._past.revised(self._rows[follows])
            if revised is None:
                left.append(follows)
            else:
                self._know(follows, *self._put(follows, revised))
        left.sort(key=lambda follows: len(self._rows[follows]), reverse=True)  # the last one shall not be the longest
        for follows, done in zip(left, parallel.each(self._made_and_put, left, least=1), strict=True):
            self._know(follows, *done)

    def _made_and_put(self, follows: str) -> tuple[Filed, Segment | None]:
        return self._put(follows, self._made(follows))

    def _made(self, follows: str) -> Segment:
        row = self._rows[follows]
        found = [(source.follows, self._past.documents(source)) for source in row]
        return segment.make(segment.name(row), found, self._layout)

    def _put(self, follows: str, made: Segment) -> tuple[Filed, Segment | None]:
        """Keep a segment. It comes back where the shelf does not take it."""
        filed = shelf.filed(self._maker, made)
        return filed, None if self._shelf.put(follows, filed, made) else made

    def _know(self, follows: str, filed: Filed, held: Segment | None) -> None:
        self._filed[follows] = filed
        if held is not None:
            self._held[follows] = held

    def _part(self, follows: str, nth: int) -> bytes:
        """A part of a segment; where it has gone or was damaged since, the segment is made again."""
        if follows not in self._held:
            part = self._shelf.part(follows, self._filed[follows], nth)
            if part is not None:
                return part
            self._held[follows] = made = self._made(follows)
            self._put(follows, made)
        return self._held[follows].parts[nth]

    def _shard(self, at: int, generation: int) -> list[File]:
        parts = [self._part(follows, at) for follows in self._rows]
        sizes = b"".join(len(part).to_bytes(4, "big") for part in parts)
        return [(f"{SEARCH}{at}.bin", b"".join([MAGIC, generation.to_bytes(4, "big"), sizes, *parts]))]

    def _tray(self, follows: str, at: int) -> list[File]:
        filed = self._filed[follows]
        tray = self._part(follows, filed.trays[at])
        return [(f"{SEARCH}{filed.facts.name}/{at * TRAY + place}.json", data) for place, data in excerpts.files(tray)]


_EXCERPTS = re.compile(re.escape(SEARCH) + r"[0-9a-f]{10}/[0-9]+\.json")


def is_excerpts(path: str) -> bool:
    """Whether a file may be one of those that hold excerpts; all other files of an index keep their paths."""
    return _EXCERPTS.fullmatch(path) is not None


def shards_for(sources: int) -> int:
    """Into how many files the index of so many sources is split: a power of two."""
    count = 1
    while count < _MOST and count * _EACH < sources:
        count *= 2
    return count


def _generation(segments: Iterable[Facts], shards: int) -> int:
    """Changes when a document's place does: a reader with an old table shall not read new shards by it."""
    return zlib.crc32(json.dumps([shards, [[one.name, len(one.table)] for one in segments]]).encode())


def _table(segments: Sequence[Facts], layout: Layout, generation: int) -> bytes:
    facts = {
        "generation": f"{generation:08x}",
        "shards": layout.shards,
        "languages": list(layout.languages),
        "kinds": layout.kinds,
        "segments": [{"name": one.name, "table": one.table, "years": one.years} for one in segments],
        "simplified": _characters({c for one in segments for c in one.characters}),
    }
    return (json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _characters(there: set[str]) -> str:
    """Each traditional character whose simplified form is in the index, that form, and a digit.

    The digit is for the gate: without it, it might take neighbours for somebody's name.
    """
    return "".join(f"{old}{new}0" for old, new in simplified().items() if new in there)
