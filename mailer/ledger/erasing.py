"""Takes an address out of the ledger while its account still holds: everywhere the same pseudonym stands for it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailer.agenda.digest import key_of
from mailer.ledger import controlling
from mailer.ledger.interface import UNSENT, Decree, State
from mailer.ledger.schema import digests, documents, entries, receipts, registries, runs
from mailer.letters.letter import Letter
from mailer.people.subscription import mark
from portal.errors import PortalError

_WHY = "the person was erased"


async def erase(connection: AsyncConnection, key: str, pseudonym: str, pepper: bytes, at: dt.datetime) -> int:
    """Replace an address by a pseudonym in messages, receipts and what runs froze; how many rows named it."""
    await _stop(connection, key, at)
    found = 0
    for row in (await connection.execute(select(digests).where(digests.c.person == key))).all():
        await _rename(connection, dict(row._mapping), pseudonym)
        found += 1
    named = await connection.execute(update(receipts).where(receipts.c.person == key).values(person=pseudonym))
    found += named.rowcount
    for run in (await connection.execute(select(runs.c.number, runs.c.scope).where(runs.c.scope.is_not(None)))).all():
        scope = [pseudonym if person == key else person for person in json.loads(run.scope)]
        await connection.execute(update(runs).where(runs.c.number == run.number).values(scope=json.dumps(scope)))
    for sha256 in (await connection.execute(select(registries.c.document).distinct())).scalars().all():
        found += await _rewrite(connection, sha256, key, pseudonym, pepper)
    return found


async def _stop(connection: AsyncConnection, key: str, at: dt.datetime) -> None:
    """Cancel what has not left. Raises PortalError while something is under way."""
    states = select(digests.c.key, digests.c.state).where(digests.c.person == key)
    rows = (await connection.execute(states)).all()
    if any(row.state == State.SENDING for row in rows):
        raise PortalError("a message to this address is being sent", "wait until that is over, and erase then")
    waiting = [row.key for row in rows if row.state in UNSENT]
    if waiting:
        await controlling.decree(connection, waiting, None, UNSENT, Decree(State.CANCELLED, _WHY, "erase", at))


async def _rename(connection: AsyncConnection, row: dict[str, Any], pseudonym: str) -> None:
    """A message is named after its person: give it the name that it would have had."""
    old, new = row["key"], key_of(pseudonym, row["slot"])
    letter = Letter.model_validate_json(row["letter"])
    blank = {"key": new, "address": pseudonym, "name": "", "returns": "", "unsubscribe": ""}
    letter = letter.model_copy(update={name: value for name, value in blank.items() if hasattr(letter, name)})
    renamed = {"key": new, "person": pseudonym, "letter": letter.model_dump_json(), "reply": ""}
    await connection.execute(insert(digests).values({**row, **renamed}))
    await connection.execute(update(receipts).where(receipts.c.digest == old).values(digest=new))
    await connection.execute(update(entries).where(entries.c.digest == old).values(digest=new, note=""))
    await connection.execute(delete(digests).where(digests.c.key == old))


async def _rewrite(connection: AsyncConnection, sha256: str, key: str, pseudonym: str, pepper: bytes) -> int:
    """Replace the address in one part of a frozen registry, wherever runs share it; 0 where it is not in it."""
    text = (await connection.execute(select(documents.c.text).where(documents.c.sha256 == sha256))).scalar_one()
    part = json.loads(text)
    changed = _renamed(part, {key: pseudonym, mark(key, pepper): mark(pseudonym, pepper)})
    if changed == part:
        return 0
    written = json.dumps(changed, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    name = hashlib.sha256(written.encode()).hexdigest()
    if (await connection.execute(select(documents.c.sha256).where(documents.c.sha256 == name))).first() is None:
        await connection.execute(insert(documents).values(sha256=name, text=written))
    await connection.execute(update(registries).where(registries.c.document == sha256).values(document=name))
    await connection.execute(delete(documents).where(documents.c.sha256 == sha256))
    return 1


def _renamed(data: Any, names: dict[str, str]) -> Any:
    """JSON with some of its strings, and of its keys, replaced by others; capitals do not matter."""
    match data:
        case dict():
            return {names.get(name.casefold(), name): _renamed(value, names) for name, value in data.items()}
        case list():
            return [_renamed(value, names) for value in data]
        case str():
            return names.get(data.casefold(), data)
    return data
