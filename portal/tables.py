"""Tables of the registry: clients/*.csv with a row for each contact, as spreadsheets and other programs write them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from portal import decoded, explain
from portal.client import Client, Contact, as_client
from portal.errors import Location, Problem

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
_NOT_COMMAS = {";": "semicolon", "\t": "tab"}
"""What some spreadsheets write between columns."""


class Rows(NamedTuple):
    """Where a client stands in a table."""

    table: Table
    lines: tuple[int, ...]
    """The line of each contact's row, in the order of the contacts."""

    @property
    def shown(self) -> str:
        return self.table.shown

    def at(self, *key: str | int) -> Location:
        """The cell of a key, as a client file would name it: `region`, or `contacts`, 0, `email`."""
        row, column = 0, ""
        if key[:1] == ("contacts",):
            row = next((step for step in key if isinstance(step, int)), 0)
            column = _column(_OF_CONTACT, key[2] if len(key) > 2 else "id")
        elif key:
            column = _column(_OF_CLIENT, key[0])
        return self.table.cell(self.lines[min(row, len(self.lines) - 1)], column)


@dataclass(slots=True)
class _Gathered:
    """A client as far as its rows have been read."""

    cells: tuple[str, ...]
    """Those of its first row that are the client's."""
    contacts: list[tuple[str, ...]]
    """Those that are the contacts', one row each."""
    lines: list[int]


