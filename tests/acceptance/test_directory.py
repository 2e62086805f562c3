"""Subscriptions, suppressions and erasure in both databases that ledgers are kept in."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.ledger import Opening, create, find
from mailer.subscription import Consent, Scope, Subscribers, Subscription, Suppression, hashed
from portal.client import Cadence
from portal.kinds import Kind
from tests.databases import Server, postgresql

AT = dt.datetime.fromisoformat("2026-11-20T09:00+08:00")
LATER = AT + dt.timedelta(days=1)
READER = Subscription(
    id="00ff00ff00ff00ff",
    address="Reader@example.org",
    consent=Consent(AT, "form", "2"),
    name="王读者",
    language="zh",
    timezone="Europe/Berlin",
    cadence=Cadence.DAILY,
    topics=(Kind.POLICY, Kind.GENERAL),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """PostgreSQL."""
    with postgresql() as running:
        yield running


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_subscription_from_consent_to_erasure(tmp_path: Path, request: pytest.FixtureRequest, database: str) -> None:
    """What is entered comes back as it was; wishes that are said change, others and the consent stay; who left is kept
    as proof only; who is erased leaves a hash."""
    url = "sqlite:///ledger.db"
    if database == "postgresql":
        url = request.getfixturevalue("server").database()

    async def live() -> None:
        await create(url, tmp_path, Opening(AT, AT))
        ledger = await find(url, tmp_path)
        try:
            assert await ledger.subscribe([READER]) == (1, 0)
            assert await ledger.subscribers() == Subscribers.of([READER], [])
            changed = Subscription("ffffffffffffffff", READER.address.upper(), Consent(LATER, "other"), language="en")
            assert await ledger.subscribe([changed]) == (0, 1)
            (now,) = (await ledger.subscribers()).subscriptions
            assert now == dataclasses.replace(READER, address=READER.address.upper(), language="en")
            assert await ledger.unsubscribe(READER.key, "reply", LATER)
            assert not await ledger.unsubscribe(READER.key, "reply", LATER)
            assert await ledger.subscribe([changed]) == (1, 0)
            kept = await ledger.everything_about(READER.key)
            assert sorted(str(row["ended_source"]) for row in kept["subscriptions"]) == ["None", "reply"]

            await ledger.suppress(Suppression(hashed(READER.key), Scope.ALL, "550", AT))
            await ledger.suppress(Suppression(hashed(READER.key), Scope.VOLUNTARY, "reply", LATER))
            widest = (await ledger.subscribers()).suppression(READER.key)
            assert widest is not None
            assert (widest.scope, widest.source) == (Scope.ALL, "550")
            assert await ledger.lift(hashed(READER.key), Scope.ALL, "new mailbox", LATER)
            assert not await ledger.lift(hashed(READER.key), Scope.ALL, "new mailbox", LATER)
            left = (await ledger.subscribers()).suppression(READER.key)
            assert left is not None
            assert left.scope is Scope.VOLUNTARY

            assert await ledger.erase(READER.key, "erased-0@erased.invalid", "letter", LATER) == 2
            kept = await ledger.everything_about(READER.key)
            assert {name: len(rows) for name, rows in kept.items() if rows} == {"suppressions": 3}
            gone = await ledger.subscribers()
            assert gone.subscriptions == ()
            assert gone.suppressions[hashed("reader@EXAMPLE.org")].scope is Scope.ALL
        finally:
            await ledger.close()

    asyncio.run(live())
