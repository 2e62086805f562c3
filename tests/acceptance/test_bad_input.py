"""Mistakes through the command line: a located line, the right exit code, the last good site as it was."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import NOW, REPOSITORY, PortalFolder

SECRET = base64.b64encode(bytes(range(40, 72))).decode()
NOTICE = "title: 通知\ndate: 2026-11-20"
CLIENT = "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@yunshan.example.com}]\n"


def build(
    folder: PortalFolder, *arguments: str, secret: str | None = SECRET, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run build.py as a person would."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PORTAL_SECRET", "CI"}}
    if secret is not None:
        environment["PORTAL_SECRET"] = secret
    command = [sys.executable, str(REPOSITORY / "build.py"), *arguments, "--root", str(folder.root)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def tree(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


@pytest.fixture
def built(portal_folder: PortalFolder) -> PortalFolder:
    """A portal with one notice and one client, built once."""
    portal_folder.notice("a", NOTICE)
    portal_folder.client("yunshan", CLIENT)
    done = build(portal_folder, "build", "--now", NOW)
    assert done.returncode == 0, done.stderr
    return portal_folder


def test_no_mistake_touches_the_last_good_site_or_shows_a_traceback(built: PortalFolder) -> None:
    """Notice, client, configuration, environment: each mistake gives its exit code and line, and site/ stays."""
    good = tree(built.root / "site")
    mkdocs = (built.root / "mkdocs.yml").read_text(encoding="utf-8")
    cases = [
        ("notices/2026/b.zh.md", "---\ntitle: [\n---\n", 1, "notices/2026/b.zh.md:3:"),
        (
            "notices/2026/b.zh.md",
            f"---\n{NOTICE}\nkind: fee-change\n---\n",
            1,
            "notices/2026/b.zh.md:4:1: error missing-required",
        ),
        ("clients/b.yml", "name: b\nemail: x\n", 1, "clients/b.yml:2:1: error unknown-key"),
        ("mkdocs.yml", mkdocs + "    pagesize: 3\n", 2, "mkdocs.yml:"),
        ("mkdocs.yml", "site_name: [", 2, "mkdocs.yml:"),
    ]
    for path, text, code, line in cases:
        before = (built.root / path).read_bytes() if (built.root / path).exists() else None
        built.write(path, text)
        done = build(built, "build", "--now", NOW)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), (path, done.stdout, done.stderr)
        assert line in done.stderr
        assert tree(built.root / "site") == good
        if before is None:
            (built.root / path).unlink()
        else:
            built.write(path, before)
    assert build(built, "build", "--now", NOW).returncode == 0


@pytest.mark.parametrize("secret", [None, "short", base64.b64encode(b"x" * 31).decode()])
def test_without_a_good_secret_nothing_private_is_built(built: PortalFolder, secret: str | None) -> None:
    """Exit code 2, one line with the name of the variable, and the site as it was."""
    good = tree(built.root / "site")
    done = build(built, "build", "--now", NOW, secret=secret)
    assert done.returncode == 2
    assert "PORTAL_SECRET" in done.stderr
    assert "Traceback" not in done.stderr
    assert tree(built.root / "site") == good


def test_check_lists_everything_as_json(built: PortalFolder) -> None:
    """The machine-readable list has the promised keys."""
    built.notice("b", f"{NOTICE}\ntitel: x")
    done = build(built, "check", "--now", NOW, "--format", "json")
    assert done.returncode == 1
    (problem,) = [p for p in json.loads(done.stdout) if p["severity"] == "error"]
    assert problem == {
        "file": "notices/2026/b.zh.md",
        "line": 4,
        "column": 1,
        "code": "unknown-key",
        "severity": "error",
        "message": "unknown key 'titel'",
        "hint": "did you mean 'title'?",
    }


def test_check_annotates_pull_requests_without_a_secret(built: PortalFolder) -> None:
    """A pull request gets no secret, and needs none to be checked."""
    built.notice("b", f"{NOTICE}\ntitel: x")
    done = build(built, "check", "--now", NOW, "--format", "github", secret=None)
    assert done.returncode == 1
    assert "::error file=notices/2026/b.zh.md,line=4,col=1,title=unknown-key::" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["build", "--now", "tomorrow"], "--now"),
        (["link", "nobody/x"], "no contact"),
        (["import", "/nonexistent-folder"], "does not exist"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_wrong_call_cannot_run(built: PortalFolder, arguments: list[str], says: str) -> None:
    """Exit code 2 and a line that says what was wrong with the call."""
    done = build(built, *arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert says in done.stderr
