"""`status`: what became of every message, and whether everybody who was eligible is accounted for."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from mailer import report
from mailer.cli.office import (
    FINE,
    PROBLEMS,
    clock,
    doubts,
    ledger_of,
    place_options,
    say,
    show_private_option,
)
from mailer.cli.progress import Watching
from mailer.ledger import Ledger, Opening
from mailer.runs.accounts import Account, accounts
from portal import config
from portal.config import Settings
from portal.errors import printable


@click.command()
@place_options
@click.option("--now", metavar="ISO", help="Taken and not needed: the ledger knows its own moments.")
@show_private_option
def status(root: Path, now: str | None, form: str, show_private: bool) -> int:  # noqa: ARG001 - every command has --now
    """Account for everybody who was eligible; exit code 1 if somebody is missing."""
    settings = config.load(root.resolve())
    private = show_private or os.environ.get("CI") != "true"
    return asyncio.run(_status(settings, form, private))


async def _status(settings: Settings, form: str, private: bool) -> int:
    async with ledger_of(settings) as ledger:
        await ledger.recover(clock(), doubts(settings))
        opening = await ledger.opening()
        with Watching("accounting", None) as watching:
            found = await accounts(ledger, watching.advance)
        contradictions = await ledger.contradictions()
        if form == "json":
            await _say_json(ledger, found, contradictions, opening, private)
        else:
            await _say(ledger, found, contradictions, opening, settings, private)
    return FINE if all(account.holds for account in found) and not contradictions else PROBLEMS


async def _say_json(
    ledger: Ledger, found: Sequence[Account], contradictions: Sequence[str], opening: Opening, private: bool
) -> None:
    """One object, written message by message: there may be very many."""
    head = json.dumps(report.status_as_json(found, contradictions, opening), ensure_ascii=False, indent=2)
    click.echo(printable(head.removesuffix("\n}"), lines=True) + ',\n  "digests": [', nl=False)
    mark = "\n"
    async for delivery in ledger.deliveries():
        one = json.dumps(report.delivery_as_json(delivery, private=private), ensure_ascii=False)
        click.echo(f"{mark}    {printable(one)}", nl=False)
        mark = ",\n"
    click.echo("\n  ]\n}" if mark == ",\n" else "]\n}")


async def _say(
    ledger: Ledger,
    found: Sequence[Account],
    contradictions: Sequence[str],
    opening: Opening,
    settings: Settings,
    private: bool,
) -> None:
    if opening.paused:
        since = opening.paused.astimezone(settings.zone).isoformat(timespec="minutes")
        say(f"paused since {since}: nothing leaves until `mailer resume`")
    for account in found:
        at = account.run.now.astimezone(settings.zone).isoformat(timespec="minutes")
        say(f"run {account.run.number} for {at}: {report.by_state(account.run.messages)}\n    {account}")
        for difference in account.differences:
            say(f"    {difference}")
    if not found:
        say("nothing was sent yet")
    for contradiction in contradictions:
        say(f"contradiction: {contradiction}")
    async for delivery in ledger.deliveries(unsettled=True):
        again = f", again from {delivery.next_try.isoformat(timespec='minutes')}" if delivery.next_try else ""
        held = f" ({delivery.hold})" if delivery.hold else ""
        said = f": {report.reply(delivery, private)}" if delivery.reply else ""
        say(f"{delivery.state}{held} {delivery.key} to {', '.join(delivery.readers)}{again}{said}")
