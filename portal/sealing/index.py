"""The index of a contact: one file for a code, which leads to everything that the contact may read."""

from __future__ import annotations

import hmac

from portal.sealing import envelope
from portal.sealing.codes import Code
from portal.sealing.derivation import derive, fields, number
from portal.sealing.envelope import HEADER, TAG, Content

_EPOCH = 4
_SALT = 32


def seal_index(holder: Code, epoch: int, plaintext: bytes) -> bytes:
    """Seal the index of a code; its file name is `holder.index_name`.

    The salt is a keyed hash of the padded plaintext, and the key is derived with it: one message per key here too.
    """
    header = envelope.header(Content.INDEX)
    padded = envelope.pad(plaintext, HEADER + _EPOCH + _SALT + TAG)
    index_secret = derive(holder.bits, "index secret", length=32)
    salt = hmac.digest(derive(index_secret, "index salt", length=32), padded, "sha256")
    key = derive(index_secret, "index key", length=32, salt=salt)
    bound = fields(header, holder.index_name.encode(), number(epoch))
    return header + _masked(holder, number(epoch)) + salt + envelope.encrypt(key, padded, bound)


def unseal_index(holder: Code, data: bytes) -> tuple[int, bytes]:
    """Open what `seal_index` made: the epoch and the plaintext. Raises Unopenable."""
    header = envelope.known_header(data, Content.INDEX)
    masked, rest = data[HEADER : HEADER + _EPOCH], data[HEADER + _EPOCH :]
    epoch = _masked(holder, masked)
    index_secret = derive(holder.bits, "index secret", length=32)
    key = derive(index_secret, "index key", length=32, salt=rest[:_SALT])
    bound = fields(header, holder.index_name.encode(), epoch)
    return int.from_bytes(epoch, "big"), envelope.unpad(envelope.decrypt(key, rest[_SALT:], bound))


def _masked(holder: Code, epoch: bytes) -> bytes:
    """The epoch, hidden or shown again: whoever hosts the file is not to count how often a code was replaced."""
    mask = derive(holder.bits, "index epoch", length=_EPOCH)
    return bytes(a ^ b for a, b in zip(epoch, mask, strict=True))
