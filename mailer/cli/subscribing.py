"""`subscribers`: who gets public notices without being a client, and to whom less is sent."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mailer.cli.office import FINE, PROBLEMS, clock, ledger_of, moment, place_options, say, say_json
from mailer.cli.progress import Watching
from mailer.ledger import Ledger
from mailer.people.roster import Reader
from mailer.people.subscription import Scope, Subscribers, Subscription
from portal import config, registry
from portal.client import Cadence
from portal.config import Settings
from portal.errors import Format, PortalError, counted, listing
from portal.kinds import Kind

T = TypeVar("T")

_source = click.option("--source", required=True, metavar="TEXT", help="Where it was said: a form, a letter, a call.")
_at = click.option("--at", metavar="ISO", help="When it was said; default: now.")


@click.group()
def subscribers() -> None:
    """Public notices for who is no client: consent, wishes, ways out; and addresses to which less is sent."""


@subscribers.command()
@place_options
@_source
@_at
@click.option("--text", default="", metavar="VERSION", help="Which version of the words was agreed to.")
@click.option("--name", default="", metavar="NAME", help="As mails address them.")
@click.option("--language", metavar="CODE", help="In which they read; default: the portal's first.")
@click.option("--timezone", metavar="ZONE", help="Where they are; default: the firm's zone.")
@click.option("--cadence", type=click.Choice([c.value for c in Cadence]), help="How often; default: the portal's.")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    type=click.Choice([k.value for k in Kind]),
    help="A kind of notices; default: all.",
)
@click.argument("address")
def add(root: Path, form: str, address: str, source: str, at: str | None, **wishes: Any) -> int:
    """Enter a subscription with its consent. For an address that has one only the wishes change."""
    settings = config.load(root.resolve())
    reader = _reader(settings, source, at, wishes.pop("text"))
    given = {name: value for name, value in {"address": address, **wishes}.items() if value}
    wanted, wrong = reader.one(given)
    if wanted is None:
        raise PortalError(f"this is no subscription: {wrong[0]}", "nothing was changed")

    async def work(ledger: Ledger) -> tuple[int, int]:
        known = await ledger.subscribers()
        suppression = known.suppression(wanted.key)
        if suppression is not None and suppression.scope is Scope.ALL:
            raise PortalError("nothing may be sent to this address", "`subscribers lift --all` if that is over")
        if suppression is not None:  # who asks again is heard again
            await ledger.lift(wanted.key, Scope.VOLUNTARY, source, clock())
        return await ledger.subscribe([wanted])

    new, _ = _with_ledger(settings, work)
    _said(form, "subscribed" if new else "wishes changed; the consent stays as it was", {"new": bool(new)})
    return FINE


@subscribers.command()
@place_options
@_source
@_at
@click.argument("address")
def remove(root: Path, form: str, address: str, source: str, at: str | None) -> int:
    """End a subscription; an import does not bring it back."""
    settings = config.load(root.resolve())
    key, when = address.casefold(), _moment(at, settings)

    async def work(ledger: Ledger) -> bool:
        ended = await ledger.unsubscribe(key, source, when)
        if ended:
            await ledger.suppress(key, Scope.VOLUNTARY, source, when)
        return ended

    if not _with_ledger(settings, work):
        raise PortalError("nobody is subscribed with this address", "`subscribers suppress` is for contacts of clients")
    _said(form, "removed; what concerns a client by its contract is still sent", {"removed": True})
    return FINE


@subscribers.command("import")
@place_options
@click.option("--source", metavar="TEXT", help="Where they agreed, for lines that do not say.")
@_at
@click.option("--text", default="", metavar="VERSION", help="Which version of the words, for lines that do not say.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def import_(root: Path, form: str, file: Path, source: str | None, at: str | None, text: str, dry_run: bool) -> int:
    """Take over a CSV table of subscribers, all of it or, where a line is wrong, nothing."""
    settings = config.load(root.resolve())
    wanted, problems = _reader(settings, source, at, text).table(file.read_bytes(), file.name)
    if problems:
        click.echo(listing(problems, Format.JSON if form == "json" else Format.TEXT), err=form != "json")
        return PROBLEMS

    async def work(ledger: Ledger) -> tuple[int, int, int]:
        known = await ledger.subscribers()
        here = {subscription.key for subscription in known.subscriptions}
        open_ = [one for one in wanted if known.suppression(one.key) is None]
        left = len(wanted) - len(open_)
        if dry_run:
            changed = sum(one.key in here for one in open_)
            return len(open_) - changed, changed, left
        with Watching("importing", len(open_)) as watching:
            return *await ledger.subscribe(open_, watching.advance), left

    new, changed, left = _with_ledger(settings, work)
    said = f"{'would be ' if dry_run else ''}{counted(new, 'subscription')} new, {changed} changed"
    _said(
        form,
        f"{said}, {left} left out because they left or are suppressed",
        {"new": new, "changed": changed, "left_out": left},
    )
    return FINE


@subscribers.command("list")
@place_options
def list_(root: Path, form: str) -> int:
    """Show every subscription; without addresses where CI=true."""
    settings = config.load(root.resolve())
    found: Subscribers = _with_ledger(settings, lambda ledger: ledger.subscribers())
    rows = [_row(one, found, settings) for one in found.subscriptions]
    if form == "json":
        say_json(rows)
    else:
        for row in rows:
            marks = [row["cadence"] or "", row["language"] or "", " ".join(row["topics"]) or "all"]
            suppressed = f" (suppressed: {row['suppressed']})" if row["suppressed"] else ""
            say(f"{row['address']} {' '.join(filter(None, marks))} since {row['consent'][:10]}{suppressed}")
        say(counted(len(rows), "subscription"))
    return FINE


@subscribers.command()
@place_options
@click.argument("address")
def export(root: Path, form: str, address: str) -> int:  # noqa: ARG001 - what is kept is JSON either way
    """Print everything that is kept about an address, as JSON."""
    settings = config.load(root.resolve())
    say_json(_with_ledger(settings, lambda ledger: ledger.everything_about(address.casefold())))
    return FINE


@subscribers.command()
@place_options
@_source
@click.argument("address")
def erase(root: Path, form: str, address: str, source: str) -> int:
    """Take an address out of everything, for good. A mark of it stays, so that nobody enters it again."""
    settings = config.load(root.resolve())
    key = address.casefold()
    known, _ = registry.read(settings, [])
    contact = next((r for r in known.recipients() if r.contact.email.casefold() == key), None)
    if contact is not None:
        raise PortalError(
            f"this is the address of {contact.key}, who must be told by contract",
            "take the contact out of the registry first; `subscribers remove` ends the subscription alone",
        )
    pseudonym = f"erased-{secrets.token_hex(8)}@erased.invalid"
    found = _with_ledger(settings, lambda ledger: ledger.erase(key, pseudonym, source, clock()))
    said = f"erased from {counted(found, 'place')}; receipts stand under {pseudonym}"
    _said(
        form, said if found else "nothing was kept of this address; it stays out", {"places": found, "now": pseudonym}
    )
    return FINE


@subscribers.command()
@place_options
@_source
@_at
@click.option("--all", "every", is_flag=True, help="Nothing at all, not even what a contract demands: mail comes back.")
@click.argument("address")
def suppress(root: Path, form: str, address: str, source: str, at: str | None, every: bool) -> int:
    """Send no voluntary notices to an address any more, or, with --all, nothing."""
    settings = config.load(root.resolve())
    scope = Scope.ALL if every else Scope.VOLUNTARY
    when = _moment(at, settings)
    _with_ledger(settings, lambda ledger: ledger.suppress(address, scope, source, when))
    said = "nothing is sent there any more" if every else "no voluntary notices are sent there any more"
    _said(form, said, {"scope": scope.value})
    return FINE


@subscribers.command()
@place_options
@_source
@_at
@click.option(
    "--all", "every", is_flag=True, help="Lift what stops everything, rather than what stops voluntary notices."
)
@click.argument("address")
def lift(root: Path, form: str, address: str, source: str, at: str | None, every: bool) -> int:
    """End a suppression."""
    settings = config.load(root.resolve())
    scope, when = Scope.ALL if every else Scope.VOLUNTARY, _moment(at, settings)
    if not _with_ledger(settings, lambda ledger: ledger.lift(address, scope, source, when)):
        raise PortalError("this address is not suppressed so", "`subscribers export` shows what is kept of it")
    _said(form, "lifted", {"scope": scope.value})
    return FINE


def _reader(settings: Settings, source: str | None, at: str | None, text: str) -> Reader:
    now = clock()
    consent = _moment(at, settings)
    defaults = {"consent": consent, "text": text, **({"source": source} if source else {})}
    return Reader(settings.languages, settings.zone, max(now, consent), lambda: secrets.token_hex(8), defaults)


def _moment(at: str | None, settings: Settings) -> dt.datetime:
    return moment(at, "--at", settings) if at else clock()


def _row(one: Subscription, known: Subscribers, settings: Settings) -> dict[str, Any]:
    suppression = known.suppression(one.key)
    return {
        "id": one.id,
        "address": "…" if os.environ.get("CI") == "true" else one.address,
        "language": one.language,
        "cadence": one.cadence,
        "timezone": one.timezone,
        "topics": list(one.topics),
        "consent": one.consent.at.astimezone(settings.zone).isoformat(),
        "source": one.consent.source,
        "text": one.consent.text,
        "suppressed": suppression.scope.value if suppression else None,
    }


def _said(form: str, text: str, data: dict[str, Any]) -> None:
    if form == "json":
        say_json(data)
    else:
        say(text)


def _with_ledger(settings: Settings, work: Callable[[Ledger], Awaitable[T]]) -> T:
    async def open_and_work() -> T:
        async with ledger_of(settings) as ledger:
            return await work(ledger)

    return asyncio.run(open_and_work())
