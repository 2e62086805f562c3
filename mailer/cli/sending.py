"""`send`: freezes what is due, and delivers it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mailer import compose, links, message
from mailer.bulletin import bulletin
from mailer.catcher import catching
from mailer.cli.office import (
    FINE,
    PROBLEMS,
    Office,
    clock,
    common_options,
    counted,
    open_ledger,
    read_office,
    say,
    say_json,
)
from mailer.digest import Digest, content_hash
from mailer.ledger import AlreadyDecided, Frozen, Ledger, Run
from mailer.letter import Letter
from mailer.outcome import Deferred, Failed, InDoubt, Outcome, Sent
from mailer.rounds import decisions
from mailer.sender import Sender
from mailer.snapshot import freeze
from mailer.transport import Outbox, Server, Smtp, Transport
from portal.errors import PortalError

OUTBOX = "outbox"

_TRIES = 3
"""How often to decide anew when another sender was quicker."""


@click.command()
@common_options
@click.option("--site", type=click.Path(path_type=Path, file_okay=False), help="The built site that messages link to.")
@click.option("--catch", type=click.Path(path_type=Path, file_okay=False), help="Deliver to this Maildir over SMTP.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Send at most N messages; the rest waits.")
def send(root: Path, now: str | None, form: str, site: Path | None, catch: Path | None, limit: int | None) -> int:
    """Freeze what is due, then deliver it. Whatever was sent before is not sent again."""
    office = read_office(root, now)
    outcomes, frozen, left, cancelled = asyncio.run(_send(office, site, catch, limit))
    counts = {kind: outcomes.get(kind, 0) for kind in (Sent, Deferred, Failed, InDoubt)}
    if form == "json":
        named = zip(("sent", "deferred", "failed", "in_doubt"), counts.values(), strict=True)
        say_json({"frozen": frozen, **dict(named), "cancelled": cancelled, "pending": left})
    elif not frozen and not outcomes and not left and not cancelled:
        say("nothing is due")
    else:
        said = f"{counted(frozen, 'new digest')}; {counts[Sent]} sent"
        for kind, name in ((Deferred, "deferred"), (Failed, "failed"), (InDoubt, "in doubt")):
            said += f", {counts[kind]} {name}" if counts[kind] else ""
        said += f"; {cancelled} cancelled" if cancelled else ""
        said += f"; {left} still pending" if left else ""
        say(said)
        if sum(counts.values()) > counts[Sent] or cancelled:
            say("see `mailer status`")
    return FINE if sum(counts.values()) == counts[Sent] else PROBLEMS


async def _send(
    office: Office, site: Path | None, catch: Path | None, limit: int | None
) -> tuple[dict[type[Outcome], int], int, int, int]:
    """What became of the messages; how many digests were frozen, messages are still to be sent, and were cancelled."""
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(open_ledger(office))
        server = None if catch else _smtp_server()
        await ledger.recover(clock())
        cancelled = await _cancel_outdated(office, ledger)
        frozen = await _freeze(office, ledger, site)
        if not await ledger.unsent(clock()):
            return {}, frozen, 0, cancelled
        if catch:
            server = await stack.enter_async_context(catching(catch))
        transport: Transport = Smtp(server) if server else Outbox(office.settings.root / OUTBOX, f"{OUTBOX}/")
        left = len(await ledger.unsent(clock()))
        with _watching(left if limit is None else min(limit, left)) as advance:
            sender = Sender(ledger, transport, office.codes, clock, limit=limit, watch=lambda _: advance())
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, sender.stop)
            await sender.run()
        return dict(sender.outcomes), frozen, len(await ledger.unsent(clock())), cancelled


async def _cancel_outdated(office: Office, ledger: Ledger) -> int:
    """Take out of the ledger's queue what was frozen for somebody whom the registry would not give it now; how many."""
    reasons = {letter.key: compose.outdated(letter, office.plan) for letter in await ledger.unsent(clock())}
    done = [await ledger.cancel(key, reason, clock()) for key, reason in reasons.items() if reason]
    return sum(done)


async def _freeze(office: Office, ledger: Ledger, site: Path | None) -> int:
    """Freeze what is due, once the pages are there; how many digests. Decides anew if another sender was quicker."""
    for _ in range(_TRIES):
        known = bulletin(office.plan, (await ledger.opening()).begin)
        found = [decision async for decision in decisions(ledger, known)]
        frozen = _composed(office, [digest for decision in found for digest in decision.digests])
        excluded = [excluded for decision in found for excluded in decision.excluded if excluded.receipts]
        letters = [one.letter for one in frozen] + await ledger.unsent(clock())
        if letters:
            await _check_links(office, letters, site)
        if not frozen and not excluded:
            return 0
        run = Run(office.plan.now, clock(), office.plan.commit, freeze(office.plan))
        try:
            await ledger.freeze(run, frozen, excluded)
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
    composer = compose.Composer(office.plan)
    frozen = []
    for digest in digests:
        letter, skeleton = composer.letter(digest), composer.skeleton(digest)
        data = message.build(letter, skeleton, office.codes(letter))
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
