"""Claim, deliver, record: takes frozen messages out of the ledger and to the transport, each at most once."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from mailer.ledger import Claim, Doubts, Hold, Ledger, Settlement, State
from mailer.letters import message
from mailer.letters.letter import Letter
from mailer.sending.clerk import Clerk, Clock
from mailer.sending.dispatch import Dispatch
from mailer.sending.pace import Pace
from mailer.transport import Connection, Envelope, Lost, Transport
from mailer.transport.outcome import Deferred, Failed, InDoubt, Outcome, Sent
from portal.errors import PortalError

LEASE = dt.timedelta(minutes=5)
"""How long a sender that no longer renews its claims keeps them. Renewed three times as often, while it lives."""

RETRIES = tuple(dt.timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240))
"""How long to wait after each temporary refusal; from then on, as long as the last time."""

_TRIES = 32
"""After so many, five days (RFC 5321, section 4.5.4.1), a temporary refusal counts as one for good."""

_QUEUE_ID = re.compile(
    r"queued as ([\w.:-]+)|\bid=([\w.:-]+)|\b(\w{10,}) Message accepted|^250 ok:? (\w[\w-]{7,})$", re.IGNORECASE
)
"""As Postfix, Exim, Sendmail and Amazon SES name it in their reply to the final dot."""

Codes = Callable[[Letter], list[str]]
"""The private codes of a letter's readers, in order. Raises PortalError without the secret."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a frozen letter must not leave."""

    why: str
    hold: Hold | None = None
    """Held for later; None: never to leave."""


_HOLD = Doubts()

Guard = Callable[[Letter], Stop | None]
"""Asked about each letter right before it would leave."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How much leaves, and to whom."""

    lease: dt.timedelta = LEASE
    limit: int | None = None
    scope: tuple[str, ...] | None = None
    """Only to these persons."""
    doubts: Doubts = _HOLD


class _ClaimLost(Exception):
    """Another sender took the message over, because this one was slower than its lease."""


