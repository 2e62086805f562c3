"""The ledger's tables. Uniqueness here is what makes a second `send` a no-op."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    literal_column,
    text,
)

FORMAT = 2
"""Goes up with every change of these tables; migrations.py knows the way from the one before."""


def written(at: dt.datetime) -> str:
    """A moment as it is kept."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


class Instant(TypeDecorator[dt.datetime]):
    """A moment as ISO 8601 text in UTC with microseconds, so that texts sort as moments do, in every database."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> str | None:  # noqa: ARG002
        return None if value is None else written(value)

    def process_result_value(self, value: str | None, dialect: Any) -> dt.datetime | None:  # noqa: ARG002
        return None if value is None else dt.datetime.fromisoformat(value)


def _among(name: str, state: str, *columns: str) -> Index:
    """An index of the messages in one state. Only a query that names it as `literally` does is answered from it."""
    where = text(f"state = '{state}'")
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def literally(state: str) -> ColumnElement[str]:
    """A state as part of a statement: one that is bound is unknown when a database chooses an index."""
    return literal_column(f"'{state}'", String(16))


tables = MetaData()

openings = Table(
    "opening",
    tables,
    Column("id", Integer, CheckConstraint("id = 1", name="one_opening"), primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("begin", Instant, nullable=False),
    Column("created", Instant, nullable=False),
    Column("paused", Instant),  # since then no message may be claimed
    Column("pepper", String(64), nullable=False),  # hexadecimal: keys the marks of suppressed addresses
)

# Plans, parts of registries and skeletons, by the SHA-256 of their text: what does not change is kept once.
documents = Table(
    "documents",
    tables,
    Column("sha256", String(64), primary_key=True),
    Column("text", Text, nullable=False),
)

# A run froze everything that fell due at one moment, in one transaction.
runs = Table(
    "runs",
    tables,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("now", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("commit_hash", String(64)),
    Column("plan", String(64), ForeignKey("documents.sha256"), nullable=False),
    Column("scope", Text),  # JSON list of the persons whom `send --only` named; null: everybody
    Column("digests", Integer, nullable=False),  # how many it froze
    Column("entry", Integer, nullable=False),  # the last entry it could know of: what came later changes no decision
)

# The registry of a run, in parts.
registries = Table(
    "registries",
    tables,
    Column("run", Integer, ForeignKey("runs.number"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("document", String(64), ForeignKey("documents.sha256"), nullable=False),
)

# One digest is one message. States, and how a message moves between them:
#
#   planned ──resume──> pending ──claim──> sending ──250──> sent
#      ^                   ^                │ ├────4yz──> deferred ──claim, from next_try on──> sending
#    pilot, pause,         └─nothing of it──┘ ├────5yz──> failed
#    rehearsal                has left        └──lost after "data begun"──> in-doubt
#
#   in-doubt ──a person's word──> pending, sent or failed
#   planned, pending, deferred ──cancel, or a reader without access──> cancelled
#
# `data_begun` is committed before the final dot can be on the wire. A row left in `sending` whose lease ran out goes
# back to pending without it, and to in-doubt with it. Marks and outcomes count only with the token of the latest claim.
digests = Table(
    "digests",
    tables,
    Column("key", String(32), primary_key=True),
    Column("run", Integer, ForeignKey("runs.number"), nullable=False),
    Column("person", String(320), nullable=False),
    Column("slot", String(64), nullable=False),
    Column("due", Instant, nullable=False),
    Column("mandatory", Boolean(create_constraint=False), nullable=False),
    Column("message_id", String(400), nullable=False),
    Column("letter", Text, nullable=False),
    Column("skeleton", String(64), ForeignKey("documents.sha256"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("hold", String(16)),  # why it is planned
    Column("data_begun", Boolean(create_constraint=False), nullable=False, default=False),
    Column("token", String(40)),
    Column("worker", String(120)),  # the process that holds it: see worker.py
    Column("lease_until", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("doubts", Integer, nullable=False, default=0),  # how often its fate was unknown
    Column("next_try", Instant),
    Column("reply", Text, nullable=False, default=""),
    Column("queue_id", String(128)),
    Column("at", Instant, nullable=False),
    UniqueConstraint("person", "slot", name="one_digest_a_slot"),
    # Each knows only what it is asked for, so that a message that has been sent is in none of them.
    _among("digests_to_send", "pending", "state", "run", "due", "key"),
    _among("digests_to_try", "deferred", "state", "next_try"),
    _among("digests_under_way", "sending", "state", "key"),
    Index("digests_by_run", "run", "state"),
)

# What was decided, once for each person, client, notice, version and event: told in a digest, or left out for a reason.
receipts = Table(
    "receipts",
    tables,
    Column("person", String(320), primary_key=True),
    Column("client", String(64), primary_key=True),
    Column("notice", String(120), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("event", String(32), primary_key=True),
    Column("run", Integer, ForeignKey("runs.number"), nullable=False),
    Column("digest", String(32), ForeignKey("digests.key")),
    Column("reason", String(32)),
    Column("detail", String(128), nullable=False, default=""),
    Column("recipient", String(130), nullable=False),
    Column("content", String(64)),
    CheckConstraint("(digest IS NULL) <> (reason IS NULL)", name="told_or_left_out"),
    Index("receipts_by_run", "run"),
    Index("receipts_by_recipient", "recipient"),
    Index("receipts_by_digest", "digest"),
)

# Every change of a message's state but for claims, in order. Only ever added to, so that it bears witness against a
# state that was changed in any other way; a message without an entry is pending.
entries = Table(
    "entries",
    tables,
    Column("id", Integer, primary_key=True),
    Column("digest", String(32), ForeignKey("digests.key"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("note", Text, nullable=False, default=""),  # what the server replied, or why a person decided it
    Column("who", String(120)),  # the person who decided it; null: the program
    Column("at", Instant, nullable=False),
    Index("entries_by_digest", "digest", "id"),
)
