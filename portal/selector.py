"""The menu in the header: from a notice to its versions, and from everywhere to the board as it stood."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import escape

from portal import words
from portal.editions import Month
from portal.moulds import Mould, mark
from portal.notice import Version
from portal.plan import Entry, Plan
from portal.stationery import Templates, Voice

if TYPE_CHECKING:
    from jinja2 import Template

_EDITIONS = 6
"""How many past months the menu names; the page of all editions has the rest."""
_VERSIONS = 8


class _Choice(NamedTuple):
    name: str
    url: str
    chosen: bool
    day: str = ""


class Selectors:
    """Makes the menus of a plan's pages."""

    def __init__(self, plan: Plan, months: Sequence[Month]) -> None:
        self._plan = plan
        self._recent = tuple(reversed(months))[:_EDITIONS]
        self._known: dict[tuple[str, Month | None], str] = {}
        self._moulds: dict[tuple[str, tuple[int, ...], int | None], Mould] = {}
        """By language, the versions that are named, and the one that is shown."""

    @property
    def follows(self) -> str:
        """What the menus of all pages follow from, besides the frame."""
        return " ".join(map(str, self._recent))

    @cached_property
    def menus(self) -> dict[str, str]:
        """The menu of the pages that are neither notice nor edition, by language."""
        return {language: self.board(language) for language in self._plan.settings.languages}

    @cached_property
    def _template(self) -> Template:
        return Templates(self._plan.settings).get_template("selector.html")

    def board(self, language: str, chosen: Month | None = None) -> str:
        """The menu of a page that is no notice; nothing as long as there is no edition."""
        if not self._recent:
            return ""
        if (language, chosen) not in self._known:
            w = Voice(self._plan.settings, language).words
            here = words.month(chosen.first, language) if chosen else w("selector.now")
            self._known[language, chosen] = self._made(language, here, chosen)
        return self._known[language, chosen]

    def notice(self, entry: Entry, version: Version | None, language: str) -> str:
        """The menu of a notice: newest version first, the one shown marked. None: the page of what changed."""
        base, addresses, zone = self._base, self._plan.addresses(language), self._plan.settings.zone
        recent = entry.versions[-_VERSIONS:]
        values = {"changes": escape(base + addresses.changes(entry.id))}
        for v in recent:
            path = addresses.notice(entry.id) if v is entry.latest else addresses.version(entry.id, v.number)
            values[f"url {v.number}"] = escape(base + path)
            values[f"day {v.number}"] = escape(words.day(v.on.astimezone(zone).date(), language))
        shape = (language, tuple([v.number for v in recent]), version.number if version else None)
        if shape not in self._moulds:
            self._moulds[shape] = self._mould(*shape)
        return self._moulds[shape].filled(values)

    def _mould(self, language: str, numbers: tuple[int, ...], chosen: int | None) -> Mould:
        """The menu of every notice with the same versions, but for their addresses and days."""
        w = Voice(self._plan.settings, language).words
        versions = [
            _Choice(w("version", number=number), mark(f"url {number}"), number == chosen, mark(f"day {number}"))
            for number in reversed(numbers)
        ]
        here = w("head.changes") if chosen is None else w("version", number=chosen)
        return Mould(self._made(language, here, None, versions, mark("changes") if len(numbers) > 1 else ""))

    @property
    def _base(self) -> str:
        return self._plan.settings.base

    def _made(
        self, language: str, here: str, chosen: Month | None, versions: Sequence[_Choice] = (), changes: str = ""
    ) -> str:
        voice, addresses = Voice(self._plan.settings, language), self._plan.addresses(language)
        months = self._recent if chosen is None or chosen in self._recent else (*self._recent, chosen)
        on_the_board = chosen is None and not versions
        editions = [_Choice(voice.words("selector.now"), self._base + addresses.home, on_the_board)] if months else []
        editions += [
            _Choice(words.month(m.first, language), self._base + addresses.edition(str(m)), m == chosen) for m in months
        ]
        return self._template.render(
            w=voice.words,
            here=here,
            versions=versions,
            changes=changes,
            editions=editions,
            all=self._base + addresses.editions,
        )
