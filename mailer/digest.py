"""What is new for whom: the plan and what the ledger decided before, to the digests that are due. Pure.

A digest is for a person, that is, an address: whoever looks after several clients gets one, with a receipt for each.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailer import schedule
from mailer.schedule import Timetable
from portal import audience, states
from portal.client import Cadence, Recipient
from portal.notice import Text, Urgency, Version
from portal.plan import Entry, Plan
from portal.states import State


class Event(StrEnum):
    """What happened to a notice that people are told of."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, order=True)
class Receipt:
    """What a person is told, or deliberately not told, at most once for each client."""

    person: str
    """The address, case-folded."""
    client: str
    notice: str
    version: int
    event: Event


class Reason(StrEnum):
    """Why somebody is not told."""

    SUPERSEDED = "superseded"
    """A newer version of the same notice is told instead."""
    NO_LONGER_STANDS = "no-longer-stands"
    """Withdrawn, expired or replaced before it was told."""
    TOLD_ELSEWHERE = "told-elsewhere"
    """The same public text went to this person for another client."""
    TOLD = "told"
    BEFORE_BEGIN = "before-begin"
    MINOR = "minor"
    JOINED_AFTER = "joined-after"
    ACCESS_ENDED = "access-ended"
    DUPLICATE = "duplicate"
    """Another contact of the same client has the same address."""

    @property
    def decides(self) -> bool:
        """Whether the person was eligible, so that the ledger must account for leaving this out."""
        return self in (Reason.SUPERSEDED, Reason.NO_LONGER_STANDS, Reason.TOLD_ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Excluded:
    """Something that somebody is not told, and why."""

    recipients: tuple[Recipient, ...]
    """Empty where it holds for everybody."""
    notice: str
    """Empty where it holds for every notice."""
    version: int
    event: Event
    reason: Reason
    detail: str = ""
    """The reason's particular: a version, a date, a digest."""
    receipts: tuple[Receipt, ...] = ()
    """What the ledger records; only for reasons that decide."""


@dataclass(frozen=True, slots=True)
class Person:
    """One mailbox. Where its contacts differ the first one's language and zone hold, and the most frequent cadence."""

    key: str
    """The address, case-folded."""
    address: str
    name: str
    recipients: tuple[Recipient, ...]
    language: str
    zone: ZoneInfo
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class Item:
    """One notice in a digest."""

    entry: Entry
    version: Version
    event: Event
    told: int | None
    """The newest version this person was told of before; None: the notice is new to this person."""
    readers: tuple[Recipient, ...]
    """For which clients, each by the contact whose private pages show it."""
    waiting_since: dt.datetime
    """When the oldest version that this item stands for was published."""
    instead_of: tuple[Receipt, ...] = ()
    """Older versions, never told to this person, that this one makes superfluous."""

    @property
    def text(self) -> Text:
        """The words in the original's language."""
        text = self.version.original
        assert text is not None, "only versions whose text is known are told"
        return text

    @property
    def urgent(self) -> bool:
        return self.text.notice.urgency is Urgency.URGENT


@dataclass(frozen=True, slots=True)
class Digest:
    """What one person is told at one time."""

    person: Person
    slot: str
    """Unique per person: the cadence and the instant, or for what goes at once the cadence and a hash of its items."""
    due: dt.datetime
    items: tuple[Item, ...]
    """Never empty; urgent and then newest first."""

    @property
    def key(self) -> str:
        """32 hexadecimal digits that name this digest everywhere."""
        return hashlib.sha256(f"{self.person.key}\n{self.slot}".encode()).hexdigest()[:32]

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        return tuple(
            Receipt(self.person.key, reader.client.id, item.entry.id, item.version.number, item.event)
            for item in self.items
            for reader in item.readers
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a person will be told when the next slot comes."""

    person: Person
    due: dt.datetime
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What the ledger knows: decisions that are never taken twice."""

    begin: dt.datetime
    """What was published before is not told."""
    told: Mapping[Receipt, str]
    """Receipt to the key of its digest."""
    excluded: frozenset[Receipt]
    slots: frozenset[tuple[str, str]]
    """(person, slot) of every digest."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """Who is told what and when, and who is not and why."""

    digests: tuple[Digest, ...]
    waiting: tuple[Waiting, ...]
    excluded: tuple[Excluded, ...]

    def receipts(self) -> list[Receipt]:
        """Everything that falls due now for somebody eligible, told or deliberately left out."""
        told = [receipt for digest in self.digests for receipt in digest.receipts]
        return told + [receipt for excluded in self.excluded for receipt in excluded.receipts]


def agenda(plan: Plan, decided: Decided) -> Agenda:
    """Decide what falls due at `plan.now`.

    An item falls due at the slot that follows the publication of the oldest version it stands for; a slot that had
    its digest already takes nothing more. Urgent items and immediate readers wait for no slot.
    """
    persons = people(plan)
    excluded: list[Excluded] = []
    digests: list[Digest] = []
    waiting: list[Waiting] = []
    offers = _offers(plan, persons, decided, excluded)
    past = _past(decided)
    for person in persons.values():
        items = _merged(
            [
                *_publications(person, offers.get(person.key, []), decided, past, excluded),
                *_withdrawals(plan, person, past),
            ]
        )
        if items:
            _sort_out(plan, person, items, decided, digests, waiting)
    for digest in digests:
        excluded += [_superseded(item) for item in digest.items if item.instead_of]
    return Agenda(tuple(digests), tuple(waiting), tuple(excluded))


def people(plan: Plan) -> dict[str, Person]:
    """Everybody in the registry who may be told anything today, by case-folded address."""
    today = plan.now.astimezone(plan.settings.zone).date()
    contacts: dict[str, list[Recipient]] = {}
    for recipient in plan.registry.recipients():
        if recipient.client.has_access(today):
            contacts.setdefault(recipient.contact.email.casefold(), []).append(recipient)
    return {key: _person(plan, key, recipients) for key, recipients in contacts.items()}


def _person(plan: Plan, key: str, recipients: list[Recipient]) -> Person:
    options = plan.settings.options
    first = recipients[0]
    cadences = {recipient.contact.cadence or options.mail.cadence for recipient in recipients}
    return Person(
        key=key,
        address=first.contact.email,
        name=first.contact.name,
        recipients=tuple(recipients),
        language=plan.language_of(first),
        zone=ZoneInfo(first.contact.timezone or first.client.timezone or options.timezone),
        cadence=next(cadence for cadence in schedule.FREQUENCY if cadence in cadences),
    )


@dataclass(frozen=True, slots=True)
class _Offer:
    """A version that a contact is to be told of, unless something speaks against it."""

    entry: Entry
    version: Version
    recipient: Recipient

    @property
    def receipt(self) -> Receipt:
        person = self.recipient.contact.email.casefold()
        return Receipt(person, self.recipient.client.id, self.entry.id, self.version.number, Event.PUBLISHED)


def _offers(
    plan: Plan, persons: Mapping[str, Person], decided: Decided, excluded: list[Excluded]
) -> dict[str, list[_Offer]]:
    """By person, every version since `begin` for each client, through the first of this person's contacts there."""
    speaking = {reader.key for person in persons.values() for reader in _readers(person, excluded)}
    excluded += _ended(plan)
    offers: dict[str, list[_Offer]] = {}
    for entry in plan.entries:
        for version in entry.versions:
            if version.original is None:
                continue
            if version.on < decided.begin or version.minor:
                reason = Reason.MINOR if version.minor else Reason.BEFORE_BEGIN
                excluded.append(Excluded((), entry.id, version.number, Event.PUBLISHED, reason))
                continue
            told = plan.told(entry, version)
            excluded += _latecomers(plan, entry, version)
            for recipient in told:
                if recipient.key in speaking:
                    offers.setdefault(recipient.contact.email.casefold(), []).append(_Offer(entry, version, recipient))
    return offers


def _readers(person: Person, excluded: list[Excluded] | None = None) -> list[Recipient]:
    """The first of a person's contacts at each client; the others are noted as duplicates."""
    first: dict[str, Recipient] = {}
    for recipient in person.recipients:
        chosen = first.setdefault(recipient.client.id, recipient)
        if chosen is not recipient and excluded is not None:
            excluded.append(Excluded((recipient,), "", 0, Event.PUBLISHED, Reason.DUPLICATE, chosen.key))
    return list(first.values())


def _ended(plan: Plan) -> list[Excluded]:
    today = plan.now.astimezone(plan.settings.zone).date()
    return [
        Excluded((r,), "", 0, Event.PUBLISHED, Reason.ACCESS_ENDED, str(r.client.last_day_of_access))
        for r in plan.registry.recipients()
        if not r.client.has_access(today)
    ]


def _latecomers(plan: Plan, entry: Entry, version: Version) -> list[Excluded]:
    """Those whom a version would have been for, had they been there when it was published."""
    assert version.original is not None
    zone = plan.settings.zone
    day, today = version.on.astimezone(zone).date(), plan.now.astimezone(zone).date()
    late = tuple(
        recipient
        for recipient in plan.registry.recipients()
        if recipient.client.has_access(today)
        and (audience.joined(recipient, zone) or version.on) > version.on
        and audience.concerns(version.original.notice, recipient.client, day)
    )
    return [Excluded(late, entry.id, version.number, Event.PUBLISHED, Reason.JOINED_AFTER)] if late else []


_Past = Mapping[tuple[str, str], Mapping[str, frozenset[tuple[int, Event]]]]
"""(person, notice) to client to the versions and events told."""


def _past(decided: Decided) -> _Past:
    past: dict[tuple[str, str], dict[str, set[tuple[int, Event]]]] = {}
    for receipt in decided.told:
        clients = past.setdefault((receipt.person, receipt.notice), {})
        clients.setdefault(receipt.client, set()).add((receipt.version, receipt.event))
    return {key: {client: frozenset(told) for client, told in clients.items()} for key, clients in past.items()}


def _publications(
    person: Person, offers: Iterable[_Offer], decided: Decided, past: _Past, excluded: list[Excluded]
) -> list[Item]:
    """At most one item for each client and notice: the newest version, if anything speaks for telling it."""
    groups: dict[tuple[str, str], list[_Offer]] = {}
    for offer in offers:
        if offer.receipt in decided.told:
            told_in = decided.told[offer.receipt]
            excluded.append(_left_out([offer], Reason.TOLD, told_in))
        elif offer.receipt not in decided.excluded:
            groups.setdefault((offer.recipient.client.id, offer.entry.id), []).append(offer)
    items = []
    for (client, notice), group in groups.items():
        group.sort(key=lambda offer: offer.version.number)
        newest = group[-1]
        elsewhere = past.get((person.key, notice), {})
        told = max((number for number, _ in elsewhere.get(client, ())), default=None)
        state = newest.entry.state
        if state is State.WITHDRAWN or (not state.stands and told is None):
            excluded.append(_left_out(group, Reason.NO_LONGER_STANDS, state.value))
        elif told is not None and told > newest.version.number:
            excluded.append(_left_out(group, Reason.SUPERSEDED, str(told)))
        elif not newest.entry.private and any(
            (newest.version.number, Event.PUBLISHED) in told_there for told_there in elsewhere.values()
        ):
            excluded.append(_left_out(group, Reason.TOLD_ELSEWHERE))
        else:
            items.append(
                Item(
                    entry=newest.entry,
                    version=newest.version,
                    event=Event.PUBLISHED,
                    told=told,
                    readers=(newest.recipient,),
                    waiting_since=min(offer.version.on for offer in group),
                    instead_of=tuple(offer.receipt for offer in group[:-1]),
                )
            )
    return items


def _left_out(offers: list[_Offer], reason: Reason, detail: str = "") -> Excluded:
    last = offers[-1]
    return Excluded(
        recipients=(last.recipient,),
        notice=last.entry.id,
        version=last.version.number,
        event=Event.PUBLISHED,
        reason=reason,
        detail=detail,
        receipts=tuple(offer.receipt for offer in offers) if reason.decides else (),
    )


def _superseded(item: Item) -> Excluded:
    return Excluded(
        recipients=item.readers,
        notice=item.entry.id,
        version=max(receipt.version for receipt in item.instead_of),
        event=Event.PUBLISHED,
        reason=Reason.SUPERSEDED,
        detail=str(item.version.number),
        receipts=item.instead_of,
    )


def _withdrawals(plan: Plan, person: Person, past: _Past) -> list[Item]:
    """Notices withdrawn after this person was told of them, newest text first; told to exactly those clients."""
    items: dict[tuple[str, str], Item] = {}
    for entry in plan.entries:
        withdrawn = entry.notice.withdrawn
        told_at = past.get((person.key, entry.id), {})
        if entry.state is not State.WITHDRAWN or withdrawn is None or not told_at:
            continue
        for reader in _readers(person):
            told = told_at.get(reader.client.id, frozenset())
            if not told or any(event is Event.WITHDRAWN for _, event in told):
                continue
            item = Item(
                entry=entry,
                version=entry.latest,
                event=Event.WITHDRAWN,
                told=max(number for number, _ in told),
                readers=(reader,),
                waiting_since=states.instant(withdrawn.on, plan.settings.zone),
            )
            other = items.get((reader.client.id, entry.id))
            if other is None or other.version.number < item.version.number:
                items[(reader.client.id, entry.id)] = item
    return list(items.values())


def _merged(items: list[Item]) -> list[Item]:
    """One item for a notice, however many of the person's clients it is for; newest first."""
    merged: dict[tuple[str, int, Event], Item] = {}
    for item in items:
        key = (item.entry.id, item.version.number, item.event)
        first = merged.get(key)
        merged[key] = item if first is None else _both(first, item)
    return sorted(merged.values(), key=lambda item: (item.version.on, item.entry.id), reverse=True)


def _both(first: Item, second: Item) -> Item:
    return replace(
        first,
        told=max((told for told in (first.told, second.told) if told is not None), default=None),
        readers=first.readers + second.readers,
        waiting_since=min(first.waiting_since, second.waiting_since),
        instead_of=first.instead_of + second.instead_of,
    )


def _sort_out(
    plan: Plan, person: Person, items: list[Item], decided: Decided, digests: list[Digest], waiting: list[Waiting]
) -> None:
    """Divide one person's items into what goes at once, what goes with the slot, and what waits."""
    at_once = [item for item in items if item.urgent]
    others = [item for item in items if not item.urgent]
    if at_once:
        digests.append(_now(plan, person, "urgent", at_once))
    if person.cadence is Cadence.IMMEDIATE:
        if others:
            digests.append(_now(plan, person, person.cadence.value, others))
        return
    table = timetable(plan)
    at = schedule.latest(person.cadence, table, person.zone, plan.now)
    slot = f"{person.cadence} {at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"
    taken = (person.key, slot) in decided.slots
    due = [] if taken else [item for item in others if item.waiting_since <= at]
    later = [item for item in others if taken or item.waiting_since > at]
    if due:
        digests.append(Digest(person, slot, at, tuple(due)))
    if later:
        following = schedule.following(person.cadence, table, person.zone, plan.now)
        waiting.append(Waiting(person, following, tuple(later)))


def timetable(plan: Plan) -> Timetable:
    """When the portal's periodic digests fall due."""
    mail = plan.settings.options.mail
    return Timetable(mail.hour, schedule.WEEKDAYS.index(mail.weekday), mail.day)


def _now(plan: Plan, person: Person, kind: str, items: list[Item]) -> Digest:
    """A digest that waits for no slot is named by what is in it, so that the same news cannot make two."""
    told = sorted((item.entry.id, item.version.number, item.event, *_clients(item)) for item in items)
    name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    return Digest(person, f"{kind} {name}", plan.now, tuple(items))


def _clients(item: Item) -> list[str]:
    return [reader.client.id for reader in item.readers]


def content_hash(text: Text) -> str:
    """SHA-256, in hexadecimal, of one version in one language: its facts, its words and its body."""
    facts = text.notice.model_dump_json(by_alias=True)
    return hashlib.sha256("\0".join((text.language, facts, text.body)).encode("utf-8", "surrogatepass")).hexdigest()
