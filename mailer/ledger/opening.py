"""Finds the ledger that MAILER_LEDGER_URL names, or makes it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine

from mailer.ledger.interface import Ledger, Opening
from mailer.ledger.sql import SqlLedger
from portal.errors import Location, PortalError

DEFAULT_URL = "sqlite:///var/ledger.db"

_FORM = f"write it like {DEFAULT_URL} or postgresql://user:password@host/database"

_PATIENCE = 30
"""Seconds to wait for another program's transaction."""

_PAUSE = (0.0005, 0.0015)
"""Seconds, about, after which a sender asks SQLite again for the lock that another one has for some milliseconds."""

_CONNECTING = 20
"""Seconds to wait for a database server."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a ledger is."""

    url: URL
    """With its password: never shown."""
    name: str
    """As people may read it."""
    file: Path | None
    """None for a database server."""

    def open(self) -> SqlLedger:
        return _sqlite(self.file, self.name) if self.file else _postgresql(self.url, self.name)


async def find(url: str, root: Path) -> Ledger:
    """Open the ledger, and bring it up to date. Raises PortalError where there is none: a lost ledger must not look
    like a new one."""
    return (await update(url, root))[0]


async def update(url: str, root: Path) -> tuple[Ledger, int | None]:
    """The ledger, open, and the format it had where it had to be brought up to date."""
    place = _place(url, root)
    if place.file is not None and not await asyncio.to_thread(place.file.is_file):
        raise PortalError(
            f"there is no ledger at {place.name}",
            "make one with `mailer init`; if there was one, restore it instead: without it nobody knows who was told",
        )
    ledger = place.open()
    try:
        before = await ledger.migrate()
        await ledger.opening()
    except BaseException:
        await ledger.close()
        raise
    return ledger, before


def shown(url: str, root: Path) -> str:
    """Where a ledger is, as people may read it: a file, or a database and its server; never a password."""
    return _place(url, root).name


async def create(url: str, root: Path, opening: Opening) -> tuple[Opening, bool]:
    """Make a ledger where there is none: (its opening, whether it is new).

    Raises PortalError where its folder is missing outside the portal: it may be a disk that is not mounted.
    """
    place = _place(url, root)
    if place.file is not None and not await asyncio.to_thread(place.file.exists):
        await asyncio.to_thread(_require_folder, place.file, root)
        await _create_file(place.file, place.name, opening)
        return opening, True
    ledger = place.open()
    try:
        new = place.file is None and await ledger.create(opening)
        if not new:
            await ledger.migrate()
        return await ledger.opening(), new
    finally:
        await ledger.close()


async def _create_file(file: Path, name: str, opening: Opening) -> None:
    """Make it under another name, so that it has its own only once it is whole."""
    partial = file.with_name(f"{file.name}.partial")
    await asyncio.to_thread(_clear, partial)
    ledger = _sqlite(partial, name)
    try:
        await ledger.create(opening)
    finally:
        await ledger.close()
    await asyncio.to_thread(partial.rename, file)


def _require_folder(file: Path, root: Path) -> None:
    folder = file.parent.resolve()
    if not folder.is_dir() and not folder.is_relative_to(root.resolve()):
        hint = "mount the disk, make the folder, or correct its name"
        raise PortalError(f"there is no folder {folder} for the ledger", hint, Location("MAILER_LEDGER_URL"))


def _clear(partial: Path) -> None:
    partial.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def _place(url: str, root: Path) -> _Place:
    where = Location("MAILER_LEDGER_URL")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # its text may hold a password
        raise PortalError("this is not the address of a database", _FORM, where) from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        if not parsed.database:
            raise PortalError("the address of the ledger names no database", _FORM, where)
        at = f"{parsed.host or 'localhost'}{f':{parsed.port}' if parsed.port else ''}"
        return _Place(parsed, f"{parsed.database} at {at}", None)
    if parsed.drivername != "sqlite":
        raise PortalError("ledgers are kept in SQLite or PostgreSQL", _FORM, where)
    if not parsed.database or parsed.database == ":memory:":
        raise PortalError("a ledger needs a file that stays", f"write it like {DEFAULT_URL}", where)
    file = (root / parsed.database).absolute()
    name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
    return _Place(parsed, name, file)


def _sqlite(file: Path, name: str) -> SqlLedger:
    address, options = URL.create("sqlite+aiosqlite", database=str(file)), {"timeout": _PATIENCE}
    engine = create_async_engine(address, connect_args=options, hide_parameters=True)
    direct = create_engine(address.set(drivername="sqlite"), connect_args=options, hide_parameters=True)
    for one, begin in ((engine.sync_engine, _begin), (direct, _begin_soon)):
        event.listen(one, "connect", _configure)
        event.listen(one, "begin", begin)
    event.listen(direct, "connect", _wait_not)
    return SqlLedger(engine, direct, name)


def _postgresql(url: URL, name: str) -> SqlLedger:
    url = url.set(drivername="postgresql+psycopg")
    options = {"connect_timeout": _CONNECTING, "options": f"-c lock_timeout={_PATIENCE}s -c timezone=UTC"}
    return SqlLedger(
        create_async_engine(url, connect_args=options, hide_parameters=True),
        create_engine(url, connect_args=options, hide_parameters=True),
        name,
    )


def _configure(connection: Any, _record: Any) -> None:
    """Every commit survives a power cut, and readers do not stop the writer (sqlite.org/pragma.html)."""
    connection.isolation_level = None  # transactions begin in `_begin`, not where Python's driver thinks fit
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _wait_not(connection: Any, _record: Any) -> None:
    """Leave the waiting to `_begin_soon`; not before `_configure`, which may have to wait as well."""
    connection.execute("PRAGMA busy_timeout=0")


def _begin(connection: Any) -> None:
    """Take the write lock at once: a transaction that reads first and then writes could fail with SQLITE_BUSY."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _begin_soon(connection: Any) -> None:
    """Take the write lock within about a millisecond of its becoming free.

    SQLite's own busy handler sleeps longer each time, up to 100 ms (sqliteDefaultBusyCallback in its main.c): of two
    senders that write without end, one would hardly ever find the lock free.
    """
    driver = connection.connection.dbapi_connection
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                break
        else:
            return
        time.sleep(random.uniform(*_PAUSE))  # noqa: S311 - so that senders do not keep in step
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what is in the way, as SQLAlchemy's error
