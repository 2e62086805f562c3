"""`headers`: what a host is to be told about the site."""

from __future__ import annotations

from pathlib import Path

import click

from portal import config, hosting
from portal.cli.console import FINE, root_option
from portal.hosting import Host


@click.command()
@click.argument("host", metavar="HOST", type=click.Choice([host.value for host in Host]))
@root_option
def headers(host: str, root: Path) -> int:
    """Print the configuration of a host: nginx, caddy, cloudflare or netlify."""
    settings = config.load(root.resolve())
    https = settings.site_url.startswith("https:")
    click.echo(hosting.configuration(Host(host), settings.base, https=https), nl=False)
    return FINE
