"""The SHA-256 of sources; a file that lies as it lay when an earlier build read it is not read again."""

from __future__ import annotations

import os
from pathlib import Path

from portal import chunked
from portal.memory import Memory

DIGESTS = "digests"
"""The room of the memory."""


class Digests:
    """What one build knows of files; without a past it reads each of them, once."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._known: dict[str, tuple[int, str]] = {}

    def of(self, file: Path) -> str:
        """The SHA-256 of a file in hexadecimal. Raises OSError."""
        return self.about(str(file))[1]

    def about(self, file: str) -> tuple[int, str]:
        """How many bytes a file has, and their SHA-256. Raises OSError."""
        found = self._known.get(file)
        if found is None:
            about = os.stat(file)  # noqa: PTH116 - there are tens of thousands of them
            stamp = chunked.stamp(about)
            known = self._memory.recall(DIGESTS, file)
            if known is None or known[1:] != stamp:
                known = [chunked.digest(Path(file)), *stamp]
                if chunked.settled(stamp, self._memory.begun):
                    self._memory.keep(DIGESTS, file, known)
                else:
                    self._memory.forget(DIGESTS, file)
            found = self._known[file] = about.st_size, str(known[0])
        return found
