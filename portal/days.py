"""Days, moments and spans as people write them in front matter and registries."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

_DAY = r"\d{4}-\d{2}-\d{2}"
_MOMENT = _DAY + r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{1,2}(:?\d{2})?)?)?"
_SPAN = r"\d{1,4}d"
_LEAD = r"\+?\d{1,3}d"
_YEARS = range(1900, 2200)
"""Years that a notice can be about. Near the ends of the calendar, zones and spans of days lead out of it."""


def _day(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        raise ValueError("must be a day without a time; write it as 2027-01-31")
    if isinstance(value, dt.date):
        return _of_our_time(value)
    if isinstance(value, str):
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            pass
        else:
            return _of_our_time(day)
    raise ValueError("must be a day; write it as 2027-01-31")


def _moment(value: Any) -> Any:
    if isinstance(value, dt.date):
        return _of_our_time(value)
    if isinstance(value, str):
        for read in (dt.date.fromisoformat, dt.datetime.fromisoformat):
            try:
                moment = read(value)
            except ValueError:
                continue
            return _of_our_time(moment)
    raise ValueError("must be a day or a moment; write it as 2027-01-31 or 2027-01-31 09:00:00+08:00")


def _of_our_time(value: dt.date) -> dt.date:
    if value.year not in _YEARS:
        raise ValueError(f"must lie between the years {_YEARS[0]} and {_YEARS[-1]}; correct the year")
    return value


def moment(text: str) -> dt.datetime:
    """A moment as options and environments give it, in ISO 8601. Raises ValueError."""
    found = dt.datetime.fromisoformat(text)
    _of_our_time(found)
    return found


def _span(value: Any) -> Any:
    match = re.fullmatch(_SPAN, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a number of days; write it as 30d")
    return dt.timedelta(days=int(value[:-1]))


def _lead(value: Any) -> Any:
    match = re.fullmatch(_LEAD, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a number of days; write it as 30d, or +3d for three days after the deadline")
    days = dt.timedelta(days=int(value.removeprefix("+")[:-1]))
    return -days if value.startswith("+") else days


Day: TypeAlias = Annotated[
    dt.date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{_DAY}$"})
]
Moment: TypeAlias = Annotated[
    dt.datetime | dt.date, BeforeValidator(_moment), WithJsonSchema({"type": "string", "pattern": f"^{_MOMENT}$"})
]
"""A day (from 00:00 in the firm's zone) or an instant; without a zone it is the firm's wall clock."""
Span: TypeAlias = Annotated[
    dt.timedelta, BeforeValidator(_span), WithJsonSchema({"type": "string", "pattern": f"^{_SPAN}$"})
]
Lead: TypeAlias = Annotated[
    dt.timedelta, BeforeValidator(_lead), WithJsonSchema({"type": "string", "pattern": f"^{_LEAD}$"})
]
"""How long before a day, as 30d; negative for after it, as +3d."""
