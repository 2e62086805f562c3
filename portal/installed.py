"""Which versions of packages are installed."""

from __future__ import annotations

from functools import cache
from importlib.metadata import distribution

_VERSION = "Version:"


@cache
def version(name: str) -> str:
    """The version of a package, from the head of its metadata (PyPA core metadata): parsing all of it takes ten times
    as long. Raises importlib.metadata.PackageNotFoundError.
    """
    found = distribution(name)
    head = found.read_text("METADATA") or ""
    told = next((line for line in head.splitlines() if line.startswith(_VERSION)), None)
    return told.removeprefix(_VERSION).strip() if told else found.version
