"""What a run does not use it does not import: most of them find that nothing changed, and are over in a second."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import commands
from tests.conftest import REPOSITORY, PortalFolder

NOW = "2026-12-07T09:30+08:00"
RARE = "babel icalendar jinja2 markdown mkdocs nh3 portal.redline pygments pymdownx rich segno sqlite3"
RARER = "importlib.metadata yaml"
"""What a build needs even less often than a check, which reads the configuration."""
TELLS = f"""
import sys
from portal.cli import main
code = main(sys.argv[1:])
rare = {{*"{RARE}".split(), *("{RARER}".split() if sys.argv[1] == "build" else ())}}
print("imported:", *(rare & sys.modules.keys()))
sys.exit(code)
"""


@pytest.mark.parametrize("secret", [commands.SECRET, None], ids=["secret", "none"])
def test_a_run_in_which_nothing_changed_imports_nothing_that_makes_anything(
    portal_folder: PortalFolder, secret: str | None
) -> None:
    """After a build, neither check nor build has a use for what writes dates, codes, templates, HTML or databases; a
    build has none for what reads YAML, either."""
    portal_folder.notice("fees", "title: 收费\ndate: 2026-12-01\n", "自 **一月** 起。\n")
    first = commands.build(portal_folder, "build", "--now", NOW, secret=secret)
    assert "1 public" in first.stdout, first.stderr
    said = {"check": "checked: ", "build": "0 files written"}
    environment = {
        "PATH": "/usr/bin:/bin",
        "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"],
        **({} if secret is None else {"PORTAL_SECRET": secret}),
    }
    for command, wanted in said.items():
        arguments = [command, "--root", str(portal_folder.root), "--now", NOW]
        done = subprocess.run(
            [sys.executable, "-c", TELLS, *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True
        )
        assert wanted in done.stdout, done.stderr
        assert done.stdout.splitlines()[-1] == "imported:", command
