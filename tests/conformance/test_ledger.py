"""What every ledger promises, whichever database keeps it."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, inspect, make_url, text

from mailer.agenda.bulletin import bulletin
from mailer.agenda.snapshot import Snapshot
from mailer.ledger import (
    UNSENT,
    AlreadyDecided,
    Batch,
    Claim,
    Decree,
    Doubts,
    Hold,
    Ledger,
    Opening,
    Run,
    Settlement,
    State,
    TooMany,
    Work,
    create,
    find,
    update,
)
from mailer.ledger.worker import Worker
from mailer.runs.accounts import accounts
from mailer.runs.freezing import Extent, Freezer
from mailer.sending.sender import Rules, Sender
from mailer.transport.outcome import Outcome, Sent
from portal.errors import PortalError
from portal.plan import Plan
from tests.conftest import PortalFolder
from tests.databases import PASSWORD, Server, postgresql

NOON = dt.datetime.fromisoformat("2026-12-07T12:00+00:00")
LEASE = dt.timedelta(minutes=5)
BEGIN = dt.datetime.fromisoformat("2026-11-01T00:00+08:00")
FORMAT_1 = Path(__file__).parent / "format-1.sql"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """PostgreSQL."""
    with postgresql() as running:
        yield running


@dataclass
class Place:
    """Where a ledger is, and a portal with three readers of one notice."""

    url: str
    folder: PortalFolder

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Ledger]:
        await create(self.url, self.folder.root, Opening(BEGIN, NOON))
        ledger = await find(self.url, self.folder.root)
        try:
            yield ledger
        finally:
            await ledger.close()

    def run(self, work: Callable[[Ledger], Awaitable[None]]) -> None:
        """Do something with the ledger, open."""

        async def opened() -> None:
            async with self.open() as ledger:
                await work(ledger)

        asyncio.run(opened())

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements behind the ledger's back; the rows of the last one."""
        rows: list[tuple[Any, ...]] = []
        engine = create_engine(
            make_url(self.url).set(drivername="postgresql+psycopg")
            if self.url.startswith("postgresql")
            else f"sqlite:///{self.folder.root / 'ledger.db'}"
        )
        with engine.begin() as connection:
            for statement in statements:
                found = connection.execute(text(statement))
                rows = [tuple(row) for row in found] if found.returns_rows else []
        engine.dispose()
        return rows


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, portal_folder: PortalFolder) -> Place:
    """A ledger yet to be made, in either database."""
    for name in ("a", "b", "c"):
        contact = f"{{id: lin, name: 林岚, email: lin@{name}.example.com, cadence: immediate}}"
        portal_folder.client(name, f"id: {name}\nname: {name}\ncontacts: [{contact}]\n")
    portal_folder.notice("fees", "title: 收费调整\ndate: 2026-12-01")
    url = "sqlite:///ledger.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("server").database()
    return Place(url, portal_folder)


class Pages:
    """A site that has every page; what is asked of real ones, tests/acceptance asks."""

    async def read(self) -> None:
        """Nothing to read."""

    def check(self, *_: object) -> None:
        """Nothing to find."""


def freezer(ledger: Ledger, plan: Plan, **extent: Any) -> Freezer:
    pages: Any = Pages()
    return Freezer(ledger, plan, lambda _: [], lambda letter: letter, pages, pages, extent=Extent(**extent))


async def frozen(ledger: Ledger, place: Place, **extent: Any) -> int:
    return await freezer(ledger, place.folder.plan(), **extent).freeze(NOON)


async def claim(ledger: Ledger, wanted: int = 1, at: dt.datetime = NOON) -> Sequence[Claim]:
    return (await ledger.record(Work(wanted=wanted), at, LEASE)).claims


async def count(ledger: Ledger) -> dict[str, int]:
    return {state.value: number for state, number in (await ledger.counts()).items()}


def settled(claim: Claim, state: State, **more: Any) -> Work:
    return Work(settled=[Settlement(claim, state, more.pop("note", "said"), NOON, **more)])


def test_a_run_is_frozen_once(place: Place) -> None:
    """Three readers, three messages; a second run at the same moment finds nothing to do, and leaves no trace."""

    async def work(ledger: Ledger) -> None:
        assert await frozen(ledger, place) == 3
        assert await frozen(ledger, place) == 0
        assert [run.digests for run in await ledger.runs()] == [3]
        assert await count(ledger) == {"pending": 3}

    place.run(work)


