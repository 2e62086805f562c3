"""Sealed pages at full size: a first build, a build that changes nothing, a build that changes one notice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bench import portals
from bench.figures import Figure
from bench.portals import FULL, NOW, SECRET
from bench.running import REPOSITORY, Run, run


def measure(folder: Path) -> Iterator[Figure]:
    portal = folder / "portal"
    portals.write(portal, FULL)
    first = build(portal)
    yield Figure("first build, 10,000 clients", first.seconds, "s", limit=20)
    yield Figure("memory of the first build", first.peak / 1e6, "MB", limit=500)
    again = build(portal)
    yield Figure("build without a change", again.seconds, "s", limit=2)
    portals.touch(portal, "private-0101")
    changed = build(portal)
    yield Figure("build after one notice changed", changed.seconds, "s", limit=2)
    yield Figure("memory of that build", changed.peak / 1e6, "MB", limit=500)


def build(portal: Path) -> Run:
    """One run of `build.py build`, as people start it."""
    command: list[str | Path] = [sys.executable, REPOSITORY / "build.py", "build", "--root", portal, "--now", NOW]
    return run(command, environment={"PORTAL_SECRET": SECRET})
