"""Who can open what today, who could before, and whose access ends soon. Pure: from plan and registry history.

What a contact opened in fact is not known: the site is static and counts nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.client import ACCESS_AFTER_END, Client, Recipient, Status
from portal.history import RegistryHistory
from portal.plan import Binder, Plan
from portal.tenure import Moment, Tenure

OLD = dt.timedelta(days=365)
"""A code that has been the same for longer is worth a thought."""


class Why(StrEnum):
    """Why a person who held a code is not registered as its holder any more."""

    REPLACED = "code replaced"
    REMOVED = "contact removed"
    CHANGED = "name or address changed"
    """The code stayed the same: it opens for whoever holds it."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A notice that a contact can open."""

    id: str
    title: str
    versions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """What one contact can open today."""

    key: str
    client: str
    """The client's name."""
    name: str
    email: str
    epoch: int
    since: Moment | None
    """From when on this code is on record; None: the history does not say."""
    last_day: dt.date | None
    """None: no end in sight."""
    reason: str
    """Why it ends, or why a former client has it still; empty for whom nothing ends."""
    former: bool
    notices: tuple[Readable, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """A person who held a code before."""

    tenure: Tenure
    why: Why
    opens: bool
    """Whether that code opens something today."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that `audit` says."""

    now: dt.datetime
    commit: str | None
    history: str
    """Where "before" comes from: complete, shallow, or none."""
    access: tuple[Access, ...]
    ending: tuple[str, ...]
    """Contacts whose access ends soon, the first first."""
    old_codes: tuple[str, ...]
    """Contacts whose code is on record, unchanged, for over a year."""
    without_contact: tuple[str, ...]
    """Clients that have access, and nobody who could use it."""
    ended: Mapping[str, dt.date]
    """Contacts still in the registry to the last day of their client's access, which is over."""
    past: tuple[Past, ...]
    """The latest first."""


def audit(plan: Plan, history: RegistryHistory, tenures: Sequence[Tenure], within: dt.timedelta) -> Report:
    """The report at the plan's moment; access that ends `within` is soon."""
    today = plan.now.astimezone(plan.settings.zone).date()
    begun: dict[tuple[str, int], Moment] = {}
    for tenure in tenures:
        if tenure.since is not None:
            first = begun.setdefault((tenure.key, tenure.epoch), tenure.since)
            begun[(tenure.key, tenure.epoch)] = min(first, tenure.since, key=lambda moment: moment.at)
    everybody = {recipient.key: recipient for recipient in plan.registry.recipients()}
    access = tuple(_access(binder, everybody[binder.holder.key], begun, today) for binder in plan.binders)
    clients = plan.registry.clients.values()
    open_codes = {(one.key, one.epoch) for one in access}
    soon = [(one.last_day, one.key) for one in access if one.last_day is not None and one.last_day - today <= within]
    return Report(
        now=plan.now,
        commit=plan.commit,
        history="none" if not history.known else "shallow" if history.shallow else "complete",
        access=access,
        ending=tuple(key for _, key in sorted(soon)),
        old_codes=tuple(one.key for one in access if one.since is not None and plan.now - one.since.at > OLD),
        without_contact=tuple(sorted(c.id for c in clients if not c.contacts and c.has_access(today))),
        ended={
            r.key: r.client.last_day_of_access
            for r in plan.registry.recipients()
            if r.client.last_day_of_access is not None and not r.client.has_access(today)
        },
        past=tuple(_past(tenures, plan, open_codes)),
    )


def _access(binder: Binder, recipient: Recipient, begun: Mapping[tuple[str, int], Moment], today: dt.date) -> Access:
    client, contact = recipient.client, recipient.contact
    readable = []
    for sheet in binder.sheets:
        text = sheet.versions[-1].text(binder.holder.language)
        title = text.notice.title if text is not None else ""
        readable.append(Readable(sheet.entry.id, title, tuple(version.number for version in sheet.versions)))
    return Access(
        key=binder.holder.key,
        client=client.name,
        name=contact.name,
        email=contact.email,
        epoch=binder.holder.epoch,
        since=begun.get((binder.holder.key, binder.holder.epoch)),
        last_day=client.last_day_of_access,
        reason=_reason(client),
        former=client.status_on(today) is Status.TERMINATED,
        notices=tuple(readable),
    )


def _reason(client: Client) -> str:
    if client.last_day_of_access is None:
        return ""
    ended = f"contract ends {client.ended}" if client.ended is not None else "no end of the contract is given"
    until = "access_until" if client.access_until is not None else f"{ACCESS_AFTER_END.days} days after it"
    return f"{ended}; access until {client.last_day_of_access} ({until})"


def _past(tenures: Sequence[Tenure], plan: Plan, open_codes: set[tuple[str, int]]) -> Iterable[Past]:
    registered = {recipient.key: plan.registry.epoch(recipient) for recipient in plan.registry.recipients()}
    over = [tenure for tenure in tenures if tenure.over]
    over.sort(key=lambda t: (t.until.at if t.until else plan.now, t.key), reverse=True)
    for tenure in over:
        epoch = registered.get(tenure.key)
        why = Why.REMOVED if epoch is None else Why.CHANGED if epoch == tenure.epoch else Why.REPLACED
        yield Past(tenure, why, (tenure.key, tenure.epoch) in open_codes)


def as_json(report: Report, *, private: bool) -> dict[str, Any]:
    """The report under the keys that docs/commands.md promises; names, addresses and titles only if `private`."""
    return {
        "now": report.now.isoformat(),
        "commit": report.commit,
        "history": report.history,
        "access": [_access_json(one, private) for one in report.access],
        "ending": list(report.ending),
        "old_codes": list(report.old_codes),
        "without_contact": list(report.without_contact),
        "ended": {key: day.isoformat() for key, day in report.ended.items()},
        "past": [_past_json(one, private) for one in report.past],
    }


def _access_json(one: Access, private: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "contact": one.key,
        "epoch": one.epoch,
        "since": _moment(one.since),
        "last_day": one.last_day.isoformat() if one.last_day else None,
        "reason": one.reason,
        "former": one.former,
        "notices": [
            {"id": r.id, "versions": list(r.versions), **({"title": r.title} if private else {})} for r in one.notices
        ],
    }
    return data | ({"client": one.client, "name": one.name, "email": one.email} if private else {})


def _past_json(one: Past, private: bool) -> dict[str, Any]:
    tenure = one.tenure
    data: dict[str, Any] = {
        "contact": tenure.key,
        "epoch": tenure.epoch,
        "since": _moment(tenure.since),
        "until": _moment(tenure.until),
        "why": one.why.value,
        "opens": one.opens,
    }
    return data | ({"name": tenure.person.name, "email": tenure.person.email} if private else {})


def _moment(moment: Moment | None) -> dict[str, str] | None:
    return {"at": moment.at.isoformat(), "commit": moment.commit} if moment else None
