"""Who asked for public notices without being a client, and to whom nothing may be sent: frozen data."""

from __future__ import annotations

import datetime as dt
import hmac
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from portal.client import Cadence, Client, Contact, Recipient, unchecked
from portal.kinds import Kind

NO_CLIENT = unchecked(Client, id="", name="")
"""Stands where others have their client; no id in a registry is empty."""


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody asked for mail: when, where, and to which words."""

    at: dt.datetime
    source: str
    """As people say it: a form, a counter, a list that was taken over."""
    text: str = ""
    """The version of the words that were agreed to."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one address wants to hear of; public notices only."""

    id: str
    """16 hexadecimal digits, drawn at random."""
    address: str
    consent: Consent
    name: str = ""
    language: str | None = None
    timezone: str | None = None
    cadence: Cadence | None = None
    topics: tuple[Kind, ...] = ()
    """Kinds of notices; empty: all."""

    @property
    def key(self) -> str:
        """The address, case-folded."""
        return self.address.casefold()

    @property
    def recipient(self) -> Recipient:
        """The subscriber as a contact of no client, told of what is published after the consent."""
        contact = unchecked(
            Contact,
            id=self.id,
            name=self.name or self.address,
            email=self.address,
            language=self.language,
            timezone=self.timezone,
            cadence=self.cadence,
            since=self.consent.at,
        )
        return Recipient(NO_CLIENT, contact)


class Scope(StrEnum):
    """What may not be sent to an address."""

    VOLUNTARY = "voluntary"
    """Its owner left: only what concerns a client by its contract is sent."""
    ALL = "all"
    """Nothing is: mail comes back, or the operator says so."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address to which less is sent, known by its mark so that this can outlive everything else about it."""

    mark: str
    scope: Scope
    source: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Every subscription, in the order of addresses, and every suppression by its mark."""

    subscriptions: tuple[Subscription, ...] = ()
    suppressions: Mapping[str, Suppression] = field(default_factory=dict)
    pepper: bytes = field(default=b"", repr=False)
    """Of the marks."""

    @classmethod
    def of(
        cls, subscriptions: Iterable[Subscription], suppressions: Iterable[Suppression], pepper: bytes = b""
    ) -> Subscribers:
        by_address = sorted(subscriptions, key=lambda subscription: subscription.key)
        return cls(tuple(by_address), {one.mark: one for one in suppressions}, pepper)

    def subscription(self, key: str) -> Subscription | None:
        place = bisect_left(self.subscriptions, key, key=lambda subscription: subscription.key)
        found = self.subscriptions[place : place + 1]
        return found[0] if found and found[0].key == key else None

    def suppression(self, key: str) -> Suppression | None:
        return self.suppressions.get(mark(key, self.pepper)) if self.suppressions else None


NOBODY = Subscribers()


def mark(address: str, pepper: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of a case-folded address, in hexadecimal: tells whether it is this address, and no more.

    Without the ledger's pepper, 32 random bytes, nobody can try addresses on marks that were copied or exported.
    """
    return hmac.digest(pepper, address.casefold().encode("utf-8", "surrogatepass"), "sha256").hex()
