"""Whom digests are for: a person is an address, whichever clients it stands for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from mailer import schedule
from mailer.schedule import Timetable
from portal.client import Cadence, Recipient
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

    @property
    def readers(self) -> tuple[Recipient, ...]:
        """The first contact at each client, by which it is told; the others are duplicates."""
        first: dict[str, Recipient] = {}
        for recipient in self.recipients:
            first.setdefault(recipient.client.id, recipient)
        return tuple(first.values())


def people(plan: Plan) -> Iterator[Person]:
    """Everybody in the registry, in its order, also who has no access any more."""
    contacts: dict[str, list[Recipient]] = {}
    for recipient in plan.registry.recipients():
        contacts.setdefault(recipient.contact.email.casefold(), []).append(recipient)
    for key, recipients in contacts.items():
        yield _person(plan, key, recipients)


def _person(plan: Plan, key: str, recipients: list[Recipient]) -> Person:
    options, today = plan.settings.options, plan.now.astimezone(plan.settings.zone).date()
    here = [recipient for recipient in recipients if recipient.client.has_access(today)]
    first, cadence = (here or recipients)[0], _cadence(here, options.mail.cadence)
    return Person(
        key=key,
        address=first.contact.email,
        name=first.contact.name,
        recipients=tuple(here),
        former=tuple(recipient for recipient in recipients if recipient not in here),
        language=plan.language_of(first),
        zone=ZoneInfo(first.contact.timezone or first.client.timezone or options.timezone),
        cadence=cadence,
        timetable=Timetable(options.mail.hour, schedule.WEEKDAYS.index(options.mail.weekday), options.mail.day),
    )


def _cadence(recipients: Iterable[Recipient], otherwise: Cadence) -> Cadence:
    chosen = {recipient.contact.cadence or otherwise for recipient in recipients} or {otherwise}
    return next(cadence for cadence in schedule.FREQUENCY if cadence in chosen)
