"""Claims, marks and outcomes, written for many connections in one transaction; claims taken back."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.ledger.interface import (
    LONGEST_LEASE,
    LONGEST_WAIT,
    Claim,
    Doubts,
    Recorded,
    Settlement,
    State,
    Work,
)
from mailer.ledger.schema import Instant, digests, documents, entries, openings
from mailer.ledger.worker import Worker
from mailer.letter import Letter, Skeleton

_SKELETONS_KEPT = 256

_TAKEN_BACK = "the sender ended after the data had begun"

Held = tuple[str, str]
"""(key, token) of a claim."""

_held = and_(digests.c.key == bindparam("held_key"), digests.c.token == bindparam("held_token"))

# Late truth beats doubt: who really sent a message may still say so after its claim was taken back.
_SETTLE = (
    update(digests)
    .where(_held, or_(digests.c.state == State.SENDING, digests.c.state == State.IN_DOUBT))
    .values(
        state=bindparam("to_state"),
        reply=bindparam("to_reply"),
        at=bindparam("to_at", type_=Instant),
        next_try=bindparam("to_next_try", type_=Instant),
        queue_id=bindparam("to_queue_id"),
        hold=bindparam("to_hold"),
        doubts=digests.c.doubts + bindparam("to_doubts"),
        attempts=digests.c.attempts - bindparam("to_untried"),
    )
)
_BEGIN = update(digests).where(_held, digests.c.state == State.SENDING).values(data_begun=True)
_RENEW = (
    update(digests)
    .where(_held, digests.c.state == State.SENDING)
    .values(lease_until=bindparam("to_lease_until", type_=Instant))
)


class Desk:
    """Records work; remembers the skeletons it read last."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._skeletons: dict[str, Skeleton] = {}

    def record(self, connection: Connection, work: Work, at: dt.datetime, lease: dt.timedelta) -> Recorded:
        """Outcomes before marks, so that a connection never has two messages whose data had begun."""
        lost = self._settle(connection, [*work.settled, *(_untried(claim, at) for claim in work.returned)])
        lost |= _change(connection, _BEGIN, work.begun)
        if work.renewed:
            _change(connection, _RENEW, work.renewed, to_lease_until=at + lease)
        claims = self._claim(connection, work, at, lease) if work.wanted else []
        return Recorded(frozenset(lost), claims)

    def _settle(self, connection: Connection, settled: Sequence[Settlement]) -> set[Held]:
        if not settled:
            return set()
        rows = [
            {
                "held_key": one.claim.key,
                "held_token": one.claim.token,
                "to_state": one.state,
                "to_reply": one.note,
                "to_at": one.at,
                "to_next_try": one.next_try,
                "to_queue_id": one.queue_id,
                "to_hold": one.hold,
                "to_doubts": one.doubts,
                "to_untried": int(one.untried or one.state in (State.PENDING, State.PLANNED)),
            }
            for one in settled
        ]
        done = connection.execute(_SETTLE, rows)
        lost: set[Held] = set()
        if done.rowcount != len(rows):
            there = _tokens(connection, (one.claim for one in settled))
            lost = {
                (one.claim.key, one.claim.token)
                for one in settled
                if there.get(one.claim.key) != (one.claim.token, one.state)
            }
        told = [
            {"digest": one.claim.key, "state": one.state, "note": one.note, "at": one.at}
            for one in settled
            if (one.claim.key, one.claim.token) not in lost and one.state is not State.PENDING
        ]
        if told:
            connection.execute(insert(entries), told)
        return lost

    def _claim(self, connection: Connection, work: Work, at: dt.datetime, lease: dt.timedelta) -> list[Claim]:
        if (connection.execute(select(openings.c.paused))).scalar_one() is not None:
            return []
        deferred = select(digests).where(to_try(at), in_scope(work.scope)).order_by(digests.c.next_try)
        pending = (
            select(digests)
            .where(digests.c.state == State.PENDING, in_scope(work.scope))
            .order_by(digests.c.run, digests.c.due, digests.c.key)
        )
        rows: list[Any] = []
        for query in (deferred, pending):
            if len(rows) < work.wanted:
                free = query.limit(work.wanted - len(rows)).with_for_update(skip_locked=True)
                rows += (connection.execute(free)).all()
        if not rows:
            return []
        token = secrets.token_hex(16)
        connection.execute(
            update(digests)
            .where(digests.c.key.in_([row.key for row in rows]))
            .values(
                state=State.SENDING,
                token=token,
                worker=str(self._worker),
                lease_until=at + lease,
                data_begun=False,
                attempts=digests.c.attempts + 1,
                at=at,
            )
        )
        skeletons = self._read(connection, {row.skeleton for row in rows})
        return [
            Claim(
                key=row.key,
                token=token,
                letter=Letter.model_validate_json(row.letter),
                skeleton=skeletons[row.skeleton],
                sha256=row.sha256,
                attempt=row.attempts + 1,
                mandatory=row.mandatory,
                doubts=row.doubts,
            )
            for row in rows
        ]

    def _read(self, connection: Connection, keys: set[str]) -> Mapping[str, Skeleton]:
        missing = keys - self._skeletons.keys()
        if missing:
            while len(self._skeletons) > _SKELETONS_KEPT:
                del self._skeletons[next(iter(self._skeletons))]
            found = connection.execute(select(documents).where(documents.c.sha256.in_(missing)))
            self._skeletons |= {row.sha256: Skeleton.model_validate_json(row.text) for row in found}
        return {key: self._skeletons[key] for key in keys}


