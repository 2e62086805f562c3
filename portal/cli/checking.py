"""`check`: what is wrong with a portal, and how far a build comes with the same: everything but putting it in place.

Apart from `build`, so that a check does not import what makes a site.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from portal import cachefile, config, keeping, manuscripts, moved, proofs, rereading, rules, shells
from portal.article import Articles
from portal.cli.clock import editorial_clock
from portal.cli.console import (
    CANNOT_RUN,
    FINE,
    PROBLEMS,
    counted,
    format_option,
    now_option,
    root_option,
    say,
    show,
    watched,
)
from portal.cli.engine import render
from portal.cli.reading import Reading, decide
from portal.cli.remembering import may_keep
from portal.cli.seal import cache_key, secret_in_use
from portal.config import Settings
from portal.errors import Format, Misconfigured, PortalError, Problem, errors_in
from portal.inventory import Inventory
from portal.keeping import Kept
from portal.memory import Memory
from portal.plan import Plan
from portal.plates import Stand
from portal.proofreading import Proofreader
from portal.prose import Prose
from portal.rereading import Shelf
from portal.shells import Shells
from portal.sources import Sources


@dataclass(frozen=True, slots=True)
class Prepared:
    """A portal ready to be published: the engine's pages, the renderer of notices, and all that is wrong."""

    plan: Plan
    sources: Sources
    shells: Shells
    articles: Articles
    memory: Memory
    inventory: Inventory
    stood: Stand | None
    problems: list[Problem]


def prepare(reading: Reading, kept: Kept) -> Prepared:
    """Render what shows problems that reading alone does not: content pages, and every notice's text.

    What an earlier build found out and `kept` is not found out again.
    """
    memory = kept.memory
    try:
        rendered = shells.fetch(reading.settings, render)
    except Misconfigured as error:
        raise Misconfigured([*reading.problems, *error.problems], error.message) from error
    articles = Articles(reading.plan, Prose(reading.settings, reading.settings.cache_dir))
    problems = [*reading.problems, *rendered.problems]
    problems += moved.problems(reading.plan, reading.sources, rendered.files.keys())
    entries = reading.plan.entries
    reader = Proofreader(reading.plan, articles, memory)
    unread = reader.unread(entries)
    for _ in watched(articles.prose.convert(unread), "converting texts", len(unread)):
        pass
    told = {problem.location for problem in problems if problem.code == "link-to-private"}
    for entry in watched(entries, "reading notices", len(entries)):
        found = (problem for problem in reader.read(entry) if problem.location not in told)
        problems += rules.graded(reading.settings, found)
    return Prepared(
        reading.plan,
        reading.sources,
        rendered,
        articles,
        memory,
        kept.inventory,
        reading.stood,
        list(dict.fromkeys(problems)),
    )


@click.command()
@root_option
@now_option
@click.option("--base", metavar="REV", help="Also say what may not become of what was published at this commit.")
@format_option
def check(root: Path, now: str | None, base: str | None, form: str) -> int:
    """Say everything that is wrong with notices, clients and configuration."""
    chosen = Format(form)
    try:
        problems = _checked(config.load(root.resolve()), now, base)
    except Misconfigured as error:
        show(error.problems, chosen)
        return CANNOT_RUN
    show(problems, chosen)
    if chosen is Format.TEXT:
        say(f"checked: {counted(problems)}" if problems else "checked: nothing to mend")
    return PROBLEMS if errors_in(problems) else FINE


def _checked(settings: Settings, now: str | None, base: str | None) -> list[Problem]:
    """Everything that is wrong, with what builds and checks found out earlier; what this one does stays beside it.

    Without the secret nothing is kept of a portal that has, or had, clients or private notices. Raises PortalError.
    """
    try:
        secret = secret_in_use(settings)
    except PortalError:
        secret = None  # a check needs none; the build says what is wrong with it
    key = cache_key(secret)
    shelf = Shelf(settings, key)
    readings, kept = shelf.recollect(), keeping.recollect_for_check(settings, key)
    if base is None and kept.plates is not None:
        with suppress(proofs.Otherwise):
            clock, engine = editorial_clock(now, settings.zone), shells.fingerprint(settings)
            frame, looked = rereading.frame(settings), partial(manuscripts.compare, cachefile.sources(settings.root))
            return proofs.pull(settings, kept.plates, frame, engine, clock, readings, looked).problems
    reading = decide(settings, now, base, readings, kept.memory)
    ready = prepare(reading, kept)
    if may_keep(secret, key, reading.sources, readings):
        with suppress(OSError):  # where the cache cannot be written, the next check takes longer
            shelf.keep(readings)
            keeping.keep_checked(settings, key, kept.memory)
    return ready.problems
