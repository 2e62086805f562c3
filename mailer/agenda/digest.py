"""What a person is told at one time, what is deliberately not told and why, and what the ledger knew: frozen data."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from mailer.people.person import Person
from portal.client import Recipient
from portal.notice import Text, Urgency, Version
from portal.plan import Entry


class Event(StrEnum):
    """What happened to a notice that people are told of."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"
    """Somebody who was told of an earlier version is not concerned by the latest one."""
    REMINDER = "reminder"
    """A day that the notice names comes near."""


@dataclass(frozen=True, slots=True, order=True)
class Receipt:
    """What a person is told, or deliberately not told, at most once for each client."""

    person: str
    """The address, case-folded."""
    client: str
    """Empty for who subscribed."""
    notice: str
    version: int
    event: str
    """An Event; of a reminder with its span and its day: reminder-7d-2027-01-31, or after it reminder+3d-2027-01-31."""


@dataclass(frozen=True, slots=True)
class Told:
    """In which message something was told."""

    digest: str
    """The digest's key."""
    message_id: str
    at: dt.datetime
    """The editorial moment of the run that froze it."""
    reached: bool = True
    """False where the message failed or was cancelled before the run in question: the text is not known there."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger knows of one person: decisions that are never taken twice.

    Receipts are in the name of this person, also those that one of its contacts got at a former address.
    """

    told: Mapping[Receipt, Told] = field(default_factory=dict)
    excluded: frozenset[Receipt] = frozenset()
    slots: frozenset[str] = frozenset()
    """Slots that had their digest."""
    sent: tuple[dt.datetime, ...] = ()
    """The editorial moments of the messages of the last seven days at least, for the cap."""


class Reason(StrEnum):
    """Why somebody is not told."""

    SUPERSEDED = "superseded"
    """A newer version of the same notice, or a nearer reminder, is told instead."""
    NO_LONGER_STANDS = "no-longer-stands"
    """Withdrawn, expired or replaced before it was told."""
    TOLD_ELSEWHERE = "told-elsewhere"
    """The same public text went to this person for another client."""
    NOT_REACHED = "not-reached"
    """What this would take back never arrived there."""
    LEFT = "left"
    """This person wants no voluntary mail."""
    SUPPRESSED = "suppressed"
    """Nothing is sent to this address."""
    MISSED = "missed"
    """A reminder whose day had come before a run could send it."""
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
        return self in _DECIDING


_DECIDING = frozenset(
    {
        Reason.SUPERSEDED,
        Reason.NO_LONGER_STANDS,
        Reason.TOLD_ELSEWHERE,
        Reason.NOT_REACHED,
        Reason.LEFT,
        Reason.SUPPRESSED,
        Reason.MISSED,
    }
)


@dataclass(frozen=True, slots=True)
class Excluded:
    """Something that somebody is not told, and why."""

    recipients: tuple[Recipient, ...]
    """Empty where it holds for everybody."""
    notice: str
    """Empty where it holds for every notice."""
    version: int
    event: str
    reason: Reason
    detail: str = ""
    """The reason's particular: a version, a date, a digest."""
    receipts: tuple[Receipt, ...] = ()
    """What the ledger records; only for reasons that decide."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A day that a notice names, and how near it is when somebody is reminded."""

    span: dt.timedelta
    """How long before the day, in days; negative: after it."""
    on: dt.date
    """The day."""
    left: int
    """Days from the day of the message to it, by the recipient's calendar; negative: since it."""
    what: str = ""
    """What a stage brings; empty for the notice's own day."""

    @property
    def event(self) -> str:
        """What makes this reminder another one: moved to another day, it is due again."""
        return f"{Event.REMINDER}{'-' if self.span.days >= 0 else '+'}{abs(self.span.days)}d-{self.on}"


@dataclass(frozen=True, slots=True)
class Item:
    """One notice in a digest."""

    entry: Entry
    version: Version
    """Whose words the reader may see; of a notice that no longer concerns the reader, the version told before."""
    event: Event
    told: int | None
    """The newest version this person was told of before; None: the notice is new to this person."""
    readers: tuple[Recipient, ...]
    """For which clients, each by the contact whose private pages show it."""
    waiting_since: dt.datetime
    """When the oldest version that this item stands for was published; of a reminder, when it fell due."""
    mandatory: bool
    """Whether it concerns a client by its contract, so that nobody can opt out of it."""
    instead_of: tuple[Receipt, ...] = ()
    """Older versions, never told to this person, or earlier reminders, that this one makes superfluous."""
    reminder: Reminder | None = None
    """Only of a reminder."""
    thread: str = ""
    """The Message-ID of the message that first told this person of the notice; empty: none did."""
    withheld: Reason | None = None
    """Why this is not told when its time comes; None: it is told."""

    @property
    def text(self) -> Text:
        """The words in the original's language."""
        text = self.version.original
        assert text is not None, "only versions whose text is known are told"
        return text

    @property
    def urgent(self) -> bool:
        return self.text.notice.urgency is Urgency.URGENT and self.event is not Event.REMINDER

    @property
    def mark(self) -> str:
        """The event as receipts know it."""
        return self.reminder.event if self.reminder else self.event.value

    def receipts(self, person: str) -> tuple[Receipt, ...]:
        """One for each client."""
        return tuple(
            Receipt(person, reader.client.id, self.entry.id, self.version.number, self.mark) for reader in self.readers
        )


@dataclass(frozen=True)
class Digest:
    """What one person is told at one time."""

    person: Person
    slot: str
    """Unique per person: the cadence and the instant, or for what goes at once the cadence and a hash of its items."""
    due: dt.datetime
    items: tuple[Item, ...]
    """Never empty; urgent and then newest first."""

    @cached_property
    def key(self) -> str:
        """32 hexadecimal digits that name this digest everywhere."""
        return key_of(self.person.key, self.slot)

    @property
    def mandatory(self) -> bool:
        """The class: a digest with anything mandatory in it is mandatory."""
        return any(item.mandatory for item in self.items)

    @property
    def thread(self) -> tuple[str, ...]:
        """Message-IDs of what reminders follow up (RFC 5322, section 3.6.4); empty: this begins a thread."""
        if not all(item.event is Event.REMINDER for item in self.items):
            return ()
        return tuple(dict.fromkeys(item.thread for item in self.items if item.thread))

    @cached_property
    def receipts(self) -> tuple[Receipt, ...]:
        return tuple(receipt for item in self.items for receipt in item.receipts(self.person.key))


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a person will be told later: with the next slot, inside the window, or once the cap allows."""

    person: Person
    due: dt.datetime
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person is told and when, and what not and why."""

    person: Person
    digests: tuple[Digest, ...]
    waiting: tuple[Waiting, ...]
    excluded: tuple[Excluded, ...]
    reminded_at: dt.datetime | None = None
    """When the next reminder falls due."""

    def receipts(self) -> list[Receipt]:
        """Everything that falls due now, told or deliberately left out: for this the person was eligible."""
        told = [receipt for digest in self.digests for receipt in digest.receipts]
        return told + [receipt for excluded in self.excluded for receipt in excluded.receipts]


def key_of(person: str, slot: str) -> str:
    """The name of a digest: who is told and with which slot decide it."""
    return hashlib.sha256(f"{person}\n{slot}".encode()).hexdigest()[:32]


def content_hash(text: Text) -> str:
    """SHA-256, in hexadecimal, of one version in one language: its facts, its words and its body."""
    facts = text.notice.model_dump_json(by_alias=True)
    return hashlib.sha256("\0".join((text.language, facts, text.body)).encode("utf-8", "surrogatepass")).hexdigest()
