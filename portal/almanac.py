"""The pages of the editions: one for each month that is over, and one that lists them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from portal import words
from portal.editions import Month, Row, Then, told
from portal.plan import Plan
from portal.stationery import Voice, environment

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Link:
    name: str
    url: str
    changed: int = 0
    held: int = 0


class Almanac:
    """Renders the editions of a plan; a notice that stands for years is worded once."""

    def __init__(self, plan: Plan, months: Sequence[Month]) -> None:
        self._plan = plan
        self._templates = environment(plan.settings)
        self._months = months
        self._known: dict[Month, tuple[Row, ...]] = {}
        self._ends: dict[Month, Mapping[str, Then]] = {}
        """By month, how everything stood as it began, where that is known."""
        self._rows: dict[tuple[str, int, str, tuple[str, ...], str], Markup] = {}

    def page(self, month: Month, language: str) -> str:
        """The edition of one of the months as an HTML fragment."""
        voice, base, addresses = (
            Voice(self._plan.settings, language),
            self._plan.settings.base,
            self._plan.addresses(language),
        )
        position, rows = self._months.index(month), self._of(month)
        earlier, later = self._months[:position][-1:], self._months[position + 1 :][:1]
        return self._templates.get_template("edition.html").render(
            w=voice.words,
            voice=voice,
            month_end=month.following.first - _DAY,
            changed=[self._row(row, voice) for row in rows if row.happened],
            held=[self._row(row, voice) for row in rows if not row.happened],
            previous=self._link(earlier[0], language) if earlier else None,
            following=self._link(later[0], language) if later else None,
            index=base + addresses.editions,
            home=base + addresses.home,
        )

    def _of(self, month: Month) -> tuple[Row, ...]:
        if month not in self._known:
            before = self._ends.get(month)
            self._known[month], after = told(self._plan.public, month, self._plan.settings.zone, before)
            self._ends[month.following] = after
        return self._known[month]

    def index(self, language: str) -> str:
        """The list of all editions, newest first."""
        voice = Voice(self._plan.settings, language)
        found = [
            (
                month,
                self._link(month, language, sum(1 for r in rows if r.happened), sum(1 for r in rows if not r.happened)),
            )
            for month, rows in ((month, self._of(month)) for month in reversed(self._months))
        ]
        years = [(year, [link for _, link in part]) for year, part in groupby(found, lambda pair: pair[0].year)]
        return self._templates.get_template("editions.html").render(w=voice.words, voice=voice, years=years)

    def _link(self, month: Month, language: str, changed: int = 0, held: int = 0) -> _Link:
        address = self._plan.addresses(language).edition(str(month))
        return _Link(words.month(month.first, language), self._plan.settings.base + address, changed, held)

    def _row(self, row: Row, voice: Voice) -> Markup:
        known = (row.id, row.version.number, row.key, row.happened, voice.language)
        if known not in self._rows:
            text = row.texts.get(voice.language) or row.texts[row.version.language]
            self._rows[known] = Markup(  # noqa: S704 - from a template that escapes
                self._templates.get_template("edition-row.html").render(
                    w=voice.words,
                    row=row,
                    over=row.key not in ("upcoming", "in-transition", "in-force"),
                    notice=text.notice,
                    own=Markup(' lang="{}"').format(text.language) if text.language != voice.language else "",
                    url=self._plan.settings.base
                    + self._plan.addresses(voice.language).version(row.id, row.version.number),
                )
            )
        return self._rows[known]
