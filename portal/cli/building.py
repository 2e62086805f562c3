"""`build`: from committed notices to a site in place, by the shorter way where nothing but words changed.

What a way needs is imported when it is taken, and only once another processor is at work: that takes as long.
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from portal import cachefile, conversion, survey
from portal.addresses import BUILD
from portal.cli.console import now_option, root_option
from portal.parallel import Mate


@click.command()
@root_option
@click.option("--out", type=click.Path(path_type=Path), help="Where the site goes; default: site/ in the portal.")
@now_option
@click.option("--clean", is_flag=True, help="Forget everything remembered from earlier builds.")
def build(root: Path, out: Path | None, now: str | None, clean: bool) -> int:
    """Check, render, seal, pass the leak gate, and put the site in place."""
    begun = time.time_ns()
    folder = root.resolve()
    place = out or folder / "site"
    noted = cachefile.lay(folder)
    mate = looked = None
    if not clean and noted.is_file() and (place / BUILD).is_file():
        mate = Mate()
        looked = survey.begin(place, noted, mate)
        mate.ask(conversion.prepare)

    from portal.cli import remembering

    known = remembering.recollect(folder, clean=clean)
    if mate is not None and looked is not None:
        from portal.cli import correcting

        try:
            done = correcting.corrected(known, place, now, looked, mate)
        finally:
            mate.leave()
        if done is not None:
            return done

    from portal.cli import whole

    return whole.build(known, place, now, begun)
