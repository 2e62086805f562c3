"""QR Code symbols of a site's addresses, drawn by the thousand.

All symbols of one size differ in their codewords only, and a codeword flips the same modules whatever the others are,
for error correction is linear over GF(2). So segno draws one symbol of a size, and any other is that one with the
modules of its own codewords flipped; a symbol is an integer with a bit for each module. Numbers in brackets are
clauses of ISO/IEC 18004:2015.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain, cycle, islice, product
from typing import Any

import segno
from segno import consts

_LEVELS = {consts.ERROR_LEVEL_M: "m", consts.ERROR_LEVEL_Q: "q", consts.ERROR_LEVEL_H: "h"}
_CAPACITIES: Mapping[int, Any] = consts.SYMBOL_CAPACITY
"""How many bits a symbol holds, by version and level (table 7)."""
_BLOCKS: Mapping[Any, Any] = consts.ECC
"""How many blocks it has, of how many codewords in all and of data, by version and level (table 9)."""
_BYTES = 0b0100
"""The mode of a segment of bytes (7.4.1)."""
_PADS = (0b11101100, 0b00010001)
"""What fills the codewords that a message leaves, in turn (7.4.10)."""
_FIELD = 0b100011101
"""The polynomial that GF(256) is taken modulo (7.5.2)."""
_ANY = b"http"


def draw(message: bytes, mask: int) -> list[str]:
    """The rows of the smallest symbol with at least medium error correction, the level as high as it can be: 1 is dark.

    Raises segno.DataOverflowError where the message is too long for any.
    """
    size = _fitting(len(message), mask)
    modules = f"{size.draw(message):0{size.width**2}b}"
    return [modules[at : at + size.width] for at in range(0, len(modules), size.width)]


@cache
def _fitting(length: int, mask: int) -> _Size:
    """The size of a symbol for a message of `length` bytes."""
    for version in range(1, 41):
        needed = 4 + _count_bits(version) + 8 * length
        levels = [level for level in _LEVELS if _CAPACITIES[version][level] >= needed]
        if levels:
            return _size(version, levels[-1], mask)
    raise segno.DataOverflowError(f"a message of {length} bytes fits into no symbol")


def _count_bits(version: int) -> int:
    """How many bits say the length of a segment of bytes (7.4.1, table 3)."""
    return 8 if version < 10 else 16


@cache
def _size(version: int, level: int, mask: int) -> _Size:
    return _Size(version, level, mask)


class _Size:
    """What all symbols of one version, level and mask have in common."""

    def __init__(self, version: int, level: int, mask: int) -> None:
        self._version = version
        structure = _BLOCKS[version][level]
        blocks = [kind.num_data for kind in structure for _ in range(kind.num_blocks)]
        self._blocks, self._room = len(blocks), sum(blocks)
        self._remainders = _remainders(structure[0].num_total - structure[0].num_data, max(blocks))
        # The message fills block after block; the symbol takes the first codeword of each, the second … (7.6).
        order = [(place, block) for block, length in enumerate(blocks) for place in range(length)]
        stands = {where: position for position, where in enumerate(sorted(order))}
        self._codewords = [(stands[place, block], block, blocks[block] - 1 - place) for place, block in order]
        """Of each codeword of the message: its place in the symbol, its block, and how many follow it there."""
        known = segno.make_qr(
            _ANY.decode(), error=_LEVELS[level], version=version, mode="byte", mask=mask, boost_error=False
        )
        self.width = len(known.matrix)
        self._modules = [1 << self.width**2 - 1 - (y * self.width + x) for y, x in _way(version, self.width)]
        self._known: dict[tuple[int, int], int] = {}
        self._blank = int("".join(map(str, chain.from_iterable(known.matrix))), 2) ^ self._flipped(_ANY)

    def draw(self, message: bytes) -> int:
        """The modules of a message's symbol, row after row from the highest bit on."""
        return self._blank ^ self._flipped(message)

    def _flipped(self, message: bytes) -> int:
        flipped = 0
        for codeword in enumerate(self._message(message)):
            found = self._known.get(codeword)
            if found is None:
                found = self._known[codeword] = self._flips(*codeword)
            flipped ^= found
        return flipped

    def _message(self, message: bytes) -> Iterator[int]:
        """The codewords of a message: mode, length, text, terminator, and pads for the room that is left (7.4)."""
        count_bits = _count_bits(self._version)
        bits = (_BYTES << count_bits | len(message)) << 8 * len(message) | int.from_bytes(message, "big")
        # As segno has it, another codeword of zeros comes before the pads; no reader looks behind the terminator.
        written = (bits << 12).to_bytes(len(message) + count_bits // 8 + 2, "big")
        return islice(chain(written, cycle(_PADS)), self._room)

    def _flips(self, number: int, value: int) -> int:
        """The modules that a message's codeword of this number flips, and its share in the correction with it."""
        place, block, follow = self._codewords[number]
        flips = self._at(place, value)
        for row, coefficient in enumerate(self._remainders[follow]):
            flips ^= self._at(self._room + row * self._blocks + block, _product(coefficient, value))
        return flips

    def _at(self, place: int, value: int) -> int:
        """The modules of the bits that are set in the codeword at a place of the symbol."""
        bits = self._modules[8 * place : 8 * place + 8]
        return sum(module for bit, module in enumerate(bits) if value & 128 >> bit)


def _way(version: int, width: int) -> Iterator[tuple[int, int]]:
    """Where the bits of the codewords stand, in two columns at a time, up and down from the right (7.7.3)."""
    taken = {(y, x) for y in range(9) for x in (*range(9), *range(width - 8, width))}  # finder patterns and format
    taken |= {(6, along) for along in range(width)}  # the timing pattern
    if version >= 7:
        taken |= {(y, x) for y in range(6) for x in range(width - 11, width - 8)}
    taken |= {(x, y) for y, x in taken}
    centres = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    for y, x in product(centres, repeat=2):
        if (y, x) not in {(6, 6), (6, width - 7), (width - 7, 6)}:
            taken |= {(y + up, x + left) for up in range(-2, 3) for left in range(-2, 3)}
    upwards = True
    for right in (*range(width - 1, 6, -2), 5, 3, 1):
        for y in range(width)[:: -1 if upwards else 1]:
            yield from ((y, x) for x in (right, right - 1) if (y, x) not in taken)
        upwards = not upwards


def _remainders(length: int, count: int) -> list[list[int]]:
    """What x^length, x^(length + 1) … leave when divided by the generator of as many correction codewords (7.5.2).

    Highest coefficient first. The generator's roots are the first powers of 2, whose logarithm needs no table.
    """
    generator, root = [1], 1
    for _ in range(length):
        shifted = [_product(root, coefficient) for coefficient in generator]
        generator = [a ^ b for a, b in zip([*generator, 0], [0, *shifted], strict=True)]
        root = _product(root, 2)
    divisor = generator[1:]
    remainders = [divisor]
    for _ in range(count - 1):
        lead, *others = remainders[-1]
        remainders.append([a ^ _product(lead, b) for a, b in zip([*others, 0], divisor, strict=True)])
    return remainders


@cache
def _product(a: int, b: int) -> int:
    """The product of two elements of GF(256)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 256:
            a ^= _FIELD
        b >>= 1
    return product
