"""`python -m mailer`: arguments, exit codes, how things look; the only place where the rooms are wired together."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from mailer import compose, links, report
from mailer.catcher import catching
from mailer.compose import Letter
from mailer.digest import Agenda, Decided, Digest, Item, agenda, content_hash
from mailer.ledger import AlreadyDecided, Delivery, Frozen, Ledger, Opening, Run, State, create, find
from mailer.ledger.opening import DEFAULT_URL
from mailer.outcome import Deferred, Failed, InDoubt, Outcome, Sent
from mailer.sender import Sender
from mailer.snapshot import freeze
from mailer.transport import Outbox, Server, Smtp, Transport
from portal import config, days, history, plan, rules, sealing, sources, states
from portal.config import Misconfigured, Secret, Settings
from portal.errors import Format, PortalError, Problem, errors_in, listing, printable
from portal.plan import Plan

FINE, PROBLEMS, CANNOT_RUN = 0, 1, 2
"""Exit codes, everywhere."""

OUTBOX = "outbox"

_WIDTH = 140
"""Columns of a table that no terminal shows."""

_TRIES = 3
"""How often to decide anew when another sender was quicker."""

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

    def codes(self, letter: Letter) -> list[str]:
        """The private codes of a letter's readers. Raises PortalError without the secret."""
        if not letter.readers:
            return []
        if self.secret is None:
            raise PortalError("PORTAL_SECRET is not set", "the links to private pages need the secret of the site")
        return [str(sealing.code(self.secret, key, epoch)) for key, epoch in letter.readers]


def _office(root: Path, now: str | None, show_private: bool = False) -> Office:
    settings = config.load(root.resolve())
    found = sources.read(settings)
    past = history.read(settings, found)
    at = _moment(now, "--now", settings) if now else dt.datetime.now(settings.zone)
    ruled = [*rules.graded(settings, past.problems), *rules.check(settings, found, at)]
    errors = errors_in([*found.problems, *ruled])
    if errors:
        raise Unsound(errors)
    private = show_private or os.environ.get("CI") != "true"
    return Office(settings, plan.make(settings, found, past, at), config.secret(os.environ), private)


def _moment(text: str, option: str, settings: Settings) -> dt.datetime:
    try:
        return states.instant(days.moment(text), settings.zone)
    except ValueError:
        raise PortalError(f"{option} {text} is not a moment", "write it as 2026-12-07T09:30+08:00") from None


def _clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _ledger_url() -> str:
    return os.environ.get("MAILER_LEDGER_URL") or DEFAULT_URL


@asynccontextmanager
async def _open_ledger(office: Office) -> AsyncIterator[Ledger]:
    ledger = await find(_ledger_url(), office.settings.root)
    try:
        yield ledger
    finally:
        await ledger.close()


def _say(text: str) -> None:
    click.echo(printable(text, lines=True))


def _json(data: Any) -> None:
    _say(json.dumps(data, ensure_ascii=False, indent=2))


# --- the commands ----------------------------------------------------------------------------------------------


def _options(command: Command) -> Command:
    """The options that every command has."""
    for option in (
        click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print."),
        click.option("--now", metavar="ISO", help="The editorial clock, for reproducible runs; default: now."),
        click.option(
            "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The portal's folder."
        ),
    ):
        command = option(command)
    return command


