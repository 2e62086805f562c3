"""When digests fall due: cadences, zones, days off and send windows to instants. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from portal.client import Cadence
from portal.config import BusinessCalendar, SendWindow

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

FREQUENCY = (Cadence.IMMEDIATE, Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY)
"""Cadences, the most frequent first."""

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Timetable:
    """At which hour of the recipient's day, on which weekday and day of the month periodic digests fall due."""

    hour: int
    weekday: int
    """0 is Monday."""
    day: int
    """1 to 28, so that every month has it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """On which days people work: Monday to Friday but for holidays, and on days that make up for them (调休)."""

    holidays: frozenset[dt.date] = frozenset()
    workdays: frozenset[dt.date] = frozenset()

    @classmethod
    def of(cls, options: BusinessCalendar) -> Calendar:
        return cls(frozenset(options.holidays), frozenset(options.workdays))

    def works(self, day: dt.date) -> bool:
        return day in self.workdays or (day.weekday() < 5 and day not in self.holidays)

    def next(self, day: dt.date, step: int = 1) -> dt.date:
        """The day itself or the first working day after it; with step -1 before it."""
        while not self.works(day):
            day += step * _DAY
        return day


WEEKS = Calendar()
"""Monday to Friday, all year."""


def latest(
    cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime, calendar: Calendar | None = None
) -> dt.datetime:
    """The last slot not after `now` (timezone-aware), in UTC. Raises ValueError for immediate: it has none.

    With a calendar a slot on a day off moves to the next working day; slots that thereby meet are one.
    """
    return _around(cadence, timetable, zone, now, calendar)[0]


def following(
    cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime, calendar: Calendar | None = None
) -> dt.datetime:
    """The first slot after `now` (timezone-aware), in UTC. Raises ValueError for immediate: it has none."""
    return _around(cadence, timetable, zone, now, calendar)[1]


@lru_cache(maxsize=4096)
def _around(
    cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime, calendar: Calendar | None
) -> tuple[dt.datetime, dt.datetime]:
    """The slots on both sides of a moment; most people share theirs with many others."""
    if cadence is Cadence.IMMEDIATE:
        raise ValueError("an immediate digest has no slots")

    def slot(day: dt.date) -> dt.datetime:
        return at(calendar.next(day) if calendar else day, timetable.hour, zone)

    # A day late, because a slot on a day that a zone left out altogether (Samoa, 2011-12-30) moves to the next.
    start = now.astimezone(zone).date() + _DAY
    day = next(day for day in _days(cadence, timetable, start, -1) if slot(day) <= now)
    # Slots never overtake each other, so the next one belongs to one of the days that come.
    return slot(day), next(found for later in _days(cadence, timetable, day, 1) if (found := slot(later)) > now)


def _days(cadence: Cadence, timetable: Timetable, day: dt.date, step: int) -> Iterator[dt.date]:
    """The days of a cadence from one on, forward (step 1) or backward (step -1)."""
    while True:
        if _falls_on(cadence, timetable, day):
            yield day
        day += step * _DAY


def _falls_on(cadence: Cadence, timetable: Timetable, day: dt.date) -> bool:
    match cadence:
        case Cadence.WEEKLY:
            return day.weekday() == timetable.weekday
        case Cadence.MONTHLY:
            return day.day == timetable.day
        case _:
            return True


def at(day: dt.date, hour: int, zone: ZoneInfo) -> dt.datetime:
    """An hour (0 to 24) of a day as an instant, in UTC, because moments of one zone compare by the clock on the wall.

    Of an hour that comes twice the first is meant. One that daylight saving leaves out moves forward by the length
    of the gap: fold=0 reads it with the offset that held before (PEP 495).
    """
    midnight = day + _DAY if hour == 24 else day
    return dt.datetime.combine(midnight, dt.time(hour % 24), zone).astimezone(dt.UTC)


@lru_cache(maxsize=4096)
def opens(
    window: SendWindow | None, zone: ZoneInfo, moment: dt.datetime, calendar: Calendar | None = None
) -> dt.datetime:
    """The first instant from `moment` (timezone-aware) on at which mail that can wait may leave."""
    if window is None:
        return moment
    day, working = moment.astimezone(zone).date(), calendar or WEEKS
    while True:
        if not window.business_days or working.works(day):
            first, last = at(day, window.start, zone), at(day, window.until, zone)
            if moment < last and first < last:
                return max(first, moment)
        day += _DAY
