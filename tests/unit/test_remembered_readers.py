"""Who may read what, with what earlier builds knew of it: never anything but what a fresh look says."""

from __future__ import annotations

import datetime as dt
import random
import time
from pathlib import Path

import pytest

from portal import history, rereading, rules, sources
from portal import plan as plan_of
from portal.config import Secret
from portal.memory import Memory
from portal.plan import Binder, Plan
from portal.rereading import Shelf
from portal.sources import Sources
from tests.conftest import PortalFolder

BEGUN = dt.datetime(2026, 12, 7, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
SEGMENTS = ("small", "group", "foreign")


class Life:
    """A portal in which somebody edits at random."""

    def __init__(self, folder: PortalFolder, seed: int) -> None:
        self.folder, self._chance = folder, random.Random(seed)
        self.now = BEGUN
        for _ in range(12):
            self._client()
        for _ in range(12):
            self._notice()

    def step(self) -> None:
        """One edit, or a day or two that pass."""
        self._chance.choice([self._client, self._notice, self._epoch, self._removal, self._time, self._time])()

    def _client(self) -> None:
        name = f"c{self._chance.randrange(14)}"
        lines = [f"name: 客户{self._chance.randrange(99)}", f"segments: [{self._chance.choice(SEGMENTS)}]"]
        if self._chance.random() < 0.5:
            lines.append(f"since: 2026-{self._chance.randrange(1, 13):02}-{self._chance.randrange(1, 28):02}")
        if self._chance.random() < 0.3:
            lines.append(f"access_until: 2026-12-{self._chance.randrange(6, 16):02}")
        contacts = [
            f"  - {{id: p{number}, name: 人{number}, email: p{number}@{name}.example.com"
            + (f", since: 2026-12-{self._chance.randrange(6, 16):02}" if self._chance.random() < 0.3 else "")
            + (", language: en" if self._chance.random() < 0.3 else "")
            + "}"
            for number in range(self._chance.randrange(1, 4))
        ]
        self.folder.client(name, "\n".join([*lines, "contacts:", *contacts, ""]))

    def _notice(self) -> None:
        whom = self._chance.choice(
            [
                f"{{segments: [{self._chance.choice(SEGMENTS)}]}}",
                f"{{clients: [c{self._chance.randrange(14)}]}}",
                "public",
            ]
        )
        front = f"title: t\ndate: 2026-{self._chance.randrange(9, 13):02}-{self._chance.randrange(1, 10):02}\n"
        front += f"audience: {whom}\n" if whom != "public" else ""
        if self._chance.random() < 0.4:
            front += f"expires: 2026-12-{self._chance.randrange(10, 20):02}\n"
        self.folder.notice(f"n{self._chance.randrange(15)}", front, f"{self._chance.random()}\n")

    def _epoch(self) -> None:
        self.folder.write("clients/epochs.json", f'{{"c1/p0": {self._chance.randrange(2, 9)}}}')

    def _removal(self) -> None:
        files = sorted([*self.folder.root.glob("clients/*.yml"), *self.folder.root.glob("notices/*/*.md")])
        self._chance.choice(files).unlink()

    def _time(self) -> None:
        self.now += dt.timedelta(hours=self._chance.randrange(1, 30))


def planned(folder: PortalFolder, found: Sources, now: dt.datetime) -> Plan:
    settings = folder.settings()
    return plan_of.make(settings, found, history.read(settings, found), now)


def told(binders: tuple[Binder, ...]) -> list[tuple[object, ...]]:
    return [(b.holder, [(s.entry.id, [v.number for v in s.versions]) for s in b.sheets]) for b in binders]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_remembered_is_what_is_found(portal_folder: PortalFolder, seed: int) -> None:
    """After each of 40 random edits: the same binders, and the same problems, as without a memory."""
    life, memory = Life(portal_folder, seed), Memory()
    recalled = 0
    for _ in range(40):
        life.step()
        found = sources.read(portal_folder.settings())
        plan = planned(portal_folder, found, life.now)
        memory = Memory(memory.rooms)
        assert told(plan_of.bind(plan, memory)) == told(plan.binders)
        fresh = rules.check(plan.settings, found, life.now)
        assert rules.check(plan.settings, found, life.now, memory, "frame") == fresh
        recalled += not memory.is_news()
    assert recalled > 0


@pytest.mark.usefixtures("later")
def test_a_registry_that_lies_as_it_lay_is_not_unpickled(
    portal_folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clients are there for who asks; a file that changed, came or went is seen, and so is an epoch."""
    for name in ("a", "b"):
        portal_folder.client(name, f"name: {name}\ncontacts: [{{id: x, name: x, email: x@{name}.example.com}}]\n")
    rooms: list[str] = []
    honest = Shelf.part
    monkeypatch.setattr(Shelf, "part", lambda shelf, room, part: (rooms.append(room), honest(shelf, room, part))[1])

    def read() -> Sources:
        shelf = Shelf(portal_folder.settings(), secret)
        readings = shelf.recollect()
        rooms.clear()
        found = sources.read(portal_folder.settings(), readings)
        seen = list(rooms)
        shelf.keep(readings)
        rooms[:] = seen
        return found

    first = read()
    second = read()
    assert "clients" not in rooms
    assert list(second.registry.clients) == ["a", "b"]
    assert second.registry.mark == first.registry.mark != ""
    assert dict(second.registry.clients) == dict(first.registry.clients)
    assert second.clients["b"].at("name").line == 1
    marks = {first.registry.mark}
    for path, text in (
        ("clients/b.yml", "name: other\ncontacts: [{id: x, name: x, email: x@b.example.com}]\n"),
        ("clients/c.yml", "name: c\n"),
        ("clients/epochs.json", '{"a/x": 2}'),
    ):
        portal_folder.write(path, text)
        found = read()
        assert dict(found.registry.clients) == dict(portal_folder.sources().registry.clients)
        assert found.registry.mark not in marks
        marks.add(found.registry.mark)
    Path(portal_folder.root, "clients/c.yml").unlink()
    assert list(read().registry.clients) == ["a", "b"]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds pass between writing a file and building."""
    real = time.time_ns
    monkeypatch.setattr(rereading.time, "time_ns", lambda: real() + 10_000_000_000)
