"""A new portal stands on its own from its first minute."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal import config, sources, starting
from portal.errors import PortalError
from portal.states import State, state
from tests.conftest import NOW, REPOSITORY

TODAY = dt.date(2026, 12, 7)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"PORTAL_SECRET", "CI"}}
    program = [sys.executable, "build.py", *command]
    return subprocess.run(program, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


def test_a_new_portal_passes_its_check_and_builds(tmp_path: Path) -> None:
    """Made, checked without a warning and built without a secret, in both languages."""
    root = tmp_path / "new" / "portal"
    made = run("init", str(root), "--now", NOW)
    assert made.returncode == 0, made.stderr
    checked = run("check", "--root", str(root), "--now", NOW, "--format", "json")
    assert (checked.returncode, checked.stdout.strip()) == (0, "[]")
    built = run("build", "--root", str(root), "--now", NOW)
    assert built.returncode == 0, built.stderr
    for page in ("", "contact/", "genuine/", "privacy/", "notices/first-notice/"):
        for language in ("", "en/"):
            assert (root / "site" / language / page / "index.html").is_file()
    assert "客户公告栏启用" in (root / "site/index.html").read_text(encoding="utf-8")
    assert "Our notice board opens" in (root / "site/en/index.html").read_text(encoding="utf-8")
    assert "site/" in (root / ".gitignore").read_text(encoding="utf-8").split()


def test_the_first_notice_is_of_today_and_the_client_file_is_ready_to_copy(tmp_path: Path) -> None:
    """The notice is in force on its day; the sample becomes a client by a change of name."""
    starting.start(tmp_path, TODAY)
    settings = config.load(tmp_path)
    (tmp_path / "clients/example.yml.sample").rename(tmp_path / "clients/example.yml")
    found = sources.read(settings)
    assert found.problems == ()
    assert list(found.registry.clients) == ["example"]
    notice = found.notices["first-notice"].notice
    assert notice.date == TODAY
    assert state(notice, dt.datetime(2026, 12, 7, 12, tzinfo=settings.zone), settings.zone) is State.IN_FORCE


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Where one file of a portal is there already, none is written."""
    (tmp_path / "mkdocs.yml").write_text("site_name: mine\n", encoding="utf-8")
    with pytest.raises(PortalError, match="is there already"):
        starting.start(tmp_path, TODAY)
    assert [p.name for p in tmp_path.iterdir()] == ["mkdocs.yml"]
    failed = run("init", str(tmp_path))
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr


def test_a_place_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """A file in the way of the folder gives one line, no traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(PortalError, match="cannot be written"):
        starting.start(tmp_path / "file", TODAY)
