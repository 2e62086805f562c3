"""Finds the ledger that MAILER_LEDGER_URL names, or makes it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from mailer.ledger.interface import Ledger, Opening
from mailer.ledger.sql import SqlLedger
from portal.errors import Location, PortalError

DEFAULT_URL = "sqlite:///var/ledger.db"

_PATIENCE = 30
"""Seconds to wait for another program's transaction."""


async def find(url: str, root: Path) -> Ledger:
    """Open the ledger. Raises PortalError where there is none: a lost ledger must not look like a new one."""
    file = _file(url, root)
    if not await asyncio.to_thread(file.is_file):
        raise PortalError(
            f"there is no ledger at {_shown(file, root)}",
            "make one with `mailer init`; if there was one, restore it instead: without it nobody knows who was told",
        )
    ledger = SqlLedger(_engine(file), _shown(file, root))
    try:
        await ledger.opening()
    except BaseException:
        await ledger.close()
        raise
    return ledger


async def create(url: str, root: Path, opening: Opening) -> tuple[Opening, bool]:
    """Make a ledger where there is none: (its opening, whether it is new)."""
    file = _file(url, root)
    if await asyncio.to_thread(file.exists):
        found = await find(url, root)
        try:
            return await found.opening(), False
        finally:
            await found.close()
    partial = file.with_name(f"{file.name}.partial")
    await asyncio.to_thread(_clear, partial)
    ledger = SqlLedger(_engine(partial), _shown(file, root))
    try:
        await ledger.create(opening)
    finally:
        await ledger.close()
    await asyncio.to_thread(partial.rename, file)
    return opening, True


def _clear(partial: Path) -> None:
    """Make room for a ledger that has its own name only once it is whole."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def _file(url: str, root: Path) -> Path:
    where = Location("MAILER_LEDGER_URL")
    try:
        parsed = make_url(url)
    except ArgumentError:  # its text may hold a password
        raise PortalError("this is not the address of a database", f"write it like {DEFAULT_URL}", where) from None
    if parsed.drivername != "sqlite":
        raise PortalError(f"ledgers in {parsed.drivername} are not supported yet", f"use {DEFAULT_URL}", where)
    if not parsed.database or parsed.database == ":memory:":
        raise PortalError("a ledger needs a file that stays", f"write it like {DEFAULT_URL}", where)
    return (root / parsed.database).absolute()


def _shown(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()


def _engine(file: Path) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(file)), connect_args={"timeout": _PATIENCE}
    )
    event.listen(engine.sync_engine, "connect", _configure)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _configure(connection: Any, _record: Any) -> None:
    """Every commit survives a power cut, and readers do not stop the writer (sqlite.org/pragma.html)."""
    connection.isolation_level = None  # transactions begin in `_begin`, not where Python's driver thinks fit
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    """Take the write lock at once: a transaction that reads first and then writes could fail with SQLITE_BUSY."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
