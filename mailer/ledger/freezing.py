"""Writes a run down: its registry and plan, its digests with their letters and skeletons, its receipts."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.agenda.digest import Excluded, Receipt
from mailer.ledger.interface import Batch, Frozen, Hold, Run, State, TooMany
from mailer.ledger.schema import digests, documents, entries, openings, receipts, registries, runs
from portal.client import Recipient

_ROWS = 500
"""Values bound in one statement; databases limit them."""


async def freeze(connection: AsyncConnection, run: Run, batches: AsyncIterator[Batch]) -> int:
    """Write a run batch by batch; how many digests it has. Raises TooMany after the last one."""
    number, count, largest = 0, 0, 0
    paused = (await connection.execute(select(openings.c.paused))).scalar_one()
    ahead = await _waiting(connection) if run.pilot is not None else 0
    async for batch in batches:
        if not batch.digests and not any(excluded.receipts for excluded in batch.excluded):
            continue
        if not number:
            number, largest = await _begin(connection, run)
        free = None if run.pilot is None else max(0, run.pilot - ahead - count)
        await _write(connection, number, run, batch, Hold.PAUSE if paused else None, free)
        count += len(batch.digests)
    if run.most is not None and count > max(run.most, 2 * largest):
        raise TooMany(count, largest)
    if number:
        await connection.execute(update(runs).where(runs.c.number == number).values(digests=count))
    return count


async def _waiting(connection: AsyncConnection) -> int:
    """How many messages would leave before those of a new run."""
    states = digests.c.state.in_((State.PENDING, State.SENDING, State.DEFERRED))
    return int((await connection.execute(select(func.count()).where(states))).scalar_one())


async def _begin(connection: AsyncConnection, run: Run) -> tuple[int, int]:
    """The number of the new run, and how many digests the largest one so far had."""
    last, largest = (await connection.execute(select(func.max(runs.c.number), func.max(runs.c.digests)))).one()
    entry = (await connection.execute(select(func.max(entries.c.id)))).scalar_one()
    number = (last or 0) + 1
    plan = await _keep(connection, [run.snapshot.plan])
    await connection.execute(
        insert(runs).values(
            number=number,
            now=run.now,
            at=run.at,
            commit_hash=run.commit,
            plan=plan[0],
            scope=None if run.scope is None else json.dumps(run.scope),
            digests=0,
            entry=entry or 0,
        )
    )
    for position, part in enumerate(run.snapshot.registry):
        (document,) = await _keep(connection, [part])
        await connection.execute(insert(registries).values(run=number, position=position, document=document))
    return number, largest or 0


async def _write(
    connection: AsyncConnection, number: int, run: Run, batch: Batch, hold: Hold | None, free: int | None
) -> None:
    skeletons = {id(frozen.skeleton): frozen.skeleton.model_dump_json() for frozen in batch.digests}
    keys = dict(zip(skeletons, await _keep(connection, list(skeletons.values())), strict=True))
    rows = []
    for place, frozen in enumerate(batch.digests):
        held = hold or (Hold.PILOT if free is not None and place >= free else None)
        rows.append(_digest_row(number, frozen, run.at, keys[id(frozen.skeleton)], held))
    if rows:
        await connection.execute(insert(digests), rows)
    planned = [
        {"digest": row["key"], "state": State.PLANNED, "note": row["hold"], "at": run.at} for row in rows if row["hold"]
    ]
    if planned:
        await connection.execute(insert(entries), planned)
    decided = [row for frozen in batch.digests for row in _told_rows(number, frozen)]
    decided += [row for excluded in batch.excluded for row in _left_out_rows(number, excluded)]
    if decided:
        await connection.execute(insert(receipts), decided)


async def _keep(connection: AsyncConnection, texts: Iterable[str]) -> list[str]:
    """Add the texts that are not there yet; the hash of each."""
    keys = {text: hashlib.sha256(text.encode()).hexdigest() for text in texts}
    wanted = sorted(set(keys.values()))
    there: set[str] = set()
    for start in range(0, len(wanted), _ROWS):
        part = wanted[start : start + _ROWS]
        found = await connection.execute(select(documents.c.sha256).where(documents.c.sha256.in_(part)))
        there.update(found.scalars())
    new = [{"sha256": sha256, "text": text} for text, sha256 in keys.items() if sha256 not in there]
    if new:
        await connection.execute(insert(documents), new)
    return [keys[text] for text in texts]


def _digest_row(number: int, frozen: Frozen, at: dt.datetime, skeleton: str, hold: Hold | None) -> dict[str, Any]:
    digest = frozen.digest
    return {
        "key": digest.key,
        "run": number,
        "person": digest.person.key,
        "slot": digest.slot,
        "due": digest.due,
        "mandatory": digest.mandatory,
        "message_id": frozen.letter.message_id,
        "letter": frozen.letter.model_dump_json(),
        "skeleton": skeleton,
        "sha256": frozen.sha256,
        "size": frozen.size,
        "state": State.PLANNED if hold else State.PENDING,
        "hold": hold,
        "at": at,
    }


def _told_rows(number: int, frozen: Frozen) -> list[dict[str, Any]]:
    digest = frozen.digest
    recipients = _by_client(recipient for item in digest.items for recipient in item.readers)
    return [
        {
            **_row(number, receipt, recipients),
            "digest": digest.key,
            "reason": None,
            "detail": "",
            "content": frozen.content[(receipt.notice, receipt.version)],
        }
        for receipt in digest.receipts
    ]


def _left_out_rows(number: int, excluded: Excluded) -> list[dict[str, Any]]:
    recipients = _by_client(excluded.recipients)
    return [
        {
            **_row(number, receipt, recipients),
            "digest": None,
            "reason": excluded.reason,
            "detail": excluded.detail,
            "content": None,
        }
        for receipt in excluded.receipts
    ]


def _by_client(recipients: Iterable[Recipient]) -> Mapping[str, str]:
    return {recipient.client.id: recipient.key for recipient in recipients}


def _row(number: int, receipt: Receipt, recipients: Mapping[str, str]) -> dict[str, Any]:
    return {
        "run": number,
        "person": receipt.person,
        "client": receipt.client,
        "recipient": recipients.get(receipt.client, ""),  # who subscribed has none
        "notice": receipt.notice,
        "version": receipt.version,
        "event": receipt.event,
    }
