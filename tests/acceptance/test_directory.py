"""Subscriptions, suppressions and erasure in both databases that ledgers are kept in."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.ledger import Opening, create, find
from mailer.people.subscription import Consent, Scope, Subscription, mark
from portal.client import Cadence
from portal.errors import PortalError
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
            assert (await ledger.subscribers()).subscriptions == (READER,)
            changed = Subscription("ffffffffffffffff", READER.address.upper(), Consent(LATER, "other"), language="en")
            assert await ledger.subscribe([changed]) == (0, 1)
            (now,) = (await ledger.subscribers()).subscriptions
            assert now == dataclasses.replace(READER, address=READER.address.upper(), language="en")
            assert await ledger.unsubscribe(READER.key, "reply", LATER)
            assert not await ledger.unsubscribe(READER.key, "reply", LATER)
            assert await ledger.subscribe([changed]) == (1, 0)
            kept = await ledger.everything_about(READER.key)
            assert sorted(str(row["ended_source"]) for row in kept["subscriptions"]) == ["None", "reply"]

            await ledger.suppress(READER.key, Scope.ALL, "550", AT)
            await ledger.suppress(READER.key, Scope.VOLUNTARY, "reply", LATER)
            widest = (await ledger.subscribers()).suppression(READER.key)
            assert widest is not None
            assert (widest.scope, widest.source) == (Scope.ALL, "550")
            assert await ledger.lift(READER.key, Scope.ALL, "new mailbox", LATER)
            assert not await ledger.lift(READER.key, Scope.ALL, "new mailbox", LATER)
            left = (await ledger.subscribers()).suppression(READER.key)
            assert left is not None
            assert left.scope is Scope.VOLUNTARY

            assert await ledger.erase(READER.key, "erased-0@erased.invalid", "letter", LATER) == 2
            kept = await ledger.everything_about(READER.key)
            assert {name: len(rows) for name, rows in kept.items() if rows} == {"suppressions": 3}
            gone = await ledger.subscribers()
            assert gone.subscriptions == ()
            assert gone.suppressions[mark("reader@EXAMPLE.org", gone.pepper)].scope is Scope.ALL
        finally:
            await ledger.close()

    asyncio.run(live())


def test_a_mark_can_be_told_by_its_own_ledger_only(tmp_path: Path) -> None:
    """Two ledgers mark the same address differently, neither as a plain hash of it, and each knows it again."""

    async def marked(url: str) -> str:
        await create(url, tmp_path, Opening(AT, AT))
        ledger = await find(url, tmp_path)
        try:
            await ledger.suppress(READER.address, Scope.ALL, "550", AT)
            known = await ledger.subscribers()
            assert known.suppression(READER.key) is not None
            assert known.suppression("somebody@example.org") is None
            (found,) = known.suppressions
            return found
        finally:
            await ledger.close()

    first, second = asyncio.run(marked("sqlite:///a.db")), asyncio.run(marked("sqlite:///b.db"))
    assert first != second
    assert hashlib.sha256(READER.key.encode()).hexdigest() not in (first, second)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_very_many_are_taken_over_or_none(tmp_path: Path, request: pytest.FixtureRequest, database: str) -> None:
    """More than one statement holds: known ones change, others are new; one that cannot be entered undoes them all."""
    url = "sqlite:///ledger.db" if database == "sqlite" else request.getfixturevalue("server").database()

    def many(first: int, last: int, **wishes: str) -> list[Subscription]:
        agreed = Consent(AT, "list")
        return [Subscription(f"{n:016x}", f"r{n}@example.org", agreed, **wishes) for n in range(first, last)]  # type: ignore[arg-type]

    async def live() -> None:
        await create(url, tmp_path, Opening(AT, AT))
        ledger = await find(url, tmp_path)
        heard: list[int] = []
        try:
            assert await ledger.subscribe(many(0, 700, name="甲", language="en"), heard.append) == (700, 0)
            moved = [dataclasses.replace(one, id=f"f{one.id[1:]}") for one in many(600, 1300, language="zh")]
            assert await ledger.subscribe(moved, heard.append) == (600, 100)
            assert sum(heard) == 1400
            known = {one.address: one for one in (await ledger.subscribers()).subscriptions}
            assert len(known) == 1300
            assert (known["r599@example.org"].name, known["r599@example.org"].language) == ("甲", "en")
            assert (known["r600@example.org"].name, known["r600@example.org"].language) == ("甲", "zh")
            taken = dataclasses.replace(READER, id=f"{0:016x}")
            with pytest.raises(PortalError, match="another program"):
                await ledger.subscribe([*many(2000, 2600), taken])
            assert len((await ledger.subscribers()).subscriptions) == 1300
        finally:
            await ledger.close()

    asyncio.run(live())
