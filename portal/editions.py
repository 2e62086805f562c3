"""The board as it stood at each month's end, told from dates and revisions: an edition is a view, never a copy."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal import states
from portal.notice import Notice, Text, Version
from portal.plan import Entry
from portal.standing import CLOSED, closed_at
from portal.states import State

_INSTANT, _DAY = dt.timedelta(microseconds=1), dt.timedelta(days=1)


class Month(NamedTuple):
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


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A notice as it stood at the end of a month; the same object in each month in which it stood so."""

    id: str
    version: Version
    """The one that was the latest then."""
    key: str
    """The word of its badge on that day, below `state`."""
    happened: tuple[str, ...]
    """What came about in that month, below `editions`: published, revised, or the word of a state it reached."""
    texts: Mapping[str, Text]
    """Its words by language; of a version whose text is lost, those of the next one that is known."""


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


def edition(entries: Iterable[Entry], month: Month, zone: ZoneInfo) -> tuple[Row, ...]:
    """What was in force at the end of a month, or changed in it, newest first.

    Only versions published by then count, so that nothing published later changes an edition.
    """
    return tuple(told(entries, (month,), zone)[0])


def told(entries: Iterable[Entry], months: Sequence[Month], zone: ZoneInfo) -> list[list[Row]]:
    """The editions of months in a row, the earliest first.

    A notice is looked at where its row may change, not in every month: a board of any age costs what its notices do.
    """
    newest_first = sorted(entries, key=lambda entry: (entry.published, entry.id), reverse=True)
    line = _Line(newest_first, months, zone)
    rows: list[list[Row]] = [[] for _ in line.ends]
    for entry in newest_first:
        stages = line.stages(entry)
        before: _Stage | None = None
        for stage, until in zip(stages, [*(following.at for following in stages[1:]), len(rows)], strict=False):
            version, texts = entry.versions[stage.index], _texts(entry, stage.index)
            rows[stage.at].append(Row(entry.id, version, stage.key, _happened(entry, stage, before), texts))
            if not stage.over:
                quiet = Row(entry.id, version, stage.key, (), texts)
                for at in range(stage.at + 1, until):
                    rows[at].append(quiet)
            before = stage
    return rows[1:]


def shown(entries: Sequence[Entry], months: Sequence[Month], zone: ZoneInfo) -> Iterator[tuple[Entry, range]]:
    """Each notice with the positions of the months that may show it, or show another otherwise because of it.

    Quicker to tell than `told`: a notice that nobody revised, withdrew or superseded, and that supersedes none, is
    shown for the last time in the month in which it came to an end.
    """
    ends = [month.ends(zone).timestamp() for month in months]
    rivals = {notice.supersedes for entry in entries for notice in _notices(entry)}
    for entry in entries:
        first = bisect_left(ends, entry.published.timestamp())
        notice, last = entry.notice, None
        window = notice.effective
        lasts = [day for day in (notice.expires, window.until if window else None) if day]
        alone = len(entry.versions) == 1 and entry.id not in rivals and not (notice.supersedes or notice.withdrawn)
        if lasts and alone:
            last = max(first, bisect_left(ends, states.instant(min(lasts) + _DAY, zone).timestamp()))
        yield entry, range(first, len(ends) if last is None else min(last + 1, len(ends)))


@dataclass(frozen=True, slots=True)
class _Stage:
    """How a notice stood from the end of one month on."""

    at: int
    """A position among the ends."""
    index: int
    """The version that was the latest then."""
    key: str

    @property
    def over(self) -> bool:
        return self.key not in (State.UPCOMING, State.IN_TRANSITION, State.IN_FORCE)


def _happened(entry: Entry, stage: _Stage, before: _Stage | None) -> tuple[str, ...]:
    if before is None:
        revised = entry.versions[stage.index].number != entry.versions[0].number
        return ("published", *(("revised",) if revised else ()), *((stage.key,) if stage.over else ()))
    revised = stage.index != before.index
    return (*(("revised",) if revised else ()), *((stage.key,) if stage.key != before.key else ()))


