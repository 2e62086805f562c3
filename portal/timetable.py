"""When the site would next differ though nobody commits anything: notices, access and joining depend on the clock.

Every date that people wrote is a candidate. Of those, the next one at which the plan really differs is the answer,
so a run by the hour can end early without looking at anything else.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import TypeAlias

from portal import plan, states
from portal.config import Settings
from portal.history import History
from portal.notice import Notice
from portal.plan import Entry, Plan
from portal.sources import Sources

_DAY = dt.timedelta(days=1)

_View: TypeAlias = tuple[object, ...]


def next_change(settings: Settings, sources: Sources, history: History, now: dt.datetime) -> dt.datetime | None:
    """The first instant after `now` at which a build would make another site; None if none is in sight.

    Raises nothing; `now` is timezone-aware, and so is the answer, in the firm's zone.
    """
    current = _view(plan.make(settings, sources, history, now))
    dated = {*_candidates(settings, sources, history), _next_month(now, settings)}
    for moment in sorted(m for m in dated if m > now):
        if _view(plan.make(settings, sources, history, moment)) != current:
            return moment.astimezone(settings.zone)
    return None


def holds_until(made: Plan, sources: Sources) -> dt.datetime:
    """An instant before which the clock alone changes nothing that was read: midnight, or an hour that somebody names.

    Quicker to tell than `next_change`, and never later.
    """
    zone, now = made.settings.zone, made.now
    notices = itertools.chain(
        (filed.notice for filed in sources.notices.values()),
        (
            text.notice
            for entry in made.entries
            for version in entry.versions
            if version.number < sources.notices[entry.id].notice.version  # or it is as it was filed
            for text in version.texts.values()
        ),
    )
    hours = (
        states.instant(day, zone)
        for notice in notices
        for day in (*_days(notice), *(line.on for line in notice.revisions), *(update.at for update in notice.updates))
        if isinstance(day, dt.datetime)
    )
    midnight = states.instant(now.astimezone(zone).date() + _DAY, zone)
    return min([midnight, *(hour for hour in hours if hour > now)])


def _candidates(settings: Settings, sources: Sources, history: History) -> Iterator[dt.datetime]:
    """Every instant at which something that people dated begins or is over."""
    zone = settings.zone
    for dossier in history.dossiers.values():
        for version in dossier.versions:
            yield version.on
            for text in version.texts.values():
                for day in _days(text.notice):
                    yield states.instant(day, zone)
                    if not isinstance(day, dt.datetime):
                        yield states.instant(day + _DAY, zone)
    for client in sources.registry.clients.values():
        last = client.last_day_of_access
        days = [client.since, client.ended, last and last + _DAY, *(contact.since for contact in client.contacts)]
        yield from (states.instant(day, zone) for day in days if day)


def _next_month(now: dt.datetime, settings: Settings) -> dt.datetime:
    """When the edition of the current month is made."""
    today = now.astimezone(settings.zone).date()
    return states.instant((today.replace(day=1) + 32 * _DAY).replace(day=1), settings.zone)


def _days(notice: Notice) -> Iterator[dt.date]:
    window = notice.effective
    yield notice.date
    if window:
        yield from (day for day in (window.start, window.transition_until, window.until) if day)
    if notice.withdrawn:
        yield notice.withdrawn.on
    if notice.expires:
        yield notice.expires
    yield from _told(notice)
    for key in ("closed_at", "next_update"):
        if at := getattr(notice.details, key, None):
            yield at


def _told(notice: Notice) -> Iterator[dt.date]:
    """Days that pages name as coming until they are over."""
    asked = (
        notice.action and notice.action.by,
        notice.objection and notice.objection.until,
        notice.ack and notice.ack.by,
    )
    yield from (day for day in asked if day)
    yield from (stage.on for stage in notice.stages)


def _view(made: Plan) -> _View:
    """What of a plan the outputs show: which notices, in which version and state, to whom, and which editions."""
    entries = tuple(
        (
            entry.private,
            entry.id,
            entry.state,
            entry.successor,
            tuple(v.number for v in entry.versions),
            _over(entry, made),
        )
        for entry in made.entries
    )
    binders = tuple(
        (b.holder.key, b.holder.epoch, tuple((s.entry.id, tuple(v.number for v in s.versions)) for s in b.sheets))
        for b in made.binders
    )
    return (entries, binders, _editions(made))


def _over(entry: Entry, made: Plan) -> int:
    """How many of the days that its pages name are over, and whether it is an incident that is closed."""
    today, zone = made.now.astimezone(made.settings.zone).date(), made.settings.zone
    notices = [text.notice for version in entry.versions for text in version.texts.values()]
    days = sum(day < today for notice in notices for day in _told(notice))
    closed = (getattr(notice.details, "closed_at", None) for notice in notices)
    return days + sum(at is not None and states.instant(at, zone) <= made.now for at in closed)


def _editions(made: Plan) -> tuple[int, int] | None:
    """The month that has no edition yet: once something was published, every month end makes one."""
    if not made.public:
        return None
    day = made.now.astimezone(made.settings.zone).date()
    return (day.year, day.month)
