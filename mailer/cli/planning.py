"""`init` and `plan`: how a ledger begins, and who gets what, when and why."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from mailer import report
from mailer.bulletin import bulletin
from mailer.cli.office import (
    FINE,
    Office,
    clock,
    common_options,
    counted,
    ledger_url,
    moment,
    open_ledger,
    read_office,
    report_console,
    say,
    say_json,
    show_private_option,
)
from mailer.digest import Item
from mailer.forecast import Forecast
from mailer.ledger import Opening, create
from mailer.report import Agenda
from mailer.rounds import decisions
from portal.errors import PortalError, printable


@click.command()
@common_options
@click.option("--begin", metavar="DATE", help="Tell what was published from this day or moment on; default: now.")
def init(root: Path, now: str | None, form: str, begin: str | None) -> int:
    """Make the ledger. What was published before it begins is never mailed."""
    office = read_office(root, now)
    chosen = moment(begin, "--begin", office.settings) if begin else office.plan.now
    opening, new = asyncio.run(create(ledger_url(), office.settings.root, Opening(chosen, clock())))
    if not new and begin and opening.begin != chosen:
        raise PortalError(
            f"there is a ledger already, and it begins at {opening.begin.astimezone(office.settings.zone).isoformat()}",
            "a ledger's beginning cannot be moved: somebody would be told twice, or never",
        )
    if form == "json":
        say_json({"new": new, "begin": opening.begin.isoformat(), "created": opening.created.isoformat()})
    else:
        since = opening.begin.astimezone(office.settings.zone).isoformat(timespec="minutes")
        say(f"made a ledger that begins at {since}" if new else f"the ledger is there, and begins at {since}")
    return FINE


@click.command("plan")
@common_options
@show_private_option
def plan_(root: Path, now: str | None, form: str, show_private: bool) -> int:
    """Show who gets what, when and why, and who does not and why."""
    office = read_office(root, now, show_private)

    async def look() -> tuple[dt.datetime, Agenda, int, Forecast]:
        async with open_ledger(office) as ledger:
            begin = (await ledger.opening()).begin
            known = bulletin(office.plan, begin, await ledger.subscribers())
            decided = [decision async for decision in decisions(ledger, known)]
            ahead = Forecast(office.plan.now, office.publications)
            for decision in decided:
                ahead.add(decision)
            return begin, report.agenda(decided, known.excluded), await ledger.due(clock()), ahead

    begin, found, unsent, ahead = asyncio.run(look())
    if form == "json":
        say_json(report.plan_as_json(found, begin, office.plan.now, private=office.private))
    else:
        _show_agenda(found, office, ahead)
        if unsent:
            say(f"{counted(unsent, 'message')} frozen before, not sent yet")
    return FINE


def _show_agenda(found: Agenda, office: Office, ahead: Forecast) -> None:
    console = report_console()
    told = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", expand=True)
    for column, ratio in (("when", 3), ("to", 4), ("what", 9), ("why", 5)):
        told.add_column(column, ratio=ratio, no_wrap=True)
    rows = [(f"now, {d.slot.split()[0]}", d.due, d.person, d.items) for d in found.digests]
    rows += [(f"later, {w.person.cadence}", w.due, w.person, w.items) for w in found.waiting]
    for when, due, person, items in rows:
        moment = f"{when}\n{due.astimezone(person.zone):%Y-%m-%d %H:%M}\n{person.zone.key}"
        named = f"\n{printable(person.name)}\n{person.address}" if office.private else ""
        who = report.named(person.recipients) + named
        what = [_what(item, office) for item in items]
        why = [report.why(item) for item in items]
        told.add_row(*(Text(text, overflow="ellipsis") for text in (moment, who, "\n".join(what), "\n".join(why))))
    if rows:
        console.print(told)
    left_out = report.left_out(found.excluded)
    if left_out:
        out = Table("not told", "who", "why", box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
        for row in left_out:
            out.add_row(*map(Text, row))
        console.print(out)
    say(f"{counted(len(found.digests), 'digest')} due now, {len(found.waiting)} later")
    if ahead.next is not None:
        moment = ahead.next[0].astimezone(office.settings.zone).isoformat(timespec="minutes")
        say(f"the next run has something to do at {moment} ({ahead.next[1]})")


def _what(item: Item, office: Office) -> str:
    marks = [report.news(item)] if report.news(item) != "new" else []
    marks += ["urgent"] if item.urgent else []
    title = printable(report.title(item, office.private) or "(private)")
    return " ".join([f"{item.entry.id} v{item.version.number}", *(f"[{mark}]" for mark in marks), title])
