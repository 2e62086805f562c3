"""Where a notice stands at a moment: scheduled, upcoming, in transition, in force, expired, superseded, withdrawn."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.notice import Notice


class State(StrEnum):
    SCHEDULED = "scheduled"
    """Not yet published; shown nowhere."""
    UPCOMING = "upcoming"
    IN_TRANSITION = "in-transition"
    """In force, with the old way still accepted."""
    IN_FORCE = "in-force"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"

    @property
    def stands(self) -> bool:
        """Whether the notice still says how things are or will be."""
        return self in (State.UPCOMING, State.IN_TRANSITION, State.IN_FORCE)


def instant(moment: dt.date, zone: ZoneInfo) -> dt.datetime:
    """A day as its first instant in the firm's zone; a time without a zone as the firm's wall clock."""
    if isinstance(moment, dt.datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return dt.datetime.combine(moment, dt.time(), zone)


def state(notice: Notice, now: dt.datetime, zone: ZoneInfo, *, superseded_at: dt.datetime | None = None) -> State:
    """The state of a notice at `now` (timezone-aware).

    `superseded_at` is when its successor takes effect; until then the notice stands.
    """
    today = now.astimezone(zone).date()
    if instant(notice.date, zone) > now:
        return State.SCHEDULED
    if notice.withdrawn and instant(notice.withdrawn.on, zone) <= now:
        return State.WITHDRAWN
    if superseded_at is not None and superseded_at <= now:
        return State.SUPERSEDED
    window = notice.effective
    last = min((day for day in (notice.expires, window.until if window else None) if day), default=None)
    if last is not None and today > last:
        return State.EXPIRED
    if window and window.start and today < window.start:
        return State.UPCOMING
    if window and window.transition_until and today <= window.transition_until:
        return State.IN_TRANSITION
    return State.IN_FORCE


def takes_effect(notice: Notice, zone: ZoneInfo) -> dt.datetime:
    """When a notice begins to hold: its effective date, or else its publication."""
    start = notice.effective.start if notice.effective else None
    return max(instant(notice.date, zone), instant(start, zone)) if start else instant(notice.date, zone)
