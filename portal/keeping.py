"""Keeps a build's memory in one file of the cache, encrypted under the master secret.

It holds names of clients and keys of sealed files, so nobody without the secret may read or change it; whoever has the
secret can compute all of it. It is replaced as a whole, once a build has ended well: a kill leaves the old one, of two
builds at once the later one's stays, and both are right, because every entry is named by what it follows from.

Of each sealed file it holds how the file stood on the disk when it was in place: size, times, inode. No program changes
a file and leaves its time of change as it was, so a file that still stands so is not read again. Against whoever sets
the clock of the machine, and failing disks, every 24th build reads all the same, and the gate looks into every file.
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

from portal.addresses import SEALED
from portal.chunked import stamp
from portal.config import Secret, Settings
from portal.memory import Memory
from portal.sealing import Unopenable, lock, unlock

PLACED = "placed"
"""The room of sealed files: name to [size, SHA-256 or "", stamp]."""

PROOF = "proof"
"""The room of what the gate proved of public files."""

_BUILDS = "builds"
_READ_AGAIN = 24
"""After so many builds every file is compared by its bytes."""


def recollect(settings: Settings, secret: Secret | None) -> Memory:
    """What the last build left; nothing without a secret, or where the file is damaged or another secret's."""
    if secret is None:
        return Memory()
    try:
        past = json.loads(zlib.decompress(unlock(secret, _file(settings).read_bytes())))
    except (OSError, Unopenable, zlib.error, ValueError):
        return Memory()
    count = past.pop(_BUILDS)["count"] + 1
    if count >= _READ_AGAIN:
        count = 0
        for placed in past.get(PLACED, {}).values():
            placed[2] = None
        past.pop(PROOF, None)
    memory = Memory(past)
    memory.keep(_BUILDS, "count", count)
    return memory


def keep(settings: Settings, secret: Secret | None, memory: Memory, out: Path) -> None:
    """Leave for the next build what this one knows, now that the site stands in `out`. Raises OSError."""
    if secret is None:
        return
    memory.rooms.setdefault(_BUILDS, {}).setdefault("count", 0)
    _look(out / SEALED, memory.rooms.get(PLACED, {}))
    said = json.dumps(memory.rooms, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    partial.write_bytes(lock(secret, zlib.compress(said.encode(), 1)))
    partial.replace(file)


def forget(settings: Settings) -> None:
    """Begin anew."""
    _file(settings).unlink(missing_ok=True)


def _file(settings: Settings) -> Path:
    return settings.cache_dir / "memory"


def _look(folder: Path, placed: dict[str, Any]) -> None:
    """Note how every sealed file stands now."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                known = placed.get(entry.name)
                if known is not None:
                    placed[entry.name] = [known[0], known[1], stamp(entry.stat())]
    except OSError:
        placed.clear()
