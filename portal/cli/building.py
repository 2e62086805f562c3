"""`build`, `check` and `next-change`: from committed notices to a site in place."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from portal import (
    cachefile,
    config,
    history,
    keeping,
    leaks,
    moved,
    private,
    publish,
    renditions,
    rules,
    sealing,
    search,
    shells,
    signet,
    site,
    sources,
    timetable,
    words,
)
from portal.addresses import BUILD, SEALED
from portal.article import Articles
from portal.chunked import AnyFile
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
from portal.cli.reading import Reading, changed_since, decide, editorial_clock
from portal.cli.seal import secret_in_use
from portal.config import Misconfigured, Secret, Settings
from portal.errors import Format, PortalError, Problem, errors_in
from portal.inventory import Inventory
from portal.memory import Memory
from portal.plan import Plan
from portal.press import Press
from portal.proofreading import Proofreader
from portal.prose import Prose
from portal.publish import Published, Refused
from portal.rereading import Shelf
from portal.shells import Shells
from portal.sources import Sources


def render(settings: Settings, out: Path) -> None:
    """Have MkDocs render the shells; imported here because most builds need no MkDocs at all."""
    from portal import mkdocs_plugin

    mkdocs_plugin.render(settings, out)


@click.command()
@root_option
@click.option("--out", type=click.Path(path_type=Path), help="Where the site goes; default: site/ in the portal.")
@now_option
@click.option("--clean", is_flag=True, help="Forget everything remembered from earlier builds.")
def build(root: Path, out: Path | None, now: str | None, clean: bool) -> int:
    """Check, render, seal, pass the leak gate, and put the site in place."""
    folder = root.resolve()
    place = out or folder / "site"
    begun = time.time_ns()
    settings = config.load(folder)
    secret = secret_in_use(settings)
    shelf = Shelf(settings, secret)
    if clean:
        shells.forget(settings)
        keeping.forget(settings)
        shelf.forget()
        renditions.forget(settings.cache_dir)
        search.forget(settings.cache_dir)
    readings = shelf.recollect()
    kept = keeping.recollect(settings, secret)
    reading = decide(settings, now, readings=readings, memory=kept[0])
    with _for_the_next_build():
        shelf.keep(readings)
    ready = prepare(reading, secret, kept)
    problems = ready.problems
    show(problems)
    if errors_in(problems):
        say(f"not built: {counted(problems)}; the site is as it was")
        return PROBLEMS
    try:
        done = put_in_place(ready, place, secret)
    except Refused:
        if changed_since(folder, place, begun):  # pages and gate may have read the two sides of one change
            raise PortalError("files changed while they were read; nothing was published", "build again") from None
        raise
    if secret is not None:
        with _for_the_next_build():
            signet.remember(settings, sealing.fingerprint(secret))
    sealed = sum(path.startswith(SEALED) for path in ready.inventory.files)
    made = reading.plan
    say(
        f"built: {len(made.public)} public and {words.counted(len(made.private), 'private notice')}, "
        f"{words.counted(sealed, 'sealed object')}; "
        f"{words.counted(done.written, 'file')} written, {done.unchanged} unchanged, {done.removed} removed"
        + (f"; {counted(problems)}" if problems else "")
    )
    return FINE


@dataclass(frozen=True, slots=True)
class Prepared:
    """A portal ready to be published: the engine's pages, the renderer of notices, and all that is wrong."""

    plan: Plan
    sources: Sources
    shells: Shells
    articles: Articles
    memory: Memory
    inventory: Inventory
    problems: list[Problem]


def prepare(reading: Reading, secret: Secret | None = None, kept: tuple[Memory, Inventory] | None = None) -> Prepared:
    """Render what shows problems that reading alone does not: content pages, and every notice's text.

    With the secret, what an earlier build found out is not found out again; `kept` is that, if it is at hand.
    """
    memory, inventory = kept or keeping.recollect(reading.settings, secret)
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
    return Prepared(reading.plan, reading.sources, rendered, articles, memory, inventory, list(dict.fromkeys(problems)))


def put_in_place(ready: Prepared, out: Path, secret: Secret | None) -> Published:
    """Seal, pass the gate and publish, and keep for the next build what this one found out. Raises as below."""
    done = publish_prepared(ready, out, secret)
    if secret is not None or not ready.sources.any_private:
        with _for_the_next_build():
            keeping.keep(ready.plan.settings, secret, ready.memory, ready.inventory)
    return done


@contextmanager
def _for_the_next_build() -> Iterator[None]:
    """Keep what saves the next build work. A disk that takes no more costs that one its time, not this one its site."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or "the cache"
        click.echo(f"warning: cannot write {place}: {error.strerror}; the next build will take longer", err=True)


def publish_prepared(ready: Prepared, out: Path, secret: Secret | None) -> Published:
    """Seal, pass the gate and publish. Raises Refused, PortalError."""
    gate = leaks.Gate(ready.plan, secret, ready.sources.notices.values(), ready.memory)
    if not (out / BUILD).is_file():
        ready.inventory.forget()  # a new folder, or a site that is gone: then all of it is made at once

    def files(press: Press) -> Iterator[AnyFile]:
        sealed = private.files(ready.plan, secret, ready.articles, ready.memory, press.seal)
        public = site.derived(ready.plan, ready.shells, ready.articles, ready.inventory, press.each)
        yield from watched(itertools.chain(sealed, public), "publishing")

    done = publish.publish(out, files, gate, ready.inventory)
    gate.remember()
    ready.articles.prose.tidy(sum(len(version.texts) for entry in ready.plan.public for version in entry.versions))
    cachefile.tidy(ready.plan.settings.cache_dir)
    return done


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

    Without the secret nothing is kept of a portal that has clients or private notices. Raises PortalError.
    """
    try:
        secret = secret_in_use(settings)
    except PortalError:
        secret = None  # a check needs none; the build says what is wrong with it
    shelf = Shelf(settings, secret)
    readings, memory = shelf.recollect(), keeping.recollect_for_check(settings, secret)
    reading = decide(settings, now, base, readings, memory)
    ready = prepare(reading, secret, (memory, Inventory()))
    if secret is not None or not reading.sources.any_private:
        with suppress(OSError):  # where the cache cannot be written, the next check takes longer
            shelf.keep(readings)
            keeping.keep_checked(settings, secret, memory)
    return ready.problems


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
