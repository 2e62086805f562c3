"""Who held which private code, from when until when: read off the registry as it once stood. Pure.

A code follows from a contact's key and epoch alone, so whoever was registered under the same key in the same epoch
holds the same code, be it another person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from portal import decoded, epochs, located
from portal.client import Registry
from portal.history import RegistryHistory


class Person(NamedTuple):
    """Who was registered, as far as one person can be told from another."""

    name: str
    email: str

    def is_another_than(self, other: Person) -> bool:
        """Whether neither name nor address is the same. One of the two changes in every life."""
        return self.name != other.name and self.email.casefold() != other.email.casefold()


class Moment(NamedTuple):
    """When something was recorded."""

    at: dt.datetime
    """The committer's clock, timezone-aware."""
    commit: str
    """Full hash."""


class Tenure(NamedTuple):
    """One person's time with one code."""

    key: str
    """client/contact."""
    epoch: int
    person: Person
    since: Moment | None
    """None: not committed yet."""
    until: Moment | None = None
    """From when on the registry said something else."""
    over: bool = False
    """Whether it says something else now, committed or not."""


@dataclass
class _Register:
    """The registry while its history is gone through."""

    people: dict[str, dict[str, Person]] = field(default_factory=dict)
    """File name to contact key to person."""
    epochs: Mapping[str, int] = field(default_factory=dict)
    open: dict[str, Tenure] = field(default_factory=dict)
    """Contact key to the tenure that goes on."""
    over: list[Tenure] = field(default_factory=list)

    def take(self, name: str, data: bytes | None) -> set[str]:
        """Take note of a file's new content; the contacts that it is about. What cannot be read changes nothing."""
        if name == epochs.EPOCHS_FILE:
            try:
                raised = epochs.parse(data) if data is not None else {}
            except epochs.Damaged:
                return set()
            touched = {key for key in {*raised, *self.epochs} if raised.get(key, 1) != self.epochs.get(key, 1)}
            self.epochs = raised
            return touched
        found = {} if data is None else _people(name, data)
        if found is None:
            return set()
        touched = {*self.people.get(name, {}), *found}
        self.people[name] = found
        return touched

    def settle(self, keys: set[str], moment: Moment | None) -> None:
        """End and begin the tenures of some contacts, as the registry now says."""
        everybody = {key: person for name in {f"{k.partition('/')[0]}" for k in keys} for key, person in self._of(name)}
        for key in sorted(keys):
            person, epoch, held = everybody.get(key), self.epochs.get(key, 1), self.open.get(key)
            if held is not None and (held.person, held.epoch) == (person, epoch):
                continue
            if held is not None:
                self.over.append(self.open.pop(key)._replace(until=moment, over=True))
            if person is not None:
                self.open[key] = Tenure(key, epoch, person, moment)

    def _of(self, client: str) -> Iterator[tuple[str, Person]]:
        for ending in (".yml", ".yaml"):
            yield from self.people.get(client + ending, {}).items()


def tenures(history: RegistryHistory, registry: Registry) -> list[Tenure]:
    """Every tenure on record, those that are over first, each in the order in which it ended or began."""
    register = _Register()
    for recorded in history.commits:
        touched = {key for name, data in sorted(recorded.files.items()) for key in register.take(name, data)}
        register.settle(touched, Moment(recorded.at, recorded.commit))
    working = {r.key: Person(r.contact.name, r.contact.email) for r in registry.recipients()}
    register.epochs = registry.epochs
    register.people = {}
    for key, person in working.items():
        register.people.setdefault(f"{key.partition('/')[0]}.yml", {})[key] = person
    register.settle({*working, *register.open}, None)
    return [*register.over, *register.open.values()]


def _people(name: str, data: bytes) -> dict[str, Person] | None:
    """The contacts in a client file; None where it cannot be read."""
    text, errors, _ = decoded.decode(data)
    document = None if errors else located.read(text)
    if document is None or document.faults or not isinstance(document.data, dict):
        return None
    client = PurePosixPath(name).stem
    contacts = document.data.get("contacts") or []
    found: dict[str, Person] = {}
    for contact in contacts if isinstance(contacts, list) else []:
        if isinstance(contact, dict) and all(isinstance(contact.get(k), str) for k in ("id", "name", "email")):
            found[f"{client}/{contact['id']}"] = Person(contact["name"], contact["email"])
    return found


def highest(history: RegistryHistory) -> dict[str, int]:
    """The highest epoch that each contact ever had on record."""
    found: dict[str, int] = {}
    for recorded in history.commits:
        data = recorded.files.get(epochs.EPOCHS_FILE)
        try:
            then = epochs.parse(data) if data is not None else {}
        except epochs.Damaged:
            continue
        for key, epoch in then.items():
            found[key] = max(epoch, found.get(key, 1))
    return found
