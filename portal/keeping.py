"""Keeps a build's memory in the cache, encrypted under the master secret, or the machine's own key where there is none.

It may hold names of clients and keys of sealed files, so nobody without the secret may read or change it; whoever has
the secret can compute all of it. The machine's key never locks such (portal/cli/remembering.py). It is replaced once a
build has ended well; of whichever build it is, it is right, because every entry is named by what it follows from.

How the site stood (portal/inventory.py) is in two files beside it, which the memory knows by their hashes and
supplements, so that a small correction need not write all of it. One has what `ls` tells of the site, in the clear,
for who looks at it meanwhile (portal/survey.py); so is a third, of how the sources lay (portal/manuscripts.py). The
memory also has the templates as they were compiled, the vocabularies as they were read, and how dates are written: code
is run only from where nobody else can have put it. Against whoever sets the clock of the machine, and failing disks,
every 24th build reads all the same, and the gate looks into every file.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from portal import cachefile, circumstances, sealing, stationery, survey, words
from portal.config import Secret, Settings
from portal.digests import DIGESTS
from portal.installed import version
from portal.inventory import Inventory
from portal.manuscripts import Lay
from portal.memory import Memory
from portal.plates import LARGE, Plates
from portal.sealing import Unopenable

PROOF = "proof"
"""The room of what the gate proved of public files."""

BUILDS = "builds"
"""The room of how many builds have trusted the times of files."""

_PACKING = f"{sys.implementation.cache_tag} {sys.hexversion} {marshal.version}\n".encode()
"""What packs and unpacks in the same way."""

_CHECKED = "checked"
"""The file of checks."""
_SITE, _PLATES, _TEMPLATES, _WORDS, _DATES = "site", "plates", "templates", "words", "dates"
"""Rooms of the memory besides those of a build; the large parts of the first two are in files of the same name."""
_IN = "in"
"""What the file is known by that the rest is in (sealing.name)."""
_READ_AGAIN = 24
"""After so many builds every file is compared by its bytes."""


class Kept(NamedTuple):
    """What one build leaves to the next."""

    memory: Memory
    inventory: Inventory
    plates: Plates | None = None
    """None where everything shall be looked into."""
    site: str = ""
    """The name of the file that says what stands in the site, but for what was amended; empty where none does."""
    plated: str = ""
    """The same of the file that has the large parts of the plates."""
    lay: Lay | None = None
    """How the manuscripts lay, of plates that are in no file yet."""


def rooms(root: Path, key: Secret | None) -> dict[str, Any]:
    """All rooms of the memory that the last build left under this key; none where it is damaged or another key's."""
    return _said(cachefile.memory(root), key)


def recollect(settings: Settings, key: Secret | None, past: dict[str, Any] | None = None) -> Kept:
    """What the last build left under this key, if its rooms are not known as `past`."""
    begun = time.time_ns()
    try:
        past = rooms(settings.root, key) if past is None else dict(past)
        count, site = past.pop(BUILDS)["count"] + 1, past.pop(_SITE)
        kept = _inventory(settings, key, site)
    except (OSError, KeyError, TypeError, AttributeError, ValueError):
        return Kept(Memory(begun=begun), Inventory())
    plates, plated = _plates(settings, key, past.pop(_PLATES, None))
    kept.trusting = trusting = count < _READ_AGAIN
    if not trusting:
        count = 0
        past.pop(PROOF, None)
        past.pop(DIGESTS, None)
    for name, known in past.pop(_TEMPLATES, {}).get(_compiler(), {}).items():
        stationery.COMPILED.setdefault(name, known)
    for name, known in past.pop(_WORDS, {}).items():
        words.READ.setdefault(name, known)
    for name, known in past.pop(_DATES, {}).get(_writer(), {}).items():
        words.FORMS.setdefault(name, known)
    memory = Memory(past, begun)
    memory.keep(BUILDS, "count", count)
    if plates is None or not trusting:
        return Kept(memory, kept, site=site[_IN])
    return Kept(memory, kept, plates, site[_IN], plated)


def _inventory(settings: Settings, key: Secret | None, site: Mapping[str, Any]) -> Inventory:
    """How the site stood. Raises OSError, KeyError, ValueError where its files are not those of this memory."""
    data = cachefile.lay(settings.root).read_bytes()
    if hashlib.sha256(data).hexdigest() != site["lay"]:
        raise ValueError("not the file that was written with the memory")
    stands = Inventory(survey.unpacked(data), _said(_file(settings, _SITE), key, site[_IN]))
    stands.noted_in = site["lay"]
    stands.supplement(site["files"], site["folders"])
    return stands


