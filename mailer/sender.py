"""Claim, deliver, record: takes frozen messages out of the ledger and to the transport, each at most once."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable

from mailer import message
from mailer.ledger import Claim, Ledger
from mailer.letter import Letter
from mailer.outcome import Deferred, Outcome
from mailer.transport import Connection, Envelope, Transport
from portal.errors import PortalError

LEASE = dt.timedelta(minutes=30)
"""How long a sender holds a message: longer than MAIL, RCPT, DATA and the final dot can take together (25 minutes)."""

RETRIES = tuple(dt.timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240))
"""How long to wait after each temporary refusal; from then on, as long as the last time."""

Clock = Callable[[], dt.datetime]
"""The real clock, for leases, retries and event times."""

Codes = Callable[[Letter], list[str]]
"""The private codes of a letter's readers, in order. Raises PortalError without the secret."""


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
        *,
        limit: int | None = None,
        watch: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.outcomes: Counter[type[Outcome]] = Counter()
        self._ledger = ledger
        self._transport = transport
        self._codes = codes
        self._clock = clock
        self._limit = limit
        self._watch = watch
        self._left = 0
        self._problem: PortalError | None = None

    async def run(self) -> None:
        """Send until nothing is due, or the limit is reached.

        Raises PortalError: Lost where there is no connection, or what else stopped it. What has not left by
        then is still pending.
        """
        due = len(await self._ledger.unsent(self._clock()))
        self._left = due if self._limit is None else min(self._limit, due)
        count = min(self._transport.most_connections, self._left)
        await asyncio.gather(*(self._work() for _ in range(count)))
        if self._problem is not None:
            raise self._problem

    def stop(self) -> None:
        """Take no further message; those under way come to their end."""
        self._left = 0

    async def _work(self) -> None:
        try:
            async with self._transport.connection() as connection:
                while self._left > 0:
                    self._left -= 1
                    claim = await self._ledger.claim(self._clock(), LEASE)
                    if claim is None:
                        return
                    await self._deliver(connection, claim)
        except PortalError as error:
            self._problem = self._problem or error
            self.stop()

    async def _deliver(self, connection: Connection, claim: Claim) -> None:
        async def data_begins() -> None:
            if not await self._ledger.data_begins(claim, self._clock()):
                raise _ClaimLost

        try:
            data = self._rebuild(claim)
            envelope = Envelope(claim.key, claim.letter.sender, claim.letter.address)
            outcome = await connection.deliver(envelope, data, data_begins)
        except _ClaimLost:
            return
        except PortalError:
            await self._ledger.release(claim, self._clock())
            raise
        at = self._clock()
        wait = RETRIES[min(claim.attempt, len(RETRIES)) - 1]
        if await self._ledger.settle(claim, outcome, at, at + wait if isinstance(outcome, Deferred) else None):
            self.outcomes[type(outcome)] += 1
            if self._watch is not None:
                self._watch(outcome)

    def _rebuild(self, claim: Claim) -> bytes:
        data = message.build(claim.letter, claim.skeleton, self._codes(claim.letter))
        if hashlib.sha256(data).hexdigest() != claim.sha256:
            raise PortalError(
                f"message {claim.key} is not what was frozen, so it was not sent",
                "PORTAL_SECRET or the program changed since; put back what was, and send again",
            )
        return data
