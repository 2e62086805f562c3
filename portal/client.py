"""The registry: clients, the people to tell there, and what they may see for how long."""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass as record

from portal.days import Day

ACCESS_AFTER_END = dt.timedelta(days=180)
"""How long a former client still sees what concerns it, unless the registry says otherwise."""

REGISTRY_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_LOCAL = re.compile(r"[^@\s\"<>(),;:\\\[\].\x00-\x20\x7f-\xa0]+(?:\.[^@\s\"<>(),;:\\\[\].\x00-\x20\x7f-\xa0]+)*")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}")


def _identifier(value: str) -> str:
    if not REGISTRY_ID.fullmatch(value):
        raise ValueError("is no id; write lower-case letters, digits and hyphens, like yunshan")
    return value


def _address(value: str) -> str:
    """Of RFC 5321 and 6531, without quoted local parts: é@example.com and 用户@例子.公司 are addresses."""
    local, _, domain = value.rpartition("@")
    with suppress(UnicodeError):  # what idna raises, too
        travelling = domain if domain.isascii() else _travelling(domain)
        fits = len(local.encode()) <= 64 and len(local.encode()) + 1 + len(travelling) <= 254
        if fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(travelling):
            return value
    raise ValueError("is not an e-mail address; write one like lin@example.com")


def _travelling(domain: str) -> str:
    """A domain as mail servers ask for it. Raises UnicodeError for what is none."""
    import idna  # few domains need it

    return idna.encode(domain, uts46=True).decode("ascii")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone; write one like Asia/Shanghai or Europe/Berlin") from None
    return value


@lru_cache(maxsize=4096, typed=True)
def _one(value: Any) -> Any:
    """The same object for equal values: a hundred thousand clients have few regions, languages and days."""
    return value


_CLOSED = ConfigDict(extra="forbid", str_strip_whitespace=True, defer_build=True)
"""As Block in kinds.py; but these are dataclasses with slots, since there may be a hundred thousand of them."""

