"""The engine of the content pages, as commands run it."""

from __future__ import annotations

from pathlib import Path

from portal.config import Settings


def render(settings: Settings, out: Path) -> None:
    """Have MkDocs render the shells; imported here because most builds need no MkDocs at all."""
    from portal import mkdocs_plugin

    mkdocs_plugin.render(settings, out)