class _Line:
    """The ends of some months in a row, that of the month before them first, and how notices stood at each."""

    def __init__(self, entries: Iterable[Entry], months: Sequence[Month], zone: ZoneInfo) -> None:
        self._zone = zone
        self.ends = [months[0].begins(zone) - _INSTANT, *(month.ends(zone) for month in months)] if months else []
        self._seconds = [end.timestamp() for end in self.ends]
        self._rivals: dict[str, list[Entry]] = {}
        """The notices of which any version supersedes another, by its id."""
        for entry in entries:
            named = {notice.supersedes for notice in _notices(entry)}
            for identity in named - {None}:
                self._rivals.setdefault(str(identity), []).append(entry)

    def stages(self, entry: Entry) -> list[_Stage]:
        """How a notice stood: as it was published, and wherever that changed."""
        rivals = self._rivals.get(entry.id, ())
        turns = {*self._turns(entry), *(turn for rival in rivals for turn in self._turns(rival))}
        first = self._position(entry.published)
        found: list[_Stage] = []
        for at in sorted({first, *(max(self._position(turn), first) for turn in turns)}):
            if at < len(self.ends):
                index, key = self._stood(entry, self.ends[at], rivals)
                if not found or (index, key) != (found[-1].index, found[-1].key):
                    found.append(_Stage(at, index, key))
        return found

    def _position(self, moment: dt.datetime) -> int:
        """The first end that a moment is not after."""
        return bisect_left(self._seconds, moment.timestamp())

    def _turns(self, entry: Entry) -> Iterator[dt.datetime]:
        """Every moment at which it may come to stand otherwise, whichever of its versions counts then."""
        zone = self._zone
        for version in entry.versions:
            yield version.on
        for notice in _notices(entry):
            window, withdrawn = notice.effective, notice.withdrawn
            starts = (notice.date, withdrawn and withdrawn.on, window and window.start, closed_at(notice))
            lasts = (notice.expires, window and window.until, window and window.transition_until)
            for day in starts:
                if day:
                    yield states.instant(day, zone)
            for day in lasts:
                if day:
                    yield states.instant(day + _DAY, zone)

    def _stood(self, entry: Entry, at: dt.datetime, rivals: Iterable[Entry]) -> tuple[int, str]:
        """The version of then, and the word of its badge."""
        index, facts = self._facts(entry, at)
        effects = [effect for rival in rivals if (effect := self._replaces(rival, entry.id, at)) is not None]
        state = states.state(facts, at, self._zone, superseded_at=min(effects, default=None))
        closed = closed_at(facts)
        ended = state.stands and closed is not None and states.instant(closed, self._zone) <= at
        return index, CLOSED if ended else state.value

    def _replaces(self, rival: Entry, identity: str, at: dt.datetime) -> dt.datetime | None:
        """From when on one notice supersedes another, as was known at an instant."""
        if rival.published > at:
            return None
        _, facts = self._facts(rival, at)
        withdrawn = facts.withdrawn and states.instant(facts.withdrawn.on, self._zone) <= at
        return None if withdrawn or facts.supersedes != identity else states.takes_effect(facts, self._zone)

    def _facts(self, entry: Entry, at: dt.datetime) -> tuple[int, Notice]:
        index = max(i for i, version in enumerate(entry.versions) if version.on <= at or i == 0)
        facts = _notice(entry, index)
        if states.instant(facts.date, self._zone) > at:  # the date was moved back to where publication really was
            facts = facts.model_copy(update={"date": entry.published})
        return index, facts


def _notices(entry: Entry) -> Iterator[Notice]:
    return (_notice(entry, index) for index in range(len(entry.versions)))


def _notice(entry: Entry, index: int) -> Notice:
    return _texts(entry, index)[entry.versions[index].language].notice


def _texts(entry: Entry, index: int) -> Mapping[str, Text]:
    """The words of a version, or of the next one of which they are known: the latest always is."""
    return next(version.texts for version in entry.versions[index:] if version.original is not None)
