"""Kills senders at random instants, two hundred times, and counts what was lost and what came twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _pytest.outcomes import Skipped

from bench.figures import Figure
from tests.databases import postgresql
from tests.killing import CONNECTIONS, Field, Result, kill

_KILLS = 50
"""For each of the four: SQLite and PostgreSQL, one sender and three."""


def measure(folder: Path) -> Iterator[Figure]:
    """The figures of each round; a database that is not installed is told, and not measured."""
    for database in ("SQLite", "PostgreSQL"):
        for senders in (1, 3):
            named = f"{database}, {senders} {'sender' if senders == 1 else 'senders'}"
            try:
                yield from _figures(named, _round(folder / f"{database}-{senders}", database, senders))
            except Skipped as missing:
                yield Figure(f"kills: {named}", None, "kills", note=str(missing))


def _round(folder: Path, database: str, senders: int) -> Result:
    folder.mkdir()
    with _ledger(folder, database) as address:
        field = Field(folder, address, readers=60, forked=False)
        with field.open():
            return kill(field, kills=_KILLS, senders=senders, seed=senders)


@contextmanager
def _ledger(folder: Path, database: str) -> Iterator[str]:
    if database == "SQLite":
        yield f"sqlite:///{folder}/ledger.db"
    else:
        with postgresql() as server:
            yield server.database()


def _figures(named: str, result: Result) -> Iterator[Figure]:
    note = f"{result.messages} messages; {result.sending} while sending, {result.planning} before freezing"
    yield Figure(f"kills: {named}", result.kills, "kills", note=note)
    yield Figure(f"lost: {named}", result.lost, "messages", limit=0)
    yield Figure(f"sent twice: {named}", result.twice, "messages", limit=0)
    yield Figure(f"most in doubt after one kill: {named}", result.most_in_doubt, "messages", limit=CONNECTIONS)
    arrived = f"{result.arrived} had arrived"
    yield Figure(
        f"in doubt at the end: {named}", result.in_doubt, "messages", limit=CONNECTIONS * result.kills, note=arrived
    )
    yield Figure(f"equation broken: {named}", len(result.wrong), "times", limit=0, note="; ".join(result.wrong[:2]))
