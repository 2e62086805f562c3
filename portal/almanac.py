"""The pages of the editions: one for each month that is over, and one that lists them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from markupsafe import escape

from portal import words
from portal.editions import Month, Row, told
from portal.moulds import Moulds, mark, poured
from portal.plan import Plan
from portal.stationery import Templates, Voice

_DAY = dt.timedelta(days=1)


class _Link(NamedTuple):
    name: str
    url: str
    changed: int = 0
    held: int = 0


class Almanac:
    """Renders the editions of a plan; a notice that stands for years is worded once."""

    def __init__(self, plan: Plan, months: Sequence[Month]) -> None:
        self._plan = plan
        self._templates = Templates(plan.settings)
        self._months = months
        self._worded: dict[str, dict[Row, bytes]] = {language: {} for language in plan.settings.languages}

    @cached_property
    def editions(self) -> dict[Month, list[Row]]:
        """What each of the months shows; told once for all."""
        return dict(zip(self._months, told(self._plan.public, self._months, self._plan.settings.zone), strict=True))

    def page(self, month: Month, language: str) -> bytes:
        """The edition of one of the months as an HTML fragment, in UTF-8."""
        voice, base, addresses = (
            Voice(self._plan.settings, language),
            self._plan.settings.base,
            self._plan.addresses(language),
        )
        position, rows = self._months.index(month), self.editions[month]
        earlier, later = self._months[:position][-1:], self._months[position + 1 :][:1]
        parts = {"changed": [row for row in rows if row.happened], "held": [row for row in rows if not row.happened]}
        made = self._templates.get_template("edition.html").render(
            w=voice.words,
            voice=voice,
            month_end=month.following.first - _DAY,
            parts=[(key, len(found), mark(key)) for key, found in parts.items()],
            previous=self._link(earlier[0], language) if earlier else None,
            following=self._link(later[0], language) if later else None,
            index=base + addresses.editions,
            home=base + addresses.home,
        )
        return poured(made, {key: self._rows(found, language) for key, found in parts.items()})

    def index(self, language: str) -> str:
        """The list of all editions, newest first."""
        voice = Voice(self._plan.settings, language)
        found = [
            (
                month,
                self._link(month, language, sum(1 for r in rows if r.happened), sum(1 for r in rows if not r.happened)),
            )
            for month, rows in reversed(self.editions.items())
        ]
        years = [(year, [link for _, link in part]) for year, part in groupby(found, lambda pair: pair[0].year)]
        return self._templates.get_template("editions.html").render(w=voice.words, voice=voice, years=years)

    def _link(self, month: Month, language: str, changed: int = 0, held: int = 0) -> _Link:
        address = self._plan.addresses(language).edition(str(month))
        return _Link(words.month(month.first, language), self._plan.settings.base + address, changed, held)

    def _rows(self, rows: Sequence[Row], language: str) -> bytes:
        worded = self._worded[language]
        for row in rows:
            if row not in worded:
                worded[row] = self._row(row, language).encode()
        return b"\n".join([worded[row] for row in rows])

    @cached_property
    def _moulds(self) -> dict[str, Moulds]:
        template = self._templates.get_template("edition-row.html")
        return {code: Moulds(template, w=words.load(code)) for code in self._plan.settings.languages}

    def _row(self, row: Row, language: str) -> str:
        text = row.texts.get(language) or row.texts[row.version.language]
        address = self._plan.addresses(language).version(row.id, row.version.number)
        return self._moulds[language].cast(
            {
                "key": row.key,
                "over": row.key not in ("upcoming", "in-transition", "in-force"),
                "happened": row.happened,
                "version": row.version.number,
                "kind": text.notice.kind,
                "lost": row.version.original is None,
                "own": text.language if text.language != language else "",
            },
            {
                "url": escape(self._plan.settings.base + address),
                "title": escape(text.notice.title),
                "number": escape(text.notice.number or ""),
            },
        )
