"""Commands as a person would give them, run in this process: a new one for each costs a second or more."""

from __future__ import annotations

import base64
import io
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from mailer import cli as mailer_cli
from portal import cli
from tests.conftest import PortalFolder

SECRET = base64.b64encode(bytes(range(40, 72))).decode()


def build(
    folder: PortalFolder, *arguments: str, secret: str | None = SECRET, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run build.py; `more` is added to the environment."""
    return _run(cli.main, [*arguments, "--root", str(folder.root)], secret, more)


def mailer(
    folder: PortalFolder, *arguments: str, secret: str | None = SECRET, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the mailer, with a ledger in the portal."""
    ledger = {"MAILER_LEDGER_URL": f"sqlite:///{folder.root}/ledger.db"}
    return _run(mailer_cli.main, [*arguments, "--root", str(folder.root)], secret, ledger | more)


def _run(
    main: Callable[[Sequence[str]], int], arguments: list[str], secret: str | None, more: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith(("PORTAL_", "MAILER_"))}
    environment = kept | ({} if secret is None else {"PORTAL_SECRET": secret}) | more
    out, err = io.StringIO(), io.StringIO()
    with mock.patch.dict(os.environ, environment, clear=True), redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
