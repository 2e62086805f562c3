"""What any ledger does, whatever database keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from mailer.digest import Digest, Excluded, Past
from mailer.letter import Letter, Skeleton
from mailer.outcome import Outcome
from mailer.person import Person
from mailer.snapshot import Snapshot


class State(StrEnum):
    """Where a message is on its way. What was deliberately left out is no message, but a receipt with a reason."""

    PENDING = "pending"
    """Frozen, and not yet tried, or tried in vain before any data went out."""
    SENDING = "sending"
    """Claimed by a sender until its lease runs out."""
    SENT = "sent"
    DEFERRED = "deferred"
    """Refused for now; tried again from `next_try` on."""
    FAILED = "failed"
    IN_DOUBT = "in-doubt"
    """It may have arrived; never sent again without a person's word."""
    CANCELLED = "cancelled"
    """Not to be sent any more: its reader lost access, or has another address or code, after it was frozen."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a ledger began."""

    begin: dt.datetime
    """Notices published before are never told."""
    created: dt.datetime


@dataclass(frozen=True, slots=True)
class Frozen:
    """One digest as it enters the ledger."""

    digest: Digest
    letter: Letter
    skeleton: Skeleton
    sha256: str
    """Of the whole message, with the codes that the ledger never sees; hexadecimal."""
    size: int
    """Bytes."""
    content: Mapping[tuple[str, int], str]
    """(notice, version) to the hash of the text told."""


@dataclass(frozen=True, slots=True)
class Run:
    """One time of freezing: the moment it decided for, and what it decided from."""

    now: dt.datetime
    """The editorial clock."""
    at: dt.datetime
    """The real one."""
    commit: str | None
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that one sender holds, for as long as its lease lasts."""

    key: str
    token: str
    """Fences off whoever held it before: only the latest token can record an outcome."""
    letter: Letter
    skeleton: Skeleton
    sha256: str
    attempt: int
    """Counted from 1."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message in a report. No address, no title."""

    key: str
    run: int
    readers: tuple[str, ...]
    """client/contact of everybody at this address whom it tells something."""
    slot: str
    state: State
    attempts: int
    reply: str
    at: dt.datetime
    """When it came into this state."""
    next_try: dt.datetime | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the ledger kept it, with its receipts counted by the state of their message."""

    number: int
    now: dt.datetime
    at: dt.datetime
    commit: str | None
    snapshot: Snapshot = field(repr=False)
    receipts: Mapping[State, int]
    excluded: Mapping[str, int]
    """Reason to receipts."""


class AlreadyDecided(Exception):
    """Another sender decided some of this meanwhile; nothing was frozen. Decide again."""


class Ledger(Protocol):
    """A ledger that is open. Every method is one transaction; none is open while anything else happens.

    Each raises PortalError when the database cannot be used.
    """

    async def opening(self) -> Opening:
        """How this ledger began."""

    async def past(self, persons: Sequence[Person], before_run: int | None = None) -> Mapping[str, Past]:
        """By key, what was decided so far for each of these, or before a run.

        Of the receipts that a person's contacts got at a former address, those that reached it are the person's too.
        """

    async def freeze(self, run: Run, digests: Sequence[Frozen], excluded: Sequence[Excluded]) -> int:
        """Record a run, all or nothing; its number. Raises AlreadyDecided."""

    async def recover(self, at: dt.datetime) -> tuple[int, int]:
        """Take back claims whose lease ran out: (back to pending, now in doubt because their data had begun)."""

    async def unsent(self, at: dt.datetime) -> list[Letter]:
        """The letters that a sender could claim at `at`."""

    async def cancel(self, key: str, reason: str, at: dt.datetime) -> bool:
        """Never send a message that nobody holds. False: somebody holds it, or it has its end already."""

    async def claim(self, at: dt.datetime, lease: dt.timedelta) -> Claim | None:
        """Take the next message; None when there is none left that is due."""

    async def data_begins(self, claim: Claim, at: dt.datetime) -> bool:
        """Record, durably, that from here on the message may arrive. False: the claim was lost; do not go on."""

    async def settle(self, claim: Claim, outcome: Outcome, at: dt.datetime, next_try: dt.datetime | None) -> bool:
        """Record what became of a message. False: the claim was lost, and nothing was recorded."""

    async def release(self, claim: Claim, at: dt.datetime) -> None:
        """Give a message back untried: nothing of it has left."""

    async def runs(self) -> list[RunRecord]:
        """Every run, oldest first."""

    async def deliveries(self) -> list[Delivery]:
        """Every message, oldest first."""

    async def close(self) -> None:
        """Let go of the database."""
