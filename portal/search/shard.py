"""What leads to the documents of one segment, split into shards: pairs by ascending hash, then words in order.

Of a pair, the gap of its hash, how many entries, their documents as gaps, and where in these as bytes; of a word, how
many letters, these, the documents that have it, and those that have it in title or number. A shard without any of them
is empty. A change of some documents is written into the shards that it touches; what comes of it is the same.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from portal.search.packing import Reader, documents, gaps, number
from portal.search.terms import Terms, keys

_HIGH = bytes(byte | 128 for byte in range(128)) + bytes(range(128, 256))
"""Letters as the index writes them. Whoever reads it as text shall not take neighbours for a sentence."""
_LOW = bytes(byte & 127 for byte in range(256))
_LOWEST = slice(0 if sys.byteorder == "little" else 3, None, 4)
"""Of the bytes of entries, the one that says where in its document each stands."""


def split(terms: Terms, count: int, shards: int) -> tuple[bytes, ...]:
    """What leads to `count` documents, in so many shards (a power of two)."""
    mask, width = shards - 1, shards.bit_length() - 1
    pairs: list[list[tuple[int, bytes]]] = [[] for _ in range(shards)]
    for hashed, entries in sorted(_hashed(terms.pairs).items()):
        pairs[hashed & mask].append((hashed >> width, _packed(entries)))
    words: list[list[tuple[str, bytes]]] = [[] for _ in range(shards)]
    for word in sorted(terms.words):
        packed = documents(terms.words[word], count) + documents(terms.title_words.get(word, []), count)
        for shard in _shards_of(word, mask):
            words[shard].append((word, packed))
    return tuple(_joined(*both) for both in zip(pairs, words, strict=True))


def revised(shards: Sequence[bytes], count: int, changes: Iterable[tuple[int, Terms, Terms]]) -> tuple[bytes, ...]:
    """The shards of `count` documents after changes: a document, what it could be found by, and what it can be now."""
    mask, width = len(shards) - 1, len(shards).bit_length() - 1
    edits: defaultdict[int, _Edits] = defaultdict(_Edits)
    for document, before, after in changes:
        was, now = _hashed(before.pairs), _hashed(after.pairs)
        for hashed in was.keys() | now.keys():
            if was.get(hashed) != now.get(hashed):
                edits[hashed & mask].pairs[hashed >> width][document] = now.get(hashed, array("I"))
        had, has = (
            {(word, where) for where, found in enumerate((terms.words, terms.title_words)) for word in found}
            for terms in (before, after)
        )
        for word, where in had ^ has:
            for shard in _shards_of(word, mask):
                edits[shard].words[word][where][document] = (word, where) in has
    return tuple(edits[at].made(shard, count) if at in edits else shard for at, shard in enumerate(shards))


@dataclass(frozen=True, slots=True)
class _Edits:
    """What changes in one shard."""

    pairs: defaultdict[int, dict[int, array[int]]] = field(default_factory=lambda: defaultdict(dict))
    """By hash and document, its entries from now on."""
    words: defaultdict[str, tuple[dict[int, bool], dict[int, bool]]] = field(
        default_factory=lambda: defaultdict(lambda: ({}, {}))
    )
    """By word and document, whether it has it from now on: anywhere, and in title or number."""

    def made(self, shard: bytes, count: int) -> bytes:
        pairs, words = _opened(shard, count)
        for value, by_document in self.pairs.items():
            entries = _entries(pairs.pop(value, b"\0"))
            for document, new in by_document.items():
                first, end = (bisect_left(entries, at, key=_document) for at in (document, document + 1))
                entries[first:end] = new
            if entries:
                pairs[value] = _packed(entries)
        for word, edited in self.words.items():
            reader = Reader(words.pop(word, b"\0\0"))
            lists = [set(reader.documents(count)), set(reader.documents(count))]
            for found, changed in zip(lists, edited, strict=True):
                for document, has in changed.items():
                    (found.add if has else found.discard)(document)
            if lists[0]:
                words[word] = b"".join(documents(sorted(found), count) for found in lists)
        return _joined(sorted(pairs.items()), sorted(words.items()))


def _hashed(pairs: Mapping[str, array[int]]) -> dict[int, array[int]]:
    """Entries by the CRC-32 of their pair. Pairs that have the same lie together: who asks for one finds both."""
    found = {crc32(pair.encode()): entries for pair, entries in pairs.items()}
    if len(found) < len(pairs):
        several: defaultdict[int, list[int]] = defaultdict(list)
        for pair in sorted(pairs):  # document by document, and in each the lesser pair first
            several[crc32(pair.encode())].extend(pairs[pair])
        found = {hashed: array("I", sorted(entries, key=_document)) for hashed, entries in several.items()}
    return found


def _document(entry: int) -> int:
    return entry >> 8


def _shards_of(word: str, mask: int) -> set[int]:
    return {crc32(key.encode()) & mask for key in keys(word)}


def _packed(entries: array[int]) -> bytes:
    if len(entries) == 1:
        return b"\1" + number(entries[0] >> 8) + bytes((entries[0] & 255,))
    return number(len(entries)) + gaps([entry >> 8 for entry in entries]) + entries.tobytes()[_LOWEST]


def _entries(packed: bytes) -> array[int]:
    reader = Reader(packed)
    found = reader.gaps(reader.number())
    return array("I", [at << 8 | where for at, where in zip(found, reader.take(len(found)), strict=True)])


def _joined(pairs: Sequence[tuple[int, bytes]], words: Sequence[tuple[str, bytes]]) -> bytes:
    if not pairs and not words:
        return b""
    parts, last = [number(len(pairs))], 0
    for value, packed in pairs:
        parts += (number(value - last), packed)
        last = value
    parts.append(number(len(words)))
    for word, packed in words:
        parts += (number(len(word)), word.encode().translate(_HIGH), packed)
    return b"".join(parts)


def _opened(shard: bytes, count: int) -> tuple[dict[int, bytes], dict[str, bytes]]:
    """Everything of a shard, as it is packed."""
    pairs: dict[int, bytes] = {}
    words: dict[str, bytes] = {}
    reader, value = Reader(shard), 0
    for _ in range(reader.number() if shard else 0):
        value += reader.number()
        start = reader.at
        size = reader.number()
        reader.skip(size)
        reader.take(size)
        pairs[value] = shard[start : reader.at]
    for _ in range(reader.number() if shard else 0):
        word = reader.take(reader.number()).translate(_LOW).decode()
        start = reader.at
        for _ in range(2):
            reader.documents(count)
        words[word] = shard[start : reader.at]
    return pairs, words
