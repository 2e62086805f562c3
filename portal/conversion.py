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


def prepare(*, whole: bool = True) -> None:
    """Have what converts bodies at hand: before workers are started that all need it, or beside other work.

    If not `whole`, what converts those that most are; the rest once there is one.
    """
    from portal import converting

    for each in {False, whole}:
        converting.body_converter(whole=each)
