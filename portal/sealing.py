"""Derives, seals and opens: the only user of cryptography. The format is docs/sealed-format.md, section by section."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.config import Secret
from portal.errors import PortalError

BLOCK = 4096
"""Bytes; every sealed file is a whole number of these, so that its size says little."""

_MAGIC = b"duen"
_VERSION = 1
_HEADER = len(_MAGIC) + 2
_EPOCH = 4
_SALT = 32
_TAG = 16
_NAME = 16

_NONCE = bytes(12)
"""Constant, because no key ever seals a second message: each is derived from the very bytes it seals."""


class Content(Enum):
    """What a sealed file holds; the letter stands in its header and in what its keys are derived from."""

    INDEX = b"I"
    NOTICE = b"N"
    ATTACHMENT = b"A"
    REDLINE = b"R"


class Unopenable(PortalError):
    """A sealed file that this key does not open: damaged, swapped, truncated, or another's."""


class Mistyped(PortalError):
    """What was typed is no code: too short, too long, a wrong symbol, or a checksum that does not fit."""

    def __init__(self) -> None:
        super().__init__("the code has a typing mistake", "compare it with the one in the mail: 7 groups of 4")


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_SYMBOLS = 28
_CHECK_BITS = 12
_IGNORED = re.compile(r"[\s\u00ad\u200b-\u200d\u2060\ufeff\u2010-\u2015\u2212\u30fc_.-]+")
"""Spaces, hyphens and dashes of every kind, and what mail programs put in invisibly."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a contact holds: 128 bits that open one index, and through it every page of that contact."""

    bits: bytes = field(repr=False)

    def __str__(self) -> str:
        """Crockford base32 with a checksum, as people read it: 7 groups of 4 joined by hyphens."""
        number = int.from_bytes(self.bits, "big") << _CHECK_BITS | _checksum(self.bits)
        symbols = "".join(_ALPHABET[number >> 5 * i & 31] for i in reversed(range(_SYMBOLS)))
        return "-".join(symbols[i : i + 4] for i in range(0, _SYMBOLS, 4))

    @classmethod
    def parse(cls, text: str) -> Code:
        """Read a code as people type it: any case, spacing and width; O for 0, I and L for 1. Raises Mistyped."""
        symbols = _IGNORED.sub("", unicodedata.normalize("NFKC", text)).upper()
        if len(symbols) != _SYMBOLS or not all(symbol in _VALUES for symbol in symbols):
            raise Mistyped
        number = 0
        for symbol in symbols:
            number = number << 5 | _VALUES[symbol]
        bits = (number >> _CHECK_BITS).to_bytes(16, "big")
        if number & (1 << _CHECK_BITS) - 1 != _checksum(bits):
            raise Mistyped
        return cls(bits)

    @property
    def index_name(self) -> str:
        """The file name of this code's index: 32 hexadecimal digits, which do not lead back to the code."""
        return _derive(self.bits, "index name", length=_NAME).hex()


def _checksum(bits: bytes) -> int:
    return int.from_bytes(hashlib.sha256(_fields(b"duenotice v1 code checksum", bits)).digest()[:2], "big") >> 4


