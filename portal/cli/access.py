"""`keys` and `link`: the secret, the codes that follow from it, and the way to a contact's private pages."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import click

from portal import (
    config,
    epochs,
    explain,
    qr,
    registry,
    sealing,
    signet,
)
from portal.addresses import MY
from portal.cli.console import FINE, private_text_may_show, root_option, say, show, show_private_option
from portal.cli.seal import secret_in_use
from portal.client import Recipient, Registry
from portal.config import Secret, Settings
from portal.errors import PortalError, Problem, printable

HIDDEN = "…"
"""What stands where a code would."""


@click.group()
def keys() -> None:
    """The master secret, and the codes that follow from it."""


@keys.command("new")
def keys_new() -> int:
    """Print a new master secret for PORTAL_SECRET. Keep it where a lost machine cannot take it along."""
    say(base64.b64encode(secrets.token_bytes(32)).decode("ascii"))
    return FINE


@keys.command("fingerprint")
@root_option
@click.option("--keep", is_flag=True, help="Write it into the registry: from then on no other secret is accepted.")
def keys_fingerprint(root: Path, keep: bool) -> int:
    """Print what tells this secret from another; it is not secret itself."""
    settings = config.load(root.resolve())
    if not keep:
        say(sealing.fingerprint(_required(settings)))
        return FINE
    secret = config.secret(os.environ)
    if secret is None:
        raise _missing()
    file = signet.keep(settings, sealing.fingerprint(secret))
    say(f"now commit {file}: builds and mails with another secret are refused from then on")
    return FINE


@keys.command("rotate")
@click.argument("who", metavar="[CLIENT[/CONTACT]]...", nargs=-1)
@root_option
@click.option("--all", "everybody", is_flag=True, help="Everybody in the registry.")
def keys_rotate(who: tuple[str, ...], root: Path, everybody: bool) -> int:
    """Replace the codes of contacts: from the next build on the old ones open nothing."""
    settings = config.load(root.resolve())
    recipients = chosen(settings, who, everybody)
    raised = epochs.rotate(settings.registry_dir, [recipient.key for recipient in recipients])
    for key, epoch in raised.items():
        say(f"{key}: a new code with the next build (epoch {epoch})")
    file = settings.shown(settings.registry_dir / epochs.EPOCHS_FILE)
    hand_out = f"build.py link {' '.join(who)}" if who else "build.py link --all"
    say(f"now commit {file}, and build: then the old links open nothing, and mail that waits with them is cancelled")
    say(f"hand out the new ones on a channel you trust: {hand_out}")
    say("what was opened or saved before stays with whoever has it; see docs/operators.md, A code in wrong hands")
    return FINE


@click.command()
@click.argument("who", metavar="[CLIENT[/CONTACT]]...", nargs=-1)
@root_option
@click.option("--all", "everybody", is_flag=True, help="Everybody in the registry who has access.")
@click.option("--csv", "table", is_flag=True, help="A table for a mail merge, with names and addresses.")
@click.option("--qr", "drawn", is_flag=True, help="Also draw each link as a QR code, for a phone to read.")
@show_private_option
def link(who: tuple[str, ...], root: Path, everybody: bool, table: bool, drawn: bool, show_private: bool) -> int:
    """Print the private link of contacts."""
    settings = config.load(root.resolve())
    secret = _required(settings)
    recipients = chosen(settings, who, everybody)
    known = epochs.read(settings.registry_dir)
    visible = private_text_may_show(show_private)
    today = dt.datetime.now(settings.zone).date()
    rows: list[tuple[Recipient, str]] = []
    for recipient in recipients:
        if not recipient.client.has_access(today):
            if everybody:
                continue
            click.echo(f"note: the access of {recipient.key} ended on {recipient.client.last_day_of_access}", err=True)
        code = sealing.code(secret, recipient.key, known.get(recipient.key, 1))
        rows.append((recipient, f"{settings.site_url}{MY}#{code if visible else HIDDEN}"))
    if table:
        click.echo(_table(settings, rows, visible), nl=False)
        return FINE
    for recipient, address in rows:
        say(address if len(rows) == 1 else f"{recipient.key} {address}")
        if drawn and visible:
            click.echo(qr.blocks(address))
    return FINE


def _required(settings: Settings) -> Secret:
    secret = secret_in_use(settings)
    if secret is None:
        raise _missing()
    return secret


def _missing() -> PortalError:
    return PortalError("PORTAL_SECRET is not set", "it is the secret that the site was built with")


def chosen(settings: Settings, who: Sequence[str], everybody: bool = False) -> list[Recipient]:
    """The contacts named, each once, in the order of the registry. Raises PortalError naming who is not there."""
    if everybody == bool(who):
        raise PortalError("whose?", "name CLIENT or CLIENT/CONTACT, or give --all")
    problems: list[Problem] = []
    known, _ = registry.read(settings, problems)
    recipients = list(known.recipients())
    for name in who:
        if not any(name in (r.key, r.client.id) for r in recipients):
            show(problems)
            raise _nobody(known, name)
    return [r for r in recipients if everybody or {r.key, r.client.id} & set(who)]


def _nobody(known: Registry, name: str) -> PortalError:
    if name in known.clients:
        return PortalError(f"the client {name} has no contact", "add one to its file in the registry")
    wanted = [r.key for r in known.recipients()] if "/" in name else list(known.clients)
    near = explain.nearest(name, wanted)
    kind = "contact" if "/" in name else "client"
    hint = f"did you mean {near}?" if near else "write it as client, or as client/contact"
    return PortalError(f"the registry has no {kind} {name}", hint)


def _table(settings: Settings, rows: Sequence[tuple[Recipient, str]], visible: bool) -> str:
    """Comma-separated values after RFC 4180, with a byte order mark: without it spreadsheets take UTF-8 for GBK."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("contact", "client name", "name", "email", "language", "link"))
    for recipient, address in rows:
        client, contact = recipient.client, recipient.contact
        named = (_said(client.name), _said(contact.name), contact.email) if visible else (HIDDEN, HIDDEN, HIDDEN)
        language = contact.language or client.language or settings.default_language
        writer.writerow(map(printable, (recipient.key, *named, language, address)))
    return "\ufeff" + out.getvalue()


def _said(name: str) -> str:
    """A name that a spreadsheet takes for a name: with these before it, it would be a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name
