"""The master secret as commands get it: from the environment, and not another one than yesterday's unnoticed."""

from __future__ import annotations

import os

import click

from portal import config, sealing, signet
from portal.config import Secret, Settings


def secret_in_use(settings: Settings) -> Secret | None:
    """PORTAL_SECRET, or None where it is not set. Raises PortalError where it is malformed, or is not the one kept."""
    secret = config.secret(os.environ)
    if secret is not None:
        doubt = signet.verify(settings, sealing.fingerprint(secret))
        if doubt:
            click.echo(f"warning: {doubt}", err=True)
    return secret
