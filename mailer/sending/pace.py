"""How much mail a domain takes, found by trying: more as long as it accepts, far less once it asks for that. Pure.

As TCP does it (RFC 5681): each acceptance widens the window a little, each refusal halves it. A domain that asks to
slow down is left alone for a while besides, twice as long each time; every acceptance after that shortens the gap
between messages by as much as the first pause, until there is none.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from mailer.transport.outcome import Deferred, Failed, InDoubt, Outcome, Sent

FIRST_PAUSE = dt.timedelta(seconds=5)
LONGEST_PAUSE = dt.timedelta(hours=1)


@dataclass(slots=True)
class _Lane:
    """The way to one domain."""

    window: int = 1
    """How many messages may be under way: at first one, which finds out whether any are welcome."""
    under_way: int = 0
    pause: dt.timedelta = dt.timedelta()
    """Between two messages."""
    closed_until: dt.datetime | None = None


class Pace:
    """Remembers how each domain behaved, for as long as one run lasts."""

    def __init__(self, widest: int) -> None:
        """`widest` is the number of connections: more messages are never under way."""
        self._widest = widest
        self._lanes: dict[str, _Lane] = {}

    def closed(self, domain: str, now: dt.datetime) -> dt.timedelta:
        """For how long nothing may go to a domain."""
        lane = self._lanes.get(domain)
        if lane is None or lane.closed_until is None:
            return dt.timedelta()
        return max(lane.closed_until - now, dt.timedelta())

    def full(self, domain: str) -> bool:
        """Whether as many messages are under way there as the domain is known to take."""
        lane = self._lanes.get(domain)
        return lane is not None and lane.under_way >= lane.window

    def begins(self, domain: str, now: dt.datetime) -> None:
        """A message is on its way there."""
        lane = self._lanes.setdefault(domain, _Lane())
        lane.under_way += 1
        if lane.pause:
            lane.closed_until = now + lane.pause

    def ended(self, domain: str, outcome: Outcome | None, now: dt.datetime) -> None:
        """What became of it; None: it was not sent at all."""
        lane = self._lanes[domain]
        lane.under_way -= 1
        match outcome:
            case Sent() | Failed():  # a refusal for good is about one reader
                lane.window = min(lane.window + 1, self._widest)
                lane.pause = max(lane.pause - FIRST_PAUSE, dt.timedelta())
            case Deferred(throttled=True):
                lane.window = max(lane.window // 2, 1)
                lane.pause = min(max(lane.pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
                lane.closed_until = now + lane.pause
            case Deferred() | InDoubt():
                lane.window = max(lane.window // 2, 1)
