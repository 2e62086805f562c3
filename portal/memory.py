"""What a build knows from the one before it, so that it need not find it out again.

An entry is named by a hash of everything that it follows from, so it is right or it is not there. What no build asked
for is gone after the next one. Where it is kept between builds, and how, portal/keeping.py says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Memory:
    """Rooms of entries, as JSON can hold them; without a past it begins empty."""

    def __init__(self, past: Mapping[str, Mapping[str, Any]] | None = None, begun: int = 0) -> None:
        self._past = past or {}
        self.begun = begun
        """When this build began, in nanoseconds since 1970; 0: nobody knows."""
        self.rooms: dict[str, dict[str, Any]] = {}
        """What this build used or found out: all that the next one will know."""

    def recall(self, room: str, name: str) -> Any:
        """What is known under a name, or None."""
        here = self.rooms.setdefault(room, {})
        known = here.get(name)
        if known is None:
            known = self._past.get(room, {}).get(name)
            if known is not None:
                here[name] = known
        return known

    def carry(self) -> None:
        """Know from now on all that was known."""
        for room, known in self._past.items():
            self.rooms[room] = {**known, **self.rooms.get(room, {})}

    def keep(self, room: str, name: str, value: Any) -> None:
        """Know this from now on."""
        self.rooms.setdefault(room, {})[name] = value

    def forget(self, room: str, name: str) -> None:
        """Do not know this any more."""
        self.rooms.get(room, {}).pop(name, None)

    def is_news(self) -> bool:
        """Whether anything is known that the past did not know."""
        return any(found.keys() - self._past.get(room, {}).keys() for room, found in self.rooms.items())
