"""`dkim`: the DNS records for the keys that sign messages; and the signer that `send` uses."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mailer.cli.office import FINE, say, say_json
from mailer.letters import dkim
from mailer.letters.dkim import Signer
from portal import config
from portal.config import Settings
from portal.errors import Location, PortalError


@click.command("dkim")
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The portal's folder.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
def dkim_(root: Path, form: str) -> int:
    """Print the DNS records for the keys in MAILER_DKIM_KEY. They hold the public halves only."""
    found = signer(config.load(root.resolve()))
    if found is None:
        raise PortalError(
            "mail.dkim says nothing, so messages are not signed",
            "write `dkim: {domain: example.com, rsa: s2026}` below mail in mkdocs.yml",
            Location(config.CONFIG_FILE),
        )
    if form == "json":
        say_json([{"name": name, "type": "TXT", "value": text} for name, text in found.records()])
    else:
        say("\n".join(f"{name}. IN TXT ( {text} )" for name, text in found.records()))
    return FINE


def signer(settings: Settings) -> Signer | None:
    """What signs messages; None where nothing is configured.

    Raises PortalError where only half of it is: mail that was meant to be signed must not leave without.
    """
    options, keys = settings.options.mail, os.environ.get("MAILER_DKIM_KEY", "").strip()
    if options.dkim is None and not keys:
        return None
    if options.dkim is None:
        raise PortalError(
            "there are keys to sign with, and mail.dkim does not say for which domain",
            "write `dkim: {domain: example.com, rsa: s2026}` below mail in mkdocs.yml, or unset MAILER_DKIM_KEY",
            Location(config.CONFIG_FILE),
        )
    if not keys:
        raise PortalError(
            "MAILER_DKIM_KEY is not set", "mail.dkim in mkdocs.yml has messages signed: name the files of the keys"
        )
    return dkim.signer(keys, options.dkim.domain, options.dkim.selectors, options.sender)
