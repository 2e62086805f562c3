"""A portal read for a command: its plan, and everything wrong with what people wrote."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from portal import (
    config,
    days,
    history,
    plan,
    rules,
    sources,
)
from portal.config import Settings
from portal.errors import PortalError, Problem
from portal.plan import Plan
from portal.sources import Sources


@dataclass(frozen=True, slots=True)
class Reading:
    """A portal as read: its plan, and everything wrong with what people wrote."""

    settings: Settings
    sources: Sources
    plan: Plan
    problems: list[Problem]


def read(root: Path, now: str | None, base: str | None = None) -> Reading:
    """Read a portal and decide what shall exist; `base` is the commit to compare with, if any.

    Raises PortalError where that is impossible.
    """
    settings = config.load(root.resolve())
    found = sources.read(settings)
    past = history.read(settings, found)
    clock = editorial_clock(now, settings.zone)
    problems = [*found.problems, *rules.graded(settings, past.problems), *rules.check(settings, found, clock)]
    registered = history.of_registry(settings, revised_only=True)
    problems += rules.graded(settings, rules.codes.check(settings, found, registered))
    if base is not None:
        texts, altered = history.texts_at(settings, base), history.altered_since(settings, base)
        changed = rules.change.check(settings, found, texts, altered, clock)
        problems += rules.graded(settings, changed)
    return Reading(settings, found, plan.make(settings, found, past, clock), problems)


def editorial_clock(now: str | None, zone: dt.tzinfo | None) -> dt.datetime:
    """The editorial clock: `--now`, in `zone` (None: the machine's) where it names none; else this moment."""
    if now is None:
        return dt.datetime.now(zone).astimezone(zone)
    try:
        moment = days.moment(now)
    except ValueError:
        raise PortalError(f"--now {now} is not a moment", "write it as 2026-12-07, or 2026-12-07T09:30+08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def fingerprint(root: Path, out: Path) -> int:
    """A number that changes when a source does."""
    settings_file = root / config.CONFIG_FILE
    stamps: list[tuple[str, int]] = []
    folders = [root / "content", root / "site_templates"]
    try:
        settings = config.load(root)
        folders += [*settings.notice_dirs(), settings.registry_dir]
    except PortalError:
        pass  # the next build says what is wrong
    for folder in folders:
        for top, inner, names in os.walk(folder):
            inner[:] = [name for name in inner if not name.startswith(".") and Path(top, name) != out]
            stamps += [(name, Path(top, name).stat().st_mtime_ns) for name in names if Path(top, name).exists()]
    if settings_file.exists():
        stamps.append((config.CONFIG_FILE, settings_file.stat().st_mtime_ns))
    return hash(tuple(sorted(stamps)))
