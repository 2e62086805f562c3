"""Where a ledger is made, and what is said of it."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from mailer.cli import main
from mailer.ledger import Opening, create, shown
from portal.errors import PortalError
from tests.conftest import NOW, PortalFolder

BEGIN = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def test_init_says_where_the_ledger_is(
    portal_folder: PortalFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger in var/ of the portal gets its folder; the second `init` names the same file."""
    monkeypatch.delenv("MAILER_LEDGER_URL", raising=False)
    arguments = ["init", "--root", str(portal_folder.root), "--now", NOW]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "made a ledger that begins at 2026-12-07T09:30+08:00: var/ledger.db\n"
    assert (portal_folder.root / "var" / "ledger.db").is_file()
    assert main(arguments) == 0
    assert capsys.readouterr().out == "the ledger is there, and begins at 2026-12-07T09:30+08:00: var/ledger.db\n"


@pytest.mark.parametrize("path", ["{elsewhere}/mnt/ledger.db", "../elsewhere/mnt/ledger.db", "var/ledger.db"])
def test_a_missing_folder_outside_the_portal_is_not_made(tmp_path: Path, path: str) -> None:
    """A disk that is not mounted, or mistyped, is no place for an empty ledger; nor is what a link points at."""
    root, elsewhere = tmp_path / "portal", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "var").symlink_to(elsewhere / "mnt")
    url = f"sqlite:///{path.format(elsewhere=elsewhere)}"
    with pytest.raises(PortalError) as caught:
        asyncio.run(create(url, root, Opening(BEGIN, BEGIN)))
    assert str(caught.value).endswith(f"there is no folder {elsewhere}/mnt for the ledger")
    assert list(elsewhere.iterdir()) == []
    (elsewhere / "mnt").mkdir()
    assert asyncio.run(create(url, root, Opening(BEGIN, BEGIN)))[1]
    assert (elsewhere / "mnt" / "ledger.db").is_file()


def test_where_a_database_is_is_said_without_its_password(tmp_path: Path) -> None:
    """Neither user nor password is shown."""
    url = "postgresql://mailer:correct-horse@db.example.com:5433/duenotice?sslmode=require"
    assert shown(url, tmp_path) == "duenotice at db.example.com:5433"
