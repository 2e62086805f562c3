"""Goes through everybody, a batch at a time, with what the ledger knows of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice

from mailer.agenda.bulletin import Bulletin
from mailer.agenda.deciding import decide
from mailer.agenda.digest import Decision
from mailer.ledger import Ledger
from mailer.people.person import Person, people

BATCH = 500
"""Persons asked about at once; databases limit the number of bound values."""


async def decisions(ledger: Ledger, bulletin: Bulletin, before_run: int | None = None) -> AsyncIterator[Decision]:
    """What is decided for everybody, in the order of the registry, or as it was decided before a run."""
    everybody = people(bulletin.plan, bulletin.subscribers)
    for batch in _batches(everybody):
        pasts = await ledger.past(batch, before_run)
        for person in batch:
            yield decide(bulletin, person, pasts[person.key])


def _batches(persons: Iterable[Person]) -> Iterator[list[Person]]:
    everybody = iter(persons)
    while batch := list(islice(everybody, BATCH)):
        yield batch
