"""Senders killed at random instants lose nothing and send nothing twice, whichever database keeps the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Server, postgresql
from tests.killing import CONNECTIONS, Field, kill


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """PostgreSQL."""
    with postgresql() as running:
        yield running


@pytest.mark.parametrize("senders", [1, 3])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_twenty_kills_lose_nothing_and_send_nothing_twice(
    tmp_path: Path, request: pytest.FixtureRequest, database: str, senders: int
) -> None:
    """After each kill everybody is accounted for, and in doubt are at most as many messages as connections were open;
    in the end everything arrived exactly once."""
    ledger = f"sqlite:///{tmp_path}/ledger.db"
    if database == "postgresql":
        ledger = request.getfixturevalue("server").database()
    field = Field(tmp_path, ledger, readers=40, forked=True)
    with field.open():
        result = kill(field, kills=20, senders=senders, seed=20261207)
        assert (result.lost, result.twice, result.wrong) == (0, 0, []), field.said
        assert result.most_in_doubt <= CONNECTIONS
        assert "Traceback" not in field.said
    assert result.kills >= 20
    assert result.sending >= 3, "too few kills while messages were under way to mean anything"
