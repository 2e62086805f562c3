"""What feeds, calendars and the register know a public notice by: a name that lasts, and what became of it when.

Everything here follows from the sources and the editorial clock of the plan, never from the moment of a build.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Literal, NamedTuple

from portal import states
from portal.notice import ID, Notice
from portal.plan import Entry, Plan


class Turn(NamedTuple):
    """A moment at which a notice ceased to stand, or stood again, without a version of its own."""

    at: dt.datetime
    reason: Literal["withdrawn", "superseded", "back"]


@lru_cache(maxsize=1)
def chronicle_of(plan: Plan) -> Chronicle:
    """The chronicle of a plan, for all who ask."""
    return Chronicle(plan)


class Chronicle:
    """The lasting names and the turns of a plan's public notices."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._zone = plan.settings.zone
        self._entries = {entry.id: entry for entry in plan.public}
        self._names = _names(plan)
        self._successors: dict[str, list[Entry]] = {}
        for entry in plan.public:
            if entry.notice.supersedes:
                self._successors.setdefault(entry.notice.supersedes, []).append(entry)

    def name(self, entry: Entry) -> str:
        """The first id that the notice was published under: new titles, files and ids leave it as it is."""
        return self._names[entry.id]

    def withdrawn(self, entry: Entry) -> dt.datetime | None:
        """Since when it is withdrawn; None before that moment."""
        return self.withdrawn_by(entry.notice, None)

    def withdrawn_by(self, notice: Notice, before: dt.datetime | None) -> dt.datetime | None:
        """When one version withdrew the notice: by now, and before its next version, where there is one."""
        at = states.instant(notice.withdrawn.on, self._zone) if notice.withdrawn else None
        return at if at is not None and at <= self._plan.now and (before is None or at <= before) else None

    def successor(self, entry: Entry) -> tuple[Entry, dt.datetime] | None:
        """The published notice that supersedes it, and from when on; that may still lie ahead."""
        found = self._entries.get(entry.successor or "")
        return (found, states.takes_effect(found.notice, self._zone)) if found else None

    def turns(self, entry: Entry) -> list[Turn]:
        """The turns it has taken by now, in order: withdrawn, superseded, and back where a successor was withdrawn."""
        found: list[Turn] = []
        if (withdrawn := self.withdrawn(entry)) is not None:
            found.append(Turn(withdrawn, "withdrawn"))
        for successor in self._successors.get(entry.id, ()):
            since, until = states.takes_effect(successor.notice, self._zone), self.withdrawn(successor)
            if since <= self._plan.now and (until is None or since < until):
                found.append(Turn(since, "superseded"))
                if until is not None and entry.successor is None:
                    found.append(Turn(until, "back"))
        return sorted(found, key=lambda turn: (turn.at, turn.reason))

    def updated(self, entry: Entry) -> dt.datetime:
        """When it last said something new: a version that is not minor, a line of an incident's progress, a turn."""
        notice = entry.notice
        if len(entry.versions) == 1 and entry.id not in self._successors and not (notice.updates or notice.withdrawn):
            return entry.published  # as most do
        told = [version.on for version in entry.versions if not version.minor]
        progress = [states.instant(update.at, self._zone) for update in notice.updates]
        turned = [turn.at for turn in self.turns(entry)]
        return max(entry.published, *told, *turned, *(at for at in progress if at <= self._plan.now))


def first_name(notice: Notice) -> str:
    """The oldest id that a notice says it had."""
    if not notice.redirects:
        return notice.id
    return next((old for old in notice.redirects if ID.fullmatch(old)), notice.id)  # others are former paths


def _names(plan: Plan) -> dict[str, str]:
    """Each public notice's first id; where two claim one, it is the older's, and the other keeps its own."""
    names = {entry.id: entry.id for entry in plan.public}
    taken = set(plan.stems.values())
    for entry in reversed(plan.public):
        first = entry.versions[0].original
        notice = first.notice if first else entry.notice
        name = first_name(notice)
        if name not in taken:
            names[entry.id] = name
            taken.add(name)
    return names
