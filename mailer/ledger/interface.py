"""What any ledger does, whatever database keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from mailer.agenda.digest import Digest, Excluded, Past, Receipt
from mailer.agenda.snapshot import Snapshot
from mailer.letters.letter import Letter, Skeleton
from mailer.people.person import Person
from mailer.people.subscription import Scope, Subscribers, Subscription

LONGEST_LEASE = dt.timedelta(hours=1)
"""No claim runs for longer without being renewed: a lease that ends later was given by a clock that was wrong."""

LONGEST_WAIT = dt.timedelta(days=1)
"""The same for the time until a message is tried again."""


class State(StrEnum):
    """Where a message is on its way. What was deliberately left out is no message, but a receipt with a reason."""

    PLANNED = "planned"
    """Frozen, and held until somebody says `resume`: see `Hold`."""
    PENDING = "pending"
    """Frozen, and not yet tried, or tried in vain before any data went out."""
    SENDING = "sending"
    """Claimed by a sender until its lease runs out."""
    SENT = "sent"
    DEFERRED = "deferred"
    """Refused for now; tried again from `next_try` on."""
    FAILED = "failed"
    IN_DOUBT = "in-doubt"
    """It may have arrived; never sent again without a person's word, or a policy's."""
    CANCELLED = "cancelled"
    """Not to be sent any more: somebody said so, or its reader lost access, address or code after it was frozen."""


UNSENT = (State.PLANNED, State.PENDING, State.DEFERRED)
"""States of what has not left and nobody holds."""


class Hold(StrEnum):
    """Why a message is planned."""

    PILOT = "pilot"
    """Behind the first batch of `send --pilot`."""
    PAUSE = "pause"
    REHEARSAL = "rehearsal"
    """Its reader is not on the list of those who may get mail while rehearsing."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a ledger began, and whether it is paused."""

    begin: dt.datetime
    """Notices published before are never told."""
    created: dt.datetime
    paused: dt.datetime | None = None
    """Since when nothing leaves."""
    pepper: bytes = field(default=b"", repr=False)
    """32 bytes, drawn when the ledger is made: of the marks of suppressed addresses."""


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
class Batch:
    """Decisions for some of the people: a run is frozen batch by batch."""

    digests: Sequence[Frozen]
    excluded: Sequence[Excluded]


@dataclass(frozen=True, slots=True)
class Run:
    """One time of freezing: the moment it decided for, and what it decided from."""

    now: dt.datetime
    """The editorial clock."""
    at: dt.datetime
    """The real one."""
    commit: str | None
    snapshot: Snapshot
    scope: tuple[str, ...] | None = None
    """The persons it was confined to; None: everybody."""
    pilot: int | None = None
    """How many messages may leave; the others are planned. None: all."""
    most: int | None = None
    """How many digests are no surprise; None: any number."""


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
    mandatory: bool
    doubts: int
    """How often its fate was unknown."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that is frozen and has not left: with its codes, what gives its very bytes."""

    letter: Letter
    skeleton: Skeleton
    state: State
    due: dt.datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a claimed message comes to."""

    claim: Claim
    state: State
    note: str
    """The server's reply, or why."""
    at: dt.datetime
    next_try: dt.datetime | None = None
    queue_id: str | None = None
    hold: Hold | None = None
    doubts: int = 0
    untried: bool = False
    """Put off without having been tried, so that this does not count as a try."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one transaction shall record: for many connections at once, so that they share its cost."""

    settled: Sequence[Settlement] = ()
    begun: Sequence[Claim] = ()
    """Whose data are about to leave."""
    returned: Sequence[Claim] = ()
    """Untried: nothing of them has left."""
    renewed: Sequence[Claim] = ()
    """Whose leases go on."""
    wanted: int = 0
    """Claims to take."""
    scope: tuple[str, ...] | None = None
    """Take only messages to these persons."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it."""

    lost: frozenset[tuple[str, str]]
    """(key, token) of the claims that somebody else had taken over: of these nothing was recorded."""
    claims: Sequence[Claim]


@dataclass(frozen=True, slots=True)
class Doubts:
    """What becomes of messages in doubt, by class. Each is sent again once at most; then a person must decide."""

    resend_mandatory: bool = False
    resend_voluntary: bool = False

    def resend(self, mandatory: bool, doubts: int) -> bool:
        """Whether a message whose fate is unknown for the `doubts`-th time goes out again by itself."""
        return doubts <= 1 and (self.resend_mandatory if mandatory else self.resend_voluntary)


@dataclass(frozen=True, slots=True)
class Decree:
    """What a person decided about messages: recorded with each of them."""

    state: State
    why: str
    who: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message in a report. No address, no title."""

    key: str
    run: int
    readers: tuple[str, ...]
    """client/contact of everybody at this address whom it tells something."""
    slot: str
    state: State
    hold: Hold | None
    attempts: int
    reply: str
    queue_id: str | None
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
    plan: str = field(repr=False)
    scope: tuple[str, ...] | None
    digests: int
    messages: Mapping[State, int]
    """How many are in each state."""
    receipts: Mapping[State, int]
    excluded: Mapping[str, int]
    """Reason to receipts."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt as the ledger has it."""

    receipt: Receipt
    digest: str | None
    """The key of the message that told it; None: it was left out."""
    reason: str | None


