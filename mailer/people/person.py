"""Whom digests are for: a person is an address, whichever clients it stands for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from mailer.people import schedule
from mailer.people.schedule import Calendar, Timetable
from mailer.people.subscription import NOBODY, Subscribers, Subscription, Suppression
from portal.client import Cadence, Recipient, Registry
from portal.kinds import Kind
from portal.plan import Plan


@dataclass(frozen=True, slots=True)
class Person:
    """One mailbox. Where its contacts differ the first one's language and zone hold, and the most frequent cadence."""

    key: str
    """The address, case-folded."""
    address: str
    name: str
    recipients: tuple[Recipient, ...]
    """Its contacts that have access today, in the order of the registry."""
    former: tuple[Recipient, ...]
    """Its contacts whose access ended."""
    language: str
    zone: ZoneInfo
    cadence: Cadence
    timetable: Timetable
    """Of the contact whose cadence it is."""
    calendar: Calendar | None
    """Days off where the person is; None: every day is like the other."""
    topics: frozenset[Kind] | None = None
    """Of a subscriber the kinds of notices asked for; None: all."""
    suppression: Suppression | None = None

    @property
    def readers(self) -> tuple[Recipient, ...]:
        """The first contact at each client, by which it is told; the others are duplicates."""
        first: dict[str, Recipient] = {}
        for recipient in self.recipients:
            first.setdefault(recipient.client.id, recipient)
        return tuple(first.values())


def people(plan: Plan, subscribers: Subscribers = NOBODY) -> Iterator[Person]:
    """Everybody in the registry, in its order, also who has no access any more; then who subscribed, by address."""
    several = _several(plan.registry)
    desk = _Desk(plan, subscribers)
    registered: set[str] = set()
    """Subscribers who are in the registry too."""
    for recipient in plan.registry.recipients():
        key = recipient.contact.email.casefold()
        contacts = several.get(key)
        if contacts is None:
            contacts = [recipient]
        elif contacts:
            several[key] = []
        else:
            continue  # came with the first of its contacts
        subscription = subscribers.subscription(key)
        if subscription is not None:
            registered.add(key)
        yield desk.person(key, contacts, subscription)
    for subscription in subscribers.subscriptions:
        if subscription.key not in registered:
            yield desk.person(subscription.key, [], subscription)


def _several(registry: Registry) -> dict[str, list[Recipient]]:
    """The addresses that more than one contact has, with these; of the others nothing is kept."""
    marks = sorted(hash(recipient.contact.email.casefold()) for recipient in registry.recipients())
    maybe = {mark for mark, following in pairwise(marks) if mark == following}
    found: dict[str, list[Recipient]] = {}
    for recipient in registry.recipients() if maybe else ():
        key = recipient.contact.email.casefold()
        if hash(key) in maybe:
            found.setdefault(key, []).append(recipient)
    return found


class _Desk:
    """Looks up what contacts leave to their client and to the portal."""

    def __init__(self, plan: Plan, subscribers: Subscribers) -> None:
        mail = plan.settings.options.mail
        self._plan = plan
        self._subscribers = subscribers
        self._today = plan.now.astimezone(plan.settings.zone).date()
        self._calendar = Calendar.of(mail.calendar) if mail.calendar else None
        self._calendars = {region: Calendar.of(options) for region, options in mail.calendars.items()}

    def person(self, key: str, contacts: list[Recipient], subscription: Subscription | None) -> Person:
        recipients = [*contacts, subscription.recipient] if subscription else contacts
        here = [recipient for recipient in recipients if recipient.client.has_access(self._today)]
        first = (here or recipients)[0]
        quickest = min(here or recipients, key=lambda r: schedule.FREQUENCY.index(self._cadence(r)))
        return Person(
            key=key,
            address=first.contact.email,
            name=first.contact.name,
            recipients=tuple(here),
            former=tuple(r for r in recipients if not r.client.has_access(self._today)),
            language=self._plan.language_of(first),
            zone=ZoneInfo(first.contact.timezone or first.client.timezone or self._plan.settings.options.timezone),
            cadence=self._cadence(quickest),
            timetable=self._timetable(quickest),
            calendar=self._calendars.get(first.client.region or "", self._calendar),
            topics=frozenset(subscription.topics) if subscription and subscription.topics else None,
            suppression=self._subscribers.suppression(key),
        )

    def _cadence(self, recipient: Recipient) -> Cadence:
        return recipient.contact.cadence or self._plan.settings.options.mail.cadence

    def _timetable(self, recipient: Recipient) -> Timetable:
        mail, own = self._plan.settings.options.mail, recipient.contact
        return Timetable(
            hour=mail.hour if own.hour is None else own.hour,
            weekday=schedule.WEEKDAYS.index(own.weekday or mail.weekday),
            day=own.day or mail.day,
        )
