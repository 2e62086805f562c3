"""What changed between two versions of a notice's front matter, fact by fact."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from portal.notice import Notice, Selector

_Value: TypeAlias = object

_UNTOLD = frozenset("id values ack mail reminders review_by evaluate_on approvals revisions redirects draft".split())
"""The office's own business: nothing a reader is told, or told by the version itself."""

_NAMES = {
    "comparison": ("item",),
    "stages": ("what", "on"),
    "evidence": ("figure",),
    "faq": ("q",),
    "updates": ("at",),
    "handover": ("item",),
    "responsibility": ("period",),
}
"""By what a row of a list is known again, most telling first."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One changed fact. Of `old` and `new`, one is None where the fact was added or removed; never both."""

    key: str
    """`effective.from`; in a list with the row's name, or its position from 1: `comparison.全年.new`, `faq.2.a`."""
    old: str | None
    """Days and moments in ISO 8601, spans as `30d`, booleans as `true` or `false`, text as the author wrote it."""
    new: str | None


def facts(old: Notice, new: Notice) -> tuple[Fact, ...]:
    """The facts that differ, in the order of the front matter.

    Rows of a list are the same row if they are equal, or else bear the same name: the item of a comparison, what a
    stage is or on which day, a question. Of `audience` it is told whether it is public, never whom it selects.
    """
    found: list[Fact] = []
    for name in Notice.model_fields:
        if name not in _UNTOLD:
            found += _compare(name, name, getattr(old, name), getattr(new, name))
    return tuple(found)


def _compare(key: str, name: str, old: _Value, new: _Value) -> Iterator[Fact]:
    if old == new:
        return
    if isinstance(old, tuple) or isinstance(new, tuple):
        yield from _rows(key, name, old if isinstance(old, tuple) else (), new if isinstance(new, tuple) else ())
        return
    before, after = _fields(old), _fields(new)
    if not before and not after:
        yield from _told(key, old, new)
        return
    for field in {**after, **before}:
        yield from _compare(f"{key}.{field}", field, before.get(field), after.get(field))


def _told(key: str, old: _Value, new: _Value) -> Iterator[Fact]:
    said = Fact(key, _said(old), _said(new))
    if said.old != said.new:
        yield said


def _fields(value: _Value) -> dict[str, _Value]:
    """A block by its keys as an author writes them; nothing for a plain value."""
    if isinstance(value, Selector):
        return {}
    model = type(value)
    fields = getattr(model, "model_fields", {})
    return {field.alias or name: getattr(value, name) for name, field in fields.items()}


def _said(value: _Value) -> str | None:
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case dt.date():
            return value.isoformat()
        case dt.timedelta():
            return f"{value.days}d"
        case Selector():
            return "selected"
        case _:
            return str(value)


def _rows(key: str, name: str, old: tuple[_Value, ...], new: tuple[_Value, ...]) -> Iterator[Fact]:
    kept = Counter(map(str, old)) & Counter(map(str, new))
    before, after = _without(old, kept), _without(new, kept)
    if all(isinstance(row, str) for row in (*before.values(), *after.values())):
        for row in before.values():
            yield Fact(key, _said(row), None)
        for row in after.values():
            yield Fact(key, None, _said(row))
        return
    partners = _partners(name, before, after)
    for position, row in after.items():
        partner = partners.get(position)
        yield from _row(key, name, position, before[partner] if partner is not None else None, row)
    for position, row in before.items():
        if position not in partners.values():
            yield from _row(key, name, position, row, None)


def _without(rows: tuple[_Value, ...], kept: Counter[str]) -> dict[int, _Value]:
    """The rows that have no equal on the other side, by position from 1."""
    left = Counter(kept)
    result = {}
    for position, row in enumerate(rows, 1):
        if left[str(row)]:
            left[str(row)] -= 1
        else:
            result[position] = row
    return result


def _partners(name: str, before: dict[int, _Value], after: dict[int, _Value]) -> dict[int, int]:
    """New positions and the old ones of the same row."""
    partners: dict[int, int] = {}
    for field in _NAMES.get(name, ()):
        free: dict[object, list[int]] = {}
        for position, row in before.items():
            if position not in partners.values():
                free.setdefault(getattr(row, field, None), []).append(position)
        for position, row in after.items():
            same = free.get(getattr(row, field, None))
            if same and position not in partners:
                partners[position] = same.pop(0)
    return partners


def _row(key: str, name: str, position: int, old: _Value, new: _Value) -> Iterator[Fact]:
    """The changed fields of one row, called by the name it bears on both sides, or else by its position."""
    for field in _NAMES.get(name, ()):
        named = {_said(getattr(row, field)) for row in (old, new) if row is not None}
        if len(named) == 1:
            for fact in _compare(f"{key}.{named.pop()}", name, old, new):
                if not fact.key.endswith(f".{field}"):
                    yield fact
            return
    yield from _compare(f"{key}.{position}", name, old, new)
