"""The interface's words in one language, and dates, times and money as that language writes them.

Babel is imported by what writes money, or is the first to write a date; what reads YAML where a vocabulary is new.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.notice import Money

if TYPE_CHECKING:
    from babel import Locale

TEMPLATES = Path(__file__).resolve().parent.parent / "site_templates"
"""Templates and vocabularies, beside the packages in a checkout and in the wheel alike."""

_LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB"}


@cache
def _locale(language: str) -> Locale:
    """What Babel knows of a language, in half of the time that it takes with a name for it."""
    from babel import Locale

    return Locale.parse(_LOCALES[language])


@dataclass(frozen=True, slots=True)
class Words:
    """A vocabulary. Call it with a dotted key; `{name}` fields are filled from the keyword arguments."""

    language: str
    _texts: Mapping[str, str] = field(repr=False)

    def __call__(self, key: str, /, **values: object) -> str:
        return self._texts[key].format(**values) if values else self._texts[key]

    def __getitem__(self, key: str) -> str:
        """The words of a key as they are, with their fields."""
        return self._texts[key]

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(self._texts.values())

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._texts)


READ: dict[str, tuple[str, dict[str, str]]] = {}
"""Vocabularies by name: the text that one was read from, and what it says. A build gives them to the next."""


@cache
def load(language: str, vocabulary: str = "") -> Words:
    """Read site_templates/words/[<vocabulary>.]<language>.yml; nested keys are joined with dots."""
    name = f"{vocabulary}.{language}.yml" if vocabulary else f"{language}.yml"
    text = (TEMPLATES / "words" / name).read_text(encoding="utf-8")
    if name not in READ or READ[name][0] != text:
        import yaml

        READ[name] = text, dict(_flat(yaml.load(text, Loader=yaml.CSafeLoader), ""))
    return Words(language, READ[name][1])


def _flat(data: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for key, value in data.items():
        if isinstance(value, dict):
            result += _flat(value, f"{prefix}{key}.")
        else:
            result.append((f"{prefix}{key}", str(value)))
    return result


FORMS: dict[str, list[str]] = {}
"""How days, and months, are written in a language: for each month, with {y} and {d} where year and day go. A build
gives them to the next, which need not import Babel to write a date.
"""
_SAMPLE = dt.date(2222, 1, 28)
"""A year and a day by which both are known again in what Babel writes: no month has such a number."""


def forms() -> Mapping[str, list[str]]:
    """Those of every language."""
    for language in _LOCALES:
        _form("day", language, 1)
        _form("month", language, 1)
    return FORMS


def _form(what: str, language: str, month: int) -> str:
    """How a day is written, or a month."""
    key = f"{what} {language}"
    if key not in FORMS:
        FORMS[key] = [_blank(what, language, _SAMPLE.replace(month=number)) for number in range(1, 13)]
    return FORMS[key][month - 1]


def _blank(what: str, language: str, sample: dt.date) -> str:
    from babel.dates import format_date

    pattern = "long" if what == "day" else "y年M月" if language == "zh" else "MMMM y"
    written = format_date(sample, pattern, locale=_locale(language))
    return written.replace(str(sample.year), "{y}").replace(str(sample.day), "{d}")


@lru_cache(maxsize=8192)
def day(date: dt.date, language: str) -> str:
    """A day in full: 2027年1月1日, 1 January 2027."""
    return _form("day", language, date.month).format(y=date.year, d=date.day)


@lru_cache(maxsize=1024)
def brief_day(date: dt.date, language: str) -> str:
    """A day without its year, where that is understood: 1月1日, 1 Jan."""
    from babel.dates import format_skeleton

    return format_skeleton("MMMd", date, locale=_locale(language))


@lru_cache(maxsize=1024)
def brief_month(date: dt.date, language: str, *, year: bool) -> str:
    """A month as a calendar's leaf has it: 12月, Dec; with its year 2027年1月, Jan 2027."""
    from babel.dates import format_skeleton

    return format_skeleton("yMMM" if year else "MMM", date, locale=_locale(language))


def days(year: int, month: int, days: str, language: str) -> str:
    """Several days of one month, given as they are joined: 2026年10月1、2日; 1, 2 October 2026."""
    name = _form("month", language, month).format(y=year)
    return f"{name}{days}日" if language == "zh" else f"{days} {name}"


@lru_cache(maxsize=1024)
def month(first: dt.date, language: str) -> str:
    """A month: 2026年11月, November 2026."""
    return _form("month", language, first.month).format(y=first.year)


def moment(at: dt.datetime, language: str) -> str:
    """A day and a time of day, in the zone that `at` is in: 2027年1月1日 09:30."""
    return f"{day(at.date(), language)}{'' if language == 'zh' else ','} {at:%H:%M}"


@lru_cache(maxsize=16384)  # a table of values repeats few amounts, and writing one is dear
def money(amount: Money, language: str) -> str:
    """An amount as the language writes it: ¥240.00 per month becomes ¥240/月 or CN¥240/month."""
    from babel.numbers import format_currency

    whole = amount.amount == amount.amount.to_integral_value()
    text = format_currency(
        amount.amount,
        amount.currency,
        "¤#,##0" if whole else "¤#,##0.00",
        locale=_locale(language),
        currency_digits=False,
    )
    if amount.period is None:
        return text
    words = load(language)
    key = f"period.{amount.period}"
    return f"{text}/{words(key) if key in words else amount.period}"


def number(value: Any, language: str) -> str:
    """A plain number with the language's separators."""
    from babel.numbers import format_decimal

    return format_decimal(value, locale=_locale(language))
