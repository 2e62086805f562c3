"""Dates that contradict one another, and dates that have come and gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

from portal.errors import Severity
from portal.rules.case import Case, Finding, House, Rule, Scope
from portal.states import instant, state


def _order(case: Case) -> Iterator[Finding]:
    zone, notice = case.settings.zone, case.notice
    deadlines = {
        ("action", "by"): notice.action.by if notice.action else None,
        ("ack", "by"): notice.ack.by if notice.ack else None,
        ("objection", "until"): notice.objection.until if notice.objection else None,
        ("expires",): notice.expires,
    }
    for key, deadline in deadlines.items():
        if deadline is not None and deadline < case.published:
            message = f"'{'.'.join(key)}' lies before publication"
            yield case.finding(message, "correct one of the two dates", *key)
    for (early, before), (late, after) in _pairs(case):
        if before is not None and after is not None and instant(after, zone) < instant(before, zone):
            message = f"'{'.'.join(late)}' lies before '{'.'.join(early)}'"
            yield case.finding(message, "correct one of the two dates", *late)
    yield from _running(case)


_Dated = tuple[tuple[str, ...], dt.date | None]


def _pairs(case: Case) -> Iterator[tuple[_Dated, _Dated]]:
    """Two dates of which the second may not come first."""
    notice = case.notice
    start: _Dated = (("effective",), notice.effective.start if notice.effective else None)

    def detail(name: str) -> _Dated:
        return ("details", name), case.detail(name)

    if notice.withdrawn is not None:
        yield (("date",), notice.date), (("withdrawn", "on"), notice.withdrawn.on)
    yield start, (("expires",), notice.expires)
    yield start, detail("valid_until")
    yield detail("starts"), detail("ends")
    yield detail("found_at"), detail("closed_at")
    yield detail("found_at"), detail("next_update")
    yield detail("ends_on"), detail("data_kept_until")


def _running(case: Case) -> Iterator[Finding]:
    """Lists that are read from the top: revisions are numbered by their place, stages told one after the other."""
    zone, notice = case.settings.zone, case.notice
    last = instant(notice.date, zone)
    for i, revision in enumerate(notice.revisions):
        at = instant(revision.on, zone)
        if at < last:
            before = "the one above it" if i else "publication"
            message = f"this revision is dated before {before}"
            yield case.finding(message, "list revisions oldest first", "revisions", i, "on")
        last = at
    for i, (one, other) in enumerate(pairwise(notice.stages), 1):
        if other.on < one.on:
            message = "this stage is dated before the one above it"
            yield case.finding(message, "list stages in the order in which they come", "stages", i, "on")


def _no_day_to_remind_of(case: Case) -> Iterator[Finding]:
    notice = case.notice
    after = [i for i, span in enumerate(notice.reminders) if span < dt.timedelta()]
    if notice.reminders and notice.deadline is None and not notice.stages:
        yield case.finding("there is no day to remind of", "add action.by, effective or stages", "reminders")
    elif after and not (notice.asks and notice.deadline is not None):
        hint = "add action.by or ack.by, or remove the reminder"
        yield case.finding("nothing is asked for that a reminder could follow", hint, "reminders", after[0])


def _late_objection(case: Case) -> Iterator[Finding]:
    window, objection = case.notice.effective, case.notice.objection
    if window is not None and window.start is not None and objection is not None and objection.until > window.start:
        message = "clients may object until after it takes effect"
        yield case.finding(message, "let it take effect later, or say what becomes of those who object", "objection")


def _reviews(house: House) -> Iterator[Finding]:
    yield from _overdue(house, "review_by", "the text was to be looked at again by {day}", "look, and set the next day")


def _evaluations(house: House) -> Iterator[Finding]:
    hint = "tell what came of it, then remove the key or set the next day"
    yield from _overdue(house, "evaluate_on", "its effect was to be measured on {day}", hint)


def _overdue(house: House, key: str, message: str, hint: str) -> Iterator[Finding]:
    """Notices whose day has passed while they stood; whoever wrote a successor has looked."""
    successors = house.successors()
    for case in house.cases():
        day = getattr(case.notice, key)
        if day is None or day >= house.today or case.notice.id in successors:
            continue
        if state(case.notice, house.now, house.settings.zone).stands:
            yield case.finding(message.format(day=day), hint, key)


def _silent(case: Case) -> Iterator[Finding]:
    zone, notice, now = case.settings.zone, case.notice, case.house.now
    promised, closed = case.detail("next_update"), case.detail("closed_at")
    if promised is None or closed is not None or notice.withdrawn is not None:
        return
    due = instant(promised, zone)
    if type(promised) is dt.date:
        due += dt.timedelta(days=1)  # a promise for a day may be kept until its end
    if now >= due and not any(instant(update.at, zone) >= instant(promised, zone) for update in notice.updates):
        hint = "add what is known to 'updates' and promise the next, or close the incident"
        yield case.finding("the update announced for this moment has not come", hint, "details", "next_update")


def _open(case: Case) -> Iterator[Finding]:
    allowed, found = case.demand.closing_days, case.detail("found_at")
    if not allowed or found is None or case.detail("closed_at") or case.notice.withdrawn:
        return
    desk = case.settings.options.desks.get(case.notice.owner or "")
    holidays = set(desk.holidays) if desk else set()
    first, today = case.day(found), case.house.today
    days = (first + dt.timedelta(days=n) for n in range(1, min((today - first).days, 366) + 1))
    open_for = sum(1 for day in days if day.weekday() < 5 and day not in holidays)
    if open_for > allowed:
        message = f"the incident is open for more than {allowed} working days"
        yield case.finding(message, "close it with cause, remedy and prevention", "details", "found_at")


RULES = (
    Rule("dates-order", Severity.ERROR, "dates that contradict one another", _order, scope=Scope.OWN),
    Rule(
        "reminder-idle", Severity.WARNING, "a reminder that will never be sent", _no_day_to_remind_of, scope=Scope.OWN
    ),
    Rule(
        "objection-late",
        Severity.WARNING,
        "a date for objections after the date in force",
        _late_objection,
        scope=Scope.OWN,
    ),
    Rule("review-overdue", Severity.WARNING, "a text that should have been looked at again", of_house=_reviews),
    Rule("evaluation-overdue", Severity.WARNING, "an effect that should have been measured", of_house=_evaluations),
    Rule("update-overdue", Severity.WARNING, "an incident that is silent past the announced update", _silent),
    Rule("incident-open", Severity.WARNING, "an incident that is not closed in time", _open, scope=Scope.OWN),
)
