"""Claims, marks and outcomes, written for many connections in one transaction; claims taken back."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Integer,
    String,
    Subquery,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

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
from mailer.ledger.schema import Instant, digests, documents, entries, literally, openings, written
from mailer.ledger.worker import Worker
from mailer.letters.letter import Letter, Skeleton

_SKELETONS_KEPT = 256

_CLAIMED = (
    digests.c.key,
    digests.c.letter,
    digests.c.skeleton,
    digests.c.sha256,
    digests.c.attempts,
    digests.c.mandatory,
    digests.c.doubts,
)

_TAKEN_BACK = "the sender ended after the data had begun"

Held = tuple[str, str]
"""(key, token) of a claim."""


class _Statements:
    """What a database is told again and again: built once, each for any number of rows in one JSON text.

    One for each row would let go of Python's lock as often, and get it back only when the event loop has a moment.
    """

    def __init__(self, dialect: str) -> None:
        state = digests.c.state.concat("")  # an expression, lest SQLite look for a few keys among all that are sending
        held = _rows(dialect, key=String, token=String)
        here = and_(digests.c.key == held.c.key, digests.c.token == held.c.token, state == State.SENDING)
        self.begin = update(digests).where(here).values(data_begun=True)
        self.renew = update(digests).where(here).values(lease_until=bindparam("lease_until", type_=Instant))
        to = _rows(
            dialect,
            key=String,
            token=String,
            state=String,
            note=String,
            at=String,
            next_try=String,
            queue_id=String,
            hold=String,
            doubts=Integer,
            untried=Integer,
        )
        self.settle = (
            update(digests)
            .where(
                digests.c.key == to.c.key,
                digests.c.token == to.c.token,
                # Late truth beats doubt: who really sent a message may still say so after its claim was taken back.
                or_(state == State.SENDING, state == State.IN_DOUBT),
            )
            .values(
                state=to.c.state,
                reply=to.c.note,
                at=to.c.at,
                next_try=to.c.next_try,
                queue_id=to.c.queue_id,
                hold=to.c.hold,
                doubts=digests.c.doubts + to.c.doubts,
                attempts=digests.c.attempts - to.c.untried,
            )
        )
        self.enter = insert(entries).from_select(
            [entries.c.digest, entries.c.state, entries.c.note, entries.c.at],
            select(to.c.key, to.c.state, to.c.note, to.c.at),
        )
        self._claims: dict[tuple[str, ...] | None, tuple[Update, Update]] = {}

    def claims(self, scope: tuple[str, ...] | None) -> tuple[Update, Update]:
        """What takes messages that were deferred, and then such that are new, unless the ledger is paused."""
        if scope not in self._claims:
            deferred = _to_try(bindparam("now", type_=Instant), bindparam("furthest", type_=Instant))
            self._claims[scope] = (
                _claim(scope, deferred, digests.c.next_try),
                _claim(scope, digests.c.state == literally(State.PENDING), digests.c.run, digests.c.due, digests.c.key),
            )
        return self._claims[scope]


def _claim(scope: tuple[str, ...] | None, which: ColumnElement[bool], *order: ColumnElement[Any]) -> Update:
    paused = select(openings.c.paused).scalar_subquery()
    free = select(digests.c.key).where(which, in_scope(scope), paused.is_(None)).order_by(*order)
    chosen = free.limit(bindparam("wanted", type_=Integer)).with_for_update(skip_locked=True).cte("chosen")
    return (
        update(digests)
        .where(digests.c.key == chosen.c.key)
        .values(
            state=State.SENDING,
            token=bindparam("new_token"),
            worker=bindparam("new_worker"),
            lease_until=bindparam("new_lease", type_=Instant),
            data_begun=False,
            attempts=digests.c.attempts + 1,
            at=bindparam("now", type_=Instant),
        )
        .returning(*_CLAIMED)
    )


def _rows(dialect: str, **columns: type[TypeEngine[Any]]) -> Subquery:
    """A JSON list of lists, the parameter `rows`, as a table with these columns."""
    rows: FunctionElement[Any]
    if dialect == "postgresql":
        rows = func.json_array_elements(cast(bindparam("rows", type_=Text), JSON))
    else:
        rows = func.json_each(bindparam("rows", type_=Text))
    value = rows.table_valued("value", name="listed").c.value
    found = []
    for place, (name, kind) in enumerate(columns.items()):
        if dialect == "postgresql":
            found.append(cast(value.op("->>")(literal_column(str(place))), kind).label(name))
        else:
            found.append(func.json_extract(value, literal_column(f"'$[{place}]'"), type_=kind).label(name))
    return select(*found).subquery("given")


class Desk:
    """Records work; remembers the skeletons it read last."""

    def __init__(self, worker: Worker, dialect: str) -> None:
        self._worker = str(worker)
        self._statements = _Statements(dialect)
        self._skeletons: dict[str, Skeleton] = {}

    def record(self, connection: Connection, work: Work, at: dt.datetime, lease: dt.timedelta) -> Recorded:
        """Outcomes before marks, so that a connection never has two messages whose data had begun."""
        lost = self._settle(connection, [*work.settled, *(_untried(claim, at) for claim in work.returned)])
        lost |= _change(connection, self._statements.begin, work.begun)
        if work.renewed:
            _change(connection, self._statements.renew, work.renewed, lease_until=at + lease)
        claims = self._claim(connection, work, at, lease) if work.wanted else []
        return Recorded(frozenset(lost), claims)

    def _settle(self, connection: Connection, settled: Sequence[Settlement]) -> set[Held]:
        if not settled:
            return set()
        rows = [
            (
                one.claim.key,
                one.claim.token,
                one.state,
                one.note,
                written(one.at),
                one.next_try and written(one.next_try),
                one.queue_id,
                one.hold,
                one.doubts,
                int(one.untried or one.state in (State.PENDING, State.PLANNED)),
            )
            for one in settled
        ]
        done = connection.execute(self._statements.settle, {"rows": json.dumps(rows)})
        lost: set[Held] = set()
        if done.rowcount != len(rows):
            there = _tokens(connection, (one.claim for one in settled))
            lost = {
                (one.claim.key, one.claim.token)
                for one in settled
                if there.get(one.claim.key) != (one.claim.token, one.state)
            }
        told = [row for row in rows if (row[0], row[1]) not in lost and row[2] is not State.PENDING]
        if told:
            connection.execute(self._statements.enter, {"rows": json.dumps(told)})
        return lost

    def _claim(self, connection: Connection, work: Work, at: dt.datetime, lease: dt.timedelta) -> list[Claim]:
        token = secrets.token_hex(16)
        values = {
            "new_token": token,
            "new_worker": self._worker,
            "now": at,
            "new_lease": at + lease,
            "furthest": at + LONGEST_WAIT,
        }
        rows: list[Any] = []
        for statement in self._statements.claims(work.scope):
            if len(rows) < work.wanted:
                rows += connection.execute(statement, {**values, "wanted": work.wanted - len(rows)}).all()
        skeletons = self._read(connection, {row.skeleton for row in rows})
        return [
            Claim(
                key=row.key,
                token=token,
                letter=Letter.model_validate_json(row.letter),
                skeleton=skeletons[row.skeleton],
                sha256=row.sha256,
                attempt=row.attempts,
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
    return _to_try(at, at + LONGEST_WAIT)


def _to_try(at: Any, furthest: Any) -> ColumnElement[bool]:
    come = or_(digests.c.next_try <= at, digests.c.next_try > furthest)
    return and_(digests.c.state == literally(State.DEFERRED), come)


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
        .where(digests.c.state == literally(State.SENDING))
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
    rows = json.dumps([(claim.key, claim.token) for claim in claims])
    done = connection.execute(statement, {"rows": rows, **more})
    if done.rowcount == len(claims):
        return set()
    there = _tokens(connection, claims)
    return {(c.key, c.token) for c in claims if there.get(c.key) != (c.token, State.SENDING)}


def _tokens(connection: Connection, claims: Iterable[Claim]) -> Mapping[str, tuple[str | None, State]]:
    keys = [claim.key for claim in claims]
    query = select(digests.c.key, digests.c.token, digests.c.state).where(digests.c.key.in_(keys))
    return {row.key: (row.token, State(row.state)) for row in connection.execute(query)}
