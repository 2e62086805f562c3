"""Who subscribed, and to whom less is sent: what is kept of them in the ledger's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Index, Integer, Row, String, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.ledger import erasing
from mailer.ledger.schema import Instant, digests, receipts, tables
from mailer.subscription import Consent, Scope, Subscribers, Subscription, Suppression, hashed
from portal.client import Cadence
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

# One row each time an address is suppressed. The address is known by its hash only, so that this outlives erasure.
suppressions = Table(
    "suppressions",
    tables,
    Column("id", Integer, primary_key=True),
    Column("hash", String(64), nullable=False, index=True),
    Column("scope", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_source", Text),
)


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
            found = [Suppression(row.hash, Scope(row.scope), row.source, row.at) for row in active]
        # Of several for one address the widest holds.
        return Subscribers.of(known, sorted(found, key=lambda one: one.scope is Scope.ALL))

    async def subscribe(self, wanted: Sequence[Subscription]) -> tuple[int, int]:
        """Add subscriptions; of an address that has one, wishes that are said are replaced: (new, changed).

        What is not said stays as it was, and so does the consent.
        """
        new = changed = 0
        async with self._transaction() as connection:
            for one in wanted:
                wishes = {
                    "address": one.address,
                    "name": one.name,
                    "language": one.language,
                    "timezone": one.timezone,
                    "cadence": one.cadence,
                    "topics": " ".join(one.topics),
                }
                here = (subscriptions.c.person == one.key) & subscriptions.c.ended_at.is_(None)
                said = {name: wish for name, wish in wishes.items() if wish}
                if (await connection.execute(update(subscriptions).where(here).values(said))).rowcount:
                    changed += 1
                    continue
                consent = one.consent
                await connection.execute(
                    insert(subscriptions).values(
                        **wishes,
                        id=one.id,
                        person=one.key,
                        consent_at=consent.at,
                        consent_source=consent.source,
                        consent_text=consent.text,
                    )
                )
                new += 1
        return new, changed

    async def unsubscribe(self, key: str, source: str, at: dt.datetime) -> bool:
        """End the subscription of an address; False where there is none."""
        here = (subscriptions.c.person == key) & subscriptions.c.ended_at.is_(None)
        async with self._transaction() as connection:
            ended = await connection.execute(update(subscriptions).where(here).values(ended_at=at, ended_source=source))
        return ended.rowcount > 0

    async def suppress(self, suppression: Suppression) -> None:
        """Send less to an address from now on."""
        async with self._transaction() as connection:
            await connection.execute(
                insert(suppressions).values(
                    hash=suppression.hash, scope=suppression.scope, source=suppression.source, at=suppression.at
                )
            )

    async def lift(self, hash_: str, scope: Scope, source: str, at: dt.datetime) -> bool:
        """End the suppressions of a scope for an address; False where there are none."""
        here = (suppressions.c.hash == hash_) & (suppressions.c.scope == scope) & suppressions.c.lifted_at.is_(None)
        async with self._transaction() as connection:
            lifted = await connection.execute(
                update(suppressions).where(here).values(lifted_at=at, lifted_source=source)
            )
        return lifted.rowcount > 0

    async def everything_about(self, key: str) -> dict[str, list[dict[str, Any]]]:
        """Every row about an address, table by table."""
        queries = {
            "subscriptions": select(subscriptions).where(subscriptions.c.person == key),
            "suppressions": select(suppressions).where(suppressions.c.hash == hashed(key)),
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
            return {name: [_plain(row) for row in await connection.execute(query)] for name, query in queries.items()}

    async def erase(self, key: str, pseudonym: str, source: str, at: dt.datetime) -> int:
        """Put a pseudonym everywhere for an address; how many rows named it. Its hash stays, so that it stays out.

        Raises PortalError while a message to it is under way.
        """
        async with self._transaction() as connection:
            found = await erasing.erase(connection, key, pseudonym, at)
            gone = await connection.execute(subscriptions.delete().where(subscriptions.c.person == key))
            await connection.execute(
                insert(suppressions).values(hash=hashed(key), scope=Scope.ALL, source=source, at=at)
            )
        return found + gone.rowcount


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
