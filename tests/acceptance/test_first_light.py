"""The sample portal, from committed notices to public pages, sealed pages and digests in an inbox."""

from __future__ import annotations

import json
import mailbox
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import NOW, REPOSITORY

MADE = (".venv", "site", "outbox", "var", ".cache", ".site.*", ".*_cache", ".hypothesis", "__pycache__")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, history included, without anything that was made in it."""
    folder = tmp_path_factory.mktemp("checkout") / "duenotice"
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*MADE))
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in {"PORTAL_SECRET", "CI"} and not k.startswith("MAILER_")}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=clean | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def shown(checkout: Path) -> tuple[Path, str]:
    """The checkout after its demonstration, and what that said."""
    done = run(checkout, "demo.py")
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout, done.stdout


def test_the_demo_goes_the_whole_way(shown: tuple[Path, str]) -> None:
    """It ends with figures that are true, a private link, and the command that serves the site."""
    folder, said = shown
    figures = re.search(r"Done\. (\d+) pages and (\d+) sealed objects .*?, (\d+) messages", said)
    assert figures is not None, said
    pages, sealed, messages = map(int, figures.groups())
    assert pages == len(list((folder / "site").rglob("*.html"))) > 80
    assert sealed == len(list((folder / "site/my/s").iterdir())) > 10
    assert messages == len(mailbox.Maildir(folder / "outbox")) >= 4
    assert re.search(r"http://127\.0\.0\.1:\d+/my/#[0-9A-Z]{4}(-[0-9A-Z]{4}){6}\n", said)
    assert "http.server" in said


def test_a_second_demo_sends_nothing_again(shown: tuple[Path, str]) -> None:
    """The same site byte for byte, and the same messages in the outbox."""
    folder, _ = shown
    site, outbox = tree(folder / "site"), sorted(p.name for p in (folder / "outbox/new").iterdir())
    done = run(folder, "demo.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree(folder / "site") == site
    assert sorted(p.name for p in (folder / "outbox/new").iterdir()) == outbox


def test_the_sample_portal_has_no_mistakes(shown: tuple[Path, str]) -> None:
    """What a newcomer learns from passes its own check."""
    folder, _ = shown
    done = run(folder, "build.py", "check", "--now", NOW, "--format", "json")
    assert done.returncode == 0
    assert [p for p in json.loads(done.stdout) if p["severity"] == "error"] == []


def test_a_message_is_whole(shown: tuple[Path, str]) -> None:
    """Text and HTML, a subject in the reader's language, the headers that mail systems look for, a link that opens."""
    folder, _ = shown
    languages = set()
    for message in mailbox.Maildir(folder / "outbox"):
        parts = [part.get_content_type() for part in message.walk()]
        assert parts == ["multipart/alternative", "text/plain", "text/html"]
        for header in ("Message-ID", "Date", "Subject", "From", "To", "List-Id", "List-Unsubscribe", "Auto-Submitted"):
            assert message[header], header
        languages.add(message["Content-Language"])
        text = message.get_payload(0).get_payload(decode=True).decode("utf-8")  # type: ignore[union-attr]
        links = re.findall(r"https://notices\.chengyan\.example\.com/(\S*)", text)
        assert links
        for link in links:
            target = folder / "site" / link.partition("#")[0]
            assert target.is_file() or (target / "index.html").is_file(), link
    assert languages == {"zh", "en"}


def test_without_private_sources_every_public_byte_is_the_same(shown: tuple[Path, str], tmp_path: Path) -> None:
    """Clients and private notices deleted, the site built anew has the same bytes everywhere outside /my/s/."""
    folder = tmp_path / "public-only"
    shutil.copytree(shown[0], folder, ignore=shutil.ignore_patterns(*MADE))
    shutil.rmtree(folder / "clients")
    private = [
        f for f in (folder / "notices").rglob("*.md") if re.search(r"^audience: (?!public)", f.read_text("utf-8"), re.M)
    ]
    assert len(private) >= 4
    for original in private:
        for file in original.parent.glob(f"{original.name.split('.')[0]}.*"):
            file.unlink()
    done = run(folder, "build.py", "build", "--now", NOW)
    assert done.returncode == 0, done.stdout + done.stderr
    before = {path: data for path, data in tree(shown[0] / "site").items() if not path.startswith("my/s/")}
    assert tree(folder / "site") == before


def test_the_public_site_names_no_client(shown: tuple[Path, str]) -> None:
    """No client's name, no contact's name or address stands in any public file."""
    folder, _ = shown
    clients = " ".join(f.read_text("utf-8") for f in (folder / "clients").glob("*.yml"))
    secrets = re.findall(r"[\w.+-]+@[\w.-]+", clients) + re.findall(r"^name: (.+)$", clients, re.M)
    assert len(secrets) > 15
    for path, data in tree(folder / "site").items():
        for secret in secrets:
            assert secret.encode() not in data, path


def test_a_scheduled_notice_shows_in_no_file(shown: tuple[Path, str]) -> None:
    """The plan for 2027 appears on 14 December: before, neither its title nor its address is anywhere."""
    folder, _ = shown
    source = (folder / "notices/2026/plan-2027.zh.md").read_text("utf-8")
    assert "date: 2026-12-14" in source
    (number,) = re.findall(r"^number: (.+)$", source, re.M)
    for path, data in tree(folder / "site").items():
        assert "plan-2027" not in path
        for text in ("plan-2027", number):
            assert text.encode() not in data, path


def test_no_page_asks_anything_of_a_third_party(shown: tuple[Path, str]) -> None:
    """Every script, style, font and image comes from the site itself."""
    folder, _ = shown
    for file in (folder / "site").rglob("*.html"):
        page = file.read_text("utf-8")
        loads = re.findall(r'<(?:script|img|iframe|source|video|audio)\b[^>]*?\ssrc="([^"]*)"', page)
        loads += re.findall(r'<link\b[^>]*?rel="(?:stylesheet|icon|preconnect|preload)"[^>]*?href="([^"]*)"', page)
        assert [url for url in loads if re.match(r"(?:[a-z]+:)?//", url)] == [], file


def tree(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
