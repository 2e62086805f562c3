"""Writes for many connections at once: what they need recorded is gathered into one transaction (group commit).

A connection waits for its own mark before its message leaves. Outcomes are written in the order they came, before any
later mark, so that after a kill each connection leaves at most one message in doubt.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable
from types import TracebackType

from mailer.ledger import Claim, Ledger, Settlement, Work
from portal.errors import PortalError

Clock = Callable[[], dt.datetime]
"""The real clock, for leases, retries and event times."""

_AHEAD = 4
"""Claims held ready for each connection, at most."""

_MOST = 0.8
"""Of the busy connections: when so many wait for their marks, there is no sense in waiting for the rest."""
_GATHERING = 0.004
"""Seconds that a mark waits for others until then: a transaction costs more than a few marks in it."""
_UNHURRIED = 0.05
"""Seconds that outcomes wait for a mark to travel with."""


class Clerk:
    """Takes claims and records marks and outcomes, for as long as its context lasts."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        lease: dt.timedelta,
        *,
        connections: int,
        limit: int | None = None,
        scope: tuple[str, ...] | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lease = lease
        self._scope = scope
        self._left = limit
        self._low, self._full = connections, connections * _AHEAD
        self._ready: deque[Claim] = deque()
        self._seekers: deque[asyncio.Future[Claim | None]] = deque()
        self._held: dict[str, Claim] = {}
        self._begun: list[tuple[Claim, asyncio.Future[bool]]] = []
        self._settled: list[tuple[Settlement, asyncio.Future[bool]]] = []
        self._returned: list[Claim] = []
        self._over = False
        """Nothing more is to be claimed."""
        self._closing = False
        self._problem: PortalError | None = None
        self._wake = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        """Wakes the writer for what is not urgent."""
        self._writing: asyncio.Task[None] | None = None
        self._renewed = 0.0

    async def __aenter__(self) -> Clerk:
        self._renewed = asyncio.get_running_loop().time()
        self._writing = asyncio.create_task(self._write())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._closing = True
        self._wake.set()
        assert self._writing is not None
        await self._writing
        if self._problem is not None and error is None:
            raise self._problem

    def stop(self) -> None:
        """Take nothing more; what was taken and not begun goes back."""
        self._over = True
        while self._ready:
            self.give_back(self._ready.popleft())
        self._dismiss()
        self._wake.set()

    async def next(self) -> Claim | None:
        """The next message; None when none is due any more. Raises PortalError if the ledger cannot be used."""
        self._check()
        if self._ready:
            return self._ready.popleft()
        if self._over:
            return None
        seeker: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._seekers.append(seeker)
        self._wake.set()
        return await seeker

    async def data_begins(self, claim: Claim) -> bool:
        """Record, durably, that from here on the message may arrive. False: the claim was lost; do not go on."""
        self._check()
        mark: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._begun.append((claim, mark))
        busy = min(self._low, len(self._held) - len(self._ready))
        if len(self._begun) >= _MOST * busy:
            self._wake.set()
        else:
            self._write_within(_GATHERING)
        return await mark

    def settle(self, settlement: Settlement) -> asyncio.Future[bool]:
        """Record what became of a message, soon; whether it was recorded: False where the claim was lost."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self._problem is not None:
            done.cancel()
            return done
        self._held.pop(settlement.claim.key, None)
        self._settled.append((settlement, done))
        self._write_within(_UNHURRIED)
        return done

    def give_back(self, claim: Claim) -> None:
        """Nothing of it has left: somebody else may take it."""
        self._held.pop(claim.key, None)
        self._returned.append(claim)
        self._write_within(_UNHURRIED)

    def _write_within(self, seconds: float) -> None:
        """Have the writer begin after so many seconds, if nothing has it begin before."""
        loop = asyncio.get_running_loop()
        if self._alarm is None or self._alarm.when() > loop.time() + seconds:
            self._quiet()
            self._alarm = loop.call_later(seconds, self._wake.set)

    def _quiet(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        interval = self._lease.total_seconds() / 3
        try:
            while True:
                self._write_within(self._renewed + interval - loop.time())
                await self._wake.wait()
                self._wake.clear()
                self._quiet()
                await asyncio.sleep(0)  # whoever is ready to write joins this transaction
                await self._round(renew=loop.time() >= self._renewed + interval)
                if self._closing and not (self._settled or self._returned or self._begun):
                    return
        except PortalError as error:
            self._problem = error
        finally:
            self._give_up()

    async def _round(self, *, renew: bool) -> None:
        begun, self._begun = self._begun, []
        settled, self._settled = self._settled, []
        returned, self._returned = self._returned, []
        wanted = 0
        if not self._over and len(self._ready) < self._low:
            wanted = self._full - len(self._ready)
            wanted = wanted if self._left is None else min(wanted, self._left)
            self._over = wanted == 0
        work = Work(
            settled=[settlement for settlement, _ in settled],
            begun=[claim for claim, _ in begun],
            returned=returned,
            renewed=list(self._held.values()) if renew else (),
            wanted=wanted,
            scope=self._scope,
        )
        if settled or begun or returned or wanted or work.renewed:
            try:
                recorded = await self._ledger.record(work, self._clock(), self._lease)
            except BaseException:
                self._begun, self._settled = begun + self._begun, settled + self._settled  # to be told of it
                raise
            for claim, mark in begun:
                kept = (claim.key, claim.token) not in recorded.lost
                if not kept:
                    self._held.pop(claim.key, None)
                _tell(mark, kept)
            for settlement, done in settled:
                _tell(done, (settlement.claim.key, settlement.claim.token) not in recorded.lost)
            self._take(list(recorded.claims), wanted)
        if renew:
            self._renewed = asyncio.get_running_loop().time()
        if self._over and not self._ready:
            self._dismiss()

    def _take(self, claims: list[Claim], wanted: int) -> None:
        """Hand new claims to whoever waits, and keep the others ready."""
        if self._left is not None:
            self._left -= len(claims)
        if self._over:  # stopped meanwhile
            self._returned += claims
            self._wake.set()
            return
        if wanted and len(claims) < wanted:
            self._over = True
        self._held |= {claim.key: claim for claim in claims}
        self._ready.extend(claims)
        while self._ready and self._seekers:
            seeker = self._seekers.popleft()
            if not seeker.done():
                seeker.set_result(self._ready.popleft())

    def _dismiss(self) -> None:
        while self._seekers:
            seeker = self._seekers.popleft()
            if not seeker.done():
                seeker.set_result(None)

    def _give_up(self) -> None:
        """Nothing is written any more: nobody may wait for it."""
        self._over = True
        self._quiet()
        for _, mark in self._begun:
            if self._problem is None:
                mark.cancel()
            else:
                mark.set_exception(self._problem)
        for _, done in self._settled:
            done.cancel()
        self._dismiss()


def _tell(waiting: asyncio.Future[bool], answer: bool) -> None:
    if not waiting.done():
        waiting.set_result(answer)