def test_a_run_that_fails_half_way_leaves_nothing(place: Place) -> None:
    """Whatever stops it after its first batches, no message, no receipt and no run remain."""

    async def work(ledger: Ledger) -> None:
        plan = place.folder.plan()
        made = freezer(ledger, plan)

        async def breaking() -> AsyncIterator[Batch]:
            async for batch in made.batches(bulletin(plan, BEGIN)):
                yield batch
            raise PortalError("the site went away")

        run = Run(plan.now, NOON, None, Snapshot(["[]"], "{}"))
        with pytest.raises(PortalError, match="went away"):
            await ledger.freeze(run, breaking())
        assert await ledger.runs() == []
        assert await count(ledger) == {}

    place.run(work)
    assert place.sql("SELECT count(*) FROM receipts") == [(0,)]
    assert place.sql("SELECT count(*) FROM documents") == [(0,)]


def test_what_another_decided_meanwhile_is_not_frozen_again(place: Place) -> None:
    """Batches that were decided before somebody else's run are refused as a whole."""

    async def work(ledger: Ledger) -> None:
        plan = place.folder.plan()
        made = freezer(ledger, plan)
        early = [batch async for batch in made.batches(bulletin(plan, BEGIN))]
        assert await frozen(ledger, place) == 3

        async def late() -> AsyncIterator[Batch]:
            for batch in early:
                yield batch

        with pytest.raises(AlreadyDecided):
            await ledger.freeze(Run(plan.now, NOON, None, Snapshot(["[]"], "{}")), late())
        assert [run.number for run in await ledger.runs()] == [1]

    place.run(work)


def test_an_unusually_large_run_is_refused_with_its_number(place: Place) -> None:
    """More than the number allowed, and than twice the largest run before."""

    async def work(ledger: Ledger) -> None:
        with pytest.raises(TooMany) as refused:
            await frozen(ledger, place, most=2)
        assert (refused.value.digests, refused.value.largest) == (3, 0)
        assert await ledger.runs() == []
        assert await frozen(ledger, place, most=3) == 3

    place.run(work)


def test_an_unchanged_registry_is_kept_once(place: Place) -> None:
    """A second run adds its plan and its skeleton, and no part of the registry."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        parts = place.sql("SELECT count(DISTINCT document) FROM registries")
        place.folder.notice("more", "title: 补充\ndate: 2026-12-02")
        await frozen(ledger, place)
        assert place.sql("SELECT count(DISTINCT run), count(DISTINCT document) FROM registries") == [(2, *parts[0])]

    place.run(work)


def test_a_message_is_claimed_by_one(place: Place) -> None:
    """Ten claims at once, by two programs, for three messages: three get one."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        async with place.open() as other:
            found = await asyncio.gather(*(claim(one) for one in [ledger, other] * 5))
        keys = [taken.key for claims in found for taken in claims]
        assert len(keys) == len(set(keys)) == 3

    place.run(work)


def test_a_free_ledger_is_taken_at_once(portal_folder: PortalFolder) -> None:
    """SQLite's own handler would sleep until 328 ms after it first found a lock; a sender is there when it is freed."""
    place = Place("sqlite:///ledger.db", portal_folder)
    waited: list[float] = []

    def release(other: sqlite3.Connection, freed: list[float]) -> None:
        time.sleep(0.24)
        freed.append(time.monotonic())
        other.rollback()

    async def work(ledger: Ledger) -> None:
        await claim(ledger)
        other = sqlite3.connect(portal_folder.root / "ledger.db", check_same_thread=False, isolation_level=None)
        for _ in range(3):
            freed: list[float] = []
            other.execute("BEGIN IMMEDIATE")
            releasing = threading.Thread(target=release, args=(other, freed))
            releasing.start()
            await claim(ledger)
            waited.append(time.monotonic() - freed[0])
            releasing.join()
        other.close()

    place.run(work)
    assert 0 < min(waited) < 0.04


