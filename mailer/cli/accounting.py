"""`status`: what became of every message, and whether everybody who was eligible is accounted for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from mailer import report
from mailer.cli.office import (
    FINE,
    PROBLEMS,
    Office,
    clock,
    common_options,
    open_ledger,
    read_office,
    say,
    say_json,
    show_private_option,
)
from mailer.ledger import Delivery, Opening, State


@click.command()
@common_options
@show_private_option
def status(root: Path, now: str | None, form: str, show_private: bool) -> int:
    """Account for everybody who was eligible; exit code 1 if somebody is missing."""
    office = read_office(root, now, show_private)

    async def look() -> tuple[Opening, list[report.Account], list[Delivery]]:
        async with open_ledger(office) as ledger:
            await ledger.recover(clock())
            return await ledger.opening(), await report.accounts(ledger), await ledger.deliveries()

    opening, accounts, deliveries = asyncio.run(look())
    if form == "json":
        say_json(report.status_as_json(accounts, deliveries, opening.begin, private=office.private))
    else:
        _show_status(accounts, deliveries, office)
    return FINE if all(account.holds for account in accounts) else PROBLEMS


def _show_status(accounts: list[report.Account], deliveries: list[Delivery], office: Office) -> None:
    for account in accounts:
        own = [delivery for delivery in deliveries if delivery.run == account.run.number]
        at = account.run.now.astimezone(office.settings.zone).isoformat(timespec="minutes")
        messages = ", ".join(f"{number} {state}" for state, number in report.by_state(own).items()) or "no messages"
        say(f"run {account.run.number} for {at}: {messages}\n    {account}")
    if not accounts:
        say("nothing was sent yet")
    for delivery in deliveries:
        if delivery.state is not State.SENT:
            again = f", again from {delivery.next_try.isoformat(timespec='minutes')}" if delivery.next_try else ""
            said = f": {report.reply(delivery, office.private)}" if delivery.reply else ""
            say(f"{delivery.state} {delivery.key} to {', '.join(delivery.readers)}{again}{said}")
