"""What a rule is: a code, a severity, a sentence, and a function from what is written to what is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NamedTuple

from portal import explain, states
from portal.config import Settings
from portal.errors import Location, Severity
from portal.kinds import Demand
from portal.notice import Notice
from portal.sources import Filed, Sources


class Finding(NamedTuple):
    """One thing that a rule points at; the rule it came from gives the code and the severity."""

    location: Location
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class House:
    """Everything that people wrote, at a moment."""

    settings: Settings
    sources: Sources
    now: dt.datetime
    """Timezone-aware."""
    _cases: list[Case] = field(default_factory=list, repr=False, compare=False)

    @property
    def today(self) -> dt.date:
        return self.now.astimezone(self.settings.zone).date()

    def cases(self) -> Sequence[Case]:
        """Every notice but drafts."""
        if not self._cases:
            self._cases.extend(Case(self, filed) for filed in self.sources.notices.values() if not filed.notice.draft)
        return self._cases

    def successors(self) -> Mapping[str, Notice]:
        """Superseded id to the notice that supersedes it, drafts and withdrawn ones left out."""
        return {
            case.notice.supersedes: case.notice
            for case in self.cases()
            if case.notice.supersedes and case.notice.withdrawn is None
        }


class Case(NamedTuple):
    """One notice under examination, with everything around it."""

    house: House
    filed: Filed

    @property
    def notice(self) -> Notice:
        return self.filed.notice

    @property
    def settings(self) -> Settings:
        return self.house.settings

    @property
    def demand(self) -> Demand:
        return self.house.settings.demands[self.notice.kind]

    def detail(self, name: str) -> Any:
        """A key of `details`; None where it is not said, or the kind has no such key."""
        return vars(self.notice.details).get(name)

    def day(self, moment: dt.date) -> dt.date:
        """A day, or the day of a moment, in the firm's zone."""
        return states.instant(moment, self.settings.zone).astimezone(self.settings.zone).date()

    @property
    def published(self) -> dt.date:
        """The day of publication."""
        return self.day(self.notice.date)

    def finding(self, message: str, hint: str, *key: str | int) -> Finding:
        """A finding at a key of this notice's file, or at the nearest key around it."""
        return Finding(self.filed.paper.at(*key), message, hint)

    def has(self, *key: str | int) -> bool:
        """Whether the file has this key, if only an empty one."""
        return key in self.filed.paper.document.places


class Scope(Enum):
    """What the findings of a rule in a notice follow from, besides the configuration and the day."""

    OWN = auto()
    """The notice's own files."""
    AUDIENCE = auto()
    """The original's front matter, its table of values and the registry; nothing is found in a notice for all."""
    HOUSE = auto()
    """Anything else that people wrote, or the hour."""


class Rule(NamedTuple):
    """A code, and the functions that find what it stands for: in a notice, in the registry, in everything at once."""

    code: str
    severity: Severity
    """Unless mkdocs.yml says otherwise."""
    about: str
    """What it points at, in a few words; docs/rules.md has a paragraph."""
    of_notice: Callable[[Case], Iterator[Finding]] | None = None
    scope: Scope = Scope.HOUSE
    """Of `of_notice`."""
    of_registry: Callable[[House], Iterator[Finding]] | None = None
    """Looks at clients and configuration alone."""
    of_house: Callable[[House], Iterator[Finding]] | None = None


def value_at(notice: Notice, key: str) -> Any:
    """What stands at a dotted key; None where nothing does."""
    value: Any = notice
    for step in key.split("."):
        value = getattr(value, step, None)
    return value


def missing(value: Any) -> bool:
    """Whether nothing is said."""
    return value is None or value == () or value == ""


def meant(word: str, words: list[str]) -> str:
    """A hint at the word that was probably meant."""
    near = explain.nearest(word, words)
    if near:
        return f"did you mean '{near}'?"
    return f"one of {', '.join(sorted(words)[:8])}" if words else "add it there first"
