"""Tables of the registry: clients/*.csv with a row for each contact, as spreadsheets and other programs write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from portal import explain, located
from portal.client import Client, Contact, as_client
from portal.errors import Location, Problem, Severity

_OF_CONTACT = {"contact": "id"} | {f.name: f.name for f in fields(Contact) if f.name != "id"}
"""Column to key of a contact."""
_OF_CLIENT = {"client": "id"} | {
    (f"client_{f.name}" if f.name in _OF_CONTACT else f.name): f.name
    for f in fields(Client)
    if f.name not in ("id", "contacts")
}
"""Column to key of a client; where a contact has the same key, the client's begins with client_."""
COLUMNS = (*_OF_CLIENT, *_OF_CONTACT)
_NEEDED = ("client", "client_name", "contact", "name", "email")
_LISTS = ("segments", "services")


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a client stands in a table."""

    shown: str
    file: Path
    header: Mapping[str, int]
    """Column to its position."""
    lines: tuple[int, ...]
    """The line of each contact's row, in the order of the contacts."""

    def at(self, *key: str | int) -> Location:
        """The cell of a key, as a client file would name it: `region`, or `contacts`, 0, `email`."""
        row, column = 0, ""
        if key[:1] == ("contacts",):
            row = next((step for step in key if isinstance(step, int)), 0)
            column = _column(_OF_CONTACT, key[2] if len(key) > 2 else "id")
        elif key:
            column = _column(_OF_CLIENT, key[0])
        line = self.lines[min(row, len(self.lines) - 1)]
        text = _Text(_read(self.file)[0])
        return _cell(self.shown, text, line, self.header.get(column, 0))


class _Text:
    """A table as text, divided into lines only where a place is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.split("\n")

    def line(self, number: int) -> str:
        return self._lines[number - 1] if number <= len(self._lines) else ""


@dataclass(slots=True)
class _Gathered:
    """A client as far as its rows have been read."""

    cells: tuple[str, ...]
    """Those of its first row that are the client's."""
    contacts: list[tuple[str, ...]]
    """Those that are the contacts', one row each."""
    lines: list[int]


def read(shown: str, file: Path) -> tuple[list[tuple[Client, Rows]], list[Problem]]:
    """The clients of a table, and everything wrong with it. Raises OSError."""
    text, problems = _read(file, shown)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return [], problems
    kept = _Text(text)
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = _header(shown, kept, next(reader, []), problems)
        gathered = _gather(shown, kept, reader, header, problems) if header else {}
    except csv.Error:
        message = "from here on the table cannot be read: a quote is never closed, or a cell is far too long"
        hint = "close the quote; within a quoted cell, write a quote twice"
        problems.append(Problem(Location(shown, max(reader.line_num, 1)), "table-csv", message, hint))
        return [], problems
    made = []
    while gathered:  # what has become a client is let go, for there may be a hundred thousand
        identity, found = gathered.popitem()
        rows = Rows(shown, file, header, tuple(found.lines))
        client = _client(identity, found, header, rows, problems)
        if client is not None:
            made.append((client, rows))
    made.reverse()
    return made, problems


def _read(file: Path, shown: str = "") -> tuple[str, list[Problem]]:
    """A table as text, whether it is UTF-8, with a mark or without, or GB18030 as spreadsheets save it in China."""
    data = file.read_bytes()
    text, errors, _ = located.decode(data)
    if errors and errors[0].code == "not-utf-8":
        try:
            return data.decode("gb18030").replace("\r\n", "\n").replace("\r", "\n"), []
        except UnicodeDecodeError:
            pass
    return text, explain.faults(shown, errors)


def _header(shown: str, text: _Text, row: list[str], problems: list[Problem]) -> dict[str, int]:
    """Column to position; empty where the first line names too little to go on."""
    header: dict[str, int] = {}
    for position, cell in enumerate(row):
        name = cell.strip()
        where = _cell(shown, text, 1, position)
        if name.startswith("x-"):
            continue
        if name not in COLUMNS:
            near = explain.nearest(name, COLUMNS)
            hint = f"did you mean '{near}'?" if near else "remove it, or begin it with x-"
            problems.append(Problem(where, "table-column", f"unknown column '{name}'", hint))
        elif name in header:
            problems.append(Problem(where, "table-column", f"a second column '{name}'", "keep one of the two"))
        else:
            header[name] = position
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        message = f"the table has no column {', '.join(missing)}"
        hint = f"write a first line with at least {', '.join(_NEEDED)}"
        problems.append(Problem(Location(shown), "table-header", message, hint))
        return {}
    return header


