"""Fills the {{name}} of a notice that says something else to every client, in HTML that is finished but for them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import NamedTuple

PLACEHOLDER = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")
"""A name as a table of values may have it, in any script: {{old}}, {{现行金额}}."""

_TAG = re.compile(r"""(</?[A-Za-z](?:[^<>"']|"[^"]*"|'[^']*')*>)""")
_UNFILLED = "—"


class Filling(NamedTuple):
    """What fills each name for one client, as plain text in the reader's language."""

    texts: Mapping[str, str]

    def plain(self, text: str) -> str:
        """Plain text with its placeholders filled; a name that nothing fills becomes a dash."""
        return PLACEHOLDER.sub(lambda match: self.texts.get(match[1], _UNFILLED), text)


class Form(NamedTuple):
    """HTML taken apart once, so that filling it for the next client is one join.

    Only text is filled, never a tag: what stands in an attribute could turn a value into an address that runs a script.
    """

    pieces: tuple[str, ...]
    """HTML, name, HTML, name, …, HTML."""
    misplaced: frozenset[str]
    """Names that stand inside a tag, where they stay as they are."""

    @classmethod
    def of(cls, page: str) -> Form:
        """Take HTML apart; quotes in its tags must be balanced, as a serialiser leaves them."""
        if "{{" not in page and "%7B%7B" not in page:
            return cls((page,), frozenset())
        pieces = [""]
        misplaced: set[str] = set()
        for i, part in enumerate(_TAG.split(page)):
            if i % 2:
                misplaced.update(PLACEHOLDER.findall(part.replace("%7B", "{").replace("%7D", "}")))
                pieces[-1] += part
                continue
            first, *others = PLACEHOLDER.split(part)
            pieces[-1] += first
            pieces += others
        return cls(tuple(pieces), frozenset(misplaced))

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.pieces[1::2])

    def filled(self, filling: Filling | None) -> str:
        """The HTML with every value escaped; without a filling the braces stay, for they are only braces."""
        if filling is None:
            return "".join(piece if i % 2 == 0 else f"{{{{{piece}}}}}" for i, piece in enumerate(self.pieces))
        return "".join(
            piece if i % 2 == 0 else html.escape(filling.texts.get(piece, _UNFILLED))
            for i, piece in enumerate(self.pieces)
        )
