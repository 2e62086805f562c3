"""Keeps a build's memory in the cache, encrypted under the master secret.

It holds names of clients and keys of sealed files, so nobody without the secret may read or change it; whoever has the
secret can compute all of it. Without a secret nothing is private, and it is kept as it is, with a hash that tells
damage. It is replaced once a build has ended well; of whichever build it is, it is right, because every entry is named
by what it follows from.

How the site stood (portal/inventory.py) is in a file beside it, which the memory names by its hash and supplements, so
that a small correction need not write all of it. Under a secret it also has the templates as they were compiled: code
is run only from where nobody else can have put it. Against whoever sets the clock of the machine, and failing
disks, every 24th build reads all the same, and the gate looks into every file.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from portal import cachefile, stationery
from portal.config import Secret, Settings
from portal.digests import DIGESTS
from portal.installed import version
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
    site: str = ""
    """The SHA-256 of the file that the inventory is in, but for what was amended; empty where it is in none."""


def recollect(settings: Settings, secret: Secret | None) -> Kept:
    """What the last build left; nothing where the file is damaged or another secret's."""
    begun = time.time_ns()
    try:
        past = _said(_file(settings), secret)
        count, site = past.pop(BUILDS)["count"] + 1, past.pop(_SITE)
        inventory = _inventory(settings, secret, site)
    except (KeyError, TypeError, AttributeError):
        return Kept(Memory(begun=begun), Inventory())
    plates = past.pop(_PLATES, None)
    inventory.trusting = trusting = count < _READ_AGAIN
    if not trusting:
        count = 0
        past.pop(PROOF, None)
        past.pop(DIGESTS, None)
    for name, known in past.pop(_TEMPLATES, {}).get(_compiler(), {}).items():
        stationery.COMPILED.setdefault(name, known)
    memory = Memory(past, begun)
    memory.keep(BUILDS, "count", count)
    if not inventory.files:
        return Kept(memory, inventory)
    return Kept(memory, inventory, _plates(plates) if trusting else None, site["in"])


def _inventory(settings: Settings, secret: Secret | None, site: Mapping[str, Any]) -> Inventory:
    """How the site stood; nothing where its file is another than the one that was written with the memory."""
    noted = _said(_site(settings), secret, site["in"])
    inventory = Inventory(noted.get("files", {}), noted.get("folders", {}))
    if noted:
        inventory.supplement(site["files"], site["folders"])
    return inventory


def keep(settings: Settings, secret: Secret | None, kept: Kept) -> None:
    """Leave for the next build what this one knows, now that the site stands as its inventory says. Raises OSError."""
    memory, inventory = kept.memory, kept.inventory
    memory.rooms.setdefault(BUILDS, {}).setdefault("count", 0)
    site, files, folders = kept.site, inventory.later_files, inventory.later_folders
    if not site:
        site, files, folders = _write(_site(settings), secret, inventory.noted()), {}, {}
    past = {**memory.rooms, _SITE: {"in": site, "files": files, "folders": folders}}
    if secret:
        past[_TEMPLATES] = {_compiler(): stationery.COMPILED}
        if kept.plates is not None:
            past[_PLATES] = {field.name: getattr(kept.plates, field.name) for field in fields(Plates)}
    _write(_file(settings), secret, past)


def _compiler() -> str:
    """What compiles templates in the same way; the texts they were compiled from are kept with them."""
    return f"{sys.version} {version('jinja2')}"


def recollect_for_check(settings: Settings, secret: Secret | None) -> Kept:
    """What the last build and the last check found out; each of them writes a file of its own."""
    built, checked = _said(_file(settings), secret), _said(_checked(settings), secret)
    rooms = (built.keys() | checked.keys()) - {BUILDS, _SITE, _TEMPLATES, _PLATES}
    memory = Memory({room: {**checked.get(room, {}), **built.get(room, {})} for room in rooms}, time.time_ns())
    return Kept(memory, Inventory(), _plates(built.get(_PLATES)))


def _plates(said: Any) -> Plates | None:
    """The plates that were kept; None where there are none, or another program has made them."""
    return Plates(**said) if said and said.keys() == {field.name for field in fields(Plates)} else None


def keep_checked(settings: Settings, secret: Secret | None, memory: Memory) -> None:
    """Leave for the next check what this one found out, if that is news. Raises OSError."""
    if memory.is_news():
        _write(_checked(settings), secret, memory.rooms)


def _said(file: Path, secret: Secret | None, digest: str = "") -> dict[str, Any]:
    """What a file holds; nothing where it is not there, damaged, another secret's, or has another `digest`."""
    try:
        data = file.read_bytes()
        if digest and hashlib.sha256(data).hexdigest() != digest:
            return {}
        said = _unpacked(unlock(secret, data)) if secret else json.loads(cachefile.sound(data))
    except (OSError, Unopenable, ValueError, EOFError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def _write(file: Path, secret: Secret | None, rooms: Mapping[str, Any]) -> str:
    """Have a file hold this; gives the SHA-256 of its bytes. Raises OSError."""
    if secret:
        data = lock(secret, _PACKING + marshal.dumps(dict(rooms)))
    else:
        data = cachefile.vouched(json.dumps(rooms, ensure_ascii=False, separators=(",", ":")).encode())
    cachefile.put(file, data)
    return hashlib.sha256(data).hexdigest()


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
    _site(settings).unlink(missing_ok=True)


def _site(settings: Settings) -> Path:
    return settings.cache_dir / "site"


def _file(settings: Settings) -> Path:
    return settings.cache_dir / "memory"


def _checked(settings: Settings) -> Path:
    return settings.cache_dir / "checked"
