"""Reads clients/: files of one client, tables of many, and the machine-written epochs beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from portal import epochs, explain, located, tables
from portal.client import Client, Registry, as_client
from portal.config import Settings
from portal.errors import Location, Problem, Severity
from portal.located import Document


class Record(Protocol):
    """Where a client is described."""

    @property
    def shown(self) -> str:
        """The file, as people know it."""

    def at(self, *key: str | int) -> Location:
        """The place of a key, or of the nearest one around it."""


@dataclass(frozen=True, slots=True)
class _Own:
    """A file of its own; read again for a place, because most are never asked for one."""

    shown: str
    file: Path

    def at(self, *key: str | int) -> Location:
        text, _, _ = located.decode(self.file.read_bytes())
        return Location(self.shown, *located.read(text).place(key))


def read(settings: Settings, problems: list[Problem]) -> tuple[Registry, dict[str, Record]]:
    """Every client that can be read, and by its id where it stands; what is wrong is added to `problems`."""
    clients: dict[str, Client] = {}
    records: dict[str, Record] = {}
    for client, record in _described(settings, problems):
        if client.id in records:
            message = f"this client is described in {records[client.id].shown} too"
            problems.append(Problem(record.at("id"), "duplicate-client", message, "keep one of the two"))
            continue
        for i, contact in enumerate(client.contacts):
            if contact.language and contact.language not in settings.languages:
                message = f"'contacts.{i + 1}.language' is none of the portal's"
                hint = f"one of {', '.join(settings.languages)}"
                problems.append(Problem(record.at("contacts", i, "language"), "unknown-language", message, hint))
        clients[client.id], records[client.id] = client, record
    files = {identity: record.shown for identity, record in records.items()}
    return Registry(clients, _read_epochs(settings, problems), files), records


def _described(settings: Settings, problems: list[Problem]) -> Iterator[tuple[Client, Record]]:
    """Every client, from files of their own and then from tables, in the order of the files' names."""
    folder = settings.registry_dir
    place = settings.shown(folder)
    for file in sorted(folder.glob("*.yml")) + sorted(folder.glob("*.yaml")):
        shown = f"{place}/{file.name}"
        client, document, found = _read_client(shown, file)
        problems += found
        if client is None:
            continue
        if client.id != file.stem:
            where = Location(shown, *document.place(("id",)))
            message = "the id differs from the file's name"
            problems.append(Problem(where, "client-id", message, "make the two the same"))
            continue
        yield client, _Own(shown, file)
    for file in sorted(folder.glob("*.csv")):
        shown = f"{place}/{file.name}"
        try:
            made, found = tables.read(shown, file)
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            found, made = [Problem(Location(shown), "unreadable", message, "check its permissions")], []
        problems += found
        yield from made


def _read_client(shown: str, file: Path) -> tuple[Client | None, Document, list[Problem]]:
    try:
        text, errors, warnings = located.decode(file.read_bytes())
    except OSError as error:
        return (
            None,
            Document(None),
            [
                Problem(
                    Location(shown), "unreadable", f"the file cannot be read: {error.strerror}", "check its permissions"
                )
            ],
        )
    problems = explain.faults(shown, errors) + explain.faults(shown, warnings, Severity.WARNING)
    if errors:
        return None, Document(None), problems
    document = located.read(text)
    problems += explain.faults(shown, document.faults)
    if not isinstance(document.data, dict):
        if document.faults:
            return None, document, problems
        return (
            None,
            document,
            [
                *problems,
                Problem(
                    Location(shown),
                    "no-keys",
                    "the file is not a block of keys",
                    "write id: …, name: … and contacts: …",
                ),
            ],
        )
    data = {"id": file.stem, **{k: v for k, v in document.data.items() if not k.startswith("x-")}}
    try:
        client = as_client(data)
    except ValidationError as error:
        found = explain.complaints(shown, document, error.errors(include_url=False), Client)
        return None, document, problems + explain.besides(document.faults, found)
    return (None if document.faults else client), document, problems


def _read_epochs(settings: Settings, problems: list[Problem]) -> dict[str, int]:
    file = settings.registry_dir / epochs.EPOCHS_FILE
    try:
        return epochs.read(settings.registry_dir)
    except OSError as error:
        message, hint = f"the file cannot be read: {error.strerror}", "check its permissions"
        problems.append(Problem(Location(settings.shown(file)), "unreadable", message, hint))
    except epochs.Damaged as error:
        problems.append(Problem(Location(settings.shown(file)), "epochs", error.message, error.hint))
    return {}
