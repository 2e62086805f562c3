"""Very many people: nothing that is there for each of them is held for all at once."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from mailer.agenda.bulletin import bulletin
from mailer.agenda.digest import Past
from mailer.agenda.forecast import Forecast
from mailer.agenda.snapshot import Thawing, freeze
from mailer.cli.listing import Document, Lines
from mailer.cli.office import Office, read_office
from mailer.ledger import Ledger
from mailer.people.cards import CardRegistry, Cards
from mailer.people.person import Person, people
from mailer.runs.rounds import BATCH, decisions
from portal import tables
from portal.client import Client, as_client
from portal.errors import Problem
from portal.plan import Binder
from portal.tables import Table
from tests.conftest import PortalFolder
from tests.unit.test_digest import BEGIN

MANY = 3 * BATCH


@pytest.fixture
def crowd(portal_folder: PortalFolder) -> PortalFolder:
    """A portal with a table of 1500 clients and a notice for all of them."""
    rows = [f"c{number:04d},客户{number},shanghai,lin,林{number},p{number}@c.example.com" for number in range(MANY)]
    portal_folder.write("clients/all.csv", "\n".join(["client,client_name,region,contact,name,email", *rows]) + "\n")
    portal_folder.notice("fees", "title: 收费调整\ndate: 2026-12-01")
    return portal_folder


class Asked:
    """Knows nothing of anybody, and notes how many people it was asked about at once, and how many are alive."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.alive: list[int] = []

    async def past(self, persons: Sequence[Person], before_run: int | None = None) -> Mapping[str, Past]:  # noqa: ARG002
        self.batches.append(len(persons))
        self.alive.append(_alive(Person))
        return {person.key: Past() for person in persons}


def _alive(kind: type) -> int:
    return sum(type(one) is kind for one in gc.get_objects())


def test_people_are_asked_about_and_let_go_of_batch_by_batch(crowd: PortalFolder) -> None:
    """However many there are, the ledger is asked about a bounded number, and no more persons than two batches live."""
    asked = Asked()
    plan = crowd.plan()
    told = 0

    async def go_through() -> None:
        nonlocal told
        async for decision in decisions(cast("Ledger", asked), bulletin(plan, BEGIN)):
            told += len(decision.digests) + len(decision.waiting)

    asyncio.run(go_through())
    assert asked.batches == [BATCH, BATCH, BATCH]
    assert told == MANY
    assert max(asked.alive) <= 2 * BATCH + 1


def test_people_come_one_by_one(crowd: PortalFolder) -> None:
    """Whoever has an address of their own is made when it is their turn; who shares one comes with all contacts."""
    crowd.client("a", "id: a\nname: A\ncontacts:\n  - {id: x, name: X, email: P7@c.example.com}\n")
    others = _alive(Person)  # of other tests, until Python collects them
    everybody = iter(people(crowd.plan()))
    first = next(everybody)
    assert [recipient.key for recipient in first.recipients] == ["a/x", "c0007/lin"]
    assert _alive(Person) <= others + 1
    rest = [person.key for person in everybody]
    assert len(rest) == MANY - 1
    assert "p7@c.example.com" not in rest


