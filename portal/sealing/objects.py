"""Objects: what many may read, each under a key of its own that stands in the indexes of its readers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from portal.config import Secret
from portal.sealing import envelope
from portal.sealing.attachments import unseal_file
from portal.sealing.derivation import derive, fields
from portal.sealing.envelope import HEADER, TAG, Content, object_name


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that anybody may hold and only who has its key can read."""

    name: str
    """32 hexadecimal digits: its file name below my/s/."""
    data: bytes = field(repr=False)
    key: bytes = field(repr=False)
    """32 bytes: what an index hands to its reader; the name and the encryption key follow from it."""


def seal(
    secret: Secret, content: Literal[Content.NOTICE, Content.REDLINE], identity: tuple[str, ...], plaintext: bytes
) -> Sealed:
    """Seal a version of a notice, or what it changed.

    The key depends on every byte of the padded plaintext, so a key seals one message only, and the same input gives
    the same name and the same bytes. `identity` says what it is: (id, version, language).
    """
    header = envelope.header(content)
    padded = envelope.pad(plaintext, HEADER + TAG)
    said = (content.value, *(part.encode() for part in identity), hashlib.sha256(padded).digest())
    key = derive(secret.value, "object", *said, length=32)
    name = object_name(key)
    bound = fields(header, name.encode())
    return Sealed(name, header + envelope.encrypt(derive(key, "object key", length=32), padded, bound), key)


def unseal(key: bytes, content: Content, data: bytes) -> bytes:
    """Open what `seal` or `seal_file` made, given the key from an index or a notice. Raises Unopenable."""
    if content is Content.ATTACHMENT:
        return unseal_file(key, data)
    bound = fields(envelope.known_header(data, content), object_name(key).encode())
    return envelope.unpad(envelope.decrypt(derive(key, "object key", length=32), data[HEADER:], bound))
