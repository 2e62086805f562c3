"""A portal read for a command: its plan, and everything wrong with what people wrote."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from portal import (
    circumstances,
    config,
    history,
    plan,
    plates,
    rules,
    sources,
)
from portal.cli.clock import editorial_clock
from portal.config import Settings
from portal.errors import PortalError, Problem
from portal.memory import Memory
from portal.plan import Plan
from portal.plates import Stand
from portal.readings import Readings
from portal.sources import Sources


@dataclass(frozen=True, slots=True)
class Reading:
    """A portal as read: its plan, and everything wrong with what people wrote."""

    settings: Settings
    sources: Sources
    plan: Plan
    problems: list[Problem]
    stood: Stand | None = None
    """How everything stood before, where a build asked for it."""


def read(root: Path, now: str | None, base: str | None = None) -> Reading:
    """Read a portal and decide what shall exist; `base` is the commit to compare with, if any.

    Raises PortalError where that is impossible.
    """
    return decide(config.load(root.resolve()), now, base)


def decide(
    settings: Settings,
    now: str | None,
    base: str | None = None,
    readings: Readings | None = None,
    memory: Memory | None = None,
    *,
    noted: bool = False,
) -> Reading:
    """The same for a portal whose configuration is read; `readings` and `memory` are an earlier build's, if any.

    `noted`: note how everything stood before it was read.
    """
    stood = plates.stand(settings) if noted else None
    found = sources.read(settings, readings)
    past = history.read(settings, found, readings)
    clock = editorial_clock(now, settings.zone)
    frame = circumstances.configured(settings)
    problems = [
        *found.problems,
        *rules.graded(settings, past.problems),
        *rules.check(settings, found, clock, memory, frame),
    ]
    registered = history.of_registry(settings, revised_only=True)
    problems += rules.graded(settings, rules.codes.check(settings, found, registered, memory))
    if base is not None:
        texts, altered = history.texts_at(settings, base), history.altered_since(settings, base)
        changed = rules.change.check(settings, found, texts, altered, clock)
        problems += rules.graded(settings, changed)
    return Reading(settings, found, plan.make(settings, found, past, clock), problems, stood)


def changed_since(root: Path, out: Path, moment: int) -> bool:
    """Whether a source changed after a moment, in nanoseconds since 1970."""
    folders = [root / "content", root / "site_templates"]
    try:
        settings = config.load(root)
        folders += [*settings.notice_dirs(), settings.registry_dir]
    except PortalError:
        pass  # the next build says what is wrong
    changes = chain.from_iterable(_changes(str(folder), str(out)) for folder in folders)
    with suppress(OSError):
        changes = chain([(root / config.CONFIG_FILE).stat().st_ctime_ns], changes)
    return max(changes, default=0) > moment


def _changes(folder: str, out: str) -> Iterator[int]:
    """When each file in a folder changed, but for hidden ones, and when any came or went."""
    try:
        yield os.stat(folder).st_ctime_ns  # noqa: PTH116 - there are many
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(".") and entry.path != out:
                        yield from _changes(entry.path, out)
                elif not entry.is_dir():
                    with suppress(OSError):
                        yield entry.stat().st_ctime_ns
    except OSError:
        return
