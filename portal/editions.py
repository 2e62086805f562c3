"""The board as it stood at each month's end, told from dates and revisions: an edition is a view, never a copy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from portal import states
from portal.notice import Notice, Text, Version
from portal.plan import Entry
from portal.standing import CLOSED, closed_at
from portal.states import State

_INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the firm's calendar."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> dt.date:
        return dt.date(self.year, self.number, 1)

    @property
    def following(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def begins(self, zone: ZoneInfo) -> dt.datetime:
        return states.instant(self.first, zone)

    def ends(self, zone: ZoneInfo) -> dt.datetime:
        """The last instant that belongs to it."""
        return self.following.begins(zone) - _INSTANT


@dataclass(frozen=True, slots=True)
class Row:
    """A notice as it stood at the end of a month."""

    id: str
    version: Version
    """The one that was the latest then."""
    key: str
    """The word of its badge on that day, below `state`."""
    happened: tuple[str, ...]
    """What came about in that month, below `editions`: published, revised, or the word of a state it reached."""
    texts: Mapping[str, Text]
    """Its words by language; of a version whose text is lost, those of the next one that is known."""


@dataclass(frozen=True, slots=True)
class Then:
    """What one instant knew of a notice."""

    entry: Entry
    version: Version
    texts: Mapping[str, Text]
    key: str

    @property
    def over(self) -> bool:
        return self.key not in (State.UPCOMING, State.IN_TRANSITION, State.IN_FORCE)


def months(entries: Iterable[Entry], now: dt.datetime, zone: ZoneInfo) -> list[Month]:
    """The months that are over at `now` (timezone-aware), from the first publication on, oldest first."""
    first = min((entry.published for entry in entries), default=None)
    if first is None:
        return []
    begun = first.astimezone(zone)
    month, result = Month(begun.year, begun.month), []
    while month.ends(zone) < now:
        result.append(month)
        month = month.following
    return result


def edition(entries: Sequence[Entry], month: Month, zone: ZoneInfo) -> tuple[Row, ...]:
    """What was in force at the end of a month, or changed in it, newest first.

    Only versions published by then count, so that nothing published later changes an edition.
    """
    return told(entries, month, zone)[0]


def told(
    entries: Sequence[Entry], month: Month, zone: ZoneInfo, before: Mapping[str, Then] | None = None
) -> tuple[tuple[Row, ...], Mapping[str, Then]]:
    """An edition, and how everything stood at its end: told of the next month as `before`, that takes half the time."""
    if before is None:
        before = _as_of(entries, month.begins(zone) - _INSTANT, zone)
    after = _as_of(entries, month.ends(zone), zone)
    begins = month.begins(zone)
    found: list[tuple[dt.datetime, Row]] = []
    for identity, then in after.items():
        happened = _happened(then, before.get(identity), begins)
        if happened or not then.over:
            row = Row(identity, then.version, then.key, happened, then.texts)
            found.append((then.entry.published, row))
    found.sort(key=lambda pair: (pair[0], pair[1].id), reverse=True)
    return tuple(row for _, row in found), after


def _happened(then: Then, before: Then | None, begins: dt.datetime) -> tuple[str, ...]:
    if before is None:
        happened = ["published"]
        if then.version.number != then.entry.versions[0].number:
            happened.append("revised")
        return (*happened, then.key) if then.over else tuple(happened)
    happened = ["revised"] if then.version.on >= begins and then.version.number != before.version.number else []
    return (*happened, then.key) if then.key != before.key else tuple(happened)


def _as_of(entries: Sequence[Entry], at: dt.datetime, zone: ZoneInfo) -> dict[str, Then]:
    """The notices published by an instant, each by its version of then."""
    current: dict[str, tuple[Entry, Version, Mapping[str, Text], Notice]] = {}
    for entry in entries:
        if entry.published > at:
            continue
        index = max(i for i, version in enumerate(entry.versions) if version.on <= at or i == 0)
        texts = _texts(entry, index)
        facts = texts[entry.versions[index].language].notice
        if states.instant(facts.date, zone) > at:  # the date was moved back to where publication really was
            facts = facts.model_copy(update={"date": entry.published})
        current[entry.id] = (entry, entry.versions[index], texts, facts)
    replaced: dict[str, dt.datetime] = {}
    for _, _, _, facts in current.values():
        withdrawn = facts.withdrawn and states.instant(facts.withdrawn.on, zone) <= at
        if facts.supersedes and not withdrawn:
            effect = states.takes_effect(facts, zone)
            replaced[facts.supersedes] = min(effect, replaced.get(facts.supersedes, effect))
    result = {}
    for identity, (entry, version, texts, facts) in current.items():
        state = states.state(facts, at, zone, superseded_at=replaced.get(identity))
        closed = closed_at(facts)
        ended = state.stands and closed is not None and states.instant(closed, zone) <= at
        result[identity] = Then(entry, version, texts, CLOSED if ended else state.value)
    return result


def _texts(entry: Entry, index: int) -> Mapping[str, Text]:
    """The words of a version, or of the next one of which they are known: the latest always is."""
    return next(version.texts for version in entry.versions[index:] if version.original is not None)
