"""What was decided about people before, now or as it was known to an earlier run; what is still to be sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.agenda.digest import Past, Receipt, Told
from mailer.ledger.interface import UNSENT, Kept, State, Unsent
from mailer.ledger.recording import in_scope, to_try
from mailer.ledger.schema import digests, documents, entries, literally, receipts, runs
from mailer.letters.letter import Letter, Skeleton
from mailer.people.person import Person

_LETTERS = 500
"""Letters read at a time."""

_NEW = digests.c.state == literally(State.PENDING)

_NOT_REACHED = (State.FAILED, State.CANCELLED)


@dataclass
class _Found:
    told: dict[Receipt, Told] = field(default_factory=dict)
    excluded: set[Receipt] = field(default_factory=set)
    slots: set[str] = field(default_factory=set)
    sent: list[dt.datetime] = field(default_factory=list)


async def past(connection: AsyncConnection, persons: Sequence[Person], before_run: int | None) -> Mapping[str, Past]:
    """See `Ledger.past`. At most some 1,000 people with their contacts."""
    known = None
    if before_run is not None:
        known = (await connection.execute(select(runs.c.entry).where(runs.c.number == before_run))).scalar_one()
    found = {person.key: _Found() for person in persons}
    await _receipts(connection, persons, found, before_run, known)
    query = select(digests.c.person, digests.c.slot, runs.c.now).join(runs, runs.c.number == digests.c.run)
    for row in await connection.execute(query.where(digests.c.person.in_(found), _before(digests.c.run, before_run))):
        found[row.person].slots.add(row.slot)
        found[row.person].sent.append(row.now)
    return {
        key: Past(one.told, frozenset(one.excluded), frozenset(one.slots), tuple(sorted(one.sent)))
        for key, one in found.items()
    }


async def _receipts(
    connection: AsyncConnection,
    persons: Iterable[Person],
    found: Mapping[str, _Found],
    before_run: int | None,
    known: int | None,
) -> None:
    """Receipts of these addresses; then what reached these contacts at other addresses they had."""
    owner = {reader.key: person.key for person in persons for reader in (*person.recipients, *person.former)}
    unreached = await _unreached(connection, found, owner, known)
    query = (
        select(receipts, digests.c.message_id, runs.c.now)
        .join(runs, runs.c.number == receipts.c.run)
        .outerjoin(digests, digests.c.key == receipts.c.digest)
        .where(_before(receipts.c.run, before_run))
    )
    for whose in (receipts.c.person.in_(found), receipts.c.recipient.in_(owner)):
        for row in await connection.execute(query.where(whose)):
            own, reached = row.person in found, row.digest not in unreached
            key = row.person if own else owner[row.recipient]
            receipt = Receipt(key, row.client, row.notice, row.version, row.event)
            if row.digest is None:
                if own:
                    found[key].excluded.add(receipt)
            elif own or reached:
                found[key].told.setdefault(receipt, Told(row.digest, row.message_id or "", row.now, reached))


async def _unreached(
    connection: AsyncConnection, found: Mapping[str, _Found], owner: Mapping[str, str], known: int | None
) -> frozenset[str]:
    """Messages to these people that had failed or been cancelled by the entry `known`."""
    last = (
        select(entries.c.digest, func.max(entries.c.id).label("id"))
        .join(receipts, receipts.c.digest == entries.c.digest)
        .where(
            or_(receipts.c.person.in_(found), receipts.c.recipient.in_(owner)),
            true() if known is None else entries.c.id <= known,
        )
        .group_by(entries.c.digest)
        .subquery()
    )
    query = select(entries.c.digest).join(last, last.c.id == entries.c.id).where(entries.c.state.in_(_NOT_REACHED))
    return frozenset((await connection.execute(query)).scalars())


def _before(run: ColumnElement[int], before_run: int | None) -> ColumnElement[bool]:
    return true() if before_run is None else run < before_run


async def due(connection: AsyncConnection, at: dt.datetime, scope: tuple[str, ...] | None) -> int:
    """How many messages could be claimed."""
    found = 0
    for which in (_NEW, to_try(at)):  # one by one: each has an index of its own
        query = select(func.count()).select_from(digests).where(which, in_scope(scope))
        found += (await connection.execute(query)).scalar_one()
    return found


async def last_commit(connection: AsyncConnection) -> str | None:
    """The commit of the last run, full hash."""
    query = select(runs.c.commit_hash).order_by(runs.c.number.desc()).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def counts(connection: AsyncConnection) -> Mapping[State, int]:
    """How many messages are in each state."""
    query = select(digests.c.state, func.count().label("total")).group_by(digests.c.state)
    return {State(row.state): row.total for row in await connection.execute(query)}


async def letters(
    connection: AsyncConnection, at: dt.datetime, scope: tuple[str, ...] | None, after: str
) -> tuple[list[Letter], str]:
    """The letters that could be claimed whose keys come `after` one, and the last key; of many, the first."""
    query = (
        select(digests.c.key, digests.c.letter)
        .where(or_(_NEW, to_try(at)), in_scope(scope), digests.c.key > after)
        .order_by(digests.c.key)
        .limit(_LETTERS)
    )
    rows = (await connection.execute(query)).all()
    return [Letter.model_validate_json(row.letter) for row in rows], rows[-1].key if rows else after


async def unsent(connection: AsyncConnection, person: str) -> list[Unsent]:
    """See `Ledger.unsent`."""
    query = (
        select(digests.c.letter, digests.c.state, digests.c.due, documents.c.text)
        .join(documents, documents.c.sha256 == digests.c.skeleton)
        .where(digests.c.person == person, digests.c.state.in_((*UNSENT, State.SENDING)))
        .order_by(digests.c.due, digests.c.key)
    )
    return [
        Unsent(
            Letter.model_validate_json(row.letter), Skeleton.model_validate_json(row.text), State(row.state), row.due
        )
        for row in await connection.execute(query)
    ]


async def kept(connection: AsyncConnection, run: int, persons: Sequence[str]) -> list[Kept]:
    """What a run recorded for people."""
    query = select(receipts).where(and_(receipts.c.run == run, receipts.c.person.in_(persons)))
    return [
        Kept(Receipt(row.person, row.client, row.notice, row.version, row.event), row.digest, row.reason)
        for row in await connection.execute(query)
    ]
