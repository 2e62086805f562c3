"""Reads clients/: one file a client, and the machine-written epochs beside them."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from portal import epochs, explain, located
from portal.client import Client, Registry
from portal.config import Settings
from portal.errors import Location, Problem, Severity
from portal.located import Document


def read(settings: Settings, problems: list[Problem]) -> tuple[Registry, dict[str, Document]]:
    """Every client file that can be read, and its document by client id; what is wrong is added to `problems`."""
    clients: dict[str, Client] = {}
    documents: dict[str, Document] = {}
    folder = settings.registry_dir
    for file in sorted(folder.glob("*.yml")) + sorted(folder.glob("*.yaml")):
        shown = settings.shown(file)
        client, document, found = _read_client(shown, file)
        problems += found
        if client is None:
            continue
        if client.id != file.stem:
            problems.append(
                Problem(
                    Location(shown, *document.place(("id",))),
                    "client-id",
                    "the id differs from the file's name",
                    "make the two the same",
                )
            )
        elif client.id in clients:
            problems.append(
                Problem(Location(shown), "duplicate-client", "two files describe this client", "keep one of the two")
            )
        else:
            for i, contact in enumerate(client.contacts):
                if contact.language and contact.language not in settings.languages:
                    place = document.place(("contacts", i, "language"))
                    problems.append(
                        Problem(
                            Location(shown, *place),
                            "unknown-language",
                            f"'contacts.{i + 1}.language' is none of the portal's",
                            f"one of {', '.join(settings.languages)}",
                        )
                    )
            clients[client.id], documents[client.id] = client, document
    return Registry(clients, _read_epochs(settings, problems)), documents


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
        client = Client.model_validate(data)
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