def to_try(at: dt.datetime) -> ColumnElement[bool]:
    """Deferred, and its time has come; a time further off than any wait was set by a clock that was wrong."""
    come = or_(digests.c.next_try <= at, digests.c.next_try > at + LONGEST_WAIT)
    return and_(digests.c.state == State.DEFERRED, come)


def in_scope(scope: tuple[str, ...] | None) -> ColumnElement[bool]:
    return true() if scope is None else digests.c.person.in_(scope)


async def recover(
    connection: AsyncConnection, at: dt.datetime, doubts: Doubts, gone: Callable[[str], bool]
) -> tuple[int, int]:
    """Take back claims whose lease is over, or whose worker is `gone`: (unharmed, in doubt)."""
    found = await connection.execute(
        select(
            digests.c.key,
            digests.c.worker,
            digests.c.lease_until,
            digests.c.data_begun,
            digests.c.mandatory,
            digests.c.doubts,
        )
        .where(digests.c.state == State.SENDING)
        .with_for_update(skip_locked=True)
    )
    rows = found.all()
    dead = {worker for worker in {row.worker for row in rows} if worker and gone(worker)}
    over = [row for row in rows if row.worker in dead or not at <= row.lease_until <= at + LONGEST_LEASE]
    unharmed = [row for row in over if not row.data_begun]
    doubtful = [row for row in over if row.data_begun]
    again = [row for row in doubtful if doubts.resend(row.mandatory, row.doubts + 1)]
    await _move(connection, unharmed, State.PENDING, at, token=None)
    await _move(connection, [row for row in doubtful if row not in again], State.IN_DOUBT, at, note=_TAKEN_BACK)
    await _move(connection, again, State.PENDING, at, note=f"{_TAKEN_BACK}; sent again, as configured", token=None)
    return len(unharmed), len(doubtful)


async def _move(
    connection: AsyncConnection, rows: Sequence[Any], state: State, at: dt.datetime, note: str = "", **more: Any
) -> None:
    if not rows:
        return
    values: dict[str, Any] = {"state": state, "at": at, "next_try": None, **more}
    if note:
        values |= {"reply": note, "doubts": digests.c.doubts + 1}
    await connection.execute(update(digests).where(digests.c.key.in_([row.key for row in rows])).values(**values))
    logged = [{"digest": row.key, "state": state, "note": note, "at": at} for row in rows]
    await connection.execute(insert(entries), logged)


def _untried(claim: Claim, at: dt.datetime) -> Settlement:
    return Settlement(claim, State.PENDING, "", at)


def _change(connection: Connection, statement: Any, claims: Sequence[Claim], **more: Any) -> set[Held]:
    """Change claimed messages; those whose claim was lost are told."""
    if not claims:
        return set()
    rows = [{"held_key": claim.key, "held_token": claim.token, **more} for claim in claims]
    done = connection.execute(statement, rows)
    if done.rowcount == len(rows):
        return set()
    there = _tokens(connection, claims)
    return {(c.key, c.token) for c in claims if there.get(c.key) != (c.token, State.SENDING)}


def _tokens(connection: Connection, claims: Iterable[Claim]) -> Mapping[str, tuple[str | None, State]]:
    keys = [claim.key for claim in claims]
    query = select(digests.c.key, digests.c.token, digests.c.state).where(digests.c.key.in_(keys))
    return {row.key: (row.token, State(row.state)) for row in connection.execute(query)}
