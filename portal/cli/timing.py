"""`next-change`: when to build again though nobody commits anything."""

from __future__ import annotations

from pathlib import Path

import click

from portal import config, history, sources, timetable
from portal.cli.clock import editorial_clock
from portal.cli.console import FINE, now_option, root_option, say


@click.command("next-change")
@root_option
@now_option
def next_change(root: Path, now: str | None) -> int:
    """Print the next instant at which the site would differ though nothing is committed; nothing if there is none."""
    settings = config.load(root.resolve())
    found = sources.read(settings)
    at = timetable.next_change(settings, found, history.read(settings, found), editorial_clock(now, settings.zone))
    if at is not None:
        say(at.isoformat())
    return FINE