_ONE = AfterValidator(_one)
_Word = Annotated[str, _ONE]
_Words = Annotated[tuple[_Word, ...], _ONE]
_Date = Annotated[Day, _ONE]
Named = Annotated[str, Field(min_length=1)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Address = Annotated[str, AfterValidator(_address)]
ZoneName = Annotated[str, AfterValidator(_zone)]


class Status(StrEnum):
    PROSPECT = "prospect"
    ACTIVE = "active"
    TERMINATED = "terminated"


class Cadence(StrEnum):
    """How often a contact wants to hear from us; urgent notices do not wait for it."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


Weekday: TypeAlias = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@record(frozen=True, slots=True, kw_only=True, config=_CLOSED)
class Contact:
    """A person at a client. Where language, timezone or cadence is not given, the client's or the portal's holds."""

    id: Annotated[Identifier, _ONE]
    """Unique at its client, and addressed as `client/contact`. Changing it changes the private code."""
    name: Named
    """As mails address them."""
    email: Address
    """The same address at several clients gets one digest."""
    phone: str | None = None
    """In quotes."""
    role: _Word | None = None
    """What they do at the client."""
    language: _Word | None = None
    """In which they read; default: the client's."""
    timezone: Annotated[ZoneName, _ONE] | None = None
    """Where they are; default: the client's."""
    cadence: Cadence | None = None
    """Urgent notices do not wait for it."""
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    """The hour of their day at which periodic digests and reminders come; default: the portal's."""
    weekday: Weekday | None = None
    """The day of their weekly digest; default: the portal's."""
    day: Annotated[int, Field(ge=1, le=28)] | None = None
    """The day of the month of their monthly digest; default: the portal's."""
    since: _Date | None = None
    """Told of what is published from then on; of earlier notices those that still stand are shown."""


@record(frozen=True, slots=True, kw_only=True, config=_CLOSED)
class Client:
    """A client and its contacts."""

    id: Identifier
    """How notices name the client."""
    name: Named
    """As the firm knows it."""
    status: Status = Status.ACTIVE
    """`terminated` needs `ended`."""
    since: _Date | None = None
    """From when it is a client."""
    ended: _Date | None = None
    """When the contract ends; from that day it is a former client. May lie in the future."""
    access_until: _Date | None = None
    """The last day on which its pages open and mail goes out."""
    segments: _Words = ()
    """Groups of clients that it belongs to."""
    services: _Words = ()
    """What it has ordered."""
    region: _Word | None = None
    """Where it is."""
    language: _Word | None = None
    """For contacts who have none of their own."""
    timezone: Annotated[ZoneName, _ONE] | None = None
    """For contacts who have none of their own."""
    contacts: tuple[Contact, ...] = ()
    """Whom to tell."""

    @model_validator(mode="after")
    def _dates_fit(self) -> Client:
        if self.status is Status.TERMINATED and self.ended is None:
            raise ValueError("status is terminated, but since when?; add a line 'ended: 2027-01-31'")
        if self.since and self.ended and self.ended < self.since:
            raise ValueError("'ended' lies before 'since'; correct one of the two")
        seen: set[str] = set()
        for contact in self.contacts:
            if contact.id in seen:
                raise ValueError(f"two contacts have the id '{contact.id}'; give each an id of its own")
            seen.add(contact.id)
        return self

    def status_on(self, day: dt.date) -> Status:
        """What the client was on a day: terminated from the day its contract ended."""
        if self.ended is not None:
            return Status.TERMINATED if day >= self.ended else Status.ACTIVE
        return self.status

    @property
    def last_day_of_access(self) -> dt.date | None:
        """The last day on which its pages open and mail goes out; None: no end in sight."""
        if self.access_until is not None:
            return self.access_until
        return self.ended + ACCESS_AFTER_END if self.ended is not None else None

    def has_access(self, day: dt.date) -> bool:
        last = self.last_day_of_access
        return last is None or day <= last


class Recipient(NamedTuple):
    """A contact in its place: who is told."""

    client: Client
    contact: Contact

    @property
    def key(self) -> str:
        """How people address a contact: client/contact."""
        return f"{self.client.id}/{self.contact.id}"


By: TypeAlias = Literal["segment", "service", "region"]


class Index:
    """Clients by what notices select them by."""

    def __init__(self, ordered: Sequence[Client]) -> None:
        self._ordered = ordered
        self._positions: dict[By, dict[str, array[int]]] = {"segment": {}, "service": {}, "region": {}}
        for position, client in enumerate(ordered):
            called: dict[By, Iterable[str]] = {
                "segment": client.segments,
                "service": client.services,
                "region": (client.region,) if client.region else (),
            }
            for by, names in called.items():
                for name in names:
                    self._positions[by].setdefault(name, array("L")).append(position)

    def clients(self, by: By, names: Iterable[str]) -> list[Client]:
        """The clients with any of the names, in the order of ids."""
        positions = self._positions[by]
        found = {position for name in names for position in positions.get(name, ())}
        return [self._ordered[position] for position in sorted(found)]


@dataclass(frozen=True)
class Registry:
    """Every client by id, and the epoch of each contact's code (1 where none is written down)."""

    clients: Mapping[str, Client]
    epochs: Mapping[str, int]
    files: Mapping[str, str] = field(default_factory=dict)
    """Client to the file it is described in, as people know it."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Client to the SHA-256 of the file that describes it alone, in hexadecimal; none of tables."""
    mark: str = ""
    """The same only for the same clients and epochs; empty where nobody vouches for that."""

    @cached_property
    def ordered(self) -> Sequence[Client]:
        """Every client, in the order of ids."""
        return tuple(client for _, client in sorted(self.clients.items()))

    @cached_property
    def index(self) -> Index:
        return Index(self.ordered)

    def recipients(self) -> Iterator[Recipient]:
        """Every contact, in the order of ids; made anew each time, for there may be very many."""
        return (Recipient(client, contact) for client in self.ordered for contact in client.contacts)

    def epoch(self, recipient: Recipient) -> int:
        return self.epochs.get(recipient.key, 1)

    def find(self, key: str) -> Recipient | None:
        """The contact addressed as client/contact."""
        identity, _, name = key.partition("/")
        client = self.clients.get(identity)
        found = next((contact for contact in client.contacts if contact.id == name), None) if client else None
        return Recipient(client, found) if client and found else None


_CLIENT = TypeAdapter(Client)
_Kind = TypeVar("_Kind", Client, Contact)


def prepare_clients() -> None:
    """Have at hand what clients are validated by, before workers are started that all need it."""
    _CLIENT.rebuild()


def as_client(data: Mapping[str, Any]) -> Client:
    """Build a client from a mapping. Raises pydantic.ValidationError."""
    return _CLIENT.validate_python(data)


def as_data(client: Client) -> dict[str, Any]:
    """What `as_client` was given, as JSON can hold it; what is not said is left out."""
    data: dict[str, Any] = _CLIENT.dump_python(client, mode="json", exclude_none=True)
    return data


def unchecked(kind: type[_Kind], **values: Any) -> _Kind:
    """A client or a contact that no person wrote: taken as it is, the rest by default."""
    made = object.__new__(kind)
    for known in fields(kind):
        value = values.get(known.name, None if known.default is MISSING else known.default)
        object.__setattr__(made, known.name, value)
    return made