show_private_option = click.option("--show-private", is_flag=True, help="Show private text also where CI=true.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Tell people of what is new, each in one digest, and keep account of every message."""


@commands.command()
@_options
@click.option("--begin", metavar="DATE", help="Tell what was published from this day or moment on; default: now.")
def init(root: Path, now: str | None, form: str, begin: str | None) -> int:
    """Make the ledger. What was published before it begins is never mailed."""
    office = _office(root, now)
    chosen = _moment(begin, "--begin", office.settings) if begin else office.plan.now
    opening, new = asyncio.run(create(_ledger_url(), office.settings.root, Opening(chosen, _clock())))
    if not new and begin and opening.begin != chosen:
        raise PortalError(
            f"there is a ledger already, and it begins at {opening.begin.astimezone(office.settings.zone).isoformat()}",
            "a ledger's beginning cannot be moved: somebody would be told twice, or never",
        )
    if form == "json":
        _json({"new": new, "begin": opening.begin.isoformat(), "created": opening.created.isoformat()})
    else:
        since = opening.begin.astimezone(office.settings.zone).isoformat(timespec="minutes")
        _say(f"made a ledger that begins at {since}" if new else f"the ledger is there, and begins at {since}")
    return FINE


@commands.command("plan")
@_options
@show_private_option
def plan_(root: Path, now: str | None, form: str, show_private: bool) -> int:
    """Show who gets what, when and why, and who does not and why."""
    office = _office(root, now, show_private)

    async def look() -> tuple[Decided, int]:
        async with _open_ledger(office) as ledger:
            return await ledger.decided(), len(await ledger.unsent(_clock()))

    decided, unsent = asyncio.run(look())
    found = agenda(office.plan, decided)
    if form == "json":
        _json(report.plan_as_json(found, decided.begin, office.plan.now, private=office.private))
    else:
        _show_agenda(found, office)
        if unsent:
            _say(f"{_count(unsent, 'message')} frozen before, not sent yet")
    return FINE


def _show_agenda(found: Agenda, office: Office) -> None:
    console = _console()
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
    _say(f"{_count(len(found.digests), 'digest')} due now, {len(found.waiting)} later")


def _what(item: Item, office: Office) -> str:
    marks = [report.news(item)] if report.news(item) != "new" else []
    marks += ["urgent"] if item.urgent else []
    title = printable(report.title(item, office.private) or "(private)")
    return " ".join([f"{item.entry.id} v{item.version.number}", *(f"[{mark}]" for mark in marks), title])


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


@commands.command()
@_options
@click.option("--site", type=click.Path(path_type=Path, file_okay=False), help="The built site that messages link to.")
@click.option("--catch", type=click.Path(path_type=Path, file_okay=False), help="Deliver to this Maildir over SMTP.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Send at most N messages; the rest waits.")
def send(root: Path, now: str | None, form: str, site: Path | None, catch: Path | None, limit: int | None) -> int:
    """Freeze what is due, then deliver it. Whatever was sent before is not sent again."""
    office = _office(root, now)
    outcomes, frozen, left, cancelled = asyncio.run(_send(office, site, catch, limit))
    counts = {kind: outcomes.get(kind, 0) for kind in (Sent, Deferred, Failed, InDoubt)}
    if form == "json":
        named = zip(("sent", "deferred", "failed", "in_doubt"), counts.values(), strict=True)
        _json({"frozen": frozen, **dict(named), "cancelled": cancelled, "pending": left})
    elif not frozen and not outcomes and not left and not cancelled:
        _say("nothing is due")
    else:
        said = f"{_count(frozen, 'new digest')}; {counts[Sent]} sent"
        for kind, name in ((Deferred, "deferred"), (Failed, "failed"), (InDoubt, "in doubt")):
            said += f", {counts[kind]} {name}" if counts[kind] else ""
        said += f"; {cancelled} cancelled" if cancelled else ""
        said += f"; {left} still pending" if left else ""
        _say(said)
        if sum(counts.values()) > counts[Sent] or cancelled:
            _say("see `mailer status`")
    return FINE if sum(counts.values()) == counts[Sent] else PROBLEMS


async def _send(
    office: Office, site: Path | None, catch: Path | None, limit: int | None
) -> tuple[dict[type[Outcome], int], int, int, int]:
    """What became of the messages; how many digests were frozen, messages are still to be sent, and were cancelled."""
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(_open_ledger(office))
        server = None if catch else _smtp_server()
        await ledger.recover(_clock())
        cancelled = await _cancel_outdated(office, ledger)
        frozen = await _freeze(office, ledger, site)
        if not await ledger.unsent(_clock()):
            return {}, frozen, 0, cancelled
        if catch:
            server = await stack.enter_async_context(catching(catch))
        transport: Transport = Smtp(server) if server else Outbox(office.settings.root / OUTBOX, f"{OUTBOX}/")
        left = len(await ledger.unsent(_clock()))
        with _watching(left if limit is None else min(limit, left)) as advance:
            sender = Sender(ledger, transport, office.codes, _clock, limit=limit, watch=lambda _: advance())
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, sender.stop)
            await sender.run()
        return dict(sender.outcomes), frozen, len(await ledger.unsent(_clock())), cancelled