def test_what_waits_is_found_without_looking_at_what_was_sent(portal_folder: PortalFolder) -> None:
    """SQLite answers claims, the number of what is due and abandoned claims from indexes of just those messages."""
    place = Place("sqlite:///ledger.db", portal_folder)
    explained: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "digests" in statement and statement.startswith(("WITH", "SELECT")):
            explained.append((statement, parameters))

    async def work(ledger: Ledger) -> None:
        event.listen(Engine, "before_cursor_execute", listen)
        try:
            await claim(ledger)
            await ledger.due(NOON)
            await ledger.recover(NOON, Doubts())
        finally:
            event.remove(Engine, "before_cursor_execute", listen)

    place.run(work)
    asked: list[str] = []
    with sqlite3.connect(portal_folder.root / "ledger.db") as database:
        for statement, parameters in explained:
            rows = database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            asked.append(" ".join(row[3] for row in rows))
    deferred, new, due, due_again, abandoned = asked
    assert "digests_to_try" in deferred
    assert "digests_to_send" in new
    assert "digests_to_send" in due
    assert "digests_to_try" in due_again
    assert "digests_under_way" in abandoned


def test_who_lost_a_claim_can_record_nothing(place: Place) -> None:
    """After the lease another takes over; the first may neither begin nor settle, and the second may."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        (first,) = await claim(ledger)
        later = NOON + LEASE + dt.timedelta(seconds=1)
        assert await ledger.recover(later, Doubts()) == (1, 0)
        second = next(c for c in await claim(ledger, 3, later) if c.key == first.key)
        begun = await ledger.record(Work(begun=[first, second]), later, LEASE)
        assert begun.lost == {(first.key, first.token)}
        assert (await ledger.record(settled(first, State.FAILED), later, LEASE)).lost == {(first.key, first.token)}
        assert (await ledger.record(settled(second, State.SENT), later, LEASE)).lost == frozenset()
        assert (await ledger.states([first.key]))[first.key] is State.SENT
        assert await ledger.contradictions() == []

    place.run(work)


def test_a_lease_that_is_renewed_goes_on(place: Place) -> None:
    """Half-way through its lease a claim is renewed; after the first end nobody takes it, after the second one may."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        held = await claim(ledger, 3)
        await ledger.record(Work(renewed=held), NOON + LEASE / 2, LEASE)
        assert await ledger.recover(NOON + LEASE * 1.4, Doubts()) == (0, 0)
        assert await ledger.recover(NOON + LEASE * 1.6, Doubts()) == (3, 0)

    place.run(work)


def test_in_sqlite_a_process_that_is_provably_gone_holds_nothing(place: Place) -> None:
    """With its lease still running, what a dead process claimed is free at once in SQLite, and held in PostgreSQL."""
    ours = str(Worker.current())
    boot, space, pid, started = ours.split("/")
    dead = "/".join((boot, space, pid, f"{int(started) + 1}"))  # its number is another's now

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        await claim(ledger, 3)
        assert await ledger.recover(NOON, Doubts()) == (0, 0)
        place.sql(f"UPDATE digests SET worker = '{dead}'")
        gone = (3, 0) if place.url.startswith("sqlite") else (0, 0)
        assert await ledger.recover(NOON, Doubts()) == gone

    place.run(work)


def test_begun_and_abandoned_is_in_doubt_until_its_sender_says_otherwise(place: Place) -> None:
    """A claim whose data had begun is in doubt after its lease, nobody gets it, and its own late outcome ends that."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        (held,) = await claim(ledger)
        await ledger.record(Work(begun=[held]), NOON, LEASE)
        later = NOON + LEASE * 2
        assert await ledger.recover(later, Doubts()) == (0, 1)
        assert held.key not in [c.key for c in await claim(ledger, 9, later)]
        assert (await ledger.record(settled(held, State.SENT, queue_id="X1"), later, LEASE)).lost == frozenset()
        assert (await ledger.states([held.key]))[held.key] is State.SENT
        assert place.sql(f"SELECT state FROM entries WHERE digest = '{held.key}' ORDER BY id") == [
            ("in-doubt",),
            ("sent",),
        ]

    place.run(work)


def test_a_policy_sends_one_class_again_once(place: Place) -> None:
    """With `voluntary: resend` a voluntary message in doubt goes out again by itself, once; a mandatory one is held."""
    policy = Doubts(resend_voluntary=True)

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        place.sql("UPDATE digests SET mandatory = (person = 'lin@a.example.com')")
        await ledger.record(Work(begun=await claim(ledger, 3)), NOON, LEASE)
        later = NOON + LEASE * 2
        assert await ledger.recover(later, policy) == (0, 3)
        again = await claim(ledger, 9, later)
        assert sorted(c.letter.address for c in again) == ["lin@b.example.com", "lin@c.example.com"]
        await ledger.record(Work(begun=again), later, LEASE)
        assert await ledger.recover(later + LEASE * 2, policy) == (0, 2)
        assert await count(ledger) == {"in-doubt": 3}

    place.run(work)


def test_a_clock_that_steps_back_stalls_nobody_and_sends_nothing_twice(place: Place) -> None:
    """Claimed and deferred by a clock two years ahead: with the right time both are free again; the first is fenced."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        ahead = NOON + dt.timedelta(days=730)
        untouched, begun, refused = await claim(ledger, 3, ahead)
        later = ahead + dt.timedelta(minutes=5)
        await ledger.record(Work(begun=[begun]), ahead, LEASE)
        await ledger.record(settled(refused, State.DEFERRED, next_try=later), ahead, LEASE)
        assert await ledger.recover(NOON, Doubts()) == (1, 1)
        keys = {taken.key for taken in await claim(ledger, 9)}
        assert keys == {untouched.key, refused.key}
        assert (await ledger.record(Work(begun=[untouched]), NOON, LEASE)).lost == {(untouched.key, untouched.token)}

    place.run(work)


