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


def split(data: bytes) -> Leaf:
    """Take a file apart. Raises nothing: whatever is wrong is in `front.faults` and `warnings`."""
    text, errors, warnings = decoded.decode(data)
    if errors:
        return Leaf(Document(None, {}, errors), "", 1, warnings)
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
        return Leaf(Document(None, {}, (fault,)), text, 1, warnings)
    closing = _END.search(text, opening.end())
    if closing is None:
        fault = Fault(
            (1, 1), "open-front-matter", "the front matter is never closed", "add a line --- after the last key"
        )
        return Leaf(Document(None, {}, (fault,)), "", 1, warnings)
    front = located.read(text[opening.end() + 1 : closing.start()], first_line=2)
    body = text[closing.end() + 1 :]
    body_line = text.count("\n", 0, closing.end()) + 2
    if "<<<<<<< " in body and (conflict := decoded.conflict_in(_FENCED.sub(_blank, body))):
        line = body_line + conflict.place[0] - 1
        front = front._replace(faults=(*front.faults, conflict._replace(place=(line, 1))))
    return Leaf(front, body, body_line, warnings)


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")
