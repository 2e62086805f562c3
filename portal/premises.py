"""What public pages follow from, as hashes: the same premises, the same bytes.

A notice's own pages follow from all that it says; lists only from its front matter and how it stands, so a corrected
sentence leaves every list as it is. The frame of all of them is the program, mkdocs.yml, the day, and what the engine
rendered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property

from portal.circumstances import Circumstances, hashed
from portal.plan import Entry, Plan
from portal.standing import Standings


class Premises:
    """The hashes of a plan's public pages; `engine` names what the engine rendered."""

    def __init__(self, plan: Plan, circumstances: Circumstances, engine: str) -> None:
        self._plan = plan
        self._circumstances = circumstances
        self.frame = hashed(engine, self._circumstances.common)
        self._fronts: dict[str, str] = {}

    @property
    def standings(self) -> Standings:
        """How every notice stands."""
        return self._circumstances.standings

    def of(self, name: str, *parts: object) -> str:
        """The hash of what is called `name` and follows from the frame and `parts`, as JSON can hold them."""
        return hashed(self.frame, name, json.dumps(parts, ensure_ascii=False))

    def whole(self, entry: Entry) -> str:
        """The hash of all that a notice says."""
        return self._circumstances.around(entry)

    def front(self, entry: Entry) -> str:
        """The hash of what lists, feeds and calendars may say of a notice, but for its body."""
        if entry.id not in self._fronts:
            standing = self._circumstances.standings.of(entry)
            facts = [
                entry.id,
                entry.state,
                entry.successor,
                standing.key,
                [(at.isoformat(), key) for at, key in standing.ahead],
                [
                    (
                        v.number,
                        v.on.isoformat(),
                        v.note,
                        v.minor,
                        v.language,
                        sorted((code, text.path, text.front or text.sha256) for code, text in v.texts.items()),
                    )
                    for v in entry.versions
                ],
            ]
            self._fronts[entry.id] = hashed(repr(facts))
        return self._fronts[entry.id]

    def fronts(self, entries: Iterable[Entry]) -> list[str]:
        return [self.front(entry) for entry in entries]

    @cached_property
    def all_fronts(self) -> str:
        """One hash of the whole board, in its order."""
        return hashed(*self.fronts(self._plan.public))
