"""What the ledger says for itself: its runs, their frozen registries, its messages, where it contradicts itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.ledger.interface import Delivery, Hold, RunRecord, State
from mailer.ledger.schema import digests, documents, entries, receipts, registries, runs
from portal.errors import PortalError

_MESSAGES = 1000
"""Messages read at a time."""

_SHOWN = 20
"""Contradictions that are told one by one."""


async def run_records(connection: AsyncConnection) -> list[RunRecord]:
    """Every run, oldest first."""
    query = (
        select(runs, documents.c.sha256, documents.c.text)
        .join(documents, documents.c.sha256 == runs.c.plan)
        .order_by(runs.c.number)
    )
    rows = (await connection.execute(query)).all()
    messages = await connection.execute(
        select(digests.c.run, digests.c.state, func.count().label("total")).group_by(digests.c.run, digests.c.state)
    )
    counts = messages.all()
    told = (
        await connection.execute(
            select(receipts.c.run, digests.c.state, receipts.c.reason, func.count().label("total"))
            .outerjoin(digests, digests.c.key == receipts.c.digest)
            .group_by(receipts.c.run, digests.c.state, receipts.c.reason)
        )
    ).all()
    return [
        RunRecord(
            number=row.number,
            now=row.now,
            at=row.at,
            commit=row.commit_hash,
            plan=_genuine(row.sha256, row.text),
            scope=None if row.scope is None else tuple(json.loads(row.scope)),
            digests=row.digests,
            messages={State(c.state): c.total for c in counts if c.run == row.number},
            receipts={State(c.state): c.total for c in told if c.run == row.number and c.state is not None},
            excluded={c.reason: c.total for c in told if c.run == row.number and c.reason is not None},
        )
        for row in rows
    ]


async def registry_part(connection: AsyncConnection, run: int, position: int) -> str | None:
    """One part of the registry that a run froze; None after the last."""
    query = (
        select(documents)
        .join(registries, registries.c.document == documents.c.sha256)
        .where(registries.c.run == run, registries.c.position == position)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _genuine(row.sha256, row.text)


def _genuine(sha256: str, text: str) -> str:
    """A document that is still what its name says. Raises PortalError."""
    if hashlib.sha256(text.encode()).hexdigest() != sha256:
        raise PortalError(f"the frozen document {sha256[:12]} was changed", "restore the ledger from a backup")
    return text


async def contradictions(connection: AsyncConnection) -> list[str]:
    """Where digests, receipts and entries do not agree, a line each; of very many the first ones and a number."""
    found = [
        *await _states(connection),
        *(f"digest {key} has no receipts" for key in await _without_receipts(connection)),
        *(f"digest {key} has receipts, and is not there" for key in await _without_digest(connection)),
        *await _counts(connection),
    ]
    more = len(found) - _SHOWN
    return [*found[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]


async def _states(connection: AsyncConnection) -> list[str]:
    """A message is in the state of its last entry, or in one that a claim leads to; without an entry it is pending."""
    last = select(entries.c.digest, func.max(entries.c.id).label("id")).group_by(entries.c.digest).subquery()
    query = (
        select(digests.c.key, digests.c.state, entries.c.state.label("entered"))
        .outerjoin(last, last.c.digest == digests.c.key)
        .outerjoin(entries, entries.c.id == last.c.id)
        .where(
            or_(
                and_(
                    digests.c.state.in_((State.PENDING, State.SENDING)),
                    entries.c.state.not_in((State.PENDING, State.DEFERRED)),
                ),
                and_(
                    digests.c.state.not_in((State.PENDING, State.SENDING)),
                    or_(entries.c.state.is_(None), entries.c.state != digests.c.state),
                ),
            )
        )
        .order_by(digests.c.key)
    )
    return [
        f"digest {row.key} is {row.state}, and the last entry says {row.entered or 'nothing'}"
        for row in await connection.execute(query)
    ]


async def _without_receipts(connection: AsyncConnection) -> Sequence[str]:
    query = (
        select(digests.c.key)
        .outerjoin(receipts, receipts.c.digest == digests.c.key)
        .where(receipts.c.digest.is_(None))
        .order_by(digests.c.key)
    )
    return (await connection.execute(query)).scalars().all()


async def _without_digest(connection: AsyncConnection) -> Sequence[str]:
    query = (
        select(receipts.c.digest)
        .outerjoin(digests, digests.c.key == receipts.c.digest)
        .where(receipts.c.digest.is_not(None), digests.c.key.is_(None))
        .distinct()
        .order_by(receipts.c.digest)
    )
    return (await connection.execute(query)).scalars().all()


async def _counts(connection: AsyncConnection) -> Iterable[str]:
    query = (
        select(runs.c.number, runs.c.digests, func.count(digests.c.key).label("there"))
        .outerjoin(digests, digests.c.run == runs.c.number)
        .group_by(runs.c.number, runs.c.digests)
        .order_by(runs.c.number)
    )
    return [
        f"run {row.number} froze {row.digests} digests, and {row.there} are there"
        for row in await connection.execute(query)
        if row.digests != row.there
    ]


async def deliveries(
    connection: AsyncConnection, unsettled: bool, after: tuple[int, str]
) -> tuple[list[Delivery], tuple[int, str]]:
    """Messages after a (run, key), and the last of these; of many, the first."""
    query = (
        select(digests)
        .where(or_(digests.c.run > after[0], and_(digests.c.run == after[0], digests.c.key > after[1])))
        .order_by(digests.c.run, digests.c.key)
        .limit(_MESSAGES)
    )
    if unsettled:
        query = query.where(digests.c.state != State.SENT)
    rows = (await connection.execute(query)).all()
    readers: dict[str, set[str]] = {}
    keys = [row.key for row in rows]
    told = select(receipts.c.digest, receipts.c.recipient).where(receipts.c.digest.in_(keys)).distinct()
    for row in await connection.execute(told):
        readers.setdefault(row.digest, set()).add(row.recipient)
    found = [
        Delivery(
            key=row.key,
            run=row.run,
            readers=tuple(sorted(readers.get(row.key, ()))),
            slot=row.slot,
            state=State(row.state),
            hold=Hold(row.hold) if row.hold else None,
            attempts=row.attempts,
            reply=row.reply,
            queue_id=row.queue_id,
            at=row.at,
            next_try=row.next_try if row.state == State.DEFERRED else None,
        )
        for row in rows
    ]
    return found, (rows[-1].run, rows[-1].key) if rows else after
