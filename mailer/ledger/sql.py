"""The ledger in SQL, through SQLAlchemy Core: one transaction for each question or change."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mailer.agenda.digest import Past
from mailer.ledger import auditing, controlling, freezing, migrations, recalling, recording
from mailer.ledger.directory import Directory
from mailer.ledger.interface import (
    AlreadyDecided,
    Batch,
    Decree,
    Delivery,
    Doubts,
    Kept,
    Opening,
    Recorded,
    Run,
    RunRecord,
    State,
    Unsent,
    Work,
)
from mailer.ledger.schema import FORMAT, openings, tables
from mailer.ledger.worker import Worker
from mailer.letters.letter import Letter
from mailer.people.person import Person
from portal.errors import PortalError


class SqlLedger(Directory):
    """A ledger in a database that SQLAlchemy speaks to. See `Ledger` for what its methods promise."""

    def __init__(self, engine: AsyncEngine, direct: Engine, name: str) -> None:
        """`direct` is the same database for one thread, which writes a whole transaction without asking the loop."""
        self._engine = engine
        self._direct = direct
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._name = name
        self._desk = recording.Desk(Worker.current(), direct.dialect.name)

    @property
    def name(self) -> str:
        return self._name

    async def create(self, opening: Opening) -> bool:
        """Make the tables in an empty database; False where a ledger is there already."""
        async with self._transaction() as connection:
            await migrations.lock(connection)
            if await migrations.format_of(connection, self._name) is not None:
                return False
            await connection.run_sync(tables.create_all)
            await connection.execute(
                insert(openings).values(
                    id=1, format=FORMAT, begin=opening.begin, created=opening.created, pepper=secrets.token_hex(32)
                )
            )
        return True

    async def migrate(self) -> int | None:
        """Bring an older ledger to today's format: the format it had, None where nothing was to be done."""
        async with self._reading() as connection:
            if await migrations.format_of(connection, self._name) in (None, FORMAT):
                return None
        async with self._transaction() as connection:
            await migrations.lock(connection)
            return await migrations.migrate(connection, self._name)

    async def opening(self) -> Opening:
        async with self._reading() as connection:
            found = await migrations.format_of(connection, self._name)
            if found is None:
                raise PortalError(
                    f"there is no ledger at {self._name}",
                    "make one with `mailer init`; if there was one, restore it: without it nobody knows who was told",
                )
            if found != FORMAT:
                raise migrations.unknown(found, self._name)
            row = (await connection.execute(select(openings))).one()
        return Opening(row.begin, row.created, row.paused, bytes.fromhex(row.pepper))

    async def past(self, persons: Sequence[Person], before_run: int | None = None) -> Mapping[str, Past]:
        async with self._reading() as connection:
            return await recalling.past(connection, persons, before_run)

    async def freeze(self, run: Run, batches: AsyncIterator[Batch]) -> int:
        try:
            async with self._transaction() as connection:
                if connection.dialect.name == "postgresql":
                    # Nobody else freezes, or enters an outcome, between what was known of people and the run's end.
                    await connection.execute(text("LOCK TABLE entries IN SHARE ROW EXCLUSIVE MODE"))
                return await freezing.freeze(connection, run, batches)
        except IntegrityError as error:
            raise AlreadyDecided from error

    async def recover(self, at: dt.datetime, doubts: Doubts) -> tuple[int, int]:
        alone = self._engine.dialect.name == "sqlite"
        async with self._transaction() as connection:
            return await recording.recover(connection, at, doubts, _gone if alone else lambda _: False)

    async def due(self, at: dt.datetime, scope: tuple[str, ...] | None = None) -> int:
        async with self._reading() as connection:
            return await recalling.due(connection, at, scope)

    async def counts(self) -> Mapping[State, int]:
        async with self._reading() as connection:
            return await recalling.counts(connection)

    async def letters(self, at: dt.datetime, scope: tuple[str, ...] | None = None) -> AsyncIterator[Sequence[Letter]]:
        after = ""
        while True:
            async with self._reading() as connection:
                found, after = await recalling.letters(connection, at, scope, after)
            if not found:
                return
            yield found

    async def unsent(self, person: str) -> Sequence[Unsent]:
        async with self._reading() as connection:
            return await recalling.unsent(connection, person)

    async def record(self, work: Work, at: dt.datetime, lease: dt.timedelta) -> Recorded:
        async with self._explained():
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._record, work, at, lease)

    def _record(self, work: Work, at: dt.datetime, lease: dt.timedelta) -> Recorded:
        with self._direct.begin() as connection:
            return self._desk.record(connection, work, at, lease)

    async def pause(self, at: dt.datetime, who: str, why: str) -> int:
        async with self._transaction() as connection:
            return await controlling.pause(connection, at, who, why)

    async def resume(self, at: dt.datetime, who: str, why: str) -> int:
        async with self._transaction() as connection:
            return await controlling.resume(connection, at, who, why)

    async def decree(self, keys: Sequence[str] | None, run: int | None, among: Sequence[State], decree: Decree) -> int:
        async with self._transaction() as connection:
            return await controlling.decree(connection, keys, run, among, decree)

    async def states(self, keys: Sequence[str]) -> Mapping[str, State]:
        async with self._reading() as connection:
            return await controlling.states(connection, keys)

    async def last_commit(self) -> str | None:
        async with self._reading() as connection:
            return await recalling.last_commit(connection)

    async def runs(self) -> list[RunRecord]:
        async with self._reading() as connection:
            return await auditing.run_records(connection)

    async def registry(self, run: int) -> AsyncIterator[str]:
        position = 0
        while True:
            async with self._reading() as connection:
                part = await auditing.registry_part(connection, run, position)
            if part is None:
                return
            yield part
            position += 1

    async def kept(self, run: int, persons: Sequence[str]) -> list[Kept]:
        async with self._reading() as connection:
            return await recalling.kept(connection, run, persons)

    async def contradictions(self) -> list[str]:
        async with self._reading() as connection:
            return await auditing.contradictions(connection)

    async def deliveries(self, *, unsettled: bool = False) -> AsyncIterator[Delivery]:
        after = (0, "")
        while True:
            async with self._reading() as connection:
                found, after = await auditing.deliveries(connection, unsettled, after)
            if not found:
                return
            for delivery in found:
                yield delivery

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        self._direct.dispose()
        await self._engine.dispose()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self._explained(), self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that does not wait for who writes."""
        async with self._explained(), self._engine.execution_options(reading=True).begin() as connection:
            yield connection

    @asynccontextmanager
    async def _explained(self) -> AsyncIterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise unusable(self._name, error) from error


def unusable(name: str, error: DBAPIError) -> PortalError:
    """What went wrong with a database in one line, without the statement and the values it was about."""
    line = next((line.strip() for line in str(error.orig).splitlines() if line.strip()), type(error.orig).__name__)
    return PortalError(f"the ledger {name} cannot be used: {line}", _hint(line))


def _hint(line: str) -> str:
    if "locked" in line:
        return "another program holds it; end that, or wait, and try again: nothing was lost"
    if "full" in line or "disk I/O" in line or "No space" in line:
        return "make room on its disk, and try again: what was recorded is safe"
    if "readonly" in line or "unable to open" in line or "denied" in line:
        return "check the permissions of the file and its folder"
    return "is it the right address, and is the database running?"


def _gone(worker: str) -> bool:
    known = Worker.parse(worker)
    return known is not None and known.gone
