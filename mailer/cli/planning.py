"""`init` and `plan`: how a ledger begins, and who gets what, when and why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from mailer.agenda.bulletin import bulletin
from mailer.agenda.forecast import Forecast
from mailer.cli.listing import Document, Lines, Listing
from mailer.cli.office import (
    FINE,
    clock,
    common_options,
    ledger_url,
    moment,
    open_ledger,
    read_office,
    say,
    say_json,
    show_private_option,
)
from mailer.ledger import Opening, create, shown
from mailer.runs.rounds import decisions
from portal.errors import PortalError


@click.command()
@common_options
@click.option("--begin", metavar="DATE", help="Tell what was published from this day or moment on; default: now.")
def init(root: Path, now: str | None, form: str, begin: str | None) -> int:
    """Make the ledger. What was published before it begins is never mailed."""
    office = read_office(root, now)
    chosen = moment(begin, "--begin", office.settings) if begin else office.plan.now
    url, folder = ledger_url(), office.settings.root
    opening, new = asyncio.run(create(url, folder, Opening(chosen, clock())))
    where = shown(url, folder)
    if not new and begin and opening.begin != chosen:
        raise PortalError(
            f"there is a ledger already, and it begins at {opening.begin.astimezone(office.settings.zone).isoformat()}",
            "a ledger's beginning cannot be moved: somebody would be told twice, or never",
        )
    if form == "json":
        created = opening.created.isoformat()
        say_json({"new": new, "ledger": where, "begin": opening.begin.isoformat(), "created": created})
    else:
        since = opening.begin.astimezone(office.settings.zone).isoformat(timespec="minutes")
        say(f"{'made a ledger that' if new else 'the ledger is there, and'} begins at {since}: {where}")
    return FINE


@click.command("plan")
@common_options
@show_private_option
def plan_(root: Path, now: str | None, form: str, show_private: bool) -> int:
    """Show who gets what, when and why, and who does not and why."""
    office = read_office(root, now, show_private)

    async def look() -> None:
        async with open_ledger(office) as ledger:
            begin = (await ledger.opening()).begin
            known = bulletin(office.plan, begin, await ledger.subscribers())
            ahead = Forecast(office.plan.now, office.publications)
            excluded = known.excluded
            listing: Listing = Document(office, begin, excluded) if form == "json" else Lines(office, excluded)
            async for decision in decisions(ledger, known):
                ahead.add(decision)
                listing.add(decision)
            listing.end(await ledger.due(clock()), ahead)

    asyncio.run(look())
    return FINE
