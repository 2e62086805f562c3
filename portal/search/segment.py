"""Some hundred documents as the index holds them: what leads to them in every shard, and what is shown of them.

A change of one notice makes its own segment anew and no other: segments end where a hash of a notice's name says so,
so that one more or one less moves no boundary but its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple
from zlib import crc32

from portal.search import excerpts, shard
from portal.search.documents import Document, Source, digest
from portal.search.excerpts import EXCERPT, TRAY
from portal.search.folding import simplified
from portal.search.terms import Terms

SIZE = 512
"""How many notices a segment has on average."""

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SIBLING, _OPENS = 1 << 3, 1 << 2


class Layout(NamedTuple):
    """What all segments of an index have in common."""

    kinds: Sequence[str]
    languages: Sequence[str]
    shards: int
    """A power of two."""


class Facts(NamedTuple):
    """What is known of a segment without its shards and excerpts."""

    name: str
    table: str
    """Two base64 digits for each document: see `row`."""
    years: tuple[tuple[int, int], ...]
    """Each year and its first document; documents before the first of these have none."""
    characters: str
    """Every character, in a pair or alone in a title or number, that is the simplified form of another."""


class Origin(NamedTuple):
    """What is needed besides to make another segment from one."""

    sources: tuple[tuple[str, int], ...]
    """Of each source what its documents follow from, and how many there are."""
    rests: dict[int, str]
    """By place, what a text says beyond its excerpt."""

    def packed(self) -> bytes:
        return json.dumps([self.sources, sorted(self.rests.items())]).encode()

    @staticmethod
    def unpacked(said: bytes) -> Origin:
        sources, rests = json.loads(said)
        return Origin(tuple((follows, count) for follows, count in sources), dict(rests))


class Segment(NamedTuple):
    """Documents in a row, oldest first."""

    facts: Facts
    shards: tuple[bytes, ...]
    trays: tuple[bytes, ...]
    """Files of excerpts: see portal/search/excerpts.py."""
    origin: Origin

    @property
    def parts(self) -> tuple[bytes, ...]:
        return (*self.shards, *self.trays, self.origin.packed())


def cut(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """Sources in the rows that become segments."""
    row: list[Source] = []
    for source in sources:
        if row and crc32(source.name.encode()) % SIZE == 0:
            yield row
            row = []
        row.append(source)
    if row:
        yield row


def name(row: Sequence[Source]) -> str:
    """By which the segment of a row is told from the others; it stays while its first source does."""
    return digest([row[0].name])[:10]


def make(name: str, found: Sequence[tuple[str, Sequence[Document]]], layout: Layout) -> Segment:
    """The segment of the documents of sources, each with what they follow from."""
    flat = [document for _, together in found for document in together]
    rows = [row(document, layout, nth > 0) for _, together in found for nth, document in enumerate(together)]
    terms, years = Terms(), list[tuple[int, int]]()
    for at, document in enumerate(flat):
        terms.add(at, document.title, document.number, document.text)
        if document.published and (not years or years[-1][0] != document.published.year):
            years.append((document.published.year, at))
    trays = tuple(excerpts.tray(flat[at : at + TRAY]) for at in range(0, len(flat), TRAY))
    facts = Facts(
        name=name,
        table=table(rows, trays),
        years=tuple(years),
        characters="".join(sorted(characters(terms))),
    )
    origin = Origin(
        sources=tuple((follows, len(together)) for follows, together in found),
        rests={at: document.text[EXCERPT:] for at, document in enumerate(flat) if len(document.text) > EXCERPT},
    )
    return Segment(facts, shard.split(terms, len(flat), layout.shards), trays, origin)


def documents(one: Segment, nth: int, layout: Layout) -> list[Document]:
    """What one tray of a segment was made of."""
    bits = rows(one)[nth * TRAY : (nth + 1) * TRAY]
    told = [(layout.kinds[row >> 7], layout.languages[row >> 4 & 7]) for row in bits]
    rests = [one.origin.rests.get(nth * TRAY + at, "") for at in range(len(bits))]
    return list(excerpts.documents(one.trays[nth], told, rests))


def row(document: Document, layout: Layout, sibling: bool) -> int:
    """Twelve bits: five of the kind, three of the language, whether it is the same notice as the one before it in
    another language, whether it is the first in a file of excerpts (which `table` adds), two to spare.
    """
    return layout.kinds.index(document.kind) << 7 | layout.languages.index(document.language) << 4 | _SIBLING * sibling


def is_sibling(row: int) -> bool:
    return bool(row & _SIBLING)


def table(rows: Iterable[int], trays: Iterable[bytes]) -> str:
    """Two base64 digits for each document."""
    opens = {nth * TRAY + place for nth, tray in enumerate(trays) for place, _ in excerpts.files(tray)}
    bits = [row | _OPENS if at in opens else row for at, row in enumerate(rows)]
    return "".join([_BASE64[row >> 6] + _BASE64[row & 63] for row in bits])


def rows(one: Segment) -> list[int]:
    """What its table was made of."""
    digits = [_BASE64.index(digit) for digit in one.facts.table]
    return [(high << 6 | low) & ~_OPENS for high, low in zip(digits[::2], digits[1::2], strict=True)]


def characters(terms: Terms) -> set[str]:
    """Those that are the simplified form of others."""
    return set(_simple().intersection("".join(terms.pairs)))


@cache
def _simple() -> frozenset[str]:
    return frozenset(simplified().values())
