"""What people wrote, as an earlier build read it: a file that stands as it stood then is not read again.

By its stamp (size, time of its content, time of any change, inode) a file is known again, as git does it. No program
changes a file and leaves its time of change as it was; only a file that was changed twice within one tick of the clock
could look the same, so one that had just changed when it was read is read again, and not remembered. Files with
anything wrong in them are not remembered either: what is wrong is found anew each time, with its places.

Where readings are kept between builds, and how, portal/rereading.py says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from portal import chunked
from portal.chunked import Stamp

Room: TypeAlias = Mapping[str, tuple[Stamp, Any]]
"""File, as its room names it, to its stamp and what it said."""


class Readings:
    """What each file said, by room; without a past it begins empty, and at moment 0 it stays so."""

    def __init__(self, now: int = 0, past: Mapping[str, Room] | None = None) -> None:
        """`now` is the moment, in nanoseconds since 1970, before which nothing is read with this."""
        self._now = now
        self._past = past or {}
        self._carried: set[str] = set()
        self.rooms: dict[str, dict[str, tuple[Stamp, Any]]] = {}
        """What this build knows: all that the next one will."""

    def recall(self, room: str, name: str, stamp: Stamp) -> Any:
        """What a file said that still stands so, or None."""
        known = self._past.get(room, {}).get(name)
        if known is None or known[0] != stamp:
            return None
        self.rooms.setdefault(room, {})[name] = known
        return known[1]

    def last(self, room: str, name: str) -> Any:
        """What a file said when it was read last, however it stands now, or None."""
        known = self._past.get(room, {}).get(name)
        return None if known is None else known[1]

    def carry(self, room: str) -> Room:
        """Know from now on all that was known in a room, every file of which stands as it stood; all of it."""
        self._carried.add(room)
        return self._past.get(room, {})

    def everything(self) -> Mapping[str, Room]:
        """What this build knows, for one that goes on from here."""
        return {**self.rooms, **{room: self._past.get(room, {}) for room in self._carried}}

    def keep(self, room: str, name: str, stamp: Stamp, said: Any) -> None:
        """Know from now on what a file said; `stamp` was taken before it was read."""
        if chunked.settled(stamp, self._now):
            self.rooms.setdefault(room, {})[name] = (stamp, said)

    def news(self, room: str) -> set[str]:
        """The names in a room of which it holds other entries than it did, or none any more."""
        if room in self._carried:
            return set()
        past, present = self._past.get(room, {}), self.rooms.get(room, {})
        new = {name for name, known in present.items() if past.get(name) is not known}
        return new | (past.keys() - present.keys())
