"""Codes: what a contact holds, as bits and as people write and read it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from portal.config import Secret
from portal.errors import PortalError
from portal.sealing.derivation import derive, fields, number

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_SYMBOLS = 28
_CHECK_BITS = 12
_NAME = 16

_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
"""Full-width forms of ASCII. NFKC would do more, but differently in every version of Unicode: the browser's tables and
Python's are not the same, and a code must be read alike by both."""

_IGNORED = re.compile(
    r"[\t-\r\x1c-\x20\x85\xa0\xad\u034f\u061c\u1680\u180e\u2000-\u2015\u2028-\u202f\u2043\u205f-\u2064\u2066-\u2069\u2212"
    r"\u2500\u2501\u2e3a\u2e3b\u3000\u3002\u30fc\ufe00-\ufe0f\ufe31\ufe32\ufe58\ufe63\ufeff\uff61\uff70._-]+"
)
"""Spaces, dashes and dots of every kind, and what programs put in invisibly. unseal.js has the same list."""


class Mistyped(PortalError):
    """What was typed is no code: too short, too long, a wrong symbol, or a checksum that does not fit."""

    def __init__(self) -> None:
        super().__init__("the code has a typing mistake", "compare it with the one in the mail: 7 groups of 4")


@dataclass(frozen=True, slots=True)
class Code:
    """What a contact holds: 128 bits that open one index, and through it every page of that contact."""

    bits: bytes = field(repr=False)

    def __str__(self) -> str:
        """Crockford base32 with a checksum, as people read it: 7 groups of 4 joined by hyphens."""
        value = int.from_bytes(self.bits, "big") << _CHECK_BITS | _checksum(self.bits)
        symbols = "".join(_ALPHABET[value >> 5 * i & 31] for i in reversed(range(_SYMBOLS)))
        return "-".join(symbols[i : i + 4] for i in range(0, _SYMBOLS, 4))

    @classmethod
    def parse(cls, text: str) -> Code:
        """Read a code as people type it: any case, spacing and width; O for 0, I and L for 1. Raises Mistyped."""
        symbols = _IGNORED.sub("", text.translate(_NARROW))
        if len(symbols) != _SYMBOLS or not symbols.isascii():
            raise Mistyped
        value = 0
        for symbol in symbols.upper():
            if symbol not in _VALUES:
                raise Mistyped
            value = value << 5 | _VALUES[symbol]
        bits = (value >> _CHECK_BITS).to_bytes(16, "big")
        if value & (1 << _CHECK_BITS) - 1 != _checksum(bits):
            raise Mistyped
        return cls(bits)

    @property
    def index_name(self) -> str:
        """The file name of this code's index: 32 hexadecimal digits, which do not lead back to the code."""
        return derive(self.bits, "index name", length=_NAME).hex()


def code(secret: Secret, contact_key: str, epoch: int) -> Code:
    """The code of a contact, addressed as client/contact, in an epoch (from 1)."""
    return Code(derive(secret.value, "code", contact_key.encode(), number(epoch), length=16))


def _checksum(bits: bytes) -> int:
    return int.from_bytes(hashlib.sha256(fields(b"duenotice v1 code checksum", bits)).digest()[:2], "big") >> 4
