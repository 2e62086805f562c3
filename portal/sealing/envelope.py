"""What sealed files of all kinds have in common: header, padding, encryption."""

from __future__ import annotations

from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.errors import PortalError
from portal.sealing.derivation import derive

BLOCK = 4096
"""Bytes; every sealed file but an attachment is a whole number of these, so that its size says little."""
TAG = 16
NONCE = bytes(12)
"""Constant, because no key ever seals a second message: each is derived from the very bytes it seals."""

_NAME = 16
_MAGIC = b"duen"
HEADER = len(_MAGIC) + 2
"""Bytes: the magic, a letter and a version."""


class Content(Enum):
    """What a sealed file holds; the letter stands in its header and in what its keys are derived from."""

    INDEX = b"I"
    NOTICE = b"N"
    REDLINE = b"R"
    ATTACHMENT = b"A"


_VERSIONS = {Content.INDEX: 1, Content.NOTICE: 1, Content.REDLINE: 1, Content.ATTACHMENT: 2}


class Unopenable(PortalError):
    """A sealed file that this key does not open: damaged, swapped, truncated, or another's."""

    def __init__(self) -> None:
        super().__init__("this sealed file does not open", "it is damaged, or was made for another code")


def object_name(key: bytes) -> str:
    """The file name of the object that a key opens: 32 hexadecimal digits."""
    return derive(key, "object name", length=_NAME).hex()


def header(content: Content) -> bytes:
    """The first 6 bytes of a sealed file."""
    return _MAGIC + content.value + bytes([_VERSIONS[content]])


def known_header(data: bytes, content: Content) -> bytes:
    """The header of a file that can be what it should be: of this format, and of whole blocks. Raises Unopenable."""
    if data[:HEADER] != header(content) or len(data) % BLOCK:
        raise Unopenable
    return data[:HEADER]


def encrypt(key: bytes, padded: bytes, bound: bytes, nonce: bytes = NONCE) -> bytes:
    """AES-256-GCM (NIST SP 800-38D): the ciphertext, then the tag."""
    return AESGCM(key).encrypt(nonce, padded, bound)


def decrypt(key: bytes, sealed: bytes | memoryview, bound: bytes, nonce: bytes = NONCE) -> bytes:
    """What `encrypt` was given. Raises Unopenable."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, bound)
    except InvalidTag:
        raise Unopenable from None


def pad(plaintext: bytes, overhead: int) -> bytes:
    """ISO/IEC 7816-4: a byte 0x80, then zeros, until the file with its `overhead` (bytes) fills whole blocks."""
    size = -(-(len(plaintext) + 1 + overhead) // BLOCK) * BLOCK - overhead
    return (plaintext + b"\x80").ljust(size, b"\0")


def unpad(padded: bytes) -> bytes:
    """What `pad` was given. Raises Unopenable."""
    stripped = padded.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise Unopenable
    return stripped[:-1]
