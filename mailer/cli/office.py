"""What the commands share: a portal that was read, the ledger that was opened, and how things are printed."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from mailer.agenda import forecast
from mailer.ledger import Doubts, Ledger, update
from mailer.ledger.opening import DEFAULT_URL
from mailer.letters import verp
from mailer.letters.letter import Letter
from mailer.people.cards import CardRegistry, Cards
from portal import config, days, history, plan, rules, sealing, signet, sources, states
from portal.config import Secret, Settings
from portal.errors import PortalError, Problem, errors_in, printable
from portal.plan import Plan

FINE, PROBLEMS, CANNOT_RUN = 0, 1, 2
"""Exit codes, everywhere."""

_WIDTH = 140
"""Columns of a table that no terminal shows."""

Command = TypeVar("Command", bound=Callable[..., Any])


class Unsound(PortalError):
    """The portal has errors, so nobody is told anything."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "the portal has errors, so nothing is mailed", "mend the lines above; `build.py check` says more"
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Office:
    """What every command works with."""

    settings: Settings
    plan: Plan
    secret: Secret | None
    private: bool
    """Whether private text may be shown."""
    publications: tuple[dt.datetime, ...] = ()
    """When notices, versions and withdrawals came out, or will."""

    def addressed(self, letter: Letter) -> Letter:
        """The letter with its own return path and way out. Raises PortalError where they need the secret."""
        return verp.addressed(letter, self.settings.options.mail, self.secret)

    def codes(self, letter: Letter) -> list[str]:
        """The private codes of a letter's readers. Raises PortalError without the secret."""
        if not letter.readers:
            return []
        if self.secret is None:
            raise PortalError("PORTAL_SECRET is not set", "the links to private pages need the secret of the site")
        return [str(sealing.code(self.secret, key, epoch)) for key, epoch in letter.readers]


def read_office(root: Path, now: str | None, show_private: bool = False) -> Office:
    settings = config.load(root.resolve())
    clients = Cards()
    found = sources.read(settings, clients=clients)
    found = found._replace(registry=CardRegistry(clients, found.registry.epochs))
    past = history.read(settings, found)
    at = moment(now, "--now", settings) if now else dt.datetime.now(settings.zone)
    ruled = [*rules.graded(settings, past.problems), *rules.check(settings, found, at)]
    errors = errors_in([*found.problems, *ruled])
    if errors:
        raise Unsound(errors)
    private = show_private or os.environ.get("CI") != "true"
    secret = config.secret(os.environ)
    if secret is not None:
        signet.verify(settings, sealing.fingerprint(secret))
    found = found._replace(clients={})  # where each client stands is asked no more, and takes room
    dated = tuple(forecast.publications(settings, past.dossiers.values()))
    return Office(settings, plan.make(settings, found, past, at), secret, private, dated)


def moment(text: str, option: str, settings: Settings) -> dt.datetime:
    try:
        return states.instant(days.moment(text), settings.zone)
    except ValueError:
        hint = "write it as 2026-12-07, or 2026-12-07T09:30+08:00"
        raise PortalError(f"{option} {text} is not a moment", hint) from None


def clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def ledger_url() -> str:
    return os.environ.get("MAILER_LEDGER_URL") or DEFAULT_URL


@asynccontextmanager
async def open_ledger(office: Office) -> AsyncIterator[Ledger]:
    async with ledger_of(office.settings) as ledger:
        yield ledger


@asynccontextmanager
async def ledger_of(settings: Settings) -> AsyncIterator[Ledger]:
    """The ledger, for commands that need no notices; one of an older program is brought up to date."""
    ledger, before = await update(ledger_url(), settings.root)
    if before is not None:
        click.echo(f"the ledger {ledger.name} was of format {before} and has been brought up to date", err=True)
    try:
        yield ledger
    finally:
        await ledger.close()


def doubts(settings: Settings) -> Doubts:
    """What becomes of messages in doubt, as configured."""
    chosen = settings.options.mail.in_doubt
    return Doubts(chosen.mandatory == "resend", chosen.voluntary == "resend")


def say(text: str) -> None:
    click.echo(printable(text, lines=True))


def say_json(data: Any) -> None:
    say(json.dumps(data, ensure_ascii=False, indent=2))


def place_options(command: Command) -> Command:
    """The options of commands that need no notices."""
    for option in (
        click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print."),
        click.option(
            "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The portal's folder."
        ),
    ):
        command = option(command)
    return command


def common_options(command: Command) -> Command:
    """The options of commands that read the portal."""
    now = click.option("--now", metavar="ISO", help="The editorial clock, for reproducible runs; default: now.")
    return place_options(now(command))


show_private_option = click.option("--show-private", is_flag=True, help="Show private text also where CI=true.")


def report_console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)
