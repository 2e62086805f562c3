"""Brings an older ledger to today's tables: numbered steps, all or nothing, one program at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.ledger.schema import FORMAT, openings, tables
from portal.errors import PortalError

_LOCK = 0x64756E
"""PostgreSQL's advisory locks are numbers; this one is ours."""


async def lock(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody else makes or migrates this ledger; SQLite's transactions do that anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(text(f"pg_advisory_xact_lock({_LOCK})")))


async def format_of(connection: AsyncConnection, name: str) -> int | None:
    """The format of the ledger in a database; None where there is none. Raises PortalError for something else."""
    names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    if openings.name not in names:
        return None
    if {"digests", "receipts", "runs"} <= names:
        found = (await connection.execute(text("SELECT format FROM opening"))).scalar_one_or_none()
        if isinstance(found, int):
            return found
    raise PortalError(f"{name} is not a ledger", "make one with `mailer init`, or correct MAILER_LEDGER_URL")


async def migrate(connection: AsyncConnection, name: str) -> int | None:
    """Take every step that is missing: the format it had, None where nothing was to be done. Raises PortalError."""
    before = await format_of(connection, name)
    if before is None or before == FORMAT:
        return None
    if before not in _STEPS:
        raise unknown(before, name)
    for number in range(before, FORMAT):
        await connection.run_sync(_STEPS[number])
        await connection.execute(text("UPDATE opening SET format = :format"), {"format": number + 1})
    return before


def unknown(found: int, name: str) -> PortalError:
    """The error for a format that this program has no use for."""
    said = f"the ledger {name} has format {found}, and this program knows {FORMAT}"
    if found > FORMAT:
        return PortalError(said, "a newer program made it: update this one; nothing was changed")
    return PortalError(said, "`mailer migrate` brings it up to date")


def _from_1_to_2(connection: Connection) -> None:
    """Registries in parts; holds, classes, workers and queue ids of messages; entries; pepper.

    The old tables are set aside without their constraints, so that the new ones are just those of a new ledger.
    """
    for name in ("opening", "documents", "runs", "digests", "receipts"):
        connection.execute(text(f"CREATE TABLE old_{name} AS SELECT * FROM {name}"))  # noqa: S608 - names from here
    for name in ("receipts", "digests", "runs", "documents", "opening"):
        connection.execute(text(f"DROP TABLE {name}"))
    tables.create_all(connection)
    domain = _DOMAINS[connection.dialect.name]
    for statement in (
        f"""INSERT INTO opening (id, format, "begin", created, pepper)
           SELECT id, format, "begin", created, '{secrets.token_hex(32)}' FROM old_opening""",  # noqa: S608
        "INSERT INTO documents (sha256, text) SELECT sha256, text FROM old_documents",
        """INSERT INTO runs (number, now, at, commit_hash, plan, digests, entry)
           SELECT number, now, at, commit_hash, plan,
                  (SELECT count(*) FROM old_digests WHERE old_digests.run = old_runs.number), 0 FROM old_runs""",
        "INSERT INTO registries (run, position, document) SELECT number, 0, registry FROM old_runs",
        # Classes are new: what was frozen before them counts as mandatory.
        f"""INSERT INTO digests (key, run, person, slot, due, mandatory, message_id, letter, skeleton, sha256, size,
                                state, data_begun, token, lease_until, attempts, doubts, next_try, reply, at)
           SELECT key, run, person, slot, due, {_TRUE[connection.dialect.name]},
                  '<' || key || '@' || {domain} || '>', letter, skeleton, sha256, size,
                  state, data_begun, token, lease_until, attempts, 0, next_try, reply, at FROM old_digests""",  # noqa: S608
        """INSERT INTO receipts
                  (person, client, notice, version, event, run, digest, reason, detail, recipient, content)
           SELECT person, client, notice, version, event, run, digest, reason, detail, recipient, content
           FROM old_receipts""",
        """INSERT INTO entries (digest, state, note, at)
           SELECT key, state, reply, at FROM old_digests WHERE state NOT IN ('pending', 'sending')
           ORDER BY at, key""",
    ):
        connection.execute(text(statement))
    for name in ("receipts", "digests", "runs", "documents", "opening"):
        connection.execute(text(f"DROP TABLE old_{name}"))


_TRUE: Mapping[str, str] = {"sqlite": "1", "postgresql": "TRUE"}

# The sender's domain, out of a letter: what stands behind the at sign of its `sender`.
_SENDER = {"sqlite": "json_extract(letter, '$.sender')", "postgresql": "(letter::json ->> 'sender')"}
_DOMAINS: Mapping[str, str] = {
    "sqlite": f"substr({_SENDER['sqlite']}, instr({_SENDER['sqlite']}, '@') + 1)",
    "postgresql": f"split_part({_SENDER['postgresql']}, '@', 2)",
}

_STEPS: Mapping[int, Callable[[Connection], None]] = {1: _from_1_to_2}
"""By the format from which a step leads to the next."""