def test_deferred_waits_for_its_time(place: Place) -> None:
    """What a server asked to have later is claimed then, and not before, and goes before what is new."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        (refused,) = await claim(ledger)
        due = NOON + dt.timedelta(minutes=5)
        await ledger.record(settled(refused, State.DEFERRED, next_try=due), NOON, LEASE)
        assert await ledger.due(NOON) == 2
        assert await ledger.due(due) == 3
        (again,) = await claim(ledger, 1, due)
        assert (again.key, again.attempt) == (refused.key, 2)

    place.run(work)


def test_pause_holds_what_waits_and_what_comes(place: Place) -> None:
    """While paused nothing can be claimed and new runs are planned; resume lets go of all; who and why are kept."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        assert await ledger.pause(NOON, "lin", "wrong amount") == 3
        place.folder.notice("more", "title: 补充\ndate: 2026-12-02")
        await frozen(ledger, place)
        assert await claim(ledger, 9) == []
        assert await count(ledger) == {"planned": 6}
        assert await ledger.resume(NOON, "lin", "corrected") == 6
        assert len(await claim(ledger, 9)) == 6
        assert await ledger.contradictions() == []

    place.run(work)
    assert place.sql("SELECT DISTINCT who, note FROM entries WHERE who IS NOT NULL ORDER BY note") == [
        ("lin", "corrected"),
        ("lin", "wrong amount"),
    ]


def test_a_pilot_lets_the_first_go(place: Place) -> None:
    """One message may leave, two are planned, and what waited before counts."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place, pilot=1)
        assert await count(ledger) == {"pending": 1, "planned": 2}
        place.folder.notice("more", "title: 补充\ndate: 2026-12-02")
        await frozen(ledger, place, pilot=2)
        assert await count(ledger) == {"pending": 2, "planned": 4}
        holds = [one.hold async for one in ledger.deliveries() if one.state is State.PLANNED]
        assert set(holds) == {Hold.PILOT}

    place.run(work)


def test_a_scope_claims_and_accounts_for_these_only(place: Place) -> None:
    """A run for one person freezes one message and accounts for one; the others get theirs with the next run."""

    async def work(ledger: Ledger) -> None:
        only = ("lin@b.example.com",)
        assert await frozen(ledger, place, scope=only) == 1
        assert await frozen(ledger, place) == 2
        (mine,) = (await ledger.record(Work(wanted=9, scope=only), NOON, LEASE)).claims
        assert mine.letter.address == "lin@b.example.com"
        assert [(a.eligible, a.holds) for a in await accounts(ledger)] == [(1, True), (2, True)]

    place.run(work)


def test_cancelled_is_what_had_not_left(place: Place) -> None:
    """A cancelled run keeps what was sent and what somebody is just sending."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        first, _ = await claim(ledger, 2)
        await ledger.record(settled(first, State.SENT), NOON, LEASE)
        assert await ledger.decree(None, 1, UNSENT, Decree(State.CANCELLED, "a mistake", "lin", NOON)) == 1
        assert await count(ledger) == {"sent": 1, "sending": 1, "cancelled": 1}

    place.run(work)