class AlreadyDecided(Exception):
    """Another sender decided some of this meanwhile; nothing was frozen. Decide again."""


class TooMany(Exception):
    """More digests than anybody expected; nothing was frozen."""

    def __init__(self, digests: int, largest: int) -> None:
        super().__init__(digests)
        self.digests = digests
        self.largest = largest
        """How many the largest run before had."""


class Ledger(Protocol):
    """A ledger that is open. Every method is one transaction; none is open while anything else happens.

    Each raises PortalError when the database cannot be used.
    """

    @property
    def name(self) -> str:
        """Where it is, as people know it; no password in it."""

    async def opening(self) -> Opening:
        """How this ledger began."""

    async def past(self, persons: Sequence[Person], before_run: int | None = None) -> Mapping[str, Past]:
        """By key, what was decided so far for each of these, or before a run.

        Of the receipts that a person's contacts got at a former address, those that reached it are the person's too.
        """

    async def freeze(self, run: Run, batches: AsyncIterator[Batch]) -> int:
        """Record a run, all or nothing; how many digests it has. Where there is nothing to record there is no run.

        Raises AlreadyDecided, TooMany, and whatever `batches` raises.
        """

    async def recover(self, at: dt.datetime, doubts: Doubts) -> tuple[int, int]:
        """Take back the claims of workers that are gone: (unharmed, in doubt because their data had begun)."""

    async def due(self, at: dt.datetime, scope: tuple[str, ...] | None = None) -> int:
        """How many messages a sender could claim at `at`."""

    async def counts(self) -> Mapping[State, int]:
        """How many messages are in each state."""

    def letters(self, at: dt.datetime, scope: tuple[str, ...] | None = None) -> AsyncIterator[Sequence[Letter]]:
        """The letters that a sender could claim at `at`, in parts, each in a transaction of its own."""

    async def unsent(self, person: str) -> Sequence[Unsent]:
        """What is frozen for one person and has not left, by when it was due."""

    async def record(self, work: Work, at: dt.datetime, lease: dt.timedelta) -> Recorded:
        """Record, durably, what became of messages; take new ones unless the ledger is paused."""

    async def pause(self, at: dt.datetime, who: str, why: str) -> int:
        """Hold everything that has not left; how many messages."""

    async def resume(self, at: dt.datetime, who: str, why: str) -> int:
        """Let go of everything that is held; how many messages."""

    async def decree(self, keys: Sequence[str] | None, run: int | None, among: Sequence[State], decree: Decree) -> int:
        """Put messages that are in certain states into another: those named, or those of a run, or else all."""

    async def states(self, keys: Sequence[str]) -> Mapping[str, State]:
        """Of these messages those that there are."""

    async def last_commit(self) -> str | None:
        """Of which commit the notices of the last run were; None without a run, or without a repository then."""

    async def runs(self) -> list[RunRecord]:
        """Every run, oldest first."""

    def registry(self, run: int) -> AsyncIterator[str]:
        """The parts of a run's frozen registry, in order."""

    async def kept(self, run: int, persons: Sequence[str]) -> list[Kept]:
        """What a run recorded for these people."""

    async def contradictions(self) -> list[str]:
        """What in the ledger does not agree with itself, a line each."""

    def deliveries(self, *, unsettled: bool = False) -> AsyncIterator[Delivery]:
        """Messages, oldest first: every one, or those that no server has taken."""

    async def subscribers(self) -> Subscribers:
        """Every subscription that has not ended, and every suppression that was not lifted."""

    async def subscribe(
        self, wanted: Sequence[Subscription], watch: Callable[[int], None] = lambda _: None
    ) -> tuple[int, int]:
        """Add subscriptions; of an address that has one, wishes that are said are replaced: (new, changed).

        All or none. Each address at most once. `watch` hears how many are written.
        """

    async def unsubscribe(self, key: str, source: str, at: dt.datetime) -> bool:
        """End the subscription of an address; False where there is none."""

    async def suppress(self, address: str, scope: Scope, source: str, at: dt.datetime) -> None:
        """Send less to an address from now on."""

    async def lift(self, address: str, scope: Scope, source: str, at: dt.datetime) -> bool:
        """End the suppressions of a scope for an address; False where there are none."""

    async def everything_about(self, key: str) -> dict[str, list[dict[str, Any]]]:
        """Every row about an address, table by table."""

    async def erase(self, key: str, pseudonym: str, source: str, at: dt.datetime) -> int:
        """Put a pseudonym everywhere for an address; how many rows named it. Its mark stays, so that it stays out.

        Raises PortalError while a message to it is under way.
        """

    async def close(self) -> None:
        """Let go of the database."""
