"""`next`: when a run will have something to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from mailer.agenda.bulletin import bulletin
from mailer.agenda.forecast import Forecast
from mailer.cli.office import FINE, Office, common_options, open_ledger, read_office, say, say_json
from mailer.runs.rounds import decisions


@click.command("next")
@common_options
def next_(root: Path, now: str | None, form: str) -> int:
    """Print when the next run will have something to send, so that a schedule can be judged."""
    office = read_office(root, now)
    found = asyncio.run(_look(office)).next
    moment = found[0].astimezone(office.settings.zone).isoformat(timespec="minutes") if found else None
    if form == "json":
        say_json({"next": moment, "cause": found[1].value if found else None})
    else:
        say(f"{moment} {found[1]}" if found else "nothing is in sight")
    return FINE


async def _look(office: Office) -> Forecast:
    forecast = Forecast(office.plan.now, office.publications)
    async with open_ledger(office) as ledger:
        known = bulletin(office.plan, (await ledger.opening()).begin, await ledger.subscribers())
        async for decision in decisions(ledger, known):
            forecast.add(decision)
    return forecast
