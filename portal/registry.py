"""Reads clients/: files of one client, tables of many, and the machine-written epochs beside them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import ValidationError

from portal import chunked, decoded, epochs, explain, located, parallel
from portal.chunked import Stamp
from portal.client import Client, Registry, as_client, prepare_clients
from portal.config import Settings
from portal.decoded import Document
from portal.errors import Location, Problem, Severity
from portal.readings import Readings
from portal.tables import Table


class Record(Protocol):
    """Where a client is described."""

    @property
    def shown(self) -> str:
        """The file, as people know it."""

    def at(self, *key: str | int) -> Location:
        """The place of a key, or of the nearest one around it."""


class _Own(NamedTuple):
    """A file of its own; read again for a place, because most are never asked for one."""

    shown: str
    file: str

    def at(self, *key: str | int) -> Location:
        text, _, _ = decoded.decode(Path(self.file).read_bytes())
        return Location(self.shown, *located.read(text).place(key))


class Records(Mapping[str, Record]):
    """Client id to where it stands. A table stands for all of its clients until one of them is asked for."""

    def __init__(self) -> None:
        self._places: dict[str, _Own | Table] = {}

    def add(self, client: str, place: _Own | Table) -> None:
        self._places[client] = place

    def shown(self, client: str) -> str:
        """The file, as people know it."""
        return self._places[client].shown

    def __getitem__(self, client: str) -> Record:
        return _record(self._places[client], client)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class _Files(Mapping[str, str]):
    """Client id to the name of its file."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def __getitem__(self, client: str) -> str:
        return self._records.shown(client)

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


def _record(place: _Own | Table, client: str) -> Record:
    return place.rows(client) if isinstance(place, Table) else place


class _Clients(Mapping[str, Client]):
    """Clients of which an earlier build knew what their files say: unpickled when somebody asks about one."""

    def __init__(self, names: Sequence[str], load: Callable[[], Mapping[str, Client]]) -> None:
        self._names = dict.fromkeys(names)
        self._load = load

    @cached_property
    def _known(self) -> Mapping[str, Client]:
        return self._load()

    def __getitem__(self, client: str) -> Client:
        return self._known[client]

    def __contains__(self, client: object) -> bool:
        return client in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


_EVERYTHING = "registry"
"""The room of what the whole folder came to, and the one entry in it."""


def read(
    settings: Settings,
    problems: list[Problem],
    readings: Readings | None = None,
    clients: MutableMapping[str, Client] | None = None,
) -> tuple[Registry, Records]:
    """Every client that can be read, and by its id where it stands; what is wrong is added to `problems`.

    What `readings` hold of an earlier build is not read again. `clients`, if given, is empty, and takes the clients.
    """
    readings = readings or Readings()
    stood = _stood(settings.registry_dir)
    if clients is None and stood is not None:
        known = readings.recall(_EVERYTHING, _EVERYTHING, stood)
        if known is not None:
            return _as_it_was(settings, problems, readings, known)
    before = len(problems)
    clients = {} if clients is None else clients
    records, digests = Records(), dict[str, str]()
    for client, place, digest in _described(settings, problems, readings):
        if client.id in records:
            message = f"this client is described in {records.shown(client.id)} too"
            where = _record(place, client.id).at("id")
            problems.append(Problem(where, "duplicate-client", message, "keep one of the two"))
            continue
        for i, contact in enumerate(client.contacts):
            if contact.language and contact.language not in settings.languages:
                message = f"'contacts.{i + 1}.language' is none of the portal's"
                hint = f"one of {', '.join(settings.languages)}"
                where = _record(place, client.id).at("contacts", i, "language")
                problems.append(Problem(where, "unknown-language", message, hint))
        clients[client.id] = client
        records.add(client.id, place)
        if digest:
            digests[client.id] = digest
    sound = stood is not None and len(problems) == before
    if sound and stood is not None:
        files = {client: (Path(records.shown(client)).name, digest) for client, digest in digests.items()}
        readings.keep(_EVERYTHING, _EVERYTHING, stood, files)
    return _registry(settings, problems, clients, records, digests, sound), records


