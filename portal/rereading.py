"""Keeps between builds what people wrote as it was read, locked under the master secret, in files of the cache.

Without one the machine's own key locks it, but nothing private (portal/cli/remembering.py).

It is written and read with pickle, which does whatever the bytes tell it. So nothing is unpickled that this key did not
authenticate: whoever can make such bytes has the key, and all that a build can do. Readings of another program,
configuration or folder are not unpickled either. As in portal/keeping.py a file is replaced as a whole, and of two
builds at once the later one's stays. Against clocks that people set, and failing disks, all is read again after a day.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal import cachefile, circumstances, installed, sealing
from portal.chunked import Stamp
from portal.config import CONFIG_FILE, Secret, Settings
from portal.memory import Memory
from portal.readings import Readings

ROOMS = ("clients", "registry", "notices", "history")
PARTS = 256
"""Files that each room is kept in: a correction needs one or two."""
_LABEL = "readings"
_A_DAY = 86_400_000_000_000
"""Nanoseconds."""


class Shelf:
    """Where the readings of one portal lie, as one key can read them."""

    def __init__(self, settings: Settings, key: Secret | None) -> None:
        self._key = key
        self._folder = settings.cache_dir
        self._frame = frame(settings) if key else b""
        self._now = time.time_ns()
        self._begun = {(room, part): self._now for room in ROOMS for part in range(PARTS)}
        """When each part of a room was last empty."""

    def recollect(self) -> Readings:
        """What the last build read; nothing without a key, or where a file is damaged or another key's."""
        if self._key is None:
            return Readings()
        return Readings(self._now, {room: _Kept(self, room) for room in ROOMS})

    def part(self, room: str, part: int) -> dict[str, Any]:
        """A part of a room."""
        assert self._key is not None, "without a key there are no rooms"
        try:
            data = sealing.unlock(self._key, self._file(room, part).read_bytes(), _LABEL)
        except (OSError, sealing.Unopenable):
            return {}
        head = self._head(room, part)
        if not data.startswith(head):
            return {}
        begun, known = pickle.loads(memoryview(data)[len(head) :])  # noqa: S301 — authenticated: see above
        if not 0 <= self._now - begun < _A_DAY:
            return {}
        self._begun[room, part] = begun
        found: dict[str, Any] = known
        return found

    def keep(self, readings: Readings) -> None:
        """Leave for the next build what this one read. Raises OSError."""
        if self._key is None:
            return
        for room in ROOMS:
            parts: dict[int, dict[str, Any]] = {part_of(name): {} for name in readings.news(room)}
            for name, known in readings.rooms.get(room, {}).items() if parts else ():
                if (part := part_of(name)) in parts:
                    parts[part][name] = known
            for part, entries in parts.items():
                said = pickle.dumps((self._begun[room, part], entries), pickle.HIGHEST_PROTOCOL)
                locked = sealing.lock(self._key, self._head(room, part) + said, _LABEL)
                cachefile.put(self._file(room, part), locked)

    def forget(self) -> None:
        """Begin anew."""
        for room, part in self._begun:
            self._file(room, part).unlink(missing_ok=True)

    def _file(self, room: str, part: int) -> Path:
        return self._folder / f"readings.{room}.{part}"

    def _head(self, room: str, part: int) -> bytes:
        """What a file must begin with, or it is another's."""
        return self._frame + f"{room} {part} ".encode()


@dataclass(frozen=True, slots=True, eq=False)
class _Kept(Mapping[str, "tuple[Stamp, Any]"]):
    """A room, of which a part is unpickled when somebody asks for something in it."""

    shelf: Shelf
    room: str
    _parts: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> tuple[Stamp, Any]:
        found: tuple[Stamp, Any] = self._part(part_of(name))[name]
        return found

    def __iter__(self) -> Iterator[str]:
        for part in range(PARTS):
            yield from self._part(part)

    def __len__(self) -> int:
        return sum(len(self._part(part)) for part in range(PARTS))

    def _part(self, number: int) -> dict[str, Any]:
        if number not in self._parts:
            self._parts[number] = self.shelf.part(self.room, number)
        return self._parts[number]


def part_of(name: str) -> int:
    """The part of its room that an entry lies in: a change of one file rewrites a small part of what is kept."""
    return zlib.crc32(name.encode("utf-8", "surrogateescape")) % PARTS


def frame(settings: Settings) -> bytes:
    """32 bytes that follow from everything besides the files that decides how they are read."""
    return _hash([*_reader(), str(settings.root), settings.document.data])


def _reader() -> list[str]:
    """What reads."""
    return [circumstances.program(), *map(installed.version, ("idna", "pydantic", "pydantic-core", "pyyaml"))]


def _hash(told: object) -> bytes:
    return hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode("utf-8", "surrogatepass")).digest()


CONFIGURATION = "configuration"
"""The room of the memory in which mkdocs.yml lies as it was read."""


def configuration(folder: Path, past: Mapping[str, Mapping[str, Any]]) -> Settings | None:
    """A portal's configuration as an earlier build read it, in whose authenticated memory it lies; None where it is not
    there, or mkdocs.yml is another.
    """
    try:
        sha256 = hashlib.sha256((folder / CONFIG_FILE).read_bytes()).hexdigest()
        packed = past[CONFIGURATION][_configured(folder, sha256)]
    except (OSError, KeyError, TypeError):
        return None
    settings: Settings = pickle.loads(packed)  # noqa: S301 - authenticated: see above
    return settings


def keep_configuration(settings: Settings, memory: Memory) -> None:
    """Leave it for the next build."""
    told = _configured(settings.root, settings.sha256)
    if memory.recall(CONFIGURATION, told) is None and settings.demands:  # which are kept with it
        memory.keep(CONFIGURATION, told, pickle.dumps(settings, pickle.HIGHEST_PROTOCOL))


def _configured(root: Path, sha256: str) -> str:
    """What a configuration follows from, that of a file with this SHA-256."""
    return _hash([*_reader(), str(root), sha256]).hex()
