"""Which dates of a notice are still to come: those that a reader may want in a calendar of his own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from portal.kinds import MaintenanceDetails
from portal.notice import Notice
from portal.states import State, instant


def ahead(notice: Notice, state: State, now: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether a notice that stands has a date from today on."""
    return state.stands and any(is_ahead(day, now, zone) for day in days(notice))


def is_ahead(day: dt.date, now: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether a day, or an instant, is today's or later."""
    return instant(day, zone) >= instant(now.astimezone(zone).date(), zone)


def days(notice: Notice) -> Iterator[dt.date]:
    """Where the events begin that portal/calendar.py makes of a notice."""
    window, details = notice.effective, notice.details
    outage = details.starts if isinstance(details, MaintenanceDetails) else None
    found = [outage, notice.expires, *(stage.on for stage in notice.stages)]
    if window:
        found += [window.transition_until] if outage else [window.start, window.transition_until, window.until]
    if notice.action and notice.action.needed:
        found.append(notice.action.by)
    found += [asked.until for asked in (notice.objection,) if asked] + [asked.by for asked in (notice.ack,) if asked]
    return (day for day in found if day is not None)
