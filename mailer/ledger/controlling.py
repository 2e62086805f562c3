"""What people decide about messages: hold, let go, cancel, resolve; each decision is entered with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, literal, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.ledger.interface import Decree, Hold, State
from mailer.ledger.schema import Instant, digests, entries, openings


async def pause(connection: AsyncConnection, at: dt.datetime, who: str, why: str) -> int:
    """Nothing is claimed any more, and what waits is planned; how many messages."""
    await connection.execute(update(openings).where(openings.c.paused.is_(None)).values(paused=at))
    waiting = digests.c.state.in_((State.PENDING, State.DEFERRED))
    return await _move(connection, waiting, Decree(State.PLANNED, why or Hold.PAUSE, who, at), hold=Hold.PAUSE)


async def resume(connection: AsyncConnection, at: dt.datetime, who: str, why: str) -> int:
    """What is planned is pending, or deferred where a server had asked for time; how many messages."""
    await connection.execute(update(openings).values(paused=None))
    planned = digests.c.state == State.PLANNED
    deferred = await _move(
        connection, planned & digests.c.next_try.is_not(None), Decree(State.DEFERRED, why, who, at), hold=None
    )
    return deferred + await _move(connection, planned, Decree(State.PENDING, why, who, at), hold=None)


async def decree(
    connection: AsyncConnection, keys: Sequence[str] | None, run: int | None, among: Sequence[State], decree: Decree
) -> int:
    """Put messages into another state; how many were."""
    chosen = digests.c.state.in_(among) & (true() if run is None else digests.c.run == run)
    if keys is not None:
        chosen &= digests.c.key.in_(keys)
    return await _move(connection, chosen, decree, token=None, hold=None, next_try=None, reply=decree.why)


async def _move(connection: AsyncConnection, chosen: ColumnElement[bool], decree: Decree, **values: Any) -> int:
    """Enter the change of every chosen message, then change them: in the database, however many they are."""
    logged: Select[Any] = select(
        digests.c.key,
        literal(decree.state.value),
        literal(decree.why),
        literal(decree.who),
        literal(decree.at, Instant),
    ).where(chosen)
    columns = [entries.c.digest, entries.c.state, entries.c.note, entries.c.who, entries.c.at]
    await connection.execute(insert(entries).from_select(columns, logged))
    changed = await connection.execute(update(digests).where(chosen).values(state=decree.state, at=decree.at, **values))
    return changed.rowcount


async def states(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, State]:
    """The state of each message, or of those that a beginning of a key names."""
    named = or_(*(digests.c.key.startswith(key, autoescape=True) for key in keys))
    query = select(digests.c.key, digests.c.state).where(named)
    return {row.key: State(row.state) for row in await connection.execute(query)}
