"""Markdown to sanitised HTML (portal/converting.py), by libraries that take as long to import as a hundred texts to
convert: they are, once there is a text. Most builds convert none.
"""

from __future__ import annotations

from typing import Any


def body(text: str) -> dict[str, Any]:
    from portal import converting

    return converting.body(text)


def line(text: str) -> str:
    from portal import converting

    return converting.line(text)


def prepare() -> None:
    """Have what converts bodies at hand: before workers are started that all need it, or beside other work."""
    from portal import converting

    converting.body_converter(struck=False)
