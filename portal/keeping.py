"""Keeps a build's memory in one file of the cache, encrypted under the master secret.

It holds names of clients and keys of sealed files, so nobody without the secret may read or change it; whoever has the
secret can compute all of it. Without a secret nothing is private, and it is kept as it is, with a hash that tells
damage. It is replaced once a build has ended well; of whichever build it is, it is right, because every entry is named
by what it follows from.

It holds how the site stood, too (portal/inventory.py), and under a secret the templates as they were compiled: code is
run only from where nobody else can have put it. Against whoever sets the clock of the machine, and failing
disks, every 24th build reads all the same, and the gate looks into every file.
"""

from __future__ import annotations

import json
import marshal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any

from portal import cachefile, stationery
from portal.config import Secret, Settings
from portal.digests import DIGESTS
from portal.inventory import Inventory
from portal.memory import Memory
from portal.plates import Plates
from portal.sealing import Unopenable, lock, unlock

PROOF = "proof"
"""The room of what the gate proved of public files."""

BUILDS = "builds"
"""The room of how many builds have trusted the times of files."""

_PACKING = f"{sys.implementation.cache_tag} {sys.hexversion} {marshal.version}\n".encode()
"""What packs and unpacks in the same way."""

_SITE, _TEMPLATES, _PLATES = "site", "templates", "plates"
_READ_AGAIN = 24
"""After so many builds every file is compared by its bytes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What one build leaves to the next."""

    memory: Memory
    inventory: Inventory
    plates: Plates | None = None
    """None where everything shall be looked into."""


def recollect(settings: Settings, secret: Secret | None) -> Kept:
    """What the last build left; nothing where the file is damaged or another secret's."""
    begun = time.time_ns()
    try:
        past = _said(_file(settings), secret)
        count, site = past.pop(BUILDS)["count"] + 1, past.pop(_SITE)
    except (KeyError, TypeError, AttributeError):
        return Kept(Memory(begun=begun), Inventory())
    plates = past.pop(_PLATES, None)
    trusting = count < _READ_AGAIN
    if not trusting:
        count = 0
        past.pop(PROOF, None)
        past.pop(DIGESTS, None)
    for name, known in past.pop(_TEMPLATES, {}).get(_compiler(), {}).items():
        stationery.COMPILED.setdefault(name, known)
    memory = Memory(past, begun)
    memory.keep(BUILDS, "count", count)
    inventory = Inventory(site["files"], site["folders"], trusting)
    return Kept(memory, inventory, Plates(**plates) if plates and trusting else None)


def keep(settings: Settings, secret: Secret | None, kept: Kept) -> None:
    """Leave for the next build what this one knows, now that the site stands as its inventory says. Raises OSError."""
    memory, inventory = kept.memory, kept.inventory
    memory.rooms.setdefault(BUILDS, {}).setdefault("count", 0)
    past = {**memory.rooms, _SITE: {"files": inventory.files, "folders": inventory.folders}}
    if secret:
        past[_TEMPLATES] = {_compiler(): stationery.COMPILED}
        if kept.plates is not None:
            past[_PLATES] = {field.name: getattr(kept.plates, field.name) for field in fields(Plates)}
    _write(_file(settings), secret, past)


def _compiler() -> str:
    """What compiles templates in the same way; the texts they were compiled from are kept with them."""
    return f"{sys.version} {metadata.version('jinja2')}"


def recollect_for_check(settings: Settings, secret: Secret | None) -> Kept:
    """What the last build and the last check found out; each of them writes a file of its own."""
    built, checked = _said(_file(settings), secret), _said(_checked(settings), secret)
    rooms = (built.keys() | checked.keys()) - {BUILDS, _SITE, _TEMPLATES, _PLATES}
    memory = Memory({room: {**checked.get(room, {}), **built.get(room, {})} for room in rooms}, time.time_ns())
    return Kept(memory, Inventory(), Plates(**built[_PLATES]) if _PLATES in built else None)


def keep_checked(settings: Settings, secret: Secret | None, memory: Memory) -> None:
    """Leave for the next check what this one found out, if that is news. Raises OSError."""
    if memory.is_news():
        _write(_checked(settings), secret, memory.rooms)


def _said(file: Path, secret: Secret | None) -> dict[str, Any]:
    """What a file holds; nothing where it is not there, damaged, or another secret's."""
    try:
        data = file.read_bytes()
        said = _unpacked(unlock(secret, data)) if secret else json.loads(cachefile.sound(data))
    except (OSError, Unopenable, ValueError, EOFError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def _write(file: Path, secret: Secret | None, rooms: Mapping[str, Any]) -> None:
    if secret:
        cachefile.put(file, lock(secret, _PACKING + marshal.dumps(dict(rooms))))
        return
    said = json.dumps(rooms, ensure_ascii=False, separators=(",", ":")).encode()
    cachefile.put(file, cachefile.vouched(said))


def _unpacked(said: bytes) -> Any:
    """What lies under a secret is packed by Python's own means, which take a third of JSON's time.

    They trust their input: the secret has authenticated it, and this Python packed it. Raises ValueError.
    """
    if not said.startswith(_PACKING):
        raise ValueError("packed by another Python")
    return marshal.loads(memoryview(said)[len(_PACKING) :])  # noqa: S302 - authenticated: see above


def forget(settings: Settings) -> None:
    """Begin anew."""
    _file(settings).unlink(missing_ok=True)
    _checked(settings).unlink(missing_ok=True)


def _file(settings: Settings) -> Path:
    return settings.cache_dir / "memory"


def _checked(settings: Settings) -> Path:
    return settings.cache_dir / "checked"
