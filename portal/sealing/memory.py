"""What a machine remembers between builds, as only a build with the same secret can read it."""

from __future__ import annotations

import hmac

from portal.config import Secret
from portal.sealing import envelope
from portal.sealing.derivation import derive
from portal.sealing.envelope import Unopenable

_SALT = 32
_LABEL = "memory"


def lock(secret: Secret, plaintext: bytes, label: str = _LABEL) -> bytes:
    """Encrypt what is remembered; `label` says what it is.

    As in an index, the salt is a keyed hash of the text: one message per key.
    """
    own = derive(secret.value, label, length=32)
    salt = hmac.digest(own, plaintext, "sha256")
    return salt + envelope.encrypt(derive(own, label, length=32, salt=salt), plaintext, label.encode())


def name(data: bytes) -> str:
    """What tells a locked text from any other under the same key: the keyed hash of it, in hexadecimal."""
    return data[:_SALT].hex()


def unlock(secret: Secret, data: bytes, label: str = _LABEL) -> bytes:
    """What `lock` was given under this label. Raises Unopenable for anything else."""
    if len(data) < _SALT + envelope.TAG:
        raise Unopenable
    own = derive(secret.value, label, length=32)
    key = derive(own, label, length=32, salt=data[:_SALT])
    return envelope.decrypt(key, memoryview(data)[_SALT:], label.encode())
