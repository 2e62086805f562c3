"""When one person's items leave: at once, with the slot, inside the window, under the cap, or later. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mailer.agenda.digest import Digest, Event, Item, Past, Waiting
from mailer.people import schedule
from mailer.people.person import Person
from portal.client import Cadence
from portal.plan import Plan

_WEEK = dt.timedelta(days=7)

_Mail = TypeVar("_Mail", Digest, Waiting)


@dataclass(frozen=True, slots=True)
class Timed:
    """What leaves now and what later, what would leave now but is withheld, and what will be once its time comes."""

    digests: tuple[Digest, ...]
    waiting: tuple[Waiting, ...]
    withheld: tuple[Item, ...]
    to_be_withheld: tuple[Item, ...]


def sort_out(plan: Plan, person: Person, items: Sequence[Item], past: Past) -> Timed:
    """Divide one person's items into what goes at once, what goes with the slot, and what waits.

    Urgent items wait for nothing. Reminders have messages of their own, which wait for the window only, so that they
    come in time and under the message that they follow up. The others fall due at the slot that follows the
    publication of the oldest version they stand for; a slot that had its digest already takes nothing more.
    """
    if not items:
        return Timed((), (), (), ())
    clerk = _Clerk(plan, person, past)
    clerk.at_once([item for item in items if item.urgent])
    clerk.remind([item for item in items if item.event is Event.REMINDER])
    clerk.by_cadence([item for item in items if not item.urgent and item.event is not Event.REMINDER])
    due = [item for digest in clerk.digests for item in digest.items]
    return Timed(
        digests=tuple(digest for digest in map(_told, clerk.digests) if digest.items),
        waiting=tuple(waiting for waiting in map(_told, clerk.waiting) if waiting.items),
        withheld=tuple(item for item in due if item.withheld is not None),
        to_be_withheld=tuple(i for waiting in clerk.waiting for i in waiting.items if i.withheld is not None),
    )


class _Clerk:
    """One person's outgoing mail."""

    def __init__(self, plan: Plan, person: Person, past: Past) -> None:
        self.digests: list[Digest] = []
        self.waiting: list[Waiting] = []
        self._now = plan.now
        self._mail = plan.settings.options.mail
        self._person = person
        self._past = past

    def at_once(self, items: Sequence[Item]) -> None:
        if items:
            self.digests.append(self._named("urgent", items))

    def remind(self, items: Sequence[Item]) -> None:
        if items:
            self._in_window(self._named("reminder", items))

    def by_cadence(self, items: Sequence[Item]) -> None:
        person = self._person
        if not items:
            return
        if person.cadence is Cadence.IMMEDIATE:
            self._in_window(self._named(person.cadence.value, items), capped=True)
            return
        slot = schedule.latest(person.cadence, person.timetable, person.zone, self._now, person.calendar)
        name = f"{person.cadence} {slot.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"
        taken = name in self._past.slots
        due = tuple(item for item in items if not taken and item.waiting_since <= slot)
        later = tuple(item for item in items if taken or item.waiting_since > slot)
        if due:
            self._in_window(Digest(person, name, slot, due), capped=True)
        if later:
            following = schedule.following(person.cadence, person.timetable, person.zone, self._now, person.calendar)
            self.waiting.append(Waiting(person, self._opens(following), later))

    def _in_window(self, digest: Digest, *, capped: bool = False) -> None:
        """Let a digest go now, or note when it may: in the recipient's hours, and, if `capped`, under the cap."""
        free = self._now
        if capped and not any(_has_deadline(item) for item in digest.items):
            free = self._free()
        opens = self._opens(free)
        if opens <= self._now:
            self.digests.append(digest)
        else:
            self.waiting.append(Waiting(self._person, opens, digest.items))

    def _opens(self, moment: dt.datetime) -> dt.datetime:
        return schedule.opens(self._mail.window, self._person.zone, moment, self._person.calendar)

    def _free(self) -> dt.datetime:
        """When the cap allows one more message: once fewer than `cap` lie less than a week back."""
        cap = self._mail.cap
        recent = sorted(moment for moment in self._past.sent if self._now - _WEEK < moment <= self._now)
        if cap is None or len(recent) < cap:
            return self._now
        return recent[-cap] + _WEEK

    def _named(self, kind: str, items: Sequence[Item]) -> Digest:
        """A digest that waits for no slot is named by what is in it, so that the same news cannot make two."""
        told = sorted(
            (item.entry.id, item.version.number, item.mark, *(reader.client.id for reader in item.readers))
            for item in items
            if item.withheld is None
        )
        name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
        return Digest(self._person, f"{kind} {name}", self._now, tuple(items))


def _told(mail: _Mail) -> _Mail:
    """A digest, or what waits, without what is withheld."""
    return replace(mail, items=tuple(item for item in mail.items if item.withheld is None))


def _has_deadline(item: Item) -> bool:
    """Whether it is mandatory and asks for something by a day."""
    notice = item.text.notice
    asked = (notice.action and notice.action.by, notice.ack and notice.ack.by, notice.objection)
    return item.mandatory and item.withheld is None and any(asked)
