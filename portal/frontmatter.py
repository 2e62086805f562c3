"""A notice's file, taken apart: the front matter with its line numbers, and the body as it stands."""

from __future__ import annotations

import re
from typing import NamedTuple

from portal import decoded, located
from portal.decoded import Document, Fault

_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^`\n]*\n.*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
"""A block of code, in which a notice may show a conflict."""
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)


class Leaf(NamedTuple):
    """A file in two parts."""

    front: Document
    body: str
    """What follows the closing fence, line ends as LF."""
    body_line: int
    """The line of the file on which the body starts, from 1."""
    warnings: tuple[Fault, ...] = ()


class Halves(NamedTuple):
    """The same before anything is read of its front matter."""

    front: str | None
    """None where there is none to be read."""
    body: str
    body_line: int
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def split(data: bytes) -> Leaf:
    """Take a file apart. Raises nothing: whatever is wrong is in `front.faults` and `warnings`."""
    return leaf_of(halves(data))


def leaf_of(parts: Halves) -> Leaf:
    """A file whose front matter is read."""
    front = Document(None) if parts.front is None else located.read(parts.front, first_line=2)
    front = front._replace(faults=(*front.faults, *parts.faults))
    return Leaf(front, parts.body, parts.body_line, parts.warnings)


def halves(data: bytes) -> Halves:
    """Tell front matter and body of a file apart. Raises nothing."""
    text, errors, warnings = decoded.decode(data)
    if errors:
        return Halves(None, "", 1, errors, warnings)
    opening = _FENCE.match(text)
    if opening is None:
        leading = len(text) - len(text.lstrip())
        line = text.count("\n", 0, leading) + 1
        fault = Fault(
            (line, 1),
            "no-front-matter",
            "the file does not begin with '---'",
            "begin with a line ---, then title and date, then a line ---",
        )
        return Halves(None, text, 1, (fault,), warnings)
    closing = _END.search(text, opening.end())
    if closing is None:
        fault = Fault(
            (1, 1), "open-front-matter", "the front matter is never closed", "add a line --- after the last key"
        )
        return Halves(None, "", 1, (fault,), warnings)
    front = text[opening.end() + 1 : closing.start()]
    body = text[closing.end() + 1 :]
    body_line = text.count("\n", 0, closing.end()) + 2
    faults: tuple[Fault, ...] = ()
    if "<<<<<<< " in body and (conflict := decoded.conflict_in(_FENCED.sub(_blank, body))):
        faults = (conflict._replace(place=(body_line + conflict.place[0] - 1, 1)),)
    return Halves(front, body, body_line, faults, warnings)


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")
