"""Tells one master secret from another without telling anything about it."""

from __future__ import annotations

import textwrap

from portal.config import Secret
from portal.sealing.derivation import derive

_LENGTH = 8
"""Bytes: two secrets of one portal will not share them by chance, and 32 random bytes cannot be found by them."""


def fingerprint(secret: Secret) -> str:
    """16 hexadecimal digits in 4 groups, not secret."""
    return "-".join(textwrap.wrap(derive(secret.value, "fingerprint", length=_LENGTH).hex(), 4))
