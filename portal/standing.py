"""How a notice stands for its readers: the word on its badge now, and those to come, so that a browser keeps up."""

from __future__ import annotations

import datetime as dt
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias

from portal import states
from portal.kinds import IncidentDetails
from portal.notice import Notice
from portal.plan import Entry, Plan
from portal.states import State

CLOSED = "closed"
"""What an incident is once it is closed; no state of its own, for what it says still holds."""

Ahead: TypeAlias = tuple[tuple[dt.datetime, str], ...]
"""Instants at which the badge changes, and the key of its word from then on."""

GROUPS = ("upcoming", "in-force", "past")
"""What the board is divided into."""

_DAY = dt.timedelta(days=1)


class Standing(NamedTuple):
    """The key of a badge's word, below `state`, and how it goes on without a new build."""

    key: str
    ahead: Ahead = ()

    @property
    def over(self) -> bool:
        """Whether the notice asks nothing of anybody any more."""
        return self.key not in ("upcoming", "in-transition", "in-force")

    @property
    def group(self) -> str:
        """Where the board lists the notice."""
        return "past" if self.over else "upcoming" if self.key == "upcoming" else "in-force"


@lru_cache(maxsize=1)
def standings(plan: Plan) -> Standings:
    """The standings of a plan, for all who ask."""
    return Standings(plan)


class Standings:
    """The standing of every notice of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._now, self._zone = plan.now, plan.settings.zone
        self._today = plan.now.astimezone(self._zone).date()
        self._known: dict[tuple[bool, str], Standing] = {}
        self._plan = plan

    def of(self, entry: Entry) -> Standing:
        """How a notice stands at the plan's moment. What is not announced yet, such as a withdrawal, is not ahead."""
        known = (entry.private, entry.id)
        if known not in self._known:
            self._known[known] = self._of(entry)
        return self._known[known]

    def _of(self, entry: Entry) -> Standing:
        notice, zone = entry.notice, self._zone
        if notice.withdrawn and states.instant(notice.withdrawn.on, zone) > self._now:
            notice = notice.model_copy(update={"withdrawn": None})
        replaced = self.replaced_at(entry)
        key = _key(notice, entry.state, self._now, self)
        ahead: list[tuple[dt.datetime, str]] = []
        for moment in sorted(self._turns(notice, replaced)):
            state = states.state(notice, moment, zone, superseded_at=replaced)
            following = _key(notice, state, moment, self)
            if following != (ahead[-1][1] if ahead else key):
                ahead.append((moment, following))
        return Standing(key, tuple(ahead))

    def replaced_at(self, entry: Entry) -> dt.datetime | None:
        """When the notice that supersedes this one takes effect."""
        if entry.successor is None:
            return None
        public = self._effects.get((False, entry.successor))
        return public or (self._effects.get((True, entry.successor)) if entry.private else None)

    @cached_property
    def _effects(self) -> dict[tuple[bool, str], dt.datetime]:
        """When each notice takes effect; few supersede another."""
        return {(e.private, e.id): states.takes_effect(e.notice, self._zone) for e in self._plan.entries}

    def instant(self, moment: dt.date) -> dt.datetime:
        return states.instant(moment, self._zone)

    def _turns(self, notice: Notice, replaced: dt.datetime | None) -> set[dt.datetime]:
        """The moments still to come at which it may stand otherwise."""
        window, today = notice.effective, self._today
        lasts = [notice.expires, window and window.until, window and window.transition_until]
        turns = {self.instant(day + _DAY) for day in lasts if day and day >= today}
        begins = [window and window.start, closed_at(notice)]
        turns.update(self.instant(day) for day in begins if day and (isinstance(day, dt.datetime) or day > today))
        return {turn for turn in (*turns, replaced) if turn and turn > self._now}


def closed_at(notice: Notice) -> dt.date | None:
    """When an incident was closed; None for one that is open, and for any other notice."""
    return notice.details.closed_at if isinstance(notice.details, IncidentDetails) else None


def _key(notice: Notice, state: State, at: dt.datetime, clock: Standings) -> str:
    closed = closed_at(notice)
    return CLOSED if state.stands and closed is not None and clock.instant(closed) <= at else state.value
