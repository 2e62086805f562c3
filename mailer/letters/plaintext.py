"""HTML and long lines as plain text: wrapped for words and for Han characters, every link on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

WIDTH = 76
"""Columns of a line (RFC 3676, section 4.2, asks for 78 or fewer); a Han character takes two."""

_HAN = r"\u2e80-\u2fff\u3001-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6"
    "\U0001f300-\U0001faff\U00020000-\U0003fffd]+"
)
"""Unicode's East Asian Width W and F, in ranges (UAX 11)."""
_CLOSING = "，。、；：？！）】》」』〉”’％…·"
_OPENING = "（【《「『〈“‘"
_UNIT = re.compile(
    rf"( *)([{_OPENING}]*(?:[{_HAN}]|[^ {_HAN}{_OPENING}{_CLOSING}]+|(?=[{_CLOSING}]))[{_CLOSING}]*|[{_OPENING}]+)"
)
"""What stays on one line: a word or a Han character, with the marks that may not stand alone (after UAX 14)."""
_HANGING = re.compile(r" *(?:[-•] |\d+\. |>> )? *")
_ADDRESS = re.compile(r"(?:https?://|mailto:)\S+")
_BLANK = re.compile(r"\n{3,}")

_BLOCKS = frozenset("p div ul ol dl table caption blockquote pre section h1 h2 h3 h4 h5 h6 hr".split())
_LINES = frozenset("li dt dd tr br".split())
_SILENT = frozenset("head style script title".split())


def columns(text: str) -> int:
    """How wide a text is where every character is one column or two."""
    return len(text) + sum(map(len, _WIDE.findall(text)))


def shortened(text: str, width: int) -> str:
    """Text of at most so many columns, cut with an ellipsis."""
    if columns(text) <= width:
        return text
    room, kept = width - 1, 0
    for character in text:
        room -= columns(character)
        if room < 0:
            break
        kept += 1
    return f"{text[:kept].rstrip()}…"


def wrap(text: str) -> str:
    """Text whose long lines are broken; what follows a list's mark stays behind it, and addresses stay whole."""
    lines = (piece for line in text.split("\n") for piece in _folded(line.rstrip()))
    return _BLANK.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"


def _folded(line: str) -> Iterator[str]:
    if columns(line) <= WIDTH or _ADDRESS.fullmatch(line.strip()):
        yield line
        return
    mark = _HANGING.match(line)
    indent = mark.end() if mark else 0
    current, width, empty = line[:indent], indent, True
    for space, unit in _UNIT.findall(line[indent:]):
        wide = columns(unit)
        if not empty and width + len(space) + wide > WIDTH:
            yield current.rstrip()
            current, width, space = " " * indent, indent, ""
        gap = "" if empty else space
        current, width, empty = current + gap + unit, width + len(gap) + wide, False
    yield current.rstrip()


class _Reader(HTMLParser):
    """Sanitised HTML, or a whole mail, to lines."""

    def __init__(self, *, links: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._links = links
        self._lines: list[str] = [""]
        self._lists: list[int | None] = []
        self._targets: list[str] = []
        self._silent = 0
        self._hidden: list[str] = []
        self._cells = 0
        self._tables: list[bool] = []
        """Of each open table whether it holds data, so that a row is one line."""

    def _tabular(self) -> bool:
        return bool(self._tables) and self._tables[-1]

    def _in_cell(self) -> bool:
        return self._tabular() and self._cells > 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or "display:none" in (dict(attrs).get("style") or "").replace(" ", ""):
            if tag not in _VOID:
                self._hidden.append(tag)
            return
        if tag in _SILENT:
            self._silent += 1
        elif tag in ("ul", "ol"):
            start = dict(attrs).get("start") or "1"
            self._break()
            self._lists.append(int(start) if tag == "ol" and start.isdecimal() else None if tag == "ul" else 1)
        elif tag == "li":
            self._line()
            number = self._lists[-1] if self._lists else None
            self._lines[-1] = "  " * (len(self._lists) - 1) + ("- " if number is None else f"{number}. ")
            if number is not None:
                self._lists[-1] = number + 1
        elif tag == "table":
            self._break()
            self._tables.append(dict(attrs).get("role") != "presentation")
        elif self._in_cell() and tag in (*_BLOCKS, "br"):
            self._lines[-1] += " "
        elif tag in ("td", "th"):
            self._lines[-1] = f"{self._lines[-1].rstrip()} | " if self._cells and self._tabular() else self._lines[-1]
            self._cells += 1
        elif tag in _BLOCKS:
            self._break()
        elif tag in _LINES:
            self._line()
            self._cells = 0
        if tag == "a":
            self._targets.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.pop()
        elif tag in _SILENT:
            self._silent -= 1
        elif tag in ("ul", "ol"):
            del self._lists[-1:]
            self._break()
        elif tag == "table":
            del self._tables[-1:]
            self._cells = 0
            self._break()
        elif tag in _BLOCKS:
            if not self._in_cell():
                self._break()
        elif tag in _LINES:
            self._line()
        elif tag == "a" and self._targets:
            target = self._targets.pop()
            if self._links and target and target not in self._lines[-1]:
                self._line()
                self._lines[-1:] = [target, ""]

    def handle_data(self, data: str) -> None:
        if self._silent or self._hidden:
            return
        said = re.sub(r"[ \t\r\n\f]+", " ", data)
        self._lines[-1] += (
            said if self._lines[-1].strip() else (self._lines[-1] + said.lstrip())[len(self._lines[-1]) :]
        )

    def _line(self) -> None:
        if self._lines[-1].strip():
            self._lines.append("")

    def _break(self) -> None:
        self._line()
        if not self._lists and len(self._lines) > 1 and self._lines[-2]:
            self._lines.append("")

    def text(self) -> str:
        return _BLANK.sub("\n\n", "\n".join(line.rstrip() for line in self._lines)).strip("\n")


_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


def of_html(html: str, *, links: bool = True) -> str:
    """What HTML says, unwrapped: a line for a paragraph, `- ` and `1. ` for lists, ` | ` between cells.

    With `links` the address of each link follows on its own line. What is hidden by `display:none` is left out.
    """
    reader = _Reader(links=links)
    reader.feed(html)
    reader.close()
    return reader.text()


def of_line(html: str) -> str:
    """A short field's HTML as one line; the address of a link stands in brackets behind its words."""
    named = re.sub(r'<a [^>]*?href="(https?://[^"]*)"[^>]*>(.*?)</a>', r"\2 (\1)", html, flags=re.DOTALL)
    return " ".join(of_html(named, links=False).split())
