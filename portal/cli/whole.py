"""The longer way of `build`: everything is read, and what is not there is made."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from portal import (
    cachefile,
    feeds,
    keeping,
    leaks,
    parallel,
    plates,
    private,
    publish,
    rereading,
    sealing,
    search,
    shells,
    signet,
    site,
)
from portal.addresses import BUILD, SEALED
from portal.chunked import AnyFile
from portal.cli.checking import Prepared, prepare
from portal.cli.console import FINE, PROBLEMS, counted, say, show, tell_built, watched
from portal.cli.engine import render
from portal.cli.reading import changed_since, decide
from portal.cli.remembering import Remembered, for_the_next_build, may_keep
from portal.config import Secret
from portal.errors import PortalError, Refused, errors_in
from portal.keeping import Kept
from portal.plates import Plates
from portal.press import Press
from portal.publish import Published


def build(known: Remembered, place: Path, now: str | None, begun: int) -> int:
    """Read everything, make what is not there, and put the site in place; `begun` is in nanoseconds since 1970."""
    settings, secret, shelf, readings = known.settings, known.secret, known.shelf, known.readings
    reading = decide(settings, now, readings=readings, memory=known.kept.memory, noted=known.key is not None)
    rendered = shells.ahead(settings, render)
    keeps = may_keep(secret, known.key, reading.sources, readings)
    if keeps:
        with for_the_next_build():
            shelf.keep(readings)
    rendered()
    ready = prepare(reading, known.kept)
    problems = ready.problems
    show(problems)
    if errors_in(problems):
        say(f"not built: {counted(problems)}; the site is as it was")
        return PROBLEMS
    plated: list[Callable[[], Plates | None]] = []

    def made() -> None:
        """Find out beside putting the site in place what the next build may correct."""
        if keeps:
            plated.append(parallel.aside(partial(_plates, ready)))

    try:
        done = publish_prepared(ready, place, secret, made)
    except Refused:
        if changed_since(settings.root, place, begun):  # pages and gate may have read the two sides of one change
            raise PortalError("files changed while they were read; nothing was published", "build again") from None
        raise
    if plated:
        with for_the_next_build():
            _leave(ready, known.key, plated[0]())
    if secret is not None:
        with for_the_next_build():
            signet.remember(settings, sealing.fingerprint(secret))
    sealed = sum(path.startswith(SEALED) for path in ready.inventory)
    tell_built(done, len(reading.plan.public), len(reading.plan.private), sealed, problems)
    return FINE


def leave(ready: Prepared, key: Secret | None) -> None:
    """Leave for the next build what this one knows, once its site is in place. Raises OSError."""
    _leave(ready, key, _plates(ready))


def _leave(ready: Prepared, key: Secret | None, plated: Plates | None) -> None:
    lay = ready.stood.lay if ready.stood else None
    keeping.keep(ready.plan.settings, key, Kept(ready.memory, ready.inventory, plated, lay=lay))


def _plates(ready: Prepared) -> Plates | None:
    if ready.stood is None:
        return None
    made = ready.plan
    return plates.make(
        rereading.frame(made.settings),
        ready.stood,
        made,
        ready.sources,
        ready.shells.mark,
        ready.articles.circumstances[False],
        ready.problems,
        feeds.chosen(made),
        partial(search.follows, made),
    )


def publish_prepared(
    ready: Prepared, out: Path, secret: Secret | None, made: Callable[[], None] = lambda: None
) -> Published:
    """Seal, pass the gate and publish; `made` is called once it is known what to make, before it is put in place.

    Raises Refused, PortalError.
    """
    gate = leaks.Gate(ready.plan, secret, ready.sources.notices.values(), ready.memory)
    if not (out / BUILD).is_file():
        ready.inventory.forget()  # a new folder, or a site that is gone: then all of it is made at once

    def files(press: Press) -> Iterator[AnyFile]:
        sealed = private.files(ready.plan, secret, ready.articles, ready.memory, press.seal)
        public = site.derived(ready.plan, ready.shells, ready.articles, ready.inventory, press.each)
        yield from watched(itertools.chain(sealed, public), "publishing")
        made()

    done = publish.publish(out, files, gate, ready.inventory)
    gate.remember()
    ready.articles.prose.tidy(sum(len(version.texts) for entry in ready.plan.public for version in entry.versions))
    cachefile.tidy(ready.plan.settings.cache_dir)
    return done