async def _cancel_outdated(office: Office, ledger: Ledger) -> int:
    """Take out of the ledger's queue what was frozen for somebody whom the registry would not give it now; how many."""
    reasons = {letter.key: compose.outdated(letter, office.plan) for letter in await ledger.unsent(_clock())}
    done = [await ledger.cancel(key, reason, _clock()) for key, reason in reasons.items() if reason]
    return sum(done)


async def _freeze(office: Office, ledger: Ledger, site: Path | None) -> int:
    """Freeze what is due, once the pages are there; how many digests. Decides anew if another sender was quicker."""
    for _ in range(_TRIES):
        found = agenda(office.plan, await ledger.decided())
        frozen = _composed(office, found.digests)
        letters = [one.letter for one in frozen] + await ledger.unsent(_clock())
        if letters:
            await _check_links(office, letters, site)
        if not frozen and not any(excluded.receipts for excluded in found.excluded):
            return 0
        run = Run(office.plan.now, _clock(), office.plan.commit, freeze(office.plan))
        try:
            await ledger.freeze(run, frozen, found.excluded)
        except AlreadyDecided:
            continue
        return len(frozen)
    raise PortalError("other senders keep deciding the same", "wait for them to end, and send again")


async def _check_links(office: Office, letters: list[Letter], site: Path | None) -> None:
    for letter in letters:
        office.codes(letter)  # says now, rather than half way, that the secret is missing
    if site is not None:
        await asyncio.to_thread(links.check_folder, site, office.plan, letters, office.secret)
    else:
        await links.check_published(office.plan, letters)


def _composed(office: Office, digests: Sequence[Digest]) -> list[Frozen]:
    environment = compose.templates(office.settings.root)
    frozen = []
    for digest in digests:
        letter = compose.letter(office.plan, digest)
        skeleton = compose.skeleton(office.plan, digest, environment)
        data = compose.message(letter, skeleton, office.codes(letter))
        content = {}
        for item in digest.items:
            text = item.version.text(digest.person.language)
            assert text is not None, "only versions whose text is known are told"
            content[(item.entry.id, item.version.number)] = content_hash(text)
        frozen.append(Frozen(digest, letter, skeleton, hashlib.sha256(data).hexdigest(), len(data), content))
    return frozen


def _smtp_server() -> Server | None:
    url = os.environ.get("MAILER_SMTP_URL", "").strip()
    return Server.parse(url) if url else None


