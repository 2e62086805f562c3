"""Numbers as the index writes them: seven bits to a byte, and lists of documents as gaps or as a bitmap.

Variable-byte codes as in Williams and Zobel, "Compressing integers for fast file access" (1999): the lowest seven bits
first, the high bit says that more follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import sub


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


_FIRST = [_number(value) for value in range(4096)]


def number(value: int) -> bytes:
    """A number from 0 on, in as few bytes as hold it."""
    return _FIRST[value] if value < 4096 else _number(value)


def numbers(values: Sequence[int]) -> bytes:
    """Several numbers in a row."""
    if max(values) < 128:
        return bytes(values)
    return b"".join([_FIRST[value] if value < 4096 else _number(value) for value in values])


def gaps(ascending: Sequence[int]) -> bytes:
    """Ascending numbers as their differences, the first from 0."""
    if len(ascending) == 1:
        return number(ascending[0])
    return numbers([ascending[0], *map(sub, ascending[1:], ascending)])


def documents(ascending: Sequence[int], count: int) -> bytes:
    """Which of `count` documents: how many times two, then gaps; plus one, then a bit for each, if that is shorter."""
    size = (count + 7) // 8
    if len(ascending) <= size:
        return number(len(ascending) << 1) + (gaps(ascending) if ascending else b"")
    bits = bytearray(size)
    for at in ascending:
        bits[at >> 3] |= 1 << (at & 7)
    return number(len(ascending) << 1 | 1) + bytes(bits)


class Reader:
    """Reads from bytes what the functions above wrote, from one place on."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        """The next byte."""

    def number(self) -> int:
        value = shift = 0
        while (byte := self.data[self.at]) > 127:
            value |= (byte & 127) << shift
            shift += 7
            self.at += 1
        self.at += 1
        return value | byte << shift

    def gaps(self, count: int) -> list[int]:
        return list(accumulate(self.number() for _ in range(count)))

    def skip(self, count: int) -> None:
        """Pass over so many numbers."""
        data, at = self.data, self.at
        while count:
            count -= data[at] < 128
            at += 1
        self.at = at

    def take(self, size: int) -> bytes:
        """So many bytes as they are."""
        self.at += size
        return self.data[self.at - size : self.at]

    def documents(self, count: int) -> list[int]:
        head = self.number()
        if not head & 1:
            return self.gaps(head >> 1)
        bits = self.take((count + 7) // 8)
        return [at for at in range(count) if bits[at >> 3] >> (at & 7) & 1]
