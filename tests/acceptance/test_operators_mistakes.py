"""Mistakes of operators through the command line: in what MkDocs reads, in templates, in options."""

import subprocess
import sys

import pytest

from tests.acceptance.test_bad_input import CLIENT, NOTICE, build
from tests.conftest import NOW, REPOSITORY, PortalFolder


@pytest.fixture
def portal(portal_folder: PortalFolder) -> PortalFolder:
    """A portal with one notice that lacks something, and one client."""
    portal_folder.notice("a", NOTICE)
    portal_folder.notice("b", f"{NOTICE}\nkind: fee-change")
    portal_folder.client("yunshan", CLIENT)
    return portal_folder


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: material", "name: nosuch", "theme"),
        ("docs_dir: content", "docs_dir: nowhere", "docs_dir"),
        ("plugins:\n", "plugins:\n  - nosuch\n", "plugins"),
        ("plugins:\n", "nav: 5\nplugins:\n", "nav"),
        ("plugins:\n", "markdown_extensions: [nosuch.extension]\nplugins:\n", "markdown_extensions"),
        ("plugins:\n", "hooks: [nosuch.py]\nplugins:\n", "hooks"),
    ],
)
def test_what_stops_mkdocs_is_told_at_its_key_with_all_the_rest(
    portal: PortalFolder, old: str, new: str, says: str
) -> None:
    """The key's line in mkdocs.yml, a hint, and the mistakes in notices in the same pass."""
    text = (portal.root / "mkdocs.yml").read_text(encoding="utf-8").replace(old, new)
    portal.write("mkdocs.yml", text)
    line = next(number for number, said in enumerate(text.splitlines(), start=1) if said.startswith(f"{says}:"))
    for command in ("check", "build"):
        done = build(portal, command, "--now", NOW)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
        assert f"mkdocs.yml:{line}:1: error mkdocs: " in done.stderr
        assert "notices/2026/b.zh.md:4:1: error missing-required" in done.stderr


def test_a_page_that_mkdocs_cannot_read_is_told_with_all_the_rest(portal: PortalFolder) -> None:
    """The page's own line and code, and the mistakes in notices in the same pass."""
    portal.write("content/index.zh.md", "---\ntitle: a: b\n---\n# 公告\n")
    done = build(portal, "check", "--now", NOW)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "content/index.zh.md:2:9: error yaml-syntax: " in done.stderr
    assert "notices/2026/b.zh.md:4:1: error missing-required" in done.stderr


def test_a_broken_template_of_the_portal_is_told(portal: PortalFolder) -> None:
    """File, line and what is wrong, no traceback."""
    (portal.root / "notices/2026/b.zh.md").unlink()
    portal.write("site_templates/notice/article.html", "<p>\n{% if %}")
    done = build(portal, "build", "--now", NOW)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "site_templates/notice/article.html:2" in done.stderr


@pytest.mark.parametrize("now", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "2026-02-30", ""])
def test_a_clock_outside_of_our_time_cannot_run(portal: PortalFolder, now: str) -> None:
    """Near the ends of the calendar no zone can be reckoned with."""
    done = build(portal, "check", "--now", now)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "--now" in done.stderr


def test_a_portal_with_errors_mails_nothing(portal: PortalFolder) -> None:
    """Also where only a house rule is broken: a notice that may not be published may not be mailed."""
    command = [sys.executable, "-m", "mailer", "init", "--root", str(portal.root), "--now", NOW]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "notices/2026/b.zh.md:4:1: error missing-required" in done.stderr