class Table:
    """One table, gone through twice: no more of it is held than the clients whose rows are not all read yet."""

    def __init__(self, shown: str, file: Path) -> None:
        self.shown = shown
        """The file, as people know it."""
        self._file = file
        self._encoding = "utf-8-sig"
        self._header: dict[str, int] = {}
        """Column to position; empty where the first line names too little to go on."""
        self._columns = 0
        """How many the first line has, also those that nobody reads."""

    def clients(self, problems: list[Problem]) -> Iterator[Client]:
        """The clients, in the order of their last rows; what is wrong is added to `problems`. Raises OSError.

        Of a table that cannot be read to its end, none.
        """
        rows = self._counted(problems)
        gathered: dict[str, _Gathered] = {}
        if rows is None:
            return
        for line, row in self._sound(problems):
            identity = self._gather(gathered, line, row, problems)
            rows[identity] -= 1
            if not rows[identity]:
                del rows[identity]
                client = self._client(identity, gathered.pop(identity), problems)
                if client is not None:
                    yield client

    def _counted(self, problems: list[Problem]) -> Counter[str] | None:
        """How many rows each client has; None where nothing can be made of the table. Learns encoding and header."""
        data = self._file.read_bytes()
        errors = decoded.decode(data)[1]
        if errors and errors[0].code == "not-utf-8" and decoded.reads_as_gb18030(data):
            self._encoding, errors = "gb18030", ()
        del data
        if errors:
            problems += explain.faults(self.shown, errors)
            return None
        with self._file.open(encoding=self._encoding) as file:
            reader = csv.reader(file, strict=True)
            try:
                first = next(reader, [])
                self._header, self._columns = self._head(first, problems), len(first)
                if not self._header:
                    return None
                place = self._header["client"]
                return Counter(row[place].strip() for row in reader if any(row) and self._fits(row))
            except csv.Error:
                message = "from here on the table cannot be read: a quote is never closed, or a cell is far too long"
                hint = "close the quote; within a quoted cell, write a quote twice"
                problems.append(Problem(Location(self.shown, max(reader.line_num, 1)), "table-csv", message, hint))
                return None

    def _sound(self, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
        """Every row that fills the columns, with the line in which it begins, read as it is asked for."""
        with self._file.open(encoding=self._encoding) as file:
            reader = csv.reader(file, strict=True)
            next(reader)
            line = reader.line_num + 1
            for row in reader:
                here, line = line, reader.line_num + 1
                if self._fits(row):
                    if any(row):
                        yield here, row
                elif any(row):
                    message = f"{len(row)} cells, but {self._columns} columns"
                    hint = "fill every column; put a cell with a comma in quotes"
                    problems.append(Problem(Location(self.shown, here), "table-row", message, hint))

    def _fits(self, row: list[str]) -> bool:
        """Whether a row fills the columns that are read, and says nothing beyond the last: a comma shifts cells."""
        return len(row) >= self._width and not any(row[self._columns :])

    @cached_property
    def _width(self) -> int:
        return max(self._header.values()) + 1

    @cached_property
    def _shared(self) -> list[tuple[str, int]]:
        """The columns that are the client's, without its id, and where they are."""
        return [(name, place) for name, place in self._header.items() if name in _OF_CLIENT and name != "client"]

    @cached_property
    def _own(self) -> list[tuple[str, int]]:
        """The columns that are the contacts'."""
        return [(name, place) for name, place in self._header.items() if name in _OF_CONTACT]

    def _gather(self, gathered: dict[str, _Gathered], line: int, row: list[str], problems: list[Problem]) -> str:
        """Add a row to its client's; whose it is."""
        cells = tuple(row[position].strip() for _, position in self._shared)
        identity = row[self._header["client"]].strip()
        known = gathered.get(identity)
        if known is None:
            known = gathered[identity] = _Gathered(cells, [], [])
        elif cells != known.cells:
            for (name, position), said, first in zip(self._shared, cells, known.cells, strict=True):
                if said != first:
                    message = f"'{name}' is another one than in line {known.lines[0]}, where this client begins"
                    where = self._cell(line, position)
                    problems.append(Problem(where, "table-disagrees", message, "write the same in every row"))
        known.contacts.append(tuple(row[position].strip() for _, position in self._own))
        known.lines.append(line)
        return identity

    def _head(self, row: list[str], problems: list[Problem]) -> dict[str, int]:
        """Column to position; empty where the first line names too little to go on."""
        header: dict[str, int] = {}
        other = next((name for mark, name in _NOT_COMMAS.items() if len(row) == 1 and mark in row[0]), None)
        if other:
            hint = "save it as CSV with commas; a semicolon stands between several things in one cell"
            problems.append(Problem(Location(self.shown), "table-header", f"columns are separated by {other}s", hint))
            return {}
        for position, cell in enumerate(row):
            name = cell.strip()
            if name.startswith("x-"):
                continue
            if name not in COLUMNS:
                near = explain.nearest(name, COLUMNS)
                hint = f"did you mean '{near}'?" if near else "remove it, or begin it with x-"
                where = self._cell(1, position)
                problems.append(Problem(where, "table-column", f"unknown column '{name}'", hint))
            elif name in header:
                where = self._cell(1, position)
                problems.append(Problem(where, "table-column", f"a second column '{name}'", "keep one of the two"))
            else:
                header[name] = position
        missing = [name for name in _NEEDED if name not in header]
        if missing:
            message = f"the table has no column {', '.join(missing)}"
            hint = f"write a first line with at least {', '.join(_NEEDED)}"
            problems.append(Problem(Location(self.shown), "table-header", message, hint))
            return {}
        return header

    def _client(self, identity: str, found: _Gathered, problems: list[Problem]) -> Client | None:
        data: dict[str, Any] = {
            _OF_CLIENT[name]: [part.strip() for part in cell.split(";") if part.strip()] if name in _LISTS else cell
            for (name, _), cell in zip(self._shared, found.cells, strict=True)
            if cell
        }
        own = [_OF_CONTACT[name] for name, _ in self._own]
        said = ({key: cell for key, cell in zip(own, cells, strict=True) if cell} for cells in found.contacts)
        contacts = [contact for contact in said if contact]  # a client may have nobody to tell
        try:
            return as_client({"id": identity, **data, "contacts": contacts})
        except ValidationError as error:
            errors = error.errors(include_url=False)
        document = decoded.Document(data, dict(_places(found, self._header)))
        rows = Rows(self, tuple(found.lines))
        for problem in explain.complaints(self.shown, document, errors, Client):
            where = rows.at(*_key(problem.location))
            problems.append(Problem(where, problem.code, problem.message, problem.hint, problem.severity))
        return None

    def rows(self, client: str) -> Rows:
        """Where a client of this table stands."""
        return Rows(self, self._lines[client])

    def cell(self, line: int, column: str) -> Location:
        return self._cell(line, self._header.get(column, 0))

    def _cell(self, line: int, position: int) -> Location:
        lines = self._text
        return _place(self.shown, lines[line - 1] if line <= len(lines) else "", line, position)

    @cached_property
    def _text(self) -> list[str]:
        """The table line by line; only where a place is asked for."""
        with self._file.open(encoding=self._encoding) as file:
            return [line.removesuffix("\n") for line in file]

    @cached_property
    def _lines(self) -> Mapping[str, tuple[int, ...]]:
        """Client to its lines; only where a place is asked for."""
        found: dict[str, list[int]] = {}
        for line, row in self._sound([]):
            found.setdefault(row[self._header["client"]].strip(), []).append(line)
        return {client: tuple(lines) for client, lines in found.items()}


def _places(found: _Gathered, header: Mapping[str, int]) -> Iterator[tuple[decoded.Path, decoded.Place]]:
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


def _place(shown: str, text: str, line: int, position: int) -> Location:
    """A cell's place: its line, and the character where it begins."""
    column, quoted, passed = 1, False, 0
    for number, character in enumerate(text, 1):
        if passed == position:
            break
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            passed, column = passed + 1, number + 1
    return Location(shown, line, column if passed == position else 1)
