"""Some hundred documents as the index holds them: what leads to them in every shard, and what is shown of them.

A change of one notice makes its own segment anew and no other: segments end where a hash of a notice's name says so,
so that one more or one less moves no boundary but its own.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from portal.search.documents import Document, Source, digest
from portal.search.packing import documents, gaps, number
from portal.search.terms import Terms, keys

SIZE = 512
"""How many notices a segment has on average."""
EXCERPT = 3000
"""Characters of a text that are kept to show where it answers."""
PIECE = 6000
"""Bytes from which a file of excerpts is full."""

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_HIGH = bytes(byte | 128 for byte in range(128)) + bytes(range(128, 256))
"""Letters as the index writes them. Whoever reads it as text shall not take neighbours for a sentence."""

_LOWEST = slice(0 if sys.byteorder == "little" else 3, None, 4)
"""Of the bytes of entries, the one that says where in its document each stands."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Documents in a row, oldest first."""

    name: str
    table: str
    """Two base64 digits for each document: see `_row`."""
    years: tuple[tuple[int, int], ...]
    """Each year and its first document; documents before the first of these have none."""
    characters: str
    """Every character outside ASCII, folded, that is in it."""
    shards: tuple[bytes, ...]
    pieces: tuple[bytes, ...]
    """Files of excerpts, as JSON."""


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


def make(
    name: str, found: Sequence[Sequence[Document]], kinds: Sequence[str], languages: Sequence[str], shards: int
) -> Segment:
    """The segment of documents, those of one source together, in an index of so many shards (a power of two)."""
    flat = [document for together in found for document in together]
    pieces = _pieces(flat)
    opens = {first for first, _ in pieces}
    table: list[str] = []
    years: list[tuple[int, int]] = []
    at = 0
    for together in found:
        for nth, document in enumerate(together):
            table.append(_row(document, kinds, languages, nth > 0, at in opens))
            if document.published and (not years or years[-1][0] != document.published.year):
                years.append((document.published.year, at))
            at += 1
    terms = _terms(flat)
    characters = "".join(sorted({c for c in "".join(terms.pairs) if not c.isascii()}))
    return Segment(
        name, "".join(table), tuple(years), characters, _shards(terms, len(flat), shards), tuple(p for _, p in pieces)
    )


def _row(document: Document, kinds: Sequence[str], languages: Sequence[str], sibling: bool, opens: bool) -> str:
    """Twelve bits: five of the kind, three of the language, whether it is the same notice as the one before it in
    another language, whether it is the first in a file of excerpts, two to spare.
    """
    bits = kinds.index(document.kind) << 7 | languages.index(document.language) << 4 | sibling << 3 | opens << 2
    return _BASE64[bits >> 6] + _BASE64[bits & 63]


def _pieces(found: Sequence[Document]) -> list[tuple[int, bytes]]:
    """The files of excerpts, each with the place of its first document."""
    pieces: list[tuple[int, bytes]] = []
    held: list[str] = []
    size = first = 0
    for at, document in enumerate(found):
        facts = {"u": document.path, "t": document.title, "x": document.text[:EXCERPT]}
        if document.number:
            facts["n"] = document.number
        if document.published:
            facts["d"] = document.published.isoformat()
        said = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
        held.append(said)
        size += len(said.encode("utf-8", "replace"))
        if size >= PIECE or at == len(found) - 1:
            pieces.append((first, ("[" + ",\n".join(held) + "]\n").encode("utf-8", "replace")))
            held, size, first = [], 0, at + 1
    return pieces


def _terms(found: Sequence[Document]) -> Terms:
    terms = Terms()
    for at, document in enumerate(found):
        terms.add(at, document.title, document.number, document.text)
    return terms


def _shards(terms: Terms, count: int, shards: int) -> tuple[bytes, ...]:
    """For each shard its pairs by ascending hash, then its words in order; empty where it has neither."""
    mask, width = shards - 1, shards.bit_length() - 1
    pairs: list[list[tuple[int, array[int]]]] = [[] for _ in range(shards)]
    for pair, entries in terms.pairs.items():
        value = crc32(pair.encode("utf-8", "surrogatepass"))
        pairs[value & mask].append((value >> width, entries))
    words: list[list[bytes]] = [[] for _ in range(shards)]
    for word in sorted(terms.words):
        letters = word.encode().translate(_HIGH)
        everywhere, titles = documents(terms.words[word], count), documents(terms.title_words.get(word, []), count)
        packed = number(len(letters)) + letters + everywhere + titles
        for shard in {crc32(key.encode()) & mask for key in keys(word)}:
            words[shard].append(packed)
    return tuple(
        b"".join([number(len(of_pairs)), *_packed(of_pairs), number(len(of_words)), *of_words])
        if of_pairs or of_words
        else b""
        for of_pairs, of_words in zip(pairs, words, strict=True)
    )


def _packed(of_pairs: list[tuple[int, array[int]]]) -> Iterator[bytes]:
    """Each pair: the gap of its hash, how many entries, their documents as gaps, where in these as bytes."""
    last = 0
    for value, entries in sorted(of_pairs):
        if len(entries) == 1:
            yield number(value - last) + b"\1" + number(entries[0] >> 8) + bytes((entries[0] & 255,))
        else:
            at = [entry >> 8 for entry in entries]
            yield number(value - last) + number(len(entries)) + gaps(at) + entries.tobytes()[_LOWEST]
        last = value