def keep(settings: Settings, key: Secret | None, kept: Kept) -> None:
    """Leave for the next build what this one knows, now that the site stands as its inventory says. Raises OSError."""
    if key is None:
        return
    memory, stands = kept.memory, kept.inventory
    memory.rooms.setdefault(BUILDS, {}).setdefault("count", 0)
    if kept.site and stands.noted_in:
        site = {"lay": stands.noted_in, _IN: kept.site, "files": stands.later_files, "folders": stands.later_folders}
    else:
        standing, told = stands.noted()
        lay = _put(cachefile.lay(settings.root), standing.packed())
        site = {"lay": lay, _IN: _write(_file(settings, _SITE), key, told), "files": {}, "folders": {}}
    past = {**memory.rooms, _SITE: site, _TEMPLATES: {_compiler(): stationery.COMPILED}, _WORDS: words.READ}
    past[_DATES] = {_writer(): words.forms()}
    if kept.plates is not None:
        past[_PLATES] = _noted(settings, key, kept.plates, kept)
    _write(cachefile.memory(settings.root), key, past)


def _noted(settings: Settings, key: Secret, plates: Plates, kept: Kept) -> dict[str, Any]:
    """Plates, as the memory has them: what a correction changes. The rest is in a file of its own. Raises OSError."""
    said = plates._asdict()
    large = {part: said.pop(part) for part in LARGE}
    if kept.lay is None:
        return {**said, _IN: kept.plated}
    note = kept.lay.packed()
    cachefile.put(cachefile.sources(settings.root), note)
    return {**said, "tree": kept.lay.known_by(note), "later": {}, _IN: _write(_file(settings, _PLATES), key, large)}


def _compiler() -> str:
    """What compiles templates in the same way; the texts they were compiled from are kept with them."""
    return f"{sys.version} {version('jinja2')}"


def _writer() -> str:
    """What writes dates in the same way."""
    return f"{version('babel')} {circumstances.program()}"


def recollect_for_check(settings: Settings, key: Secret | None) -> Kept:
    """What the last build and the last check found out; each of them writes a file of its own."""
    built, checked = _said(cachefile.memory(settings.root), key), _said(_file(settings, _CHECKED), key)
    rooms = (built.keys() | checked.keys()) - {BUILDS, _SITE, _TEMPLATES, _WORDS, _DATES, _PLATES}
    past: dict[str, dict[str, Any]] = {room: {} for room in rooms}
    for said in (checked, built):
        for room in rooms & said.keys():
            if isinstance(said[room], dict):  # or another file of the same key lies there
                past[room].update(said[room])
    memory = Memory(past, time.time_ns())
    return Kept(memory, Inventory(), _plates(settings, key, built.get(_PLATES))[0])


def _plates(settings: Settings, key: Secret | None, noted: Any) -> tuple[Plates | None, str]:
    """The plates that were kept, and the name of their file; None where they are lost, or another program's."""
    if not noted or not (plated := noted.pop(_IN, "")):
        return None, ""
    large = _said(_file(settings, _PLATES), key, plated)
    said = {**noted, **large}
    if said.keys() != set(Plates._fields):
        return None, ""
    said["notices"].update(noted["later"].get("notices", {}))
    return Plates(**said), plated


def keep_checked(settings: Settings, key: Secret | None, memory: Memory) -> None:
    """Leave for the next check what this one found out, if that is news. Raises OSError."""
    if key is not None and memory.is_news():
        _write(_file(settings, _CHECKED), key, memory.rooms)


def _said(file: Path, key: Secret | None, name: str = "") -> dict[str, Any]:
    """What a file holds; nothing where it is not there, damaged, another key's, or has another name under it."""
    if key is None:
        return {}
    try:
        data = file.read_bytes()
        if name and sealing.name(data) != name:
            return {}
        said = _unpacked(sealing.unlock(key, data))
    except (OSError, Unopenable, ValueError, EOFError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def _write(file: Path, key: Secret, rooms: Mapping[str, Any]) -> str:
    """Have a file hold this; gives its name under the key. Raises OSError."""
    data = sealing.lock(key, _PACKING + marshal.dumps(dict(rooms)))
    cachefile.put(file, data)
    return sealing.name(data)


def _put(file: Path, data: bytes) -> str:
    """Have a file hold this in the clear; gives its SHA-256. Raises OSError."""
    cachefile.put(file, data)
    return hashlib.sha256(data).hexdigest()


def _unpacked(said: bytes) -> Any:
    """What lies under a key is packed by Python's own means, which take a third of JSON's time.

    They trust their input: the key has authenticated it, and this Python packed it. Raises ValueError.
    """
    if not said.startswith(_PACKING):
        raise ValueError("packed by another Python")
    return marshal.loads(memoryview(said)[len(_PACKING) :])  # noqa: S302 - authenticated: see above


def forget(settings: Settings) -> None:
    """Begin anew."""
    for name in (_CHECKED, _SITE, _PLATES):
        _file(settings, name).unlink(missing_ok=True)
    for file in (cachefile.memory, cachefile.lay, cachefile.sources):
        file(settings.root).unlink(missing_ok=True)


def _file(settings: Settings, name: str) -> Path:
    return settings.cache_dir / name
