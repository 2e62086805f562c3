"""`send`: freezes what is due, and delivers it."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from mailer.cli.office import (
    FINE,
    PROBLEMS,
    Office,
    clock,
    common_options,
    doubts,
    open_ledger,
    read_office,
    say,
    say_json,
)
from mailer.cli.progress import Watching
from mailer.cli.signing import signer
from mailer.ledger import LONGEST_LEASE, Ledger, State, TooMany
from mailer.letters.linting import Answers, Proofreader
from mailer.people.subscription import Subscribers
from mailer.runs.answers import Folder as AnsweringFolder
from mailer.runs.freezing import Extent, Freezer
from mailer.runs.links import Folder, Published
from mailer.sending.gate import Gate
from mailer.sending.sender import LEASE, Rules, Sender
from mailer.transport import Outbox, Server, Smtp, Transport
from mailer.transport.catcher import catching
from portal.errors import Location, PortalError, counted

OUTBOX = "outbox"

_SHOWN = (State.DEFERRED, State.FAILED, State.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class _Order:
    """What `send` was asked to do."""

    site: Path | None
    catch: Path | None
    limit: int | None
    only: tuple[str, ...]
    pilot: int | None
    yes: bool

    @property
    def scope(self) -> tuple[str, ...] | None:
        return tuple(sorted({address.casefold() for address in self.only})) or None


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of it."""

    frozen: int
    counts: Counter[State]
    left: int
    """Messages that could leave, and did not."""
    planned: int
    paused: dt.datetime | None
    stopped: bool
    """Whether somebody broke it off."""


@click.command()
@common_options
@click.option("--site", type=click.Path(path_type=Path, file_okay=False), help="The built site that messages link to.")
@click.option("--catch", type=click.Path(path_type=Path, file_okay=False), help="Deliver to this Maildir over SMTP.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Send at most N messages; the rest waits.")
@click.option("--only", multiple=True, metavar="ADDRESS", help="Only what is for this address; may be repeated.")
@click.option("--pilot", type=click.IntRange(min=0), metavar="N", help="N messages leave; the rest waits for `resume`.")
@click.option(
    "--yes", is_flag=True, help="Yes: needed for an unusually large run, or a ledger that this history does not know."
)
def send(
    root: Path,
    now: str | None,
    form: str,
    site: Path | None,
    catch: Path | None,
    limit: int | None,
    only: tuple[str, ...],
    pilot: int | None,
    yes: bool,
) -> int:
    """Freeze what is due, then deliver it. Whatever was sent before is not sent again."""
    office = read_office(root, now)
    done = asyncio.run(_send(office, _Order(site, catch, limit, only, pilot, yes)))
    if form == "json":
        say_json(
            {
                "frozen": done.frozen,
                "sent": done.counts[State.SENT],
                **{state.value.replace("-", "_"): done.counts[state] for state in _SHOWN},
                "cancelled": done.counts[State.CANCELLED],
                "planned": done.planned,
                "pending": done.left,
                "paused": done.paused.isoformat() if done.paused else None,
            }
        )
    else:
        _show(done, office)
    if done.stopped and done.left:
        raise PortalError("stopped", "what has not left is still pending")
    return PROBLEMS if done.counts[State.FAILED] or done.counts[State.IN_DOUBT] else FINE


def _show(done: _Done, office: Office) -> None:
    counts = done.counts
    if not (done.frozen or counts.total() or done.left or done.planned):
        say("nothing is due")
        return
    said = f"{counted(done.frozen, 'new digest')}; {counts[State.SENT]} sent"
    for state in _SHOWN:
        said += f", {counts[state]} {state.replace('-', ' ')}" if counts[state] else ""
    said += f"; {counts[State.CANCELLED]} cancelled" if counts[State.CANCELLED] else ""
    said += f"; {done.left} still pending" if done.left else ""
    said += f"; {done.planned} planned" if done.planned else ""
    say(said)
    if done.paused:
        since = done.paused.astimezone(office.settings.zone).isoformat(timespec="minutes")
        say(f"paused since {since}: nothing leaves until `mailer resume`")
    elif done.planned:
        say("what is planned waits for `mailer resume`")
    if any(counts[state] for state in (*_SHOWN, State.CANCELLED)):
        say("see `mailer status`")