class _watching:
    """On a terminal, a bar that grows with every message."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("sending", total=total)

    def __enter__(self) -> Callable[[], None]:
        self._bar.start()
        return lambda: self._bar.advance(self._task)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


@commands.command()
@_options
@show_private_option
@click.argument("contact", metavar="CLIENT/CONTACT")
def preview(contact: str, root: Path, now: str | None, form: str, show_private: bool) -> int:
    """Print the text that one contact would be sent: now, or else with the next slot."""
    office = _office(root, now, show_private)
    recipient = office.plan.registry.find(contact)
    if recipient is None:
        raise PortalError(f"nobody is addressed as {contact}", "write client/contact, as in clients/")
    person = recipient.contact.email.casefold()
    found = agenda(office.plan, asyncio.run(_decided(office)))
    digests = [digest for digest in found.digests if digest.person.key == person]
    later = [Digest(w.person, "next", w.due, w.items) for w in found.waiting if w.person.key == person]
    environment = compose.templates(office.settings.root)
    shown = []
    for digest in digests or later:
        letter = compose.letter(office.plan, digest)
        skeleton = compose.skeleton(office.plan, digest, environment, hide_private=not office.private)
        if office.private:
            codes = office.codes(letter)
        else:
            clients = tuple(key.partition("/")[0] for key, _ in letter.readers)
            letter = letter.model_copy(update={"name": contact, "clients": clients})
            codes = ["…"] * len(letter.readers)
        text = compose.text_part(letter, skeleton, codes)
        due = digest.due.astimezone(digest.person.zone).isoformat()
        shown.append({"due": due, "subject": skeleton.subject, "text": text})
    if form == "json":
        _json(shown)
    elif not shown:
        _say(f"nothing is new for {contact}")
    else:
        _say("\n\n".join(f"Due: {one['due']}\nSubject: {one['subject']}\n\n{one['text']}" for one in shown))
    return FINE


async def _decided(office: Office) -> Decided:
    async with _open_ledger(office) as ledger:
        return await ledger.decided()


@commands.command()
@_options
@show_private_option
def status(root: Path, now: str | None, form: str, show_private: bool) -> int:
    """Account for everybody who was eligible; exit code 1 if somebody is missing."""
    office = _office(root, now, show_private)

    async def look() -> tuple[Opening, list[report.Account], list[Delivery]]:
        async with _open_ledger(office) as ledger:
            await ledger.recover(_clock())
            return await ledger.opening(), await report.accounts(ledger), await ledger.deliveries()

    opening, accounts, deliveries = asyncio.run(look())
    if form == "json":
        _json(report.status_as_json(accounts, deliveries, opening.begin, private=office.private))
    else:
        _show_status(accounts, deliveries, office)
    return FINE if all(account.holds for account in accounts) else PROBLEMS


def _show_status(accounts: list[report.Account], deliveries: list[Delivery], office: Office) -> None:
    for account in accounts:
        own = [delivery for delivery in deliveries if delivery.run == account.run.number]
        at = account.run.now.astimezone(office.settings.zone).isoformat(timespec="minutes")
        messages = ", ".join(f"{number} {state}" for state, number in report.by_state(own).items()) or "no messages"
        _say(f"run {account.run.number} for {at}: {messages}\n    {account}")
    if not accounts:
        _say("nothing was sent yet")
    for delivery in deliveries:
        if delivery.state is not State.SENT:
            again = f", again from {delivery.next_try.isoformat(timespec='minutes')}" if delivery.next_try else ""
            said = f": {report.reply(delivery, office.private)}" if delivery.reply else ""
            _say(f"{delivery.state} {delivery.key} to {', '.join(delivery.readers)}{again}{said}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# --- errors, in one place --------------------------------------------------------------------------------------


def _explain(error: PortalError) -> None:
    if isinstance(error, (Misconfigured, Unsound)):
        click.echo(listing(error.problems, Format.TEXT), err=True)
    click.echo(printable(str(error)), err=True)
    if error.hint:
        click.echo(f"    {printable(error.hint)}", err=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; gives the exit code. Whatever a person can cause is a line or two, never a traceback."""
    try:
        result = commands.main(args=arguments, prog_name="mailer", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return CANNOT_RUN
    except Unsound as error:
        _explain(error)
        return PROBLEMS
    except PortalError as error:
        _explain(error)
        return CANNOT_RUN
    except (click.Abort, KeyboardInterrupt):
        _explain(PortalError("stopped", "what has not left is still pending"))
        return CANNOT_RUN
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        _explain(PortalError(f"cannot read or write{place}: {error.strerror or error}"))
        return CANNOT_RUN
    return result if isinstance(result, int) else FINE