def _as_it_was(
    settings: Settings, problems: list[Problem], readings: Readings, files: Mapping[str, tuple[str, str]]
) -> tuple[Registry, Records]:
    """The registry that an earlier build read, every file of which lies as it lay.

    `files` gives for each client the name of its file, and the file's SHA-256.
    """
    room, place, records = readings.carry("clients"), settings.shown(settings.registry_dir), Records()
    for client, (name, _) in files.items():
        records.add(client, _Own(f"{place}/{name}", f"{settings.registry_dir}/{name}"))

    def load() -> Mapping[str, Client]:
        return {client: room[name][1][0] for client, (name, _) in files.items()}

    digests = {client: digest for client, (_, digest) in files.items()}
    return _registry(settings, problems, _Clients(tuple(files), load), records, digests, sound=True), records


def _registry(
    settings: Settings,
    problems: list[Problem],
    clients: Mapping[str, Client],
    records: Records,
    digests: Mapping[str, str],
    sound: bool,
) -> Registry:
    raised, mark = _read_epochs(settings, problems), ""
    if sound:
        lines = "".join([f"{client} {records.shown(client)} {digest}\n" for client, digest in digests.items()])
        mark = hashlib.sha256((lines + epochs.text(raised)).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Registry(clients, raised, _Files(records), digests, mark)


def _stood(folder: Path) -> Stamp | None:
    """How all files of clients lie, as one stamp: how many, the newest times, and a hash of their names and stamps.

    None where a table is among them: their rows are read each time.
    """
    told, content, change, count = hashlib.sha256(), 0, 0, 0
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith(".csv"):
                    return None
                if entry.name.endswith((".yml", ".yaml")):
                    about = entry.stat()
                    stamp = chunked.stamp(about)
                    told.update(f"{entry.name}\0{stamp}".encode("utf-8", "surrogateescape"))
                    content, change, count = max(content, stamp[1]), max(change, stamp[2]), count + 1
    except OSError:
        return None  # reading says why
    return [count, content, change, int.from_bytes(told.digest())]


def _described(
    settings: Settings, problems: list[Problem], readings: Readings
) -> Iterator[tuple[Client, _Own | Table, str]]:
    """Every client, where it stands, and the SHA-256 of its file (nothing for a table's).

    From files of their own and then from tables, in the order of the files' names.
    """
    folder = settings.registry_dir
    place = settings.shown(folder)
    own = [(f"{place}/{entry.name}", entry, *_known(entry, readings)) for entry in _files(folder)]
    new = parallel.each(
        _read_own, [(shown, entry.path) for shown, entry, _, known in own if known is None], prepare=prepare_clients
    )
    for shown, entry, stamp, known in own:
        client, digest, found = (*known, []) if known is not None else next(new)
        problems += found
        if client is None:
            continue
        if stamp is not None and not found:
            readings.keep("clients", entry.name, stamp, (client, digest))
        yield client, _Own(shown, entry.path), digest
    for file in sorted(folder.glob("*.csv")):
        shown = f"{place}/{file.name}"
        table = Table(shown, file)
        try:
            for client in table.clients(problems):
                yield client, table, ""
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            problems.append(Problem(Location(shown), "unreadable", message, "check its permissions"))


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The files of one client, those with the usual ending first."""
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for ending in (".yml", ".yaml"):
        yield from (entry for entry in ordered if entry.name.endswith(ending))


def _known(entry: os.DirEntry[str], readings: Readings) -> tuple[Stamp | None, tuple[Client, str] | None]:
    """How a file stands, and what an earlier build read in it, where it stood so, too: its client and its SHA-256."""
    try:
        stamp = chunked.stamp(entry.stat())
    except OSError:
        return None, None  # reading it says why
    return stamp, readings.recall("clients", entry.name, stamp)


def _read_own(file: tuple[str, str]) -> tuple[Client | None, str, list[Problem]]:
    """The client that a file (as people know it, path) describes, the file's SHA-256, and what is wrong with it."""
    shown, path = file
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        return None, "", [Problem(Location(shown), "unreadable", message, "check its permissions")]
    stem, digest = Path(path).stem, hashlib.sha256(data).hexdigest()
    client, document, problems = _read_client(shown, stem, data)
    if client is not None and client.id != stem:
        where = Location(shown, *document.place(("id",)))
        message = "the id differs from the file's name"
        return None, digest, [*problems, Problem(where, "client-id", message, "make the two the same")]
    return client, digest, problems


def _read_client(shown: str, stem: str, written: bytes) -> tuple[Client | None, Document, list[Problem]]:
    text, errors, warnings = decoded.decode(written)
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
    data = {"id": stem, **{k: v for k, v in document.data.items() if not k.startswith("x-")}}
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
