"""What commands say of how many is proper English."""

from __future__ import annotations

import pytest

from portal import cli
from portal.errors import counted
from tests.conftest import NOW, PortalFolder


def test_counts_agree_with_their_nouns() -> None:
    """One stands with the singular; none and several with the plural, also an irregular one."""
    assert [counted(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert [counted(number, "person", "people") for number in (1, 2)] == ["1 person", "2 people"]


def test_a_build_counts_in_proper_english(portal_folder: PortalFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """A build after which one file differs says "1 file written", not "1 files"."""
    portal_folder.notice("plan", "title: 安排\nkind: general\ndate: 2026-12-01\nowner: fees", "正文。")
    portal_folder.commit("First")
    arguments = ["build", "--root", str(portal_folder.root), "--now", NOW]
    cli.main(arguments)
    (portal_folder.root / "site" / "index.html").unlink()
    capsys.readouterr()
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert said.startswith("built: 1 public and 0 private notices, 0 sealed objects; 1 file written, ")
