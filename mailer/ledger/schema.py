"""The ledger's tables. Uniqueness here is what makes a second `send` a no-op."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

FORMAT = 1
"""Goes up with every change of these tables."""


class Instant(TypeDecorator[dt.datetime]):
    """A moment as ISO 8601 text in UTC with microseconds, so that texts sort as moments do, in every database."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> str | None:  # noqa: ARG002
        return None if value is None else value.astimezone(dt.UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Any) -> dt.datetime | None:  # noqa: ARG002
        return None if value is None else dt.datetime.fromisoformat(value)


tables = MetaData()

openings = Table(
    "opening",
    tables,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("format", Integer, nullable=False),
    Column("begin", Instant, nullable=False),
    Column("created", Instant, nullable=False),
)

# Registries, plans and skeletons, by the SHA-256 of their text: what does not change is kept once.
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
    Column("number", Integer, primary_key=True),
    Column("now", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("commit_hash", String(64)),
    Column("registry", ForeignKey("documents.sha256"), nullable=False),
    Column("plan", ForeignKey("documents.sha256"), nullable=False),
)

# One digest is one message. States, and how a message moves between them:
#
#   pending ──claim──> sending ──250──> sent
#      ^                  │ ├────4yz──> deferred ──claim, from next_try on──> sending
#      └──connection lost─┘ ├────5yz──> failed
#         before the data   └──lost after "data begun"──> in-doubt
#
# pending or deferred ──reader without access, address or code──> cancelled
#
# `data_begun` is committed before the final dot can be on the wire. A row left in `sending` whose lease ran out goes
# back to pending without it, and to in-doubt with it. Outcomes are recorded only with the token of the latest claim.
digests = Table(
    "digests",
    tables,
    Column("key", String(32), primary_key=True),
    Column("run", ForeignKey("runs.number"), nullable=False),
    Column("person", String(320), nullable=False),
    Column("slot", String(64), nullable=False),
    Column("due", Instant, nullable=False),
    Column("letter", Text, nullable=False),
    Column("skeleton", ForeignKey("documents.sha256"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("data_begun", Boolean, nullable=False, default=False),
    Column("token", String(32)),
    Column("lease_until", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_try", Instant),
    Column("reply", Text, nullable=False, default=""),
    Column("at", Instant, nullable=False),
    UniqueConstraint("person", "slot"),
    Index("digests_by_state", "state", "next_try"),
)

# What was decided, once for each person, client, notice, version and event: told in a digest, or left out for a reason.
receipts = Table(
    "receipts",
    tables,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.number"), nullable=False),
    Column("digest", ForeignKey("digests.key")),
    Column("reason", String(32)),
    Column("detail", String(128), nullable=False, default=""),
    Column("person", String(320), nullable=False),
    Column("client", String(64), nullable=False),
    Column("recipient", String(130), nullable=False),
    Column("notice", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("event", String(16), nullable=False),
    Column("content", String(64)),
    UniqueConstraint("person", "client", "notice", "version", "event"),
    CheckConstraint("(digest IS NULL) <> (reason IS NULL)", name="told_or_left_out"),
    Index("receipts_by_run", "run"),
)
