"""An agenda as it is made, person by person: as lines for people, or as one JSON document. Nothing of it is kept."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from tempfile import SpooledTemporaryFile
from typing import Any, Protocol

import click
from rich.cells import cell_len, set_cell_size

from mailer import report
from mailer.agenda.digest import Decision, Excluded, Item
from mailer.agenda.forecast import Forecast
from mailer.cli.office import Office, report_console, say
from mailer.people.person import Person
from portal.errors import counted, printable

_TOGETHER = 500
"""Lines, or people in a JSON document, that are written at once."""

_IN_MEMORY = 1 << 20
"""Bytes; what comes later in the document than it is known, and is more, waits in a file that has no name."""

_COLUMNS = (("when", 3), ("to", 4), ("what", 9), ("why", 5))
"""Of the list of who is told, with their shares of the width."""


class Listing(Protocol):
    """Takes an agenda."""

    def add(self, decision: Decision) -> None:
        """What was decided for one person."""

    def end(self, unsent: int, ahead: Forecast) -> None:
        """There is no more: say how many frozen messages wait, and when there is something to do again."""


class Lines:
    """For people: who is told what, then who is not, those of one notice and reason together."""

    def __init__(self, office: Office, everybody: Iterable[Excluded]) -> None:
        self._office = office
        self._width = report_console().width
        shares = sum(share for _, share in _COLUMNS)
        free = self._width - len(_COLUMNS) + 1
        self._widths = [free * share // shares for _, share in _COLUMNS]
        self._lines: list[str] = []
        self._due = self._later = 0
        self._left_out = report.LeftOut()
        self._left_out.add(everybody)

    def add(self, decision: Decision) -> None:
        if not (self._due or self._later) and (decision.digests or decision.waiting):
            self._write(self._row([name for name, _ in _COLUMNS]))
            self._write("─" * self._width)
        for digest in decision.digests:
            self._tell(f"now, {digest.slot.split()[0]}", digest.due, digest.person, digest.items)
        for waiting in decision.waiting:
            self._tell(f"later, {waiting.person.cadence}", waiting.due, waiting.person, waiting.items)
        self._due += len(decision.digests)
        self._later += len(decision.waiting)
        self._left_out.add(decision.excluded)

    def end(self, unsent: int, ahead: Forecast) -> None:
        rows = self._left_out.rows()
        if rows:
            widths = [max(cell_len(row[column]) for row in rows) for column in (0, 1)]
            self._write("\n" + _padded(("not told", "who", "why"), widths))
            self._write("─" * self._width)
        for row in rows:
            self._write(_padded(row, widths))
        if self._lines:
            self._write("")
        self._flush()
        say(f"{counted(self._due, 'digest')} due now, {self._later} later")
        if ahead.next is not None:
            moment = ahead.next[0].astimezone(self._office.settings.zone).isoformat(timespec="minutes")
            say(f"the next run has something to do at {moment} ({ahead.next[1]})")
        if unsent:
            say(f"{counted(unsent, 'message')} frozen before, not sent yet")

    def _tell(self, when: str, due: dt.datetime, person: Person, items: Sequence[Item]) -> None:
        moment = (when, f"{due.astimezone(person.zone):%Y-%m-%d %H:%M}", person.zone.key)
        named = (person.name, person.address) if self._office.private else ()
        who = (report.named(person.recipients), *named)
        what = [self._what(item) for item in items]
        why = [report.why(item) for item in items]
        for cells in zip_longest(moment, who, what, why, fillvalue=""):
            self._write(self._row([printable(cell) for cell in cells]))

    def _what(self, item: Item) -> str:
        marks = [report.news(item)] if report.news(item) != "new" else []
        marks += ["urgent"] if item.urgent else []
        title = report.title(item, self._office.private) or "(private)"
        return " ".join([f"{item.entry.id} v{item.version.number}", *(f"[{mark}]" for mark in marks), title])

    def _row(self, cells: Sequence[str]) -> str:
        """Each cell cut to its column."""
        fitted = (
            set_cell_size(cell, width) if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "…"
            for cell, width in zip(cells, self._widths, strict=True)
        )
        return " ".join(fitted).rstrip()

    def _write(self, line: str) -> None:
        self._lines.append(line)
        if len(self._lines) >= _TOGETHER:
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            say("\n".join(self._lines))
        self._lines = []


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    """Cells under each other, none of them cut."""
    *first, last = row
    return "  ".join([*(set_cell_size(cell, width) for cell, width in zip(first, widths, strict=True)), last])


class Document:
    """For programs: what is due is written as it is known, what waits and who is left out behind it."""

    def __init__(self, office: Office, begin: dt.datetime, everybody: Iterable[Excluded]) -> None:
        self._private = office.private
        head = {"now": office.plan.now.isoformat(), "begin": begin.isoformat()}
        click.echo(json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "due": [', nl=False)
        self._due = _Elements()
        self._waiting, self._excluded = _Later(), _Later()
        self._excluded.add(report.excluded_as_json(one) for one in everybody)

    def add(self, decision: Decision) -> None:
        self._due.add(report.digest_as_json(digest, self._private) for digest in decision.digests)
        self._waiting.add(report.waiting_as_json(waiting, self._private) for waiting in decision.waiting)
        self._excluded.add(report.excluded_as_json(excluded) for excluded in decision.excluded)
        if len(self._due.text) >= _TOGETHER:
            _echo(self._due.taken())

    def end(self, unsent: int, ahead: Forecast) -> None:  # noqa: ARG002 - `next` and `status` give these to programs
        _echo(self._due.taken())
        for name, later in (("waiting", self._waiting), ("excluded", self._excluded)):
            _echo([f'\n  ],\n  "{name}": ['])
            for text in later.parts():
                _echo([text])
        click.echo("\n  ]\n}")


class _Elements:
    """Elements of a JSON list, with what stands before each."""

    def __init__(self) -> None:
        self._mark = "\n    "
        self.text: list[str] = []

    def add(self, found: Iterable[dict[str, Any]]) -> None:
        for one in found:
            self.text.append(self._mark + json.dumps(one, ensure_ascii=False))
            self._mark = ",\n    "

    def taken(self) -> list[str]:
        text, self.text = self.text, []
        return text


class _Later:
    """A list that comes later in the document."""

    def __init__(self) -> None:
        self._elements = _Elements()
        self._file = SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="")  # noqa: SIM115 - until it ends

    def add(self, found: Iterable[dict[str, Any]]) -> None:
        self._elements.add(found)
        self._file.writelines(self._elements.taken())

    def parts(self) -> Iterator[str]:
        """All of it, in parts; then it is gone."""
        with self._file:
            self._file.seek(0)
            while part := self._file.read(_IN_MEMORY):
                yield part


def _echo(text: Sequence[str]) -> None:
    if text:
        click.echo(printable("".join(text), lines=True), nl=False)