def test_a_table_is_read_row_by_row(crowd: PortalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients are made as their rows come: of those ahead nothing is held."""
    held: list[int] = []

    def watched(data: Mapping[str, object]) -> object:
        held.append(_alive(tables._Gathered))
        return as_client(data)

    monkeypatch.setattr(tables, "as_client", watched)
    problems: list[Problem] = []
    clients = list(Table("all.csv", crowd.root / "clients/all.csv").clients(problems))
    assert (len(clients), problems) == (MANY, [])
    assert max(held) <= 1


def test_what_many_clients_share_is_there_once(crowd: PortalFolder) -> None:
    """Regions and ids of contacts that are the same are one object; private pages are laid out for who asks."""
    others = _alive(Binder)
    plan = crowd.plan()
    first, last = plan.registry.clients["c0000"], plan.registry.clients[f"c{MANY - 1:04d}"]
    assert first.region is last.region
    assert first.contacts[0].id is last.contacts[0].id
    assert _alive(Binder) <= others
    assert len(plan.binders) == MANY


FULL = {
    "id": "yunshan-2",
    "name": '云杉「贸易」"公司"',
    "status": "terminated",
    "since": "2024-03-01",
    "ended": "2026-11-30",
    "access_until": "2027-01-31",
    "segments": ["small-taxpayer", "group"],
    "services": ["payroll"],
    "region": "shanghai",
    "language": "en",
    "timezone": "Europe/Berlin",
    "contacts": [
        {
            "id": "lin",
            "name": "林岚",
            "email": "用户@例子.公司",
            "phone": "021-5555",
            "role": "finance",
            "language": "zh",
            "timezone": "Asia/Shanghai",
            "cadence": "monthly",
            "hour": 0,
            "weekday": "sunday",
            "day": 28,
            "since": "2025-01-10",
        },
        {"id": "su", "name": "Su", "email": "su@example.com"},
    ],
}


def test_a_client_is_on_its_card_as_it_is() -> None:
    """Every field comes back as it was, with its type; ids that begin alike, or are none, are told apart."""
    clients = [as_client({"id": identity, "name": identity}) for identity in ("yunshan", "yunshan-20", "a")]
    full = as_client(FULL)
    cards = Cards()
    for client in (full, *clients):
        cards[client.id] = client
    assert repr(cards["yunshan-2"]) == repr(full)
    assert list(cards) == ["a", "yunshan", "yunshan-2", "yunshan-20"]
    assert [client.id for client in CardRegistry(cards, {}).ordered] == ["a", "yunshan", "yunshan-2", "yunshan-20"]
    assert "yunshan-" not in cards
    assert cards.get('a","a') is None
    cards["a"] = as_client({"id": "a", "name": "B"})
    del cards["yunshan"]
    assert [client.name for client in cards.values()] == ["B", '云杉「贸易」"公司"', "yunshan-20"]


def test_a_mailer_holds_no_client(crowd: PortalFolder) -> None:
    """Once the portal is read its clients are on cards, and everybody is told from these."""
    gc.collect()
    others = _alive(Client)
    office = read_office(crowd.root, "2026-12-07T09:30+08:00")
    gc.collect()
    assert _alive(Client) < others + 10
    assert len(list(people(office.plan))) == MANY
    assert [client.id for client in office.plan.registry.index.clients("region", ["shanghai"])][-1] == "c1499"


def test_a_frozen_registry_is_taken_part_by_part(crowd: PortalFolder) -> None:
    """No part of a snapshot holds more than a small share of the clients, and thawed they are all there."""
    snapshot = freeze(crowd.plan())
    thawing = Thawing(snapshot.plan)
    largest = 0
    for part in snapshot.registry:
        largest = max(largest, part.count('"contacts"'))
        thawing.add(part)
    assert list(thawing.plan().registry.clients) == [f"c{number:04d}" for number in range(MANY)]
    assert largest < MANY


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_agenda_is_written_while_it_is_made(
    crowd: PortalFolder, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Long before the last person was decided for, the first ones have been printed."""
    plan = crowd.plan("2026-12-07T09:30+08:00")
    office = Office(plan.settings, plan, None, private=True)
    known = bulletin(plan, BEGIN)
    listing = Document(office, BEGIN, known.excluded) if form == "json" else Lines(office, known.excluded)
    printed: list[int] = []

    async def go_through() -> None:
        async for decision in decisions(cast("Ledger", Asked()), known):
            listing.add(decision)
            printed.append(len(capsys.readouterr().out))

    asyncio.run(go_through())
    listing.end(0, Forecast(plan.now, ()))
    assert sum(printed[: MANY // 2]) > 10_000
    assert max(printed) < sum(printed) / 2
