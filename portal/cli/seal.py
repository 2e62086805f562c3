"""The master secret as commands get it: from the environment, and not another one than yesterday's unnoticed.

Without one the machine's own key locks what builds keep.
"""

from __future__ import annotations

import os
import secrets

import click

from portal import config, ownkey, sealing, signet
from portal.config import Secret, Settings


def secret_in_use(settings: Settings) -> Secret | None:
    """PORTAL_SECRET, or None where it is not set. Raises PortalError where it is malformed, or is not the one kept."""
    secret = config.secret(os.environ)
    if secret is not None:
        doubt = signet.verify(settings, sealing.fingerprint(secret))
        if doubt:
            click.echo(f"warning: {doubt}", err=True)
    return secret


def cache_key(secret: Secret | None) -> Secret | None:
    """What locks the cache; None where nothing can be kept."""
    if secret is not None:
        return secret
    file = ownkey.file(os.environ)
    return ownkey.find(file, secrets.token_bytes) if file else None
