"""`keys` and `link`: the secret, and the way to one contact's private pages."""

from __future__ import annotations

import base64
import datetime as dt
import os
import secrets
from pathlib import Path

import click

from portal import (
    config,
    sealing,
    sources,
)
from portal.cli.console import FINE, private_text_may_show, root_option, say
from portal.errors import PortalError


@click.group()
def keys() -> None:
    """The master secret."""


@keys.command("new")
def keys_new() -> int:
    """Print a new master secret for PORTAL_SECRET. Keep it where a lost machine cannot take it along."""
    say(base64.b64encode(secrets.token_bytes(32)).decode("ascii"))
    return FINE


@click.command()
@click.argument("contact", metavar="CLIENT/CONTACT")
@root_option
@click.option("--show-private", is_flag=True, help="Show it also where CI=true.")
def link(contact: str, root: Path, show_private: bool) -> int:
    """Print the private link of one contact."""
    settings = config.load(root.resolve())
    secret = config.secret(os.environ)
    if secret is None:
        raise PortalError("PORTAL_SECRET is not set", "it is the secret that the site was built with")
    registry = sources.read(settings).registry
    recipient = registry.find(contact)
    if recipient is None:
        raise PortalError(f"the registry has no contact {contact}", "write it as client/contact")
    today = dt.datetime.now(settings.zone).date()
    if not recipient.client.has_access(today):
        click.echo(f"note: the access of this client ended on {recipient.client.last_day_of_access}", err=True)
    code = sealing.code(secret, recipient.key, registry.epoch(recipient))
    say(f"{settings.site_url}my/#{code if private_text_may_show(show_private) else '…'}")
    return FINE
