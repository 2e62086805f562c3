"""Reads what people say of subscribers, one by one or as a table, keeping every problem. Pure."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError

from mailer.people.subscription import Consent, Subscription
from portal import states
from portal.client import Address, Cadence, ZoneName
from portal.days import Moment
from portal.errors import Location, Problem
from portal.kinds import Block, Kind

_ENCODINGS = ("utf-8-sig", "gb18030")
"""As spreadsheets save: UTF-8 with or without a byte order mark, or the Chinese national standard."""


def _several(value: Any) -> Any:
    return value.replace(";", " ").replace("；", " ").replace("、", " ").split() if isinstance(value, str) else value


class Wish(Block):
    """One line about one subscriber; the keys are the columns of a table."""

    address: Address
    """Where mail goes."""
    name: str = ""
    """As mails address them."""
    language: str | None = None
    """In which they read; default: the portal's first."""
    timezone: ZoneName | None = None
    """Where they are; default: the firm's zone."""
    cadence: Cadence | None = None
    """Default: the portal's."""
    topics: Annotated[tuple[Kind, ...], BeforeValidator(_several)] = ()
    """Kinds of notices, with a space or a semicolon between; default: all."""
    consent: Moment
    """When they agreed."""
    source: str = Field(min_length=1)
    """Where they agreed: a form, a counter, an older list."""
    text: str = ""
    """Which version of the words they agreed to."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns wishes into subscriptions of one portal."""

    languages: tuple[str, ...]
    zone: ZoneInfo
    now: dt.datetime
    draw: Callable[[], str]
    """Gives a new id."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What holds where a line says nothing: of the consent."""

    def one(self, given: Mapping[str, Any]) -> tuple[Subscription | None, list[str]]:
        """A subscription, or what is wrong with it; no value is repeated."""
        try:
            wish = Wish.model_validate({**self.defaults, **given})
        except ValidationError as error:
            return None, [_said(fault) for fault in error.errors(include_url=False, include_input=False)]
        consent = states.instant(wish.consent, self.zone)
        if wish.language is not None and wish.language not in self.languages:
            return None, [f"'language' is none of the portal's; it has {', '.join(self.languages)}"]
        if consent > self.now:
            return None, ["'consent' lies in the future"]
        return (
            Subscription(
                id=self.draw(),
                address=wish.address,
                consent=Consent(consent, wish.source, wish.text),
                name=wish.name,
                language=wish.language,
                timezone=wish.timezone,
                cadence=wish.cadence,
                topics=wish.topics,
            ),
            [],
        )

    def table(self, data: bytes, file: str) -> tuple[list[Subscription], list[Problem]]:
        """The subscriptions of a CSV table with a header, and everything that is wrong with it, line by line."""
        text = _decoded(data)
        if text is None:
            hint = "save it as CSV in UTF-8"
            return [], [Problem(Location(file), "subscriber", "the file is neither UTF-8 nor GB18030", hint)]
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True, restkey="", restval=None)
        found: dict[str, Subscription] = {}
        problems: list[Problem] = []
        unknown = [name for name in rows.fieldnames or ["(none)"] if name.strip() not in Wish.model_fields]
        if unknown or "address" not in (name.strip() for name in rows.fieldnames or ()):
            said = f"there is no column '{unknown[0].strip()}'" if unknown else "the column 'address' is missing"
            hint = f"columns are {', '.join(Wish.model_fields)}"
            return [], [Problem(Location(file), "subscriber", said, hint)]
        try:
            for row in rows:
                given = {name.strip(): (value or "").strip() for name, value in row.items() if isinstance(value, str)}
                one, wrong = self.one({name: value for name, value in given.items() if value})
                if "" in row:
                    one, wrong = None, ["has more cells than the header"]
                if one is not None and one.key in found:
                    one, wrong = None, ["'address' stood in an earlier line already"]
                problems += [Problem(Location(file, rows.line_num), "subscriber", what) for what in wrong]
                if one is not None:
                    found[one.key] = one
        except csv.Error as error:
            problems.append(Problem(Location(file, rows.line_num), "subscriber", f"is no line of a table: {error}"))
        return list(found.values()), problems


def _decoded(data: bytes) -> str | None:
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _said(fault: Any) -> str:
    what = "is missing" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
    return f"'{fault['loc'][0]}' {what[0].lower()}{what[1:]}"
