"""The rules on codes: no person's private code may become another's, or come back after it was replaced."""

from __future__ import annotations

import hashlib

from portal import epochs, tenure
from portal.config import Settings
from portal.errors import Location, Problem
from portal.history import RegistryHistory
from portal.memory import Memory
from portal.sources import Sources
from portal.tenure import Tenure

_SOUND = "codes"
"""The room of the registries, with their histories, in which nothing was found."""


def check(
    settings: Settings, sources: Sources, history: RegistryHistory, memory: Memory | None = None
) -> list[Problem]:
    """What the registry's history (which may leave out files that never changed) says against the codes of today."""
    if not history.commits:
        return []
    mark, memory = sources.registry.mark, memory or Memory()
    told = " ".join([mark, *(f"{then.commit} {sorted(then.files)}" for then in history.commits)])
    name = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32] if mark else ""
    if name and memory.recall(_SOUND, name):
        return []
    found = _found(settings, sources, history)
    if name and not found:
        memory.keep(_SOUND, name, True)
    return found


def _found(settings: Settings, sources: Sources, history: RegistryHistory) -> list[Problem]:
    registry = sources.registry
    held = tenure.tenures(history, registry)
    earlier: dict[tuple[str, int], list[Tenure]] = {}
    for one in held:
        if one.over:
            earlier.setdefault((one.key, one.epoch), []).append(one)
    found = []
    for one in held:
        others = [other for other in earlier.get((one.key, one.epoch), []) if other.person.is_another_than(one.person)]
        if one.over or not others:
            continue
        client, _, contact = one.key.partition("/")
        places = [i for i, c in enumerate(registry.clients[client].contacts) if c.id == contact]
        where = sources.clients[client].at("contacts", *places, "id")
        message = f"the private code of {one.key} is still that of another person, who had this id before"
        hint = f"give the newcomer a code of their own: build.py keys rotate {one.key}"
        found.append(Problem(where, "reused-contact", message, hint))
    shown = settings.shown(settings.registry_dir / epochs.EPOCHS_FILE)
    for key, epoch in sorted(tenure.highest(history).items()):
        if registry.epochs.get(key, 1) < epoch:
            message = f"the epoch of {key} was {epoch} before, so a code that was taken away comes back"
            hint = "take the file back from the repository's history; `keys rotate` only ever raises it"
            found.append(Problem(Location(shown), "lowered-epoch", message, hint))
    return found
