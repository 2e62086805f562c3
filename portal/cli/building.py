"""`build`: from committed notices to a site in place, by the shorter way where nothing but words changed.

What a way needs is imported when it is taken, and only once another processor is at work: that takes as long.
"""

from __future__ import annotations

import gc
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
    if clean or not noted.is_file() or not (place / BUILD).is_file():
        from portal.cli import remembering, whole

        return whole.build(remembering.recollect(folder, clean=clean), place, now, begun)
    mate = Mate()
    looked = survey.begin(place, noted, mate)
    mate.ask(conversion.prepare)
    gc.disable()  # what a correction makes is little, and goes with the process
    try:
        from portal.cli import correcting, remembering

        known = remembering.recollect(folder)
        done = correcting.corrected(known, place, now, looked, mate)
    finally:
        gc.enable()
        mate.leave()
    if done is not None:
        return done

    from portal.cli import whole

    return whole.build(known, place, now, begun)
