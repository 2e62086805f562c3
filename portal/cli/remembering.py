"""What a build begins with: the configuration, the secret, and what the last one left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from portal import cachefile, config, history, keeping, rereading
from portal.cli.seal import cache_key, secret_in_use
from portal.config import Secret, Settings
from portal.keeping import Kept
from portal.readings import Readings
from portal.rereading import Shelf
from portal.sources import Sources


class Remembered(NamedTuple):
    """A portal as it is configured, and all that is known of it beforehand."""

    settings: Settings
    secret: Secret | None
    """Seals the private pages."""
    key: Secret | None
    """Locks what is kept; None where nothing can be."""
    shelf: Shelf
    readings: Readings
    kept: Kept


def may_keep(secret: Secret | None, key: Secret | None, sources: Sources, readings: Readings) -> bool:
    """Whether the next build may know what this one read: of a portal with anything private only under the secret."""
    if secret is not None or key is None:
        return secret is not None
    return not sources.any_private and not history.holds_private(readings)


def recollect(folder: Path, *, clean: bool = False) -> Remembered:
    """Read the configuration, and what the last build kept; if `clean`, forget it. Raises PortalError."""
    said = config.secret(os.environ)
    known = not clean and cachefile.left(folder) is not None
    past = keeping.rooms(folder, cache_key(said)) if known else {}
    settings = rereading.configuration(folder, past) or config.load(folder)
    secret = secret_in_use(settings)
    key = cache_key(secret)
    shelf = Shelf(settings, key)
    if clean:
        from portal import renditions, search, shells  # with SQLite, which most builds need not

        shells.forget(settings)
        keeping.forget(settings)
        shelf.forget()
        renditions.forget(settings.cache_dir)
        search.forget(settings.cache_dir)
    kept = keeping.recollect(settings, key, past)
    rereading.keep_configuration(settings, kept.memory)
    return Remembered(settings, secret, key, shelf, shelf.recollect(), kept)


@contextmanager
def for_the_next_build() -> Iterator[None]:
    """Keep what saves the next build work. A disk that takes no more costs that one its time, not this one its site."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or "the cache"
        click.echo(f"warning: cannot write {place}: {error.strerror}; the next build will take longer", err=True)