async def _send(office: Office, order: _Order) -> _Done:
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(open_ledger(office))
        server = None if order.catch else _smtp_server()
        policy, lease = doubts(office.settings), _lease()
        subscribers = await ledger.subscribers()
        _check_addresses(office, subscribers, order)
        gate = Gate(office.plan, subscribers, _allowed(office))
        await ledger.recover(clock(), policy)
        frozen = await _freeze(office, ledger, order, gate)
        due = await ledger.due(clock(), order.scope)
        counts: Counter[State] = Counter()
        stopped = False
        paused = (await ledger.opening()).paused
        if due and not paused:
            if order.catch:
                server = await stack.enter_async_context(catching(order.catch))
            transport = _transport(office, server, signed=not order.catch)
            limit = order.limit if order.pilot is None else min(order.pilot, order.limit or order.pilot)
            rules = Rules(lease, limit, order.scope, policy)
            with Watching("sending", due if limit is None else min(limit, due)) as watching:
                sender = Sender(ledger, transport, office.codes, clock, rules, gate, watching.advance)
                loop = asyncio.get_running_loop()
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.add_signal_handler(number, sender.stop)
                await sender.run()
            counts, stopped = sender.counts, sender.stopped
        left = await ledger.due(clock(), order.scope)
        return _Done(frozen, counts, left, (await ledger.counts()).get(State.PLANNED, 0), paused, stopped)


def _check_addresses(office: Office, subscribers: Subscribers, order: _Order) -> None:
    """A mistyped `--only` would look as if nothing were due. Raises PortalError."""
    wanted = set(order.scope or ())
    if wanted:
        wanted -= {recipient.contact.email.casefold() for recipient in office.plan.registry.recipients()}
        wanted -= {subscription.key for subscription in subscribers.subscriptions}
    if wanted:
        raise PortalError("--only names an address that nobody has", "write it as in clients/, or as it was subscribed")


async def _freeze(office: Office, ledger: Ledger, order: _Order, gate: Gate) -> int:
    """Make sure of the pages that earlier messages link to, then freeze what is due; how many digests."""
    pages = Folder(order.site, office.plan, office.secret) if order.site else Published(office.plan)
    most = None if order.yes else office.settings.options.mail.large_run
    extent = Extent(order.scope, order.pilot, most, foreign=order.yes)
    with Watching("preparing", None) as watching:
        freezer = Freezer(
            ledger,
            office.plan,
            office.codes,
            office.addressed,
            pages,
            _proofreader(office, order),
            extent,
            watching.advance,
        )
        async for letters in ledger.letters(clock(), order.scope):
            await freezer.check([letter for letter in letters if gate(letter) is None])
        try:
            return await freezer.freeze(clock())
        except TooMany as error:
            before = f"the largest run before had {error.largest}" if error.largest else "this ledger had no run before"
            raise PortalError(
                f"{counted(error.digests, 'person', 'people')} would get mail now; {before}, so nothing was sent",
                "look at `mailer plan`; if it is right, `mailer send --yes`, perhaps with --pilot",
            ) from None


def _transport(office: Office, server: Server | None, *, signed: bool) -> Transport:
    """The way out. A catcher on this machine asks for no signature."""
    if server is None:
        return Outbox(office.settings.root / OUTBOX, f"{OUTBOX}/")
    found = signer(office.settings) if signed else None
    return Smtp(server, sign=found.sign if found else None)


def _proofreader(office: Office, order: _Order) -> Proofreader:
    """What reads the messages over; without the built site at hand their pages count as there, if the build does."""
    answers: Answers = AnsweringFolder(order.site, office.settings.site_url) if order.site else lambda _: ""
    dkim = office.settings.options.mail.dkim
    return Proofreader(answers, dkim.domain if dkim else None)


def _smtp_server() -> Server | None:
    url = os.environ.get("MAILER_SMTP_URL", "").strip()
    return Server.parse(url) if url else None


def _allowed(office: Office) -> tuple[str, ...]:
    """Addresses and domains that may get mail in a rehearsal, by the environment or else mkdocs.yml; empty: all."""
    named = os.environ.get("MAILER_ALLOW", "").replace(",", " ").split()
    return tuple(named) or office.settings.options.mail.rehearsal


def _lease() -> dt.timedelta:
    """How long another sender waits for this one once it is silent."""
    text = os.environ.get("MAILER_LEASE", "").strip()
    if not text:
        return LEASE
    longest = int(LONGEST_LEASE.total_seconds())
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= longest:
        raise PortalError("this is not a number of seconds", f"write 1 to {longest}, as 300", Location("MAILER_LEASE"))
    return dt.timedelta(seconds=int(text))
