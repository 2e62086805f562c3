"""When a post was published, from any of the forms in which blogs write it."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

_TIME = (
    r"(?:(?:[T ,]|\s)\s*(?P<hour>\d{1,2})[:时點点](?P<minute>\d{2})"
    r"(?:[:分](?P<second>\d{2})?(?:[.,](?P<fraction>\d{1,9}))?秒?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
_ZONE = (
    r"\s*(?:(?:GMT|UTC)?(?P<offset>[+-]\d{2}(?::?\d{2})?)(?:\s+[A-Z]{3,5})?|(?P<zulu>Z|z|UTC|GMT)"
    r"|(?P<place>[A-Z][A-Za-z_]+/[A-Za-z_/]+)|(?P<letters>[A-Z]{3,4}))?(?:\s*\([^)]*\))?"
)
_WEEKDAY = r"(?:[A-Za-z]{3,9}\.?,?\s+)?"
_FORMS = tuple(
    re.compile(form + _TIME + _ZONE)
    for form in (
        r"(?P<year>\d{4})\s*[-/.]\s*(?P<month>\d{1,2})\s*[-/.]\s*(?P<day>\d{1,2})",
        r"(?P<year>\d{4})\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?(?:\s*(?:星期|周)[一二三四五六日天])?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        _WEEKDAY + r"(?P<name>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
        _WEEKDAY + r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<name>[A-Za-z]{3,9})\.?,?[\s-]+(?P<year>\d{4})",
        r"(?P<first>\d{1,2})(?P<mark>[/.-])(?P<second_part>\d{1,2})[/.-](?P<year>\d{4})",
    )
)
_MONTHS = {name: i for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}

# RFC 5322 section 4.3; CST is left out, because half of those who write it mean China.
_LETTERS = {"EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2, "JST": 9}

_LONGEST = 80  # characters
_YEARS = range(1970, 2200)  # Hugo writes 0001-01-01 for "no date"


def moment(value: object) -> tuple[dt.date | None, str]:
    """A day, or an instant (without a zone: the firm's wall clock), and a doubt about it in words, "" for none.

    (None, why) where the value is no date that can be told from another.
    """
    if isinstance(value, dt.date):
        return (value, "") if value.year in _YEARS else (None, f"the year {value.year} is no year of publication")
    if isinstance(value, bool):
        return None, "it is not a date"
    if isinstance(value, (int, float)):
        return _number(int(value))
    if not isinstance(value, str):
        return None, "it is not a date"
    text = value.strip()
    if len(text) > _LONGEST:
        return None, "it is not a date"
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            try:
                return _of(match.groupdict())
            except (ValueError, OverflowError):
                return None, "it is not a day of the calendar"
    return None, "its form is not known"


def _number(value: int) -> tuple[dt.date | None, str]:
    """20200102, or seconds or milliseconds since 1970."""
    if 19700101 <= value < 22000101:
        return moment(str(value))
    for scale in (1, 1000):
        if 10**8 * scale <= value < 5 * 10**9 * scale:
            return dt.datetime.fromtimestamp(value / scale, dt.UTC), "read as seconds since 1970"
    return None, "it is not a date"


def _of(parts: dict[str, str | None]) -> tuple[dt.date | None, str]:
    doubt = ""
    year, month, day = int(parts["year"] or 0), parts.get("month"), parts.get("day")
    if parts.get("name"):
        month = str(_MONTHS.get((parts["name"] or "")[:3].lower(), 0))
    if parts.get("first"):
        day, month = parts["first"], parts["second_part"]
        if parts["mark"] != "." and int(month or 0) <= 12 and int(day or 0) <= 12 and day != month:
            return None, "it could be read as day/month or as month/day"
        if int(month or 0) > 12:
            day, month = month, day
        doubt = "read as day and month"
    date = dt.date(year, int(month or 0), int(day or 0))
    if date.year not in _YEARS:
        return None, f"the year {date.year} is no year of publication"
    if parts["hour"] is None:
        return date, doubt
    hour = int(parts["hour"])
    if parts["half"]:
        hour = hour % 12 + (12 if parts["half"].lower().startswith("p") else 0)
    if hour == 24:  # ISO 8601 (2004) section 4.2.3: the end of the day
        date, hour = date + dt.timedelta(days=1), 0
    time = dt.time(
        hour, int(parts["minute"] or 0), int(parts["second"] or 0), int((parts["fraction"] or "0").ljust(6, "0")[:6])
    )
    zone, unknown = _zone(parts, dt.datetime.combine(date, time))
    return dt.datetime.combine(date, time, zone), doubt or unknown


def _zone(parts: dict[str, str | None], wall: dt.datetime) -> tuple[dt.tzinfo | None, str]:
    if parts["zulu"]:
        return dt.UTC, ""
    if offset := parts["offset"]:
        digits = offset[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return dt.timezone(dt.timedelta(minutes=-minutes if offset[0] == "-" else minutes)), ""
    if letters := parts["letters"]:
        if letters in _LETTERS:
            return dt.timezone(dt.timedelta(hours=_LETTERS[letters])), ""
        return None, f"the time zone {letters} is not known; read as the firm's own time"
    if place := parts["place"]:
        try:
            return dt.timezone(wall.replace(tzinfo=ZoneInfo(place)).utcoffset() or dt.timedelta()), ""
        except (KeyError, ValueError, OSError):
            return None, f"the time zone {place} is not known; read as the firm's own time"
    return None, ""


NAME_DATE = re.compile(
    r"(?:^|(?<=[/_\s-]))(?P<year>\d{4})(?:[-_/](?P<month>\d{1,2})[-_/](?P<day>\d{1,2})|(\.?)(\d{2})\4(\d{2}))(?!\d)"
)
"""A date in a path: 2020-1-2-title, 2020/01/02/title, 20200102-title, 2020.01.02 title; but not version 2020.1.2."""


def in_path(path: str) -> dt.date | None:
    """The day that a file's path names, the last one if there are several."""
    for match in reversed(list(NAME_DATE.finditer(path))):
        try:
            date = dt.date(int(match["year"]), int(match["month"] or match[5]), int(match["day"] or match[6]))
        except ValueError:
            continue  # Kubernetes has posts of day 00
        if date.year in _YEARS:
            return date
    return None
