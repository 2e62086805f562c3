"""Attachments: files of any size, sealed in chunks that prove their place, in memory for one chunk.

This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance, CRYPTO 2015) with the nonces and the chunk size of age (https://age-encryption.org/v1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from portal.chunked import Changed, Chunked
from portal.config import Secret
from portal.sealing import envelope
from portal.sealing.derivation import derive, fields
from portal.sealing.envelope import BLOCK, HEADER, TAG, Content, Unopenable, object_name

CHUNK = 65536
"""Bytes of text in a chunk; only the last may be shorter."""
_COUNTER = 11
_DIGEST = 32


@dataclass(frozen=True, slots=True)
class SealedFile:
    """An attachment that anybody may hold and only who has its key can read."""

    name: str
    """32 hexadecimal digits: its file name below my/s/."""
    content: Chunked = field(repr=False)
    """The sealed file; it is made from the attachment anew each time it is read."""
    key: bytes = field(repr=False)
    """32 bytes: what a notice hands to its reader; the name and the encryption key follow from it."""
    size: int
    """Bytes of the attachment itself."""


def seal_file(secret: Secret, identity: tuple[str, str], file: Path) -> SealedFile:
    """Seal an attachment; `identity` is (notice id, file name). Raises OSError; reading the result raises Changed.

    The file is read twice: for what its key is derived from, which is every byte of the padded text, and to be
    encrypted. No chunk is encrypted that is not the one which the key was derived from.
    """
    size, digests = 0, bytearray()
    padded = 0
    for chunk, text in _padded(file):
        size += text
        padded += len(chunk)
        digests += hashlib.sha256(chunk).digest()
    said = (*(part.encode() for part in identity), hashlib.sha256(digests).digest())
    key = derive(secret.value, "attachment", *said, length=32)
    message = _Message(file, key, bytes(digests))
    return SealedFile(object_name(key), Chunked(HEADER + padded + TAG * message.chunks, message.sealed), key, size)


@dataclass(frozen=True, slots=True)
class _Message:
    """The one message that a key seals: a file, as it was when the key was derived."""

    file: Path
    key: bytes = field(repr=False)
    digests: bytes
    """SHA-256 of each chunk: 1/2048 of the file's size is what is kept of it."""

    @property
    def chunks(self) -> int:
        return len(self.digests) // _DIGEST

    def sealed(self) -> Iterator[bytes]:
        chunk_key, bound, last = _chunk_key(self.key), _bound(self.key), self.chunks - 1
        yield envelope.header(Content.ATTACHMENT)
        number = -1
        try:
            for number, (chunk, _) in enumerate(_padded(self.file)):
                # A second text under one key and nonce would give both away, so none is ever encrypted.
                if hashlib.sha256(chunk).digest() != self.digests[_DIGEST * number : _DIGEST * (number + 1)]:
                    raise Changed(self.file.name)
                yield envelope.encrypt(chunk_key, chunk, bound, _nonce(number, number == last))
        except OSError:
            raise Changed(self.file.name) from None
        if number != last:
            raise Changed(self.file.name)


def unseal_file(key: bytes, data: bytes) -> bytes:
    """Open what `seal_file` made, given the key from a notice. Raises Unopenable."""
    body = data[HEADER:]
    if data[:HEADER] != envelope.header(Content.ATTACHMENT) or not body:
        raise Unopenable
    chunk_key, bound, step = _chunk_key(key), _bound(key), CHUNK + TAG
    last = (len(body) - 1) // step
    chunks = (body[step * number : step * (number + 1)] for number in range(last + 1))
    return envelope.unpad(
        b"".join(
            envelope.decrypt(chunk_key, chunk, bound, _nonce(number, number == last))
            for number, chunk in enumerate(chunks)
        )
    )


def padded_size(size: int) -> int:
    """Bytes of a text of `size` with its padding: a multiple of 4096, and from 256 KiB on one of the few sizes that
    Padmé allows (Nikitin et al.: Reducing Metadata Leakage from Encrypted Files and Communication with PURBs, PoPETs
    2019, section 4): so many significant bits as the exponent of the size has digits.
    """
    least = size + 1
    exponent = least.bit_length() - 1
    step = max(BLOCK, 1 << exponent - exponent.bit_length())
    return -(-least // step) * step


def _padded(file: Path) -> Iterator[tuple[bytes, int]]:
    """The padded text of a file in chunks, each with how many bytes of it are the file's own."""
    size = 0
    with file.open("rb") as opened:
        while len(chunk := opened.read(CHUNK)) == CHUNK:
            size += CHUNK
            yield chunk, CHUNK
    left = padded_size(size + len(chunk)) - size
    first = (chunk + b"\x80").ljust(min(CHUNK, left), b"\0")
    yield first, len(chunk)
    for done in range(CHUNK, left, CHUNK):
        yield bytes(min(CHUNK, left - done)), 0


def _chunk_key(key: bytes) -> bytes:
    return derive(key, "stream key", length=32)


def _bound(key: bytes) -> bytes:
    return fields(envelope.header(Content.ATTACHMENT), object_name(key).encode())


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(_COUNTER, "big") + bytes([last])
