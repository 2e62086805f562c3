"""What there is to tell at one moment, looked up once for everybody. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from mailer.agenda.digest import Event, Excluded, Reason
from mailer.people.subscription import NOBODY, Subscribers
from portal import audience, states
from portal.client import Client, Recipient
from portal.config import Mandatory
from portal.notice import Notice, Urgency, Version
from portal.plan import Entry, Plan


@dataclass(frozen=True, slots=True)
class Story:
    """A version that people are to be told of."""

    entry: Entry
    version: Version
    notice: Notice
    """The version's own facts."""
    day: dt.date
    """When it was published, in the firm's zone."""
    latest: bool
    mandatory: bool

    def concerns(self, client: Client) -> bool:
        """Whether it was written for a client, and the notice still speaks to that client."""
        return audience.concerns(self.notice, client, self.day) and (
            self.latest or audience.concerns(self.entry.notice, client, self.day)
        )


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A plan as a mailer sees it."""

    plan: Plan
    begin: dt.datetime
    """What was published before is not told."""
    stories: tuple[Story, ...]
    """Every version told of since then, those of a notice together and oldest first."""
    entries: Mapping[str, Entry]
    """Every notice by its id, in the half of the site that has its newest version."""
    excluded: tuple[Excluded, ...]
    """What nobody is told, and why."""
    subscribers: Subscribers = NOBODY
    """Who is told beside the registry, and to whom less is sent."""

    def day_of(self, version: Version) -> dt.date:
        return version.on.astimezone(self.plan.settings.zone).date()

    def joined(self, recipient: Recipient) -> dt.datetime | None:
        """From when on somebody is told of what is published; None: always was."""
        return audience.joined(recipient, self.plan.settings.zone)

    def instant(self, moment: dt.date) -> dt.datetime:
        return states.instant(moment, self.plan.settings.zone)

    def mandatory(self, notice: Notice) -> bool:
        """Whether a notice concerns clients by their contract."""
        return _mandatory(notice, self.plan.settings.options.mail.mandatory)


def bulletin(plan: Plan, begin: dt.datetime, subscribers: Subscribers = NOBODY) -> Bulletin:
    """Take from a plan what is told, from `begin` (timezone-aware) on."""
    stories: list[Story] = []
    excluded: list[Excluded] = []
    entries: dict[str, Entry] = {}
    zone, options = plan.settings.zone, plan.settings.options.mail.mandatory
    for entry in plan.entries:
        known = entries.setdefault(entry.id, entry)
        if entry.latest.number > known.latest.number:
            entries[entry.id] = entry
        for version in entry.versions:
            if version.original is None:
                continue
            if version.on < begin or version.minor:
                reason = Reason.MINOR if version.minor else Reason.BEFORE_BEGIN
                excluded.append(Excluded((), entry.id, version.number, Event.PUBLISHED, reason))
                continue
            notice, day = version.original.notice, version.on.astimezone(zone).date()
            stories.append(Story(entry, version, notice, day, version is entry.latest, _mandatory(notice, options)))
    return Bulletin(plan, begin, tuple(stories), entries, tuple(excluded), subscribers)


def _mandatory(notice: Notice, options: Mandatory) -> bool:
    return (
        notice.kind in options.kinds
        or (options.private and not notice.public)
        or (options.urgent and notice.urgency is Urgency.URGENT)
        or (options.action and notice.asks)
    )
