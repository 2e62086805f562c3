"""A million phrases in 10 bytes each: whether a text has any of them, without keeping one of them."""

from __future__ import annotations

import base64
import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

_BITS_EACH = 16
_UNSIGNED = (1 << 64) - 1
_SIZE = 8
"""Bytes of a hash that lasts."""


class Phrases:
    """Keeps hashes of 64 bits, keyed anew by every run of Python; who needs certainty compares what is found."""

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._bits = bytearray(1)
        self._mask = 0
        self._sorted = True
        self._dropped: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def add(self, phrases: Iterable[str]) -> None:
        self.take(hashes(phrases))

    def take(self, of_some: array[int]) -> None:
        """Add phrases by their hashes, which forks of this run made too."""
        self._hashes.extend(of_some)
        self._sorted = False

    def drop(self, phrases: Iterable[str]) -> None:
        """Find these no more."""
        self._dropped.update(hash(phrase) & _UNSIGNED for phrase in phrases)

    def among(self, phrases: Iterable[str]) -> set[str]:
        """Those that were added and not dropped."""
        if not self._sorted:
            self._sort()
        bits, mask = self._bits, self._mask
        likely = [phrase for phrase in phrases if bits[(h := hash(phrase)) >> 3 & mask] >> (h & 7) & 1]
        return {phrase for phrase in likely if self._has(hash(phrase) & _UNSIGNED)}

    def _has(self, number: int) -> bool:
        at = bisect_left(self._hashes, number)
        return at < len(self._hashes) and self._hashes[at] == number and number not in self._dropped

    def _sort(self) -> None:
        self._hashes = array("Q", sorted(self._hashes))
        size = 1
        while size * 8 < len(self._hashes) * _BITS_EACH:
            size *= 2
        self._mask, self._bits = size - 1, bytearray(size)
        for number in self._hashes:
            self._bits[number >> 3 & self._mask] |= 1 << (number & 7)
        self._sorted = True


def hashes(phrases: Iterable[str]) -> array[int]:
    """The hashes that `Phrases` keeps."""
    return array("Q", [hash(phrase) & _UNSIGNED for phrase in phrases])


class Lasting:
    """Keeps hashes of 64 bits that every run of Python makes alike, and can be written down."""

    def __init__(self, written: str = "") -> None:
        """Empty, or as `str` wrote it."""
        self._hashes = set(_cut(base64.b64decode(written)))
        self._met: set[int] = set()
        """By the quick hash of this run: what need not be added twice."""
        self._news: list[bytes] = []

    def add(self, phrases: Iterable[str]) -> None:
        new = {number: phrase for phrase in phrases if (number := hash(phrase)) not in self._met}
        self._met.update(new)
        lasting = [*map(_lasting, new.values())]
        self._hashes.update(lasting)
        self._news += lasting

    def among(self, phrases: Iterable[str]) -> set[str]:
        """Those that were added, and hardly ever another."""
        return {phrase for phrase in phrases if _lasting(phrase) in self._hashes}

    def news(self) -> bytes:
        """The hashes that were added since this was asked last."""
        news, self._news = b"".join(self._news), []
        return news

    def hear(self, news: bytes) -> None:
        """Add what another process added."""
        self._hashes.update(_cut(news))

    def __str__(self) -> str:
        return base64.b64encode(b"".join(sorted(self._hashes))).decode("ascii")


def _cut(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _SIZE] for at in range(0, len(data), _SIZE))


def _lasting(phrase: str) -> bytes:
    return hashlib.blake2b(phrase.encode("utf-8", "surrogatepass"), digest_size=_SIZE).digest()
