"""`pause`, `resume`, `cancel`, `resolve`, `migrate`: what a person decides about messages, with name and reason."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import click

from mailer.cli.office import FINE, clock, ledger_of, place_options, say, say_json
from mailer.ledger import UNSENT, Decree, Ledger, State
from portal import config
from portal.errors import PortalError, counted

_SHORTEST = 6
"""Hexadecimal digits that name a digest, if no other begins with them."""


def _decision_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--why", default="", metavar="TEXT", help="The reason, for the record."),
        click.option("--by", metavar="NAME", help="Who decides; default: who is logged in."),
    ):
        command = option(command)
    return place_options(command)


@click.command()
@_decision_options
def pause(root: Path, form: str, why: str, by: str | None) -> int:
    """Let nothing leave any more, whichever sender runs, until `resume`."""

    async def work(ledger: Ledger) -> None:
        held = await ledger.pause(clock(), _who(by), why)
        _said(form, f"paused; {counted(held, 'message')} held until `mailer resume`", {"planned": held})

    return _with_ledger(root, work)


@click.command()
@_decision_options
def resume(root: Path, form: str, why: str, by: str | None) -> int:
    """Let go of everything that a pause, a pilot or a rehearsal held; the next `send` delivers it."""

    async def work(ledger: Ledger) -> None:
        released = await ledger.resume(clock(), _who(by), why)
        _said(form, f"{counted(released, 'message')} released; `mailer send` delivers", {"released": released})

    return _with_ledger(root, work)


@click.command()
@_decision_options
@click.argument("digests", nargs=-1, metavar="[DIGEST]...")
@click.option("--run", "number", type=click.IntRange(min=1), metavar="N", help="Everything of this run that is here.")
def cancel(root: Path, form: str, why: str, by: str | None, digests: tuple[str, ...], number: int | None) -> int:
    """Never send these messages, as far as they have not left."""
    if bool(digests) == (number is not None):
        raise click.UsageError("name digests, or a run with --run")
    if not why.strip():
        raise click.UsageError("say why, with --why: the record must answer for it")

    async def work(ledger: Ledger) -> None:
        keys = await _keys(ledger, digests, UNSENT, "has left, or has its end already") if digests else None
        decree = Decree(State.CANCELLED, why, _who(by), clock())
        gone = await ledger.decree(keys, number, UNSENT, decree)
        if number is not None and not gone and number not in {run.number for run in await ledger.runs()}:
            raise PortalError(f"there is no run {number}", "`mailer status` lists them")
        _said(form, f"{counted(gone, 'message')} cancelled", {"cancelled": gone})

    return _with_ledger(root, work)


@click.command()
@_decision_options
@click.argument("digests", nargs=-1, metavar="[DIGEST]...")
@click.option("--all", "every", is_flag=True, help="Every message in doubt.")
@click.option("--resend", is_flag=True, help="Send it again, under the same Message-ID.")
@click.option("--sent", is_flag=True, help="It arrived: the mail server's log says so.")
@click.option("--failed", is_flag=True, help="It did not arrive, and is not sent again.")
def resolve(
    root: Path,
    form: str,
    why: str,
    by: str | None,
    digests: tuple[str, ...],
    every: bool,
    resend: bool,
    sent: bool,
    failed: bool,
) -> int:
    """Decide about messages whose fate nobody here can know."""
    if bool(digests) == every:
        raise click.UsageError("name digests, or say --all")
    verdicts = ((resend, State.PENDING), (sent, State.SENT), (failed, State.FAILED))
    named = [state for said, state in verdicts if said]
    if len(named) != 1:
        raise click.UsageError("say what became of them: one of --resend, --sent and --failed")
    (state,) = named

    async def work(ledger: Ledger) -> None:
        among = (State.IN_DOUBT,)
        keys = await _keys(ledger, digests, among, "is not in doubt") if digests else None
        who = _who(by)
        note = why or f"resolved by {who}"
        done = await ledger.decree(keys, None, among, Decree(state, note, who, clock()))
        said = "to be sent again by the next `mailer send`" if state is State.PENDING else f"marked as {state}"
        _said(form, f"{counted(done, 'message')} {said}", {"resolved": done, "state": state.value})

    return _with_ledger(root, work)


@click.command()
@place_options
def migrate(root: Path, form: str) -> int:
    """Bring a ledger that an older program made up to date; every command does so by itself."""

    async def work(ledger: Ledger) -> None:
        _said(form, f"the ledger {ledger.name} is up to date", {"ledger": ledger.name})

    return _with_ledger(root, work)


def _with_ledger(root: Path, work: Callable[[Ledger], Awaitable[None]]) -> int:
    settings = config.load(root.resolve())

    async def open_and_work() -> None:
        async with ledger_of(settings) as ledger:
            await work(ledger)

    asyncio.run(open_and_work())
    return FINE


async def _keys(ledger: Ledger, named: Sequence[str], among: Sequence[State], otherwise: str) -> list[str]:
    """The digests that were named, in full or by a beginning that fits no other; each must be in one of the states."""
    for name in named:
        if len(name) < _SHORTEST:
            raise PortalError(f"'{name}' is too short for a digest", f"write at least {_SHORTEST} digits of it")
    found = await ledger.states(named)
    keys = []
    for name in named:
        fitting = [key for key in found if key.startswith(name.lower())]
        if len(fitting) != 1:
            raise PortalError(
                f"'{name}' names {'no digest' if not fitting else 'several digests'}", "`mailer status` lists them"
            )
        if found[fitting[0]] not in among:
            raise PortalError(f"digest {name} is {found[fitting[0]]}: it {otherwise}", "nothing was changed")
        keys += fitting
    return keys


def _who(by: str | None) -> str:
    try:
        return (by or getpass.getuser())[:120]
    except (KeyError, OSError):
        raise PortalError("nobody is logged in", "say who decides, with --by NAME") from None


def _said(form: str, text: str, data: dict[str, Any]) -> None:
    if form == "json":
        say_json(data)
    else:
        say(text)
