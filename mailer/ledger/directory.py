"""Who subscribed, and to whom less is sent: what is kept of them in the ledger's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Index, Integer, Row, String, Table, Text, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.ledger import erasing
from mailer.ledger.schema import Instant, digests, openings, receipts, tables
from mailer.people.subscription import Consent, Scope, Subscribers, Subscription, Suppression, mark
from portal.client import Cadence
from portal.errors import PortalError
from portal.kinds import Kind

# One row for each consent. A subscription that ended stays, as proof of the consent, until the person is erased.
subscriptions = Table(
    "subscriptions",
    tables,
    Column("id", String(16), primary_key=True),
    Column("person", String(320), nullable=False),
    Column("address", String(320), nullable=False),
    Column("name", Text, nullable=False, default=""),
    Column("language", String(16)),
    Column("timezone", String(64)),
    Column("cadence", String(16)),
    Column("topics", Text, nullable=False, default=""),  # kinds, with a space between
    Column("consent_at", Instant, nullable=False),
    Column("consent_source", Text, nullable=False),
    Column("consent_text", Text, nullable=False, default=""),
    Column("ended_at", Instant),
    Column("ended_source", Text),
)
Index(
    "one_subscription_an_address",
    subscriptions.c.person,
    unique=True,
    sqlite_where=subscriptions.c.ended_at.is_(None),
    postgresql_where=subscriptions.c.ended_at.is_(None),
)

# One row each time an address is suppressed. The address is known by its mark only, so that this outlives erasure.
suppressions = Table(
    "suppressions",
    tables,
    Column("id", Integer, primary_key=True),
    Column("mark", String(64), nullable=False, index=True),
    Column("scope", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_source", Text),
)

_BATCH = 500
"""Subscriptions written with one statement; databases limit the number of bound values."""

_WISHES = ("name", "language", "timezone", "cadence", "topics")
_CHANGE = (
    update(subscriptions)
    .where(subscriptions.c.person == bindparam("of"), subscriptions.c.ended_at.is_(None))
    .values(
        address=bindparam("new_address"),
        **{
            name: func.coalesce(bindparam(f"new_{name}", type_=subscriptions.c[name].type), subscriptions.c[name])
            for name in _WISHES
        },
    )
)
"""Replaces what is said; what is null stays as it was."""


class Directory:
    """The part of a ledger that knows subscribers. Every method is one transaction."""

    def _transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        raise NotImplementedError

    def _reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        raise NotImplementedError

    async def subscribers(self) -> Subscribers:
        """Every subscription that has not ended, and every suppression that was not lifted."""
        async with self._reading() as connection:
            rows = await connection.stream(select(subscriptions).where(subscriptions.c.ended_at.is_(None)))
            known = [_subscription(row) async for row in rows]
            active = await connection.execute(
                select(suppressions).where(suppressions.c.lifted_at.is_(None)).order_by(suppressions.c.id)
            )
            pepper = await _pepper(connection)
            found = [Suppression(row.mark, Scope(row.scope), row.source, row.at) for row in active]
        # Of several for one address the widest holds.
        return Subscribers.of(known, sorted(found, key=lambda one: one.scope is Scope.ALL), pepper)

    async def subscribe(
        self, wanted: Sequence[Subscription], watch: Callable[[int], None] = lambda _: None
    ) -> tuple[int, int]:
        """Add subscriptions; of an address that has one, wishes that are said are replaced: (new, changed).

        All or none. What is not said stays as it was, and so does the consent. Each address at most once. `watch` hears
        how many are written.
        """
        try:
            return await self._subscribe(wanted, watch)
        except IntegrityError:
            hint = "nothing was changed; try again"
            raise PortalError("another program entered some of these subscriptions meanwhile", hint) from None

    async def _subscribe(self, wanted: Sequence[Subscription], watch: Callable[[int], None]) -> tuple[int, int]:
        changed = 0
        async with self._transaction() as connection:
            for start in range(0, len(wanted), _BATCH):
                batch = wanted[start : start + _BATCH]
                known = subscriptions.c.person.in_([one.key for one in batch]) & subscriptions.c.ended_at.is_(None)
                here = set((await connection.execute(select(subscriptions.c.person).where(known))).scalars())
                if here:
                    await connection.execute(_CHANGE, [_changed(one) for one in batch if one.key in here])
                if len(here) < len(batch):
                    await connection.execute(insert(subscriptions), [_row(one) for one in batch if one.key not in here])
                changed += len(here)
                watch(len(batch))
        return len(wanted) - changed, changed

    async def unsubscribe(self, key: str, source: str, at: dt.datetime) -> bool:
        """End the subscription of an address; False where there is none."""
        here = (subscriptions.c.person == key) & subscriptions.c.ended_at.is_(None)
        async with self._transaction() as connection:
            ended = await connection.execute(update(subscriptions).where(here).values(ended_at=at, ended_source=source))
        return ended.rowcount > 0

    async def suppress(self, address: str, scope: Scope, source: str, at: dt.datetime) -> None:
        """Send less to an address from now on."""
        async with self._transaction() as connection:
            await _suppress(connection, mark(address, await _pepper(connection)), scope, source, at)

    async def lift(self, address: str, scope: Scope, source: str, at: dt.datetime) -> bool:
        """End the suppressions of a scope for an address; False where there are none."""
        async with self._transaction() as connection:
            own = suppressions.c.mark == mark(address, await _pepper(connection))
            here = own & (suppressions.c.scope == scope) & suppressions.c.lifted_at.is_(None)
            lifted = await connection.execute(
                update(suppressions).where(here).values(lifted_at=at, lifted_source=source)
            )
        return lifted.rowcount > 0

    async def everything_about(self, key: str) -> dict[str, list[dict[str, Any]]]:
        """Every row about an address, table by table."""
        queries = {
            "subscriptions": select(subscriptions).where(subscriptions.c.person == key),
            "messages": select(
                digests.c.key,
                digests.c.run,
                digests.c.slot,
                digests.c.due,
                digests.c.state,
                digests.c.reply,
                digests.c.at,
                digests.c.message_id,
            ).where(digests.c.person == key),
            "receipts": select(receipts).where(receipts.c.person == key),
        }
        async with self._reading() as connection:
            own = mark(key, await _pepper(connection))
            queries["suppressions"] = select(suppressions).where(suppressions.c.mark == own)
            return {name: [_plain(row) for row in await connection.execute(query)] for name, query in queries.items()}

    async def erase(self, key: str, pseudonym: str, source: str, at: dt.datetime) -> int:
        """Put a pseudonym everywhere for an address; how many rows named it. Its mark stays, so that it stays out.

        Raises PortalError while a message to it is under way.
        """
        async with self._transaction() as connection:
            pepper = await _pepper(connection)
            found = await erasing.erase(connection, key, pseudonym, pepper, at)
            gone = await connection.execute(subscriptions.delete().where(subscriptions.c.person == key))
            await _suppress(connection, mark(key, pepper), Scope.ALL, source, at)
        return found + gone.rowcount


def _row(one: Subscription) -> dict[str, Any]:
    return {
        "id": one.id,
        "person": one.key,
        "address": one.address,
        "name": one.name,
        "language": one.language,
        "timezone": one.timezone,
        "cadence": one.cadence,
        "topics": " ".join(one.topics),
        "consent_at": one.consent.at,
        "consent_source": one.consent.source,
        "consent_text": one.consent.text,
    }


def _changed(one: Subscription) -> dict[str, Any]:
    row = _row(one)
    return {"of": one.key, "new_address": one.address, **{f"new_{name}": row[name] or None for name in _WISHES}}


async def _pepper(connection: AsyncConnection) -> bytes:
    return bytes.fromhex((await connection.execute(select(openings.c.pepper))).scalar_one())


async def _suppress(connection: AsyncConnection, marked: str, scope: Scope, source: str, at: dt.datetime) -> None:
    await connection.execute(insert(suppressions).values(mark=marked, scope=scope, source=source, at=at))


def _subscription(row: Row[Any]) -> Subscription:
    language, timezone, cadence, topics = _wishes(row.language, row.timezone, row.cadence, row.topics)
    consent = _consent(row.consent_at, row.consent_source, row.consent_text)
    return Subscription(row.id, row.address, consent, row.name, language, timezone, cadence, topics)


@lru_cache(maxsize=4096)
def _wishes(
    language: str | None, timezone: str | None, cadence: str | None, topics: str
) -> tuple[str | None, str | None, Cadence | None, tuple[Kind, ...]]:
    """The same objects for the same wishes: a hundred thousand subscribers have few."""
    return language, timezone, Cadence(cadence) if cadence else None, tuple(map(Kind, topics.split()))


@lru_cache(maxsize=4096)
def _consent(at: dt.datetime, source: str, text: str) -> Consent:
    """The same object for those who agreed at one time in one place, as in a list that was taken over."""
    return Consent(at, source, text)


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row._mapping.items()
    }
