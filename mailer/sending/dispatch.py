"""Which claimed message goes next, so that no domain gets more than it takes and no other waits for it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque

from mailer.ledger import Claim, Settlement, State
from mailer.letters.mailbox import domain_of
from mailer.sending.clerk import Clerk, Clock
from mailer.sending.pace import Pace
from mailer.transport.outcome import Outcome

_PATIENCE = dt.timedelta(seconds=20)
"""How long a run waits for a domain. What takes longer is left to a later run."""

_WAITING = 2
"""Messages kept waiting for a domain that is closed; others are put off, so that they are in nobody's way."""


class Dispatch:
    """Hands out claims to the connections, and keeps those back whose domain is full."""

    def __init__(self, clerk: Clerk, pace: Pace, clock: Clock, *, connections: int) -> None:
        self._clerk = clerk
        self._pace = pace
        self._clock = clock
        self._most = connections * 8
        self._kept: deque[Claim] = deque()
        self._changed = asyncio.Event()
        self._stopped = False

    def stop(self) -> None:
        """Hand out nothing more; what was kept back is given back."""
        self._stopped = True
        self._clerk.stop()
        while self._kept:
            self._clerk.give_back(self._kept.popleft())
        self._changed.set()

    async def next(self) -> Claim | None:
        """The next message whose domain takes one now; None when there is none left. Raises PortalError."""
        while not self._stopped:
            now = self._clock()
            claim = self._of_those_kept(now)
            if claim is None and len(self._kept) < self._most:
                claim = await self._clerk.next()
                now = self._clock()
                if claim is None and not self._kept:
                    return None
                if self._stopped and claim is not None:
                    self._clerk.give_back(claim)
                    return None
            if claim is None:
                await self._wait(now)
            elif self._goes(claim, now):
                return claim
        return None

    def ended(self, claim: Claim, outcome: Outcome | None) -> None:
        """What became of a message that was handed out; None: it was not sent at all."""
        self._pace.ended(_domain(claim), outcome, self._clock())
        self._changed.set()

    def _of_those_kept(self, now: dt.datetime) -> Claim | None:
        for claim in self._kept:
            if self._open(_domain(claim), now):
                self._kept.remove(claim)
                return claim
        return None

    def _goes(self, claim: Claim, now: dt.datetime) -> bool:
        """Whether a message may go now. If not, it is kept back, or put off."""
        domain = _domain(claim)
        if self._open(domain, now):
            self._pace.begins(domain, now)
            return True
        closed = self._pace.closed(domain, now)
        waiting = sum(_domain(kept) == domain for kept in self._kept) if closed else 0
        if closed <= _PATIENCE and waiting < _WAITING:
            self._kept.append(claim)
        else:
            note = f"{domain} takes no more for now"
            self._clerk.settle(Settlement(claim, State.DEFERRED, note, now, next_try=now + closed, untried=True))
        return False

    def _open(self, domain: str, now: dt.datetime) -> bool:
        return not self._pace.full(domain) and not self._pace.closed(domain, now)

    async def _wait(self, now: dt.datetime) -> None:
        """Until a message came to its end, or a domain opens; what a domain would keep too long is put off."""
        for claim in [claim for claim in self._kept if self._pace.closed(_domain(claim), now) > _PATIENCE]:
            self._kept.remove(claim)
            self._goes(claim, now)
        times = [closed for claim in self._kept if (closed := self._pace.closed(_domain(claim), now))]
        self._changed.clear()
        if not self._kept:
            return
        try:
            async with asyncio.timeout(min(times).total_seconds() if times else None):
                await self._changed.wait()
        except TimeoutError:
            pass


def _domain(claim: Claim) -> str:
    return domain_of(claim.letter.address)