def code(secret: Secret, contact_key: str, epoch: int) -> Code:
    """The code of a contact, addressed as client/contact, in an epoch (from 1)."""
    return Code(_derive(secret.value, "code", contact_key.encode(), _number(epoch), length=16))


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that anybody may hold and only who has its key can read."""

    name: str
    """32 hexadecimal digits: its file name below my/s/."""
    data: bytes = field(repr=False)
    key: bytes = field(repr=False)
    """32 bytes: what an index hands to its reader; the name and the encryption key follow from it."""


def seal(secret: Secret, content: Content, identity: tuple[str, ...], plaintext: bytes) -> Sealed:
    """Seal a notice or an attachment.

    The key depends on every byte of the padded plaintext, so a key seals one message only, and the same input gives
    the same name and the same bytes. `identity` says what it is: (id, version, language) or (id, file name).
    """
    header = _header(content)
    padded = _pad(plaintext, _HEADER + _TAG)
    fields = [content.value, *(part.encode() for part in identity), hashlib.sha256(padded).digest()]
    key = _derive(secret.value, "object", *fields, length=32)
    name = _object_name(key)
    bound = _fields(header, name.encode())
    return Sealed(name, header + _encrypt(_derive(key, "object key", length=32), padded, bound), key)


def unseal(key: bytes, content: Content, data: bytes) -> bytes:
    """Open what `seal` made, given the key from an index. Raises Unopenable."""
    bound = _fields(_known_header(data, content), _object_name(key).encode())
    return _unpad(_decrypt(_derive(key, "object key", length=32), data[_HEADER:], bound))


def seal_index(holder: Code, epoch: int, plaintext: bytes) -> bytes:
    """Seal the index of a code; its file name is `holder.index_name`.

    The salt is a keyed hash of the padded plaintext, and the key is derived with it: one message per key here too.
    """
    header = _header(Content.INDEX)
    padded = _pad(plaintext, _HEADER + _EPOCH + _SALT + _TAG)
    index_secret = _derive(holder.bits, "index secret", length=32)
    salt = hmac.digest(_derive(index_secret, "index salt", length=32), padded, "sha256")
    key = _derive(index_secret, "index key", length=32, salt=salt)
    bound = _fields(header, holder.index_name.encode(), _number(epoch))
    return header + _masked(holder, _number(epoch)) + salt + _encrypt(key, padded, bound)


def unseal_index(holder: Code, data: bytes) -> tuple[int, bytes]:
    """Open what `seal_index` made: the epoch and the plaintext. Raises Unopenable."""
    header = _known_header(data, Content.INDEX)
    masked, rest = data[_HEADER : _HEADER + _EPOCH], data[_HEADER + _EPOCH :]
    epoch = _masked(holder, masked)
    index_secret = _derive(holder.bits, "index secret", length=32)
    key = _derive(index_secret, "index key", length=32, salt=rest[:_SALT])
    bound = _fields(header, holder.index_name.encode(), epoch)
    return int.from_bytes(epoch, "big"), _unpad(_decrypt(key, rest[_SALT:], bound))


def _masked(holder: Code, epoch: bytes) -> bytes:
    """The epoch, hidden or shown again: whoever hosts the file is not to count how often a code was replaced."""
    mask = _derive(holder.bits, "index epoch", length=_EPOCH)
    return bytes(a ^ b for a, b in zip(epoch, mask, strict=True))


def _object_name(key: bytes) -> str:
    return _derive(key, "object name", length=_NAME).hex()


def _header(content: Content) -> bytes:
    return _MAGIC + content.value + bytes([_VERSION])


def _known_header(data: bytes, content: Content) -> bytes:
    """The header of a file that can be what it should be: of this format, and of whole blocks."""
    if data[:_HEADER] != _header(content) or len(data) % BLOCK:
        raise _unopenable()
    return data[:_HEADER]


def _encrypt(key: bytes, padded: bytes, bound: bytes) -> bytes:
    return AESGCM(key).encrypt(_NONCE, padded, bound)


def _decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(_NONCE, sealed, bound)
    except InvalidTag:
        raise _unopenable() from None


def _unopenable() -> Unopenable:
    return Unopenable("this sealed file does not open", "it is damaged, or was made for another code")


def _pad(plaintext: bytes, overhead: int) -> bytes:
    """ISO/IEC 7816-4: a byte 0x80, then zeros, until the file with its `overhead` fills whole blocks."""
    size = -(-(len(plaintext) + 1 + overhead) // BLOCK) * BLOCK - overhead
    return (plaintext + b"\x80").ljust(size, b"\0")


def _unpad(padded: bytes) -> bytes:
    stripped = padded.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise _unopenable()
    return stripped[:-1]


def _derive(key: bytes, label: str, *fields: bytes, length: int, salt: bytes | None = None) -> bytes:
    """HKDF-SHA256 (RFC 5869), unsalted unless a salt is given; its info is the label and the fields."""
    info = _fields(f"duenotice v1 {label}".encode(), *fields)
    return HKDF(SHA256(), length, salt, info).derive(key)


def _fields(*fields: bytes) -> bytes:
    """Fields after one another, each after its length, so that no two lists encode alike."""
    return b"".join(_number(len(f)) + f for f in fields)


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")
