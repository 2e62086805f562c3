"""When digests fall due: cadences and time zones to slots. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from portal.client import Cadence

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

FREQUENCY = (Cadence.IMMEDIATE, Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY)
"""Cadences, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """At which hour of the recipient's day, on which weekday and day of the month periodic digests fall due."""

    hour: int
    weekday: int
    """0 is Monday."""
    day: int
    """1 to 28, so that every month has it."""


def latest(cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """The last slot not after `now` (timezone-aware), in UTC. Raises ValueError for immediate: it has none."""
    return next(slot for slot in _slots(cadence, timetable, zone, now, -1) if slot <= now)


def following(cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """The first slot after `now` (timezone-aware), in UTC. Raises ValueError for immediate: it has none."""
    return next(slot for slot in _slots(cadence, timetable, zone, now, 1) if slot > now)


def _slots(
    cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime, step: int
) -> Iterator[dt.datetime]:
    """Slots from around `now` on, forward (step 1) or backward (step -1); the first may lie on the wrong side."""
    if cadence is Cadence.IMMEDIATE:
        raise ValueError("an immediate digest has no slots")
    # One day early, because a slot on a day that a zone left out altogether (Samoa, 2011-12-30) moves to the next.
    day = now.astimezone(zone).date() - dt.timedelta(days=step)
    while True:
        if _falls_on(cadence, timetable, day):
            yield _at(day, timetable.hour, zone)
        day += dt.timedelta(days=step)


def _falls_on(cadence: Cadence, timetable: Timetable, day: dt.date) -> bool:
    match cadence:
        case Cadence.WEEKLY:
            return day.weekday() == timetable.weekday
        case Cadence.MONTHLY:
            return day.day == timetable.day
        case _:
            return True


def _at(day: dt.date, hour: int, zone: ZoneInfo) -> dt.datetime:
    """An hour of a day as an instant, in UTC, because moments of one zone compare by the clock on the wall.

    Of an hour that comes twice the first is meant. One that daylight saving leaves out moves forward by the length
    of the gap: fold=0 reads it with the offset that held before (PEP 495).
    """
    return dt.datetime.combine(day, dt.time(hour), zone).astimezone(dt.UTC)