class Sender:
    """Sends what is pending, over a few connections."""

    def __init__(
        self,
        ledger: Ledger,
        transport: Transport,
        codes: Codes,
        clock: Clock,
        rules: Rules,
        guard: Guard,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        self.counts: Counter[State] = Counter()
        """Messages by the state they came to."""
        self._ledger = ledger
        self._transport = transport
        self._codes = codes
        self._clock = clock
        self._rules = rules
        self._guard = guard
        self._watch = watch
        self.stopped = False
        """Whether somebody said stop."""
        self._dispatch: Dispatch | None = None
        self._running: asyncio.Task[None] | None = None
        self._problem: PortalError | None = None

    async def run(self) -> None:
        """Send until nothing is due, or the limit is reached.

        Raises PortalError: Lost where there is no connection, or what else stopped it. What has not left by
        then is still pending.
        """
        rules = self._rules
        due = await self._ledger.due(self._clock(), rules.scope)
        count = min(self._transport.most_connections, due if rules.limit is None else min(rules.limit, due))
        if not count or self.stopped:
            return
        clerk = Clerk(self._ledger, self._clock, rules.lease, connections=count, limit=rules.limit, scope=rules.scope)
        dispatch = Dispatch(clerk, Pace(count), self._clock, connections=count)
        async with clerk:
            self._dispatch, self._running = dispatch, asyncio.current_task()
            try:
                async with self._transport.connection() as connection:
                    more = [self._help(clerk, dispatch) for _ in range(count - 1)]
                    await asyncio.gather(self._work(clerk, dispatch, connection), *more)
            except PortalError as error:
                self._fail(error)
            except asyncio.CancelledError:
                if not self.stopped:
                    raise
            finally:
                self._running = None
        if self._problem is not None:
            raise self._problem

    def stop(self) -> None:
        """Take no further message; those under way come to their end. A second time: do not wait for that either."""
        if self.stopped and self._running is not None:
            self._running.cancel()
        self.stopped = True
        if self._dispatch is not None:
            self._dispatch.stop()

    async def _help(self, clerk: Clerk, dispatch: Dispatch) -> None:
        """Work over a connection of one's own, if the server allows one more: the first one is enough."""
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self._transport.connection())
            except Lost:
                return
            await self._work(clerk, dispatch, connection)

    async def _work(self, clerk: Clerk, dispatch: Dispatch, connection: Connection) -> None:
        try:
            while (claim := await dispatch.next()) is not None:
                outcome = None
                try:
                    outcome = await self._deliver(clerk, connection, claim)
                finally:
                    dispatch.ended(claim, outcome)
        except PortalError as error:
            self._fail(error)

    def _fail(self, error: PortalError) -> None:
        self._problem = self._problem or error
        if self._dispatch is not None:
            self._dispatch.stop()

    async def _deliver(self, clerk: Clerk, connection: Connection, claim: Claim) -> Outcome | None:
        """What became of it; None: it was not sent, because it must not leave or somebody else has it."""
        begun = False

        async def data_begins() -> None:
            nonlocal begun
            if not await clerk.data_begins(claim):
                raise _ClaimLost
            begun = True

        stop = self._guard(claim.letter)
        if stop is not None:
            state = State.PLANNED if stop.hold else State.CANCELLED
            self._settle(clerk, Settlement(claim, state, stop.why, self._clock(), hold=stop.hold))
            return None
        try:
            data = self._rebuild(claim)
            envelope = Envelope(claim.key, claim.letter.envelope_sender, claim.letter.address)
            outcome = await connection.deliver(envelope, data, data_begins)
        except _ClaimLost:
            return None
        except PortalError:
            clerk.give_back(claim)
            raise
        except asyncio.CancelledError:
            if begun:
                outcome = InDoubt("stopped before the server answered")
                self._settle(clerk, settlement(claim, outcome, self._clock(), self._rules.doubts))
            else:
                clerk.give_back(claim)
            raise
        self._settle(clerk, settlement(claim, outcome, self._clock(), self._rules.doubts))
        return outcome

    def _settle(self, clerk: Clerk, settled: Settlement) -> None:
        """Have it recorded, and counted once it is; the connection need not wait for that."""

        def count(recorded: asyncio.Future[bool]) -> None:
            if not recorded.cancelled() and recorded.result():
                self.counts[settled.state] += 1
                self._watch()

        clerk.settle(settled).add_done_callback(count)

    def _rebuild(self, claim: Claim) -> bytes:
        data = message.build(claim.letter, claim.skeleton, self._codes(claim.letter))
        if hashlib.sha256(data).hexdigest() != claim.sha256:
            raise PortalError(
                f"message {claim.key} is not what was frozen, so it was not sent",
                "PORTAL_SECRET or the program changed since; put back what was and send again, or see `mailer cancel`",
            )
        return data


def settlement(claim: Claim, outcome: Outcome, at: dt.datetime, doubts: Doubts) -> Settlement:
    """What an outcome makes of a message. Pure."""
    again = at + RETRIES[min(claim.attempt, len(RETRIES)) - 1]
    match outcome:
        case Sent():
            named = _QUEUE_ID.search(outcome.reply)
            return Settlement(
                claim, State.SENT, outcome.reply, at, queue_id=named[named.lastindex or 0] if named else None
            )
        case Deferred() if claim.attempt < _TRIES:
            return Settlement(claim, State.DEFERRED, outcome.reply, at, next_try=again)
        case Deferred():
            return Settlement(claim, State.FAILED, f"given up after {claim.attempt} tries: {outcome.reply}", at)
        case Failed():
            return Settlement(claim, State.FAILED, outcome.reply, at)
        case InDoubt() if doubts.resend(claim.mandatory, claim.doubts + 1):
            note = f"{outcome.reply}; to be sent again, as configured"
            return Settlement(claim, State.DEFERRED, note, at, next_try=again, doubts=1)
        case InDoubt():
            return Settlement(claim, State.IN_DOUBT, outcome.reply, at, doubts=1)
