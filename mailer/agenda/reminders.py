"""Which reminders of a notice fall due for somebody who was told of it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from mailer.agenda.digest import Reminder
from mailer.people import schedule
from mailer.people.person import Person
from portal.notice import Notice

_NONE = dt.timedelta()


@dataclass(frozen=True, slots=True)
class Due:
    """The reminder of a notice that is due now."""

    reminder: Reminder
    at: dt.datetime
    """When it fell due."""
    instead_of: tuple[str, ...]
    """Events of earlier reminders of this notice that it makes superfluous."""


@dataclass(frozen=True, slots=True)
class Reminders:
    """What is due of one notice, what came too late, and when there is more."""

    due: Due | None = None
    missed: tuple[str, ...] = ()
    """Events of reminders whose day had come before they could leave."""
    next: dt.datetime | None = None


def days(notice: Notice) -> dict[dt.date, str]:
    """The days that a notice reminds of: its deadline, and its stages with what they bring."""
    found = {stage.on: stage.what for stage in notice.stages}
    if notice.deadline is not None:
        found[notice.deadline] = ""
    return found


def due(
    notice: Notice, person: Person, now: dt.datetime, told: Mapping[dt.date, dt.datetime], decided: Collection[str]
) -> Reminders:
    """What is due at `now` (timezone-aware).

    `told` says when the person first learned of each day that is to be reminded of; a reminder from before that moment
    is none. `decided` are the events that were told or left out before. Of several that are due, because no run came
    in time, the latest is told, for whichever day, and only while it is still true: no message names a notice twice.
    """
    open_: list[tuple[dt.datetime, Reminder]] = []
    missed: list[str] = []
    ahead: list[dt.datetime] = []
    named = days(notice)
    for day, since in told.items():
        left = (day - now.astimezone(person.zone).date()).days
        for moment, reminder in _moments(notice, day, left, named[day], person):
            if reminder.event in decided or moment < since:
                continue
            if moment > now:
                ahead.append(moment)
            elif left < 0 and reminder.span >= _NONE:
                missed.append(reminder.event)
            else:
                open_.append((moment, reminder))
    found = None
    if open_:
        at, latest = max(open_, key=lambda one: (one[0], -one[1].span))
        found = Due(latest, at, tuple(reminder.event for _, reminder in open_ if reminder is not latest))
    return Reminders(found, tuple(missed), min(ahead, default=None))


def _moments(
    notice: Notice, day: dt.date, left: int, what: str, person: Person
) -> Iterator[tuple[dt.datetime, Reminder]]:
    """When each reminder of a day falls due: at the person's hour, on a working day, rather earlier than later."""
    for span in notice.reminders:
        if span < _NONE and not (notice.asks and day == notice.deadline):
            continue
        falls = day - span
        if person.calendar is not None:
            falls = person.calendar.next(falls, 1 if span < _NONE else -1)
        yield schedule.at(falls, person.timetable.hour, person.zone), Reminder(span, day, left, what)
