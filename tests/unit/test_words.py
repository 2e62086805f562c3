"""Dates are written as Babel writes them, which is asked once for each month."""

from __future__ import annotations

import datetime as dt

import pytest
from babel import Locale
from babel.dates import format_date, format_datetime

from portal import words

FIRST, LAST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


@pytest.mark.parametrize(
    ("language", "month", "moment"),
    [
        ("zh", "y年M月", "y年M月d日 HH:mm"),
        ("en", "MMMM y", "d MMMM y, HH:mm"),
    ],
)
def test_every_day_is_written_as_the_language_writes_it(language: str, month: str, moment: str) -> None:
    """Of the years that a notice can be about; each day of some, each month of all."""
    locale = Locale.parse({"zh": "zh_Hans_CN", "en": "en_GB"}[language])
    for number in range((LAST - FIRST).days + 1):
        date = FIRST + dt.timedelta(number)
        if date.day == 1:
            assert words.month(date, language) == format_date(date, month, locale=locale)
        if date.day == 1 or date.year in (1900, 1922, 2012, 2027, 2122, 2128, 2199):
            assert words.day(date, language) == format_date(date, "long", locale=locale)
    for at in (dt.datetime(2027, 1, 2, 3, 4, tzinfo=dt.UTC), dt.datetime(2026, 12, 28, 22, 22, tzinfo=dt.UTC)):
        assert words.moment(at, language) == format_datetime(at, moment, locale=locale)


def test_it_is_asked_once() -> None:
    """What it said is all that another build needs to know."""
    words.forms()
    assert {key: len(forms) for key, forms in words.FORMS.items()} == {
        "day zh": 12,
        "month zh": 12,
        "day en": 12,
        "month en": 12,
    }
    assert words.FORMS["day en"][1] == "{d} February {y}"
    assert words.FORMS["month zh"][10] == "{y}年11月"
