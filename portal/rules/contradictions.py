"""Two notices in force at the same time that state different amounts for the same thing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from portal import states
from portal.errors import Severity
from portal.notice import Money
from portal.rules.case import Case, Finding, House, Rule


class _Statement(NamedTuple):
    """One row of a comparison: what holds from when until when."""

    case: Case
    row: int
    begins: dt.datetime
    ends: dt.datetime | None
    old: Money | None
    new: Money


def _contradictions(house: House) -> Iterator[Finding]:
    said: dict[tuple[object, str, str, str | None], list[_Statement]] = {}
    for statement in _statements(house):
        row = statement.case.notice.comparison[statement.row]
        key = (statement.case.notice.audience, row.item.casefold(), statement.new.currency, statement.new.period)
        said.setdefault(key, []).append(statement)
    for listed in said.values():
        listed.sort(key=lambda s: (s.begins, s.case.notice.id))
        for earlier, later in pairwise(listed):
            if _at_odds(earlier, later, house.now):
                notice = earlier.case.notice
                message = f"'{notice.id}', in force at the same time, states another amount for this"
                hint = "supersede or withdraw one of the two, or correct the amount"
                yield later.case.finding(message, hint, "comparison", later.row, "new")


def _statements(house: House) -> Iterator[_Statement]:
    zone, successors = house.settings.zone, house.successors()
    for case in house.cases():
        notice = case.notice
        last = min((d for d in (notice.expires, notice.effective and notice.effective.until) if d), default=None)
        ends = [states.instant(last + dt.timedelta(days=1), zone)] if last is not None and last < dt.date.max else []
        if notice.withdrawn is not None:
            ends.append(states.instant(notice.withdrawn.on, zone))
        if notice.id in successors:
            ends.append(states.takes_effect(successors[notice.id], zone))
        for i, row in enumerate(notice.comparison):
            new = Money.parse(row.new)
            if new is not None:
                begins = states.takes_effect(notice, zone)
                yield _Statement(case, i, begins, min(ends, default=None), Money.parse(row.old), new)


def _at_odds(earlier: _Statement, later: _Statement, now: dt.datetime) -> bool:
    """A later notice that starts from the earlier one's amount continues it; what is over by now is history."""
    return (
        earlier.case.notice.id != later.case.notice.id
        and earlier.new != later.new
        and later.old != earlier.new
        and (earlier.ends is None or earlier.ends > max(later.begins, now))
        and (later.ends is None or later.ends > now)
    )


RULES = (
    Rule(
        "contradiction", Severity.WARNING, "two notices in force that state different amounts", of_house=_contradictions
    ),
)
