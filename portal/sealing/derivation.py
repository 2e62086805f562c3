"""How keys follow from keys, and how what they are derived from is written as bytes."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(key: bytes, label: str, *parts: bytes, length: int, salt: bytes | None = None) -> bytes:
    """HKDF-SHA256 (RFC 5869) to `length` bytes; its info is the label and the parts."""
    info = fields(f"duenotice v1 {label}".encode(), *parts)
    return HKDF(SHA256(), length, salt, info).derive(key)


def fields(*parts: bytes) -> bytes:
    """Parts after one another, each after its length, so that no two lists encode alike."""
    return b"".join(number(len(part)) + part for part in parts)


def number(value: int) -> bytes:
    """4 bytes, the most significant first."""
    return value.to_bytes(4, "big")
