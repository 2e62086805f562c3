"""The ledger in SQL, through SQLAlchemy Core."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Row, Select, and_, func, insert, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mailer.digest import Excluded, Past, Receipt, Told
from mailer.ledger.interface import AlreadyDecided, Claim, Delivery, Frozen, Opening, Run, RunRecord, State
from mailer.ledger.schema import FORMAT, digests, documents, openings, receipts, runs, tables
from mailer.letter import Letter, Skeleton
from mailer.outcome import Deferred, Failed, InDoubt, Outcome, Sent
from mailer.person import Person
from mailer.snapshot import Snapshot
from portal.errors import PortalError


class SqlLedger:
    """A ledger in a database that SQLAlchemy speaks to. See `Ledger` for what its methods promise."""

    def __init__(self, engine: AsyncEngine, name: str) -> None:
        self._engine = engine
        self._name = name

    async def create(self, opening: Opening) -> None:
        """Make the tables in an empty database."""
        async with self._transaction() as connection:
            await connection.run_sync(tables.create_all)
            await connection.execute(
                insert(openings).values(id=1, format=FORMAT, begin=opening.begin, created=opening.created)
            )

    async def opening(self) -> Opening:
        async with self._transaction() as connection:
            names = await connection.run_sync(lambda sync: set(sync.dialect.get_table_names(sync)))
            row = (await connection.execute(select(openings))).one_or_none() if openings.name in names else None
        if row is None:
            raise PortalError(f"{self._name} is not a ledger", "make one with `mailer init`, or correct the address")
        if row.format != FORMAT:
            raise PortalError(f"{self._name} has format {row.format}, and this program knows {FORMAT}", "update it")
        return Opening(row.begin, row.created)

    async def past(self, persons: Sequence[Person], before_run: int | None = None) -> Mapping[str, Past]:
        keys = [person.key for person in persons]
        contacts = {r.key: p.key for p in persons for r in (*p.recipients, *p.former)}
        concerned = or_(receipts.c.person.in_(keys), receipts.c.recipient.in_(list(contacts)))
        query = (
            select(receipts, digests.c.state, digests.c.at, digests.c.letter, runs.c.now, runs.c.at.label("run_at"))
            .join(runs, runs.c.number == receipts.c.run)
            .outerjoin(digests, digests.c.key == receipts.c.digest)
            .where(concerned)
        )
        slots = select(digests.c.person, digests.c.slot, runs.c.now).join(runs, runs.c.number == digests.c.run)
        async with self._transaction() as connection:
            as_of = None
            if before_run is not None:
                as_of = (await connection.execute(select(runs.c.at).where(runs.c.number == before_run))).scalar_one()
            rows = (await connection.execute(_until(query, receipts.c.run, before_run))).all()
            taken = (
                await connection.execute(_until(slots.where(digests.c.person.in_(keys)), digests.c.run, before_run))
            ).all()
        return _pasts(keys, contacts, rows, taken, as_of)

    async def freeze(self, run: Run, frozen: Sequence[Frozen], excluded: Sequence[Excluded]) -> int:
        try:
            async with self._transaction() as connection:
                keys = {text: hashlib.sha256(text.encode()).hexdigest() for text in _texts(run, frozen)}
                await _keep(connection, keys)
                snapshot = run.snapshot
                made = await connection.execute(
                    insert(runs)
                    .values(
                        now=run.now,
                        at=run.at,
                        commit_hash=run.commit,
                        registry=keys[snapshot.registry],
                        plan=keys[snapshot.plan],
                    )
                    .returning(runs.c.number)
                )
                number = int(made.scalar_one())
                if frozen:
                    await connection.execute(insert(digests), [_digest_row(number, f, run.at, keys) for f in frozen])
                rows = [row for f in frozen for row in _told_rows(number, f)]
                rows += [row for left_out in excluded for row in _left_out_rows(number, left_out)]
                if rows:
                    await connection.execute(insert(receipts), rows)
        except IntegrityError as error:
            raise AlreadyDecided from error
        return number

    async def recover(self, at: dt.datetime) -> tuple[int, int]:
        expired = and_(digests.c.state == State.SENDING, digests.c.lease_until < at)
        async with self._transaction() as connection:
            doubtful = await connection.execute(
                update(digests)
                .where(expired, digests.c.data_begun)
                .values(state=State.IN_DOUBT, at=at, token=None, reply="the sender ended after the data had begun")
            )
            unharmed = await connection.execute(
                update(digests).where(expired).values(state=State.PENDING, at=at, token=None)
            )
        return unharmed.rowcount, doubtful.rowcount

    async def unsent(self, at: dt.datetime) -> list[Letter]:
        async with self._transaction() as connection:
            rows = await connection.execute(select(digests.c.letter).where(_claimable(at)))
            return [Letter.model_validate_json(row.letter) for row in rows]

    async def cancel(self, key: str, reason: str, at: dt.datetime) -> bool:
        waiting = and_(digests.c.key == key, digests.c.state.in_((State.PENDING, State.DEFERRED)))
        async with self._transaction() as connection:
            changed = await connection.execute(
                update(digests).where(waiting).values(state=State.CANCELLED, reply=reason, at=at)
            )
        return changed.rowcount == 1

    async def claim(self, at: dt.datetime, lease: dt.timedelta) -> Claim | None:
        token = secrets.token_hex(16)
        first = (
            select(digests.c.key).where(_claimable(at)).order_by(digests.c.run, digests.c.due, digests.c.key).limit(1)
        )
        async with self._transaction() as connection:
            taken = await connection.execute(
                update(digests)
                .where(digests.c.key == first.scalar_subquery(), _claimable(at))
                .values(
                    state=State.SENDING,
                    token=token,
                    lease_until=at + lease,
                    data_begun=False,
                    attempts=digests.c.attempts + 1,
                    at=at,
                )
                .returning(digests)
            )
            row = taken.one_or_none()
            if row is None:
                return None
            text = await connection.execute(select(documents.c.text).where(documents.c.sha256 == row.skeleton))
            skeleton = Skeleton.model_validate_json(text.scalar_one())
        return Claim(row.key, token, Letter.model_validate_json(row.letter), skeleton, row.sha256, row.attempts)

    async def data_begins(self, claim: Claim, at: dt.datetime) -> bool:
        return await self._change(claim, data_begun=True, at=at)

    async def settle(self, claim: Claim, outcome: Outcome, at: dt.datetime, next_try: dt.datetime | None) -> bool:
        return await self._change(
            claim, state=_state_after(outcome), reply=outcome.reply, at=at, next_try=next_try, token=None
        )

    async def release(self, claim: Claim, at: dt.datetime) -> None:
        await self._change(claim, state=State.PENDING, at=at, token=None, attempts=digests.c.attempts - 1)

    async def _change(self, claim: Claim, **values: Any) -> bool:
        async with self._transaction() as connection:
            held = and_(digests.c.key == claim.key, digests.c.token == claim.token)
            changed = await connection.execute(update(digests).where(held).values(**values))
        return changed.rowcount == 1

    async def runs(self) -> list[RunRecord]:
        registry, plan = documents.alias(), documents.alias()
        query = (
            select(runs, registry.c.text.label("registry_text"), plan.c.text.label("plan_text"))
            .join(registry, registry.c.sha256 == runs.c.registry)
            .join(plan, plan.c.sha256 == runs.c.plan)
            .order_by(runs.c.number)
        )
        counted = (
            select(receipts.c.run, digests.c.state, receipts.c.reason, func.count().label("receipts"))
            .outerjoin(digests, digests.c.key == receipts.c.digest)
            .group_by(receipts.c.run, digests.c.state, receipts.c.reason)
        )
        async with self._transaction() as connection:
            rows = (await connection.execute(query)).all()
            counts = (await connection.execute(counted)).all()
        return [
            RunRecord(
                number=row.number,
                now=row.now,
                at=row.at,
                commit=row.commit_hash,
                snapshot=Snapshot(row.registry_text, row.plan_text),
                receipts={State(c.state): c.receipts for c in counts if c.run == row.number and c.state is not None},
                excluded={c.reason: c.receipts for c in counts if c.run == row.number and c.reason is not None},
            )
            for row in rows
        ]

    async def deliveries(self) -> list[Delivery]:
        async with self._transaction() as connection:
            rows = (await connection.execute(select(digests).order_by(digests.c.run, digests.c.key))).all()
            told = (
                await connection.execute(
                    select(receipts.c.digest, receipts.c.recipient).where(receipts.c.digest.is_not(None)).distinct()
                )
            ).all()
        readers: dict[str, list[str]] = {}
        for row in told:
            readers.setdefault(row.digest, []).append(row.recipient)
        return [
            Delivery(
                key=row.key,
                run=row.run,
                readers=tuple(sorted(readers.get(row.key, ()))),
                slot=row.slot,
                state=State(row.state),
                attempts=row.attempts,
                reply=row.reply,
                at=row.at,
                next_try=row.next_try if row.state == State.DEFERRED else None,
            )
            for row in rows
        ]

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise PortalError(
                f"the ledger {self._name} cannot be used: {error.orig}",
                "is its disk full, or another program using it?",
            ) from error


def _until(query: Select[Any], run: Any, before: int | None) -> Select[Any]:
    return query if before is None else query.where(run < before)


def _pasts(
    keys: Sequence[str],
    contacts: Mapping[str, str],
    rows: Sequence[Row[Any]],
    taken: Sequence[Row[Any]],
    as_of: dt.datetime | None,
) -> dict[str, Past]:
    told: dict[str, dict[Receipt, Told]] = {key: {} for key in keys}
    excluded: dict[str, set[Receipt]] = {key: set() for key in keys}
    for row in rows:
        own = row.person in told
        person = row.person if own else contacts[row.recipient]
        receipt = Receipt(person, row.client, row.notice, row.version, row.event)
        if row.digest is None:
            if own:
                excluded[person].add(receipt)
            continue
        lost = row.state in (State.FAILED, State.CANCELLED) and (as_of is None or row.at <= as_of)
        if own or (not lost and receipt not in told[person]):
            message_id = Letter.model_validate_json(row.letter).message_id
            told[person][receipt] = Told(row.digest, message_id, row.now, not lost)
    return {
        key: Past(
            told=told[key],
            excluded=frozenset(excluded[key]),
            slots=frozenset(row.slot for row in taken if row.person == key),
            sent=tuple(row.now for row in taken if row.person == key),
        )
        for key in keys
    }


def _claimable(at: dt.datetime) -> Any:
    deferred = and_(digests.c.state == State.DEFERRED, digests.c.next_try <= at)
    return or_(digests.c.state == State.PENDING, deferred)


def _state_after(outcome: Outcome) -> State:
    match outcome:
        case Sent():
            return State.SENT
        case Deferred():
            return State.DEFERRED
        case Failed():
            return State.FAILED
        case InDoubt():
            return State.IN_DOUBT


def _texts(run: Run, frozen: Iterable[Frozen]) -> set[str]:
    return {run.snapshot.registry, run.snapshot.plan, *(f.skeleton.model_dump_json() for f in frozen)}


async def _keep(connection: AsyncConnection, keys: dict[str, str]) -> None:
    """Add the texts that are not there yet."""
    there: set[str] = set()
    wanted = sorted(keys.values())
    for start in range(0, len(wanted), 500):  # databases limit the number of bound values
        part = wanted[start : start + 500]
        found = await connection.execute(select(documents.c.sha256).where(documents.c.sha256.in_(part)))
        there.update(found.scalars())
    new = [{"sha256": sha256, "text": text} for text, sha256 in keys.items() if sha256 not in there]
    if new:
        await connection.execute(insert(documents), new)


def _digest_row(number: int, frozen: Frozen, at: dt.datetime, keys: dict[str, str]) -> dict[str, Any]:
    digest = frozen.digest
    return {
        "key": digest.key,
        "run": number,
        "person": digest.person.key,
        "slot": digest.slot,
        "due": digest.due,
        "letter": frozen.letter.model_dump_json(),
        "skeleton": keys[frozen.skeleton.model_dump_json()],
        "sha256": frozen.sha256,
        "size": frozen.size,
        "state": State.PENDING,
        "at": at,
    }


def _told_rows(number: int, frozen: Frozen) -> list[dict[str, Any]]:
    digest = frozen.digest
    recipients = {recipient.client.id: recipient.key for item in digest.items for recipient in item.readers}
    return [
        {
            **_row(number, receipt),
            "digest": digest.key,
            "reason": None,
            "detail": "",
            "recipient": recipients[receipt.client],
            "content": frozen.content[(receipt.notice, receipt.version)],
        }
        for receipt in digest.receipts
    ]


def _left_out_rows(number: int, excluded: Excluded) -> list[dict[str, Any]]:
    recipients = {recipient.client.id: recipient.key for recipient in excluded.recipients}
    return [
        {
            **_row(number, receipt),
            "digest": None,
            "reason": excluded.reason,
            "detail": excluded.detail,
            "recipient": recipients[receipt.client],
            "content": None,
        }
        for receipt in excluded.receipts
    ]


def _row(number: int, receipt: Receipt) -> dict[str, Any]:
    return {
        "run": number,
        "person": receipt.person,
        "client": receipt.client,
        "notice": receipt.notice,
        "version": receipt.version,
        "event": receipt.event,
    }
