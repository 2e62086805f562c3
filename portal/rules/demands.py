"""What the kind of a notice demands: keys, approvals, lead time, days to keep free."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from types import MappingProxyType

from portal import errors
from portal.errors import Severity
from portal.kinds import Kind
from portal.rules.case import Case, Finding, Rule, Scope, missing, value_at

_NEEDLESS = MappingProxyType({"details.next_update": "details.closed_at"})
"""A demanded key, and the key whose presence makes it needless: a closed incident has no next update."""


def _required(case: Case) -> Iterator[Finding]:
    kind = case.notice.kind
    for key in case.demand.required:
        if missing(value_at(case.notice, key)) and missing(value_at(case.notice, _NEEDLESS.get(key, ""))):
            path = tuple(key.split("."))
            where, hint = (path, f"fill in '{key}'") if case.has(*path) else (("kind",), f"add '{key}'")
            yield case.finding(f"a notice of kind {kind} must have '{key}'", hint, *where)


def _recommended(case: Case) -> Iterator[Finding]:
    absent = [key for key in case.demand.recommended if missing(value_at(case.notice, key))]
    if absent:
        message = f"a notice of kind {case.notice.kind} is better with {', '.join(absent)}"
        yield case.finding(message, "add what applies", "kind")


def _lead_time(case: Case) -> Iterator[Finding]:
    window, demand = case.notice.effective, case.demand
    days = max(demand.lead_days, demand.reduced_lead_days if case.detail("reduced") else 0)
    if not days or window is None or window.start is None or case.notice.urgency == "urgent":
        return
    given = (window.start - case.published).days
    if given < days:
        message = (
            f"{errors.counted(given, 'day')} from publication to the date in force; {case.notice.kind} asks for {days}"
        )
        yield case.finding(message, "publish earlier, let it take effect later, or mark it urgent", "effective")


def _filing_period(case: Case) -> Iterator[Finding]:
    if not case.demand.outside_filing or case.notice.urgency == "urgent":
        return
    found = _happens(case)
    if found is None:
        return
    key, first, last = found
    for period in case.settings.options.filing_periods:
        days = ((first + dt.timedelta(days=n)) for n in range(min((last - first).days, 366) + 1))
        inside = next((day for day in days if period.holds(day)), None)
        if inside is not None:
            name = period.name or (f"days {period.monthly} of the month" if period.monthly else "a filing period")
            message = f"{inside} lies inside {name}; {case.notice.kind} keeps clear of filing periods"
            yield case.finding(message, "choose another day, or mark it urgent", *key)
            return


def _happens(case: Case) -> tuple[tuple[str, ...], dt.date, dt.date] | None:
    """The key of the date on which clients feel it, and the first and the last of those days."""
    window = case.notice.effective
    starts, ends = case.detail("starts"), case.detail("ends")
    if starts is not None:
        return ("details", "starts"), case.day(starts), max(case.day(starts), case.day(ends or starts))
    if case.notice.kind is Kind.MAINTENANCE and window is not None and window.start is not None:
        return ("effective",), window.start, window.until or window.start
    ends_on = case.detail("ends_on")
    if ends_on is not None:
        return ("details", "ends_on"), ends_on, ends_on
    if window is not None and window.start is not None:
        return ("effective",), window.start, window.start
    return None


def _approvals(case: Case) -> Iterator[Finding]:
    given = {approval.role for approval in case.notice.approvals}
    absent = [role for role in case.demand.approvals if role not in given]
    if absent:
        where = ("approvals",) if case.has("approvals") else ("kind",)
        message = f"a notice of kind {case.notice.kind} is approved by {', '.join(absent)}"
        yield case.finding(message, "enter who approved it, and when, in 'approvals'", *where)


def _bank_account(case: Case) -> Iterator[Finding]:
    if case.detail("bank_account") and len({a.by for a in case.notice.approvals}) < 2:
        message = "a changed bank account needs two approvals by different people"
        yield case.finding(message, "add them to 'approvals'", "details", "bank_account")


RULES = (
    Rule("missing-required", Severity.ERROR, "a key that the kind demands is missing", _required, scope=Scope.OWN),
    Rule(
        "missing-recommended",
        Severity.WARNING,
        "a key that the kind is better for is missing",
        _recommended,
        scope=Scope.OWN,
    ),
    Rule(
        "lead-time",
        Severity.WARNING,
        "too few days between publication and the date in force",
        _lead_time,
        scope=Scope.OWN,
    ),
    Rule(
        "filing-period",
        Severity.WARNING,
        "it happens while clients and the firm are filing",
        _filing_period,
        scope=Scope.OWN,
    ),
    Rule(
        "approval-missing", Severity.WARNING, "a role that must approve this kind has not", _approvals, scope=Scope.OWN
    ),
    Rule(
        "two-approvers",
        Severity.ERROR,
        "a changed bank account with fewer than two approvals",
        _bank_account,
        scope=Scope.OWN,
    ),
)
