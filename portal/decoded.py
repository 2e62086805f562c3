"""What people wrote as data in which every value knows its line, and what is wrong with it; and bytes as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]


class Fault(NamedTuple):
    """Something wrong with the YAML itself."""

    place: Place
    code: str
    message: str
    hint: str = ""


class Document(NamedTuple):
    """A document's data, and the place (line, column, both from 1) of every value in it."""

    data: Any
    places: Mapping[Path, Place] = {}
    faults: tuple[Fault, ...] = ()

    def place(self, path: Path) -> Place:
        """The place of the value at `path`, or of the nearest value around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def decode(data: bytes) -> tuple[str, tuple[Fault, ...], tuple[Fault, ...]]:
    """Bytes to text with LF line ends: (text, errors, warnings); a byte order mark and CRLF are warned about."""
    warnings: list[Fault] = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        warnings.append(
            Fault((1, 1), "byte-order-mark", "the file begins with a byte order mark", "save it as UTF-8 without one")
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        hint = "save the file as UTF-8"
        if reads_as_gb18030(data):
            hint += " (it looks like GBK)"
        return "", (Fault((line, column), "not-utf-8", "the file is not UTF-8", hint),), tuple(warnings)
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + 1
        warnings.append(Fault((line, 1), "crlf", "the file has Windows line ends", "save it with LF line ends"))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return (
            "",
            (Fault((line, 1), "nul", "the file has a NUL character", "it is not a text file, or it is damaged"),),
            tuple(warnings),
        )
    return text, (), tuple(warnings)


def conflict_in(text: str) -> Fault | None:
    """The first conflict that a merge left in a text, with its line from 1."""
    begun, parted = 0, False
    for number, line in enumerate(text.split("\n") if "<<<<<<< " in text else (), start=1):
        if not begun and line.startswith("<<<<<<< "):
            begun = number
        elif begun and line == "=======":
            parted = True
        elif parted and line.startswith(">>>>>>> "):
            hint = "keep the lines that shall stand, and remove those that begin with <<<<<<<, ======= and >>>>>>>"
            return Fault((begun, 1), "merge-conflict", "a merge was not finished here", hint)
    return None


def reads_as_gb18030(data: bytes) -> bool:
    """Whether bytes are text as Chinese spreadsheets save it."""
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True