DAMAGE = {
    "a receipt is gone": ("DELETE FROM receipts WHERE client = 'b'", "no receipts"),
    "a state was flipped to sent": (
        "UPDATE digests SET state = 'sent' WHERE person = 'lin@b.example.com'",
        "is sent, and the last entry says nothing",
    ),
    "a state was flipped back": (
        "UPDATE digests SET state = 'pending' WHERE person = 'lin@a.example.com'",
        "is pending, and the last entry says sent",
    ),
    "an entry is gone": ("DELETE FROM entries", "is sent, and the last entry says nothing"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_change_by_hand_is_found(place: Place, damage: str) -> None:
    """Rows changed behind the ledger's back contradict each other, or the equation does not hold."""
    statement, said = DAMAGE[damage]

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        mine = next(c for c in await claim(ledger, 3) if c.letter.address == "lin@a.example.com")
        await ledger.record(settled(mine, State.SENT), NOON, LEASE)
        assert await ledger.contradictions() == []
        place.sql(statement)
        assert any(said in line for line in await ledger.contradictions())

    place.run(work)


def test_a_digest_removed_with_everything_of_it_is_found(place: Place) -> None:
    """Receipts, entries and message of one reader are gone without a trace: the frozen registry still knows."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        gone = "(SELECT key FROM digests WHERE person = 'lin@b.example.com')"
        place.sql(
            f"DELETE FROM entries WHERE digest IN {gone}",
            f"DELETE FROM receipts WHERE digest IN {gone}",
            "DELETE FROM digests WHERE person = 'lin@b.example.com'",
        )
        (account,) = await accounts(ledger)
        assert str(account).startswith("eligible 3 ≠ 0 sent")
        assert account.differences == ("no receipt of fees v1 (published) for client b",)
        assert await ledger.contradictions() == ["run 1 froze 3 digests, and 2 are there"]

    place.run(work)


def test_a_changed_registry_is_found(place: Place) -> None:
    """A frozen document that is no longer what its hash says cannot be used to prove anything."""

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        place.sql("UPDATE documents SET text = '[]' WHERE sha256 IN (SELECT document FROM registries)")
        with pytest.raises(PortalError, match="was changed"):
            await accounts(ledger)

    place.run(work)


def test_no_transaction_is_open_while_a_server_is_talked_to(place: Place) -> None:
    """In the middle of each delivery another program can take the write lock, and no session idles in a transaction."""
    seen: list[str] = []

    class Slow:
        name, most_connections = "slow", 1

        @asynccontextmanager
        async def connection(self) -> AsyncIterator[Slow]:
            yield self

        async def deliver(self, envelope: Any, _: bytes, data_begins: Callable[[], Awaitable[None]]) -> Outcome:
            await asyncio.sleep(0.1)  # the outcome of the message before is recorded meanwhile
            self.look(envelope.key)
            await data_begins()
            self.look(envelope.key)
            return Sent("250 ok")

        def look(self, key: str) -> None:
            if place.url.startswith("postgresql"):
                idle = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
                assert place.sql(idle) == [(0,)]
            place.sql("CREATE TABLE IF NOT EXISTS proof (n INTEGER)", "INSERT INTO proof VALUES (1)")
            seen.append(key)

    async def work(ledger: Ledger) -> None:
        await frozen(ledger, place)
        transport: Any = Slow()
        sender = Sender(ledger, transport, lambda _: [], lambda: NOON, Rules(), lambda _: None)
        await sender.run()
        assert sender.counts == {State.SENT: 3}

    place.run(work)
    assert len(seen) == 6


def _describe(place: Place) -> dict[str, Any]:
    """The schema as the database tells it."""
    engine = create_engine(
        make_url(place.url).set(drivername="postgresql+psycopg")
        if place.url.startswith("postgresql")
        else f"sqlite:///{place.folder.root / 'ledger.db'}"
    )
    found = inspect(engine)
    described = {
        table: {
            "columns": [{**column, "type": str(column["type"])} for column in found.get_columns(table)],
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "foreign": sorted(map(str, found.get_foreign_keys(table))),
            "unique": sorted(map(str, found.get_unique_constraints(table))),
            "checks": sorted(map(str, found.get_check_constraints(table))),
            "indexes": sorted(
                str({**index, "dialect_options": {name: str(value) for name, value in options.items()}})
                for index in found.get_indexes(table)
                for options in [index.get("dialect_options", {})]
            ),
        }
        for table in found.get_table_names()
    }
    engine.dispose()
    return described


def test_a_migrated_ledger_equals_a_new_one_and_keeps_its_data(place: Place, request: pytest.FixtureRequest) -> None:
    """Format 1 becomes today's, table by table as a new ledger has it, with every message, receipt and state."""
    registry, plan, skeleton = "[]", json.dumps({"frozen": "plan"}), json.dumps({"subject": "", "text": "", "html": ""})
    keys = {text_: hashlib.sha256(text_.encode()).hexdigest() for text_ in (registry, plan, skeleton)}
    letter = json.dumps({"sender": "notices@example.com"})
    at = "2026-12-01T00:00:00.000000+00:00"
    statements = [part for part in FORMAT_1.read_text(encoding="utf-8").split(";") if part.strip()]
    statements += [f"INSERT INTO documents VALUES ('{key}', '{text_}')" for text_, key in keys.items()]
    statements += [
        f"INSERT INTO opening VALUES (1, 1, '{at}', '{at}')",
        f"INSERT INTO runs VALUES (1, '{at}', '{at}', NULL, '{keys[registry]}', '{keys[plan]}')",
        *(
            f"INSERT INTO digests VALUES ('k{n}', 1, 'p{n}', 's', '{at}', '{letter}', '{keys[skeleton]}', 'h', 9, "
            f"'{state}', {begun}, {token}, {lease}, 1, NULL, '{reply}', '{at}')"
            for n, (state, begun, token, lease, reply) in enumerate(
                [
                    ("sent", "TRUE", "NULL", "NULL", "250 ok"),
                    ("pending", "FALSE", "NULL", "NULL", ""),
                    ("sending", "TRUE", "'t'", f"'{at}'", ""),
                ]
            )
        ),
        "INSERT INTO receipts VALUES (1, 1, 'k0', NULL, '', 'p0', 'c', 'c/lin', 'fees', 1, 'published', 'x')",
        "INSERT INTO receipts VALUES (2, 1, NULL, 'superseded', '2', 'p1', 'c', 'c/lin', 'fees', 1, 'published', NULL)",
    ]
    place.sql(*statements)

    async def migrated() -> None:
        ledger, before = await update(place.url, place.folder.root)
        assert before == 1
        opening = await ledger.opening()
        assert (opening.begin.isoformat(), opening.paused) == ("2026-12-01T00:00:00+00:00", None)
        assert len(set(opening.pepper)) > 16
        assert await count(ledger) == {"sent": 1, "pending": 1, "sending": 1}
        (run,) = await ledger.runs()
        assert (run.digests, run.plan, run.excluded) == (3, plan, {"superseded": 1})
        assert [part async for part in ledger.registry(1)] == [registry]
        assert await ledger.recover(NOON, Doubts()) == (0, 1)
        assert [line for line in await ledger.contradictions() if "has no receipts" not in line] == []
        await ledger.close()
        again, before = await update(place.url, place.folder.root)
        assert before is None
        await again.close()

    asyncio.run(migrated())
    assert place.sql("SELECT message_id FROM digests WHERE key = 'k0'") == [("<k0@example.com>",)]
    found = _describe(place)
    fresh_url = (
        "sqlite:///ledger.db" if place.url.startswith("sqlite") else request.getfixturevalue("server").database()
    )
    fresh = replace(place, url=fresh_url, folder=PortalFolder(place.folder.root / "fresh"))
    fresh.folder.root.mkdir()
    asyncio.run(create(fresh.url, fresh.folder.root, Opening(BEGIN, NOON)))
    assert found == _describe(fresh)


def test_a_ledger_of_a_newer_program_is_left_alone(place: Place) -> None:
    """It says which format it has and which this program knows, and changes nothing."""
    asyncio.run(create(place.url, place.folder.root, Opening(BEGIN, NOON)))
    place.sql("UPDATE opening SET format = 99")
    with pytest.raises(PortalError, match="has format 99, and this program knows 2") as refused:
        asyncio.run(find(place.url, place.folder.root))
    assert "update this one" in (refused.value.hint or "")
    assert place.sql("SELECT format FROM opening") == [(99,)]


def test_no_password_is_ever_shown(server: Server, portal_folder: PortalFolder) -> None:
    """A wrong password, and a database that is not there: one line each, without the password."""
    right = make_url(server.database())
    for address in (right.set(password="wrong-" + PASSWORD), right.set(database="nothing")):
        with pytest.raises(PortalError) as refused:
            asyncio.run(find(address.render_as_string(hide_password=False), portal_folder.root))
        assert "cannot be used: " in str(refused.value)
        assert PASSWORD not in f"{refused.value} {refused.value.hint} {refused.value!r}"
