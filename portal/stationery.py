"""What every printed thing shares: the templates, and one reader's words, dates and amounts as HTML."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from portal import states, words
from portal.config import Desk, Settings, named
from portal.notice import About, Money
from portal.standing import Standing
from portal.words import Words

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from portal.templates import Compiled

COMPILED: Compiled = {}
"""The notice templates that this process has compiled: every room has its own environment, and `serve` many."""
_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

_RELATIVE = (
    *("in", "tomorrow", "today", "yesterday", "ago"),
    *("open-for", "open-days", "open-hours", "open-minutes", "desk-open", "desk-next"),
    "selected",
)
"""The patterns that every page carries for duenotice.js."""


class Templates:
    """The notice templates: the portal's own where it has them, else the program's.

    Jinja is imported when the first is asked for, which a build does only for what it makes.
    """

    def __init__(self, settings: Settings) -> None:
        self._folders = (settings.root / "site_templates" / "notice", words.TEMPLATES / "notice")

    def get_template(self, name: str) -> Template:
        """Raises jinja2.TemplateError."""
        return self._environment.get_template(name)

    @cached_property
    def _environment(self) -> Environment:
        from portal.templates import environment

        made = environment(self._folders, COMPILED)
        made.filters["dialled"] = dialled
        return made


def dialled(phone: str) -> str:
    """A phone number as a tel: address takes it: digits, and a leading plus."""
    return re.sub(r"[^\d+]", "", phone)


@dataclass(frozen=True, slots=True)
class Voice:
    """How dates, amounts and names are written for a reader of one language."""

    settings: Settings
    language: str

    @property
    def words(self) -> Words:
        return words.load(self.language)

    @property
    def relative(self) -> dict[str, str]:
        """The patterns with which duenotice.js says what depends on the reader's moment."""
        return _relative(self.language)

    def group(self, way: str, name: str) -> str:
        """What readers call one of the `services` or `regions` in mkdocs.yml."""
        return named(getattr(self.settings.options, way).get(name, name), self.language)

    def groups(self, about: About) -> tuple[str, ...]:
        """The services and regions that a notice is about, as readers call them."""
        return tuple(self.group(way, name) for way in ("services", "regions") for name in getattr(about, way))

    def turns(self, standing: Standing) -> str:
        """For duenotice.js: when a badge changes, and its key and word from then on, as JSON."""
        return _AS_JSON([(at.isoformat(), key, self.words(f"state.{key}")) for at, key in standing.ahead])

    def attendance(self, desk: Desk) -> str:
        """For duenotice.js: when a desk answers, as JSON."""
        return json.dumps(
            {
                "zone": desk.timezone or self.settings.options.timezone,
                "hours": [(hours.days, hours.time) for hours in desk.hours],
                "holidays": [day.isoformat() for day in desk.holidays],
            },
            separators=(",", ":"),
        )

    def holidays(self, desk: Desk) -> list[str]:
        """The days on which a desk is closed, a line for each month: 2026年10月1、2、5日; 1, 2, 5 October 2026."""
        months: dict[tuple[int, int], list[int]] = {}
        for day in sorted(desk.holidays):
            months.setdefault((day.year, day.month), []).append(day.day)
        joint = "、" if self.language == "zh" else ", "
        return [
            words.days(year, month, joint.join(map(str, days)), self.language) for (year, month), days in months.items()
        ]

    def lasted(self, start: dt.date, end: dt.date) -> str:
        """How long something lasted; in whole days where only days are known."""
        if not (isinstance(start, dt.datetime) and isinstance(end, dt.datetime)):
            return self.words("relative.open-days", d=max((_day(end) - _day(start)).days, 0), h=0)
        zone = self.settings.zone
        minutes = max(int((states.instant(end, zone) - states.instant(start, zone)).total_seconds()) // 60, 0)
        d, h, m = minutes // 1440, minutes // 60 % 24, minutes % 60
        return self.words(f"relative.open-{'days' if d else 'hours' if h else 'minutes'}", d=d, h=h, m=m)

    def since(self, moment: dt.date) -> Markup:
        """How long ago something began, which only a browser can say; without scripts nothing is seen."""
        value = self._local(moment).isoformat() if isinstance(moment, dt.datetime) else moment.isoformat()
        return Markup('<time class="dn-clock" datetime="{}" data-dn-since hidden></time>').format(value)

    def day(self, day: dt.date, *, relative: bool = False) -> Markup:
        """A day in full. With `relative` the browser adds how far away it is."""
        return _day_as_html(day, self.language, relative)

    def countdown(self, day: dt.date) -> Markup:
        """How far away a day is; only a browser can say, so without scripts nothing is seen."""
        return Markup(f'<time datetime="{day.isoformat()}" data-dn-relative hidden></time>')  # noqa: S704 - a date

    def month(self, day: dt.date, today: dt.date) -> str:
        """The month of a day, with its year where that is not this one's: 12月, 2027年1月; Dec, Jan 2027."""
        return words.brief_month(day, self.language, year=day.year != today.year)

    def count(self, notices: int) -> str:
        """How many notices there are: 12 份; 1 notice, 12 notices."""
        return self.words("board.one" if notices == 1 else "board.many", n=words.number(notices, self.language))

    def date(self, moment: dt.date) -> Markup:
        """The day alone, also of an instant: the day on the firm's calendar."""
        return self.day(self._local(moment).date() if isinstance(moment, dt.datetime) else moment)

    def worded(self, key: str, moment: dt.date) -> Markup:
        """The words of `key` with the day of `moment` in their {date}."""
        day = self._local(moment).date() if isinstance(moment, dt.datetime) else moment
        return _worded(key, day, self.language)

    def when(self, moment: dt.date, *, relative: bool = False) -> Markup:
        """A day, or a day and a time on the firm's clock, which is named for readers of another language."""
        if not isinstance(moment, dt.datetime):
            return self.day(moment, relative=relative)
        abroad = self.language != self.settings.default_language
        at = self._local(moment)
        text = words.moment(at, self.language)
        if abroad:
            text = self.words("moment_elsewhere", moment=text, city=self.city(self.settings.options.timezone))
        return _time(at.isoformat(), text, relative)

    def clock(self, moment: dt.date) -> Markup:
        """As `when`, without naming the zone: for a list of moments."""
        if not isinstance(moment, dt.datetime):
            return self.day(moment)
        at = self._local(moment)
        return _time(at.isoformat(), words.moment(at, self.language), relative=False)

    def _local(self, moment: dt.datetime) -> dt.datetime:
        zone = self.settings.zone
        return states.instant(moment, zone).astimezone(zone)

    def city(self, zone: str) -> str:
        """The city that a time zone is named after, in the reader's language."""
        from babel.dates import get_timezone_location

        return str(get_timezone_location(zone, self.language, return_city=True))

    def money(self, amount: Money) -> str:
        return words.money(amount, self.language)

    def change(self, amount: Money) -> str:
        """A difference with its sign: +¥40/月, −¥40/月."""
        sign = "+" if amount.amount > 0 else "−" if amount.amount < 0 else ""
        return sign + self.money(Money(abs(amount.amount), amount.currency, amount.period))

    def per_cent(self, value: Decimal) -> str:
        """A change in per cent with its sign: +20%, −12.5%."""
        from babel.numbers import format_percent

        sign = "+" if value > 0 else "−" if value < 0 else ""
        return sign + str(format_percent(abs(value) / 100, "#,##0.#%", locale=self.language))

    def spoken(self, text: str) -> str:
        """An amount, or a day as 2027-01-31, as the reader's language writes it; any other text as it is."""
        money = Money.parse(text)
        if money is not None:
            return self.money(money)
        if _DAY.fullmatch(text):
            try:
                return words.day(dt.date.fromisoformat(text), self.language)
            except ValueError:  # no day of the calendar
                return text
        return text

    def size(self, count: int) -> str:
        """The size of a file, from its bytes."""
        if count < 1000:
            return f"{count} B"
        value, unit = (count / 1000, "kB") if count < 1_000_000 else (count / 1_000_000, "MB")
        return f"{words.number(round(value, 1 if value < 10 else 0), self.language)} {unit}"

    def hours(self, desk: Desk) -> list[str]:
        """When a desk answers, one line for the same days: 周一至周五 09:00–12:00、13:30–17:30."""
        lines: dict[str, list[str]] = {}
        for hours in desk.hours:
            lines.setdefault(hours.days, []).append(hours.time.replace("-", "–"))
        joint = "、" if self.language == "zh" else ", "
        return [f"{self._days(days)} {joint.join(times)}" for days, times in lines.items()]

    def _days(self, days: str) -> str:
        first, _, last = days.partition("-")
        if not last:
            return self.words(f"days.{first}")
        return self.words("days.range", first=self.words(f"days.{first}"), last=self.words(f"days.{last}"))


def _day(moment: dt.date) -> dt.date:
    return moment.date() if isinstance(moment, dt.datetime) else moment


@cache
def _relative(language: str) -> dict[str, str]:
    spoken = words.load(language)
    return {name: spoken(f"relative.{name}") for name in _RELATIVE}


@lru_cache(maxsize=8192)
def _day_as_html(day: dt.date, language: str, relative: bool) -> Markup:
    return _time(day.isoformat(), words.day(day, language), relative)


@lru_cache(maxsize=8192)
def _worded(key: str, day: dt.date, language: str) -> Markup:
    said = str(escape(words.load(language)(key)))
    return Markup(said.replace("{date}", _day_as_html(day, language, False)))  # noqa: S704 - escaped here


def _time(value: str, text: str, relative: bool) -> Markup:
    asks = " data-dn-relative" if relative else ""
    return Markup(f'<time datetime="{escape(value)}"{asks}>{escape(text)}</time>')  # noqa: S704 - escaped here
