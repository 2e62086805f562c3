"""The shorter way of `build`: the last one's plates, corrected."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from portal import keeping, manuscripts, proofs, reprint, rereading, shells
from portal.cli.clock import editorial_clock
from portal.cli.console import FINE, show, tell_built
from portal.cli.engine import render
from portal.cli.remembering import Remembered, for_the_next_build
from portal.parallel import Mate
from portal.survey import Survey


def corrected(
    known: Remembered,
    out: Path,
    now: str | None,
    looked: Survey,
    written: Callable[[], manuscripts.Touched],
    mate: Mate,
) -> int | None:
    """Build where nothing changed but some words, with a mate; None where there is more to do.

    Somebody `looked` at the site, and tells how what is `written` lies. Raises what any build does.
    """
    settings, kept = known.settings, known.kept
    if kept.plates is None:
        return None
    clock, engine = editorial_clock(now, settings.zone), shells.fingerprint(settings)
    fetch = partial(shells.fetch, settings, render, engine)
    try:
        frame = rereading.frame(settings)
        proof = proofs.pull(settings, kept.plates, frame, engine, clock, known.readings, written, mate)
        done, left = reprint.run_off(proof, fetch, out, known.secret, kept, looked)
    except proofs.Otherwise:
        return None
    show(proof.problems)
    with for_the_next_build():
        keeping.keep(settings, known.key, left)
    tell_built(done, len(kept.plates.notices), 0, 0, proof.problems)
    return FINE
