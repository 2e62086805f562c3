"""`build`: from committed notices to a site in place, by the shorter way where nothing but words changed.

What a way needs is imported when it is taken, and only once another processor is at work: that takes as long.
"""

from __future__ import annotations

import gc
import time
from functools import partial
from pathlib import Path

import click

from portal import cachefile, conversion, manuscripts, survey
from portal.addresses import BUILD
from portal.cli.console import now_option, root_option
from portal.parallel import Mate

_gone_with_the_process: list[object] = []
"""What the last build knew: to give it back object by object would take longer than to look at it."""


def _expect(moment: int, lies: manuscripts.Touched) -> None:
    """Where something was written since the last build, at a moment, there is something to convert."""
    if any(max(stamp[1:3]) > moment for stamp in lies.lay.tree.values()):
        conversion.prepare(whole=False)


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
    noted, left = cachefile.lay(folder), cachefile.left(folder)
    if clean or left is None or not noted.is_file() or not (place / BUILD).is_file():
        from portal.cli import remembering, whole

        return whole.build(remembering.recollect(folder, clean=clean), place, now, begun)
    mate = Mate()
    written = mate.ask(partial(manuscripts.compare, cachefile.sources(folder)), afterwards=partial(_expect, left))
    looked = survey.begin(place, noted, mate)
    gc.disable()  # what a correction makes is little, and goes with the process
    try:
        from portal.cli import correcting, remembering

        known = remembering.recollect(folder)
        done = correcting.corrected(known, place, now, looked, written, mate)
    finally:
        gc.enable()
        mate.leave()
    _gone_with_the_process[:] = [known]
    if done is not None:
        return done

    from portal.cli import whole

    return whole.build(known, place, now, begun)
