"""Watches a portal's sources by how they lie on the disk, so that looking costs little however many there are.

Times alone do not tell: a file may be emptied and filled within one tick of the clock, with a look in between.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from portal import chunked, config
from portal.errors import PortalError

Stamp: TypeAlias = tuple[int, ...]
"""chunked.stamp; empty where there is no file."""

_QUICKEST = 0.1
"""Seconds between two looks at the least."""
_SHARE = 10
"""So many times as long as a look took is waited for the next, so that watching takes a tenth of a processor."""


class Watch:
    """Every source of a portal, and how it lies; `out` is the site, which is none."""

    def __init__(self, root: Path, out: Path) -> None:
        self._root = root
        self._out = str(out)
        self._configured: Stamp | None = None
        self._folders: tuple[Path, ...] = ()
        self.pause = _QUICKEST
        """Seconds to wait before the next look."""
        self._stamps = self._look()

    def changed(self) -> list[Path]:
        """The sources that were written, added or removed since this was last asked."""
        before, self._stamps = self._stamps, self._look()
        return [Path(file) for file in sorted({file for file, _ in before.items() ^ self._stamps.items()})]

    def _look(self) -> dict[str, Stamp]:
        begun = time.thread_time()
        file = self._root / config.CONFIG_FILE
        stamps = {str(file): _stamp(file)}
        if stamps[str(file)] != self._configured:
            self._configured, self._folders = stamps[str(file)], self._named()
        for folder in self._folders:
            stamps.update(_files(str(folder), self._out))
        self.pause = max(_QUICKEST, _SHARE * (time.thread_time() - begun))
        return stamps

    def _named(self) -> tuple[Path, ...]:
        """The folders that mkdocs.yml names, as far as it can be read."""
        folders = [self._root / "content", self._root / "site_templates"]
        with suppress(PortalError):  # the next build says what is wrong
            settings = config.load(self._root)
            folders += [*settings.notice_dirs(), settings.registry_dir]
        return tuple(dict.fromkeys(folders))


def _stamp(file: Path) -> Stamp:
    """How a file lies; nothing where there is none."""
    try:
        return tuple(chunked.stamp(file.stat()))
    except OSError:
        return ()


def _files(folder: str, out: str) -> Iterator[tuple[str, Stamp]]:
    """Every file in a folder but those in hidden folders, and how it lies."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(".") and entry.path != out:
                        yield from _files(entry.path, out)
                elif not entry.is_dir():
                    with suppress(OSError):
                        yield entry.path, tuple(chunked.stamp(entry.stat()))
    except OSError:
        return