def _gather(
    shown: str, text: _Text, reader: Any, header: Mapping[str, int], problems: list[Problem]
) -> dict[str, _Gathered]:
    """The rows by client, in the order of its first row."""
    shared = [(name, position) for name, position in header.items() if name in _OF_CLIENT and name != "client"]
    own = [position for name, position in header.items() if name in _OF_CONTACT]
    width = max(header.values()) + 1
    gathered: dict[str, _Gathered] = {}
    line = reader.line_num + 1
    for row in reader:
        here, line = line, reader.line_num + 1
        if not any(row):
            continue
        if len(row) < width:
            message = f"{len(row)} cells, but {width} columns"
            hint = "fill every column; put a cell with a comma in quotes"
            problems.append(Problem(Location(shown, here), "table-row", message, hint))
            continue
        cells = tuple(row[position].strip() for _, position in shared)
        identity = row[header["client"]].strip()
        known = gathered.get(identity)
        if known is None:
            known = gathered[identity] = _Gathered(cells, [], [])
        elif cells != known.cells:
            for (name, position), said, first in zip(shared, cells, known.cells, strict=True):
                if said != first:
                    message = f"'{name}' is another one than in line {known.lines[0]}, where this client begins"
                    where = _cell(shown, text, here, position)
                    problems.append(Problem(where, "table-disagrees", message, "write the same in every row"))
        known.contacts.append(tuple(row[position].strip() for position in own))
        known.lines.append(here)
    return gathered


def _client(
    identity: str, found: _Gathered, header: Mapping[str, int], rows: Rows, problems: list[Problem]
) -> Client | None:
    names = [name for name in header if name in _OF_CLIENT and name != "client"]
    data: dict[str, Any] = {
        _OF_CLIENT[name]: [part.strip() for part in cell.split(";") if part.strip()] if name in _LISTS else cell
        for name, cell in zip(names, found.cells, strict=True)
        if cell
    }
    own = [_OF_CONTACT[name] for name in header if name in _OF_CONTACT]
    said = ({key: cell for key, cell in zip(own, cells, strict=True) if cell} for cells in found.contacts)
    contacts = [contact for contact in said if contact]  # a client may have nobody to tell
    try:
        return as_client({"id": identity, **data, "contacts": contacts})
    except ValidationError as error:
        errors = error.errors(include_url=False)
    document = located.Document(data, dict(_places(found, header)))
    for problem in explain.complaints(rows.shown, document, errors, Client):
        where = rows.at(*_key(problem.location))
        problems.append(Problem(where, problem.code, problem.message, problem.hint, problem.severity))
    return None


def _places(found: _Gathered, header: Mapping[str, int]) -> Iterator[tuple[located.Path, located.Place]]:
    """Every key of a client, placed by its contact (0: the client's own) and its name's position in COLUMNS."""
    yield (), (0, 0)
    for name in header:
        if name in _OF_CLIENT:
            yield (_OF_CLIENT[name],), (0, COLUMNS.index(name))
    yield ("contacts",), (1, COLUMNS.index("contact"))
    for number in range(len(found.contacts)):
        yield ("contacts", number), (number + 1, COLUMNS.index("contact"))
        for name in header:
            if name in _OF_CONTACT:
                yield ("contacts", number, _OF_CONTACT[name]), (number + 1, COLUMNS.index(name))


def _key(where: Location) -> tuple[str | int, ...]:
    """The key that `_places` placed there."""
    name = COLUMNS[where.column]
    return ("contacts", where.line - 1, _OF_CONTACT[name]) if where.line else (_OF_CLIENT[name],)


def _column(names: Mapping[str, str], key: str | int) -> str:
    return next((column for column, name in names.items() if name == key), "")


def _cell(shown: str, text: _Text, line: int, position: int) -> Location:
    """A cell's place: its line, and the character where it begins."""
    column, quoted, passed = 1, False, 0
    for number, character in enumerate(text.line(line), 1):
        if passed == position:
            break
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            passed, column = passed + 1, number + 1
    return Location(shown, line, column if passed == position else 1)
