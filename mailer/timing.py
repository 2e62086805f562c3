"""When one person's items leave: at once, with the slot, or later. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from mailer import schedule
from mailer.digest import Digest, Item, Past, Waiting
from mailer.person import Person
from portal.client import Cadence
from portal.plan import Plan


@dataclass(frozen=True, slots=True)
class Timed:
    """What leaves now and what later, and what would leave now but is withheld."""

    digests: tuple[Digest, ...]
    waiting: tuple[Waiting, ...]
    withheld: tuple[Item, ...]


def sort_out(plan: Plan, person: Person, items: Sequence[Item], past: Past) -> Timed:
    """Divide one person's items into what goes at once, what goes with the slot, and what waits.

    An item falls due at the slot that follows the publication of the oldest version it stands for; a slot that had
    its digest already takes nothing more.
    """
    at_once = [item for item in items if item.urgent]
    others = [item for item in items if not item.urgent]
    digests = [_now(plan, person, "urgent", at_once)]
    waiting: list[Waiting] = []
    if person.cadence is Cadence.IMMEDIATE:
        digests.append(_now(plan, person, person.cadence.value, others))
    elif others:
        at = schedule.latest(person.cadence, person.timetable, person.zone, plan.now)
        slot = f"{person.cadence} {at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"
        taken = slot in past.slots
        digests.append(Digest(person, slot, at, tuple(i for i in others if not taken and i.waiting_since <= at)))
        later = tuple(i for i in others if taken or i.waiting_since > at)
        if later:
            following = schedule.following(person.cadence, person.timetable, person.zone, plan.now)
            waiting.append(Waiting(person, following, later))
    due = [item for digest in digests for item in digest.items]
    return Timed(
        digests=tuple(told for digest in digests if (told := _told(digest)).items),
        waiting=tuple(waiting),
        withheld=tuple(item for item in due if item.withheld is not None),
    )


def _told(digest: Digest) -> Digest:
    """The digest without what is withheld."""
    return Digest(digest.person, digest.slot, digest.due, tuple(i for i in digest.items if i.withheld is None))


def _now(plan: Plan, person: Person, kind: str, items: Sequence[Item]) -> Digest:
    """A digest that waits for no slot is named by what is in it, so that the same news cannot make two."""
    told = sorted(
        (item.entry.id, item.version.number, item.mark, *(reader.client.id for reader in item.readers))
        for item in items
        if item.withheld is None
    )
    name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    return Digest(person, f"{kind} {name}", plan.now, tuple(items))
