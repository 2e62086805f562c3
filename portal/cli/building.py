"""`build` and `next-change`: from committed notices to a site in place."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from portal import (
    cachefile,
    config,
    feeds,
    history,
    keeping,
    leaks,
    plates,
    private,
    proofs,
    publish,
    reprint,
    rereading,
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
from portal.chunked import AnyFile
from portal.cli.checking import Prepared, for_the_next_build, prepare, render
from portal.cli.console import (
    FINE,
    PROBLEMS,
    counted,
    now_option,
    root_option,
    say,
    show,
    watched,
)
from portal.cli.reading import changed_since, decide, editorial_clock
from portal.cli.seal import secret_in_use
from portal.config import Secret, Settings
from portal.errors import PortalError, Problem, errors_in
from portal.keeping import Kept
from portal.plates import Plates
from portal.press import Press
from portal.publish import Published, Refused
from portal.readings import Readings
from portal.rereading import Shelf


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
        from portal import renditions  # with SQLite, which a build that converts no text does not need

        shells.forget(settings)
        keeping.forget(settings)
        shelf.forget()
        renditions.forget(settings.cache_dir)
        search.forget(settings.cache_dir)
    readings = shelf.recollect()
    kept = keeping.recollect(settings, secret)
    try:
        return _reprinted(settings, place, editorial_clock(now, settings.zone), secret, kept, readings)
    except proofs.Otherwise:
        pass
    reading = decide(settings, now, readings=readings, memory=kept.memory, noted=secret is not None)
    rendered = shells.ahead(settings, render)
    with for_the_next_build():
        shelf.keep(readings)
    rendered()
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
        with for_the_next_build():
            signet.remember(settings, sealing.fingerprint(secret))
    sealed = sum(path.startswith(SEALED) for path in ready.inventory.files)
    _tell(done, len(reading.plan.public), len(reading.plan.private), sealed, problems)
    return FINE


def _reprinted(
    settings: Settings, out: Path, now: dt.datetime, secret: Secret | None, kept: Kept, readings: Readings
) -> int:
    """Build where nothing changed but some words. Raises proofs.Otherwise, and what any build does."""
    if kept.plates is None or not (out / BUILD).is_file():
        raise proofs.Otherwise
    looked = publish.survey(out, kept.inventory)
    engine = shells.fingerprint(settings)
    proof = proofs.pull(settings, kept.plates, rereading.frame(settings), engine, now, readings)
    done, left = reprint.run_off(proof, partial(shells.fetch, settings, render, engine), out, secret, kept, looked)
    show(proof.problems)
    with for_the_next_build():
        keeping.keep(settings, secret, left)
    _tell(done, len(kept.plates.notices), 0, 0, proof.problems)
    return FINE


def _tell(done: Published, public: int, private: int, sealed: int, problems: list[Problem]) -> None:
    say(
        f"built: {public} public and {words.counted(private, 'private notice')}, "
        f"{words.counted(sealed, 'sealed object')}; "
        f"{words.counted(done.written, 'file')} written, {done.unchanged} unchanged, {done.removed} removed"
        + (f"; {counted(problems)}" if problems else "")
    )


def put_in_place(ready: Prepared, out: Path, secret: Secret | None) -> Published:
    """Seal, pass the gate and publish, and keep for the next build what this one found out. Raises as below."""
    done = publish_prepared(ready, out, secret)
    if secret is not None or not ready.sources.any_private:
        with for_the_next_build():
            leave(ready, secret)
    return done


def leave(ready: Prepared, secret: Secret | None) -> None:
    """Leave for the next build what this one knows, once its site is in place. Raises OSError."""
    keeping.keep(ready.plan.settings, secret, Kept(ready.memory, ready.inventory, _plates(ready)))


def _plates(ready: Prepared) -> Plates | None:
    if ready.lay is None:
        return None
    made = ready.plan
    return plates.make(
        rereading.frame(made.settings),
        ready.memory.begun,
        ready.lay,
        made,
        ready.sources,
        ready.shells.mark,
        ready.articles.circumstances[False],
        ready.problems,
        feeds.chosen(made),
        partial(search.follows, made),
    )


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
