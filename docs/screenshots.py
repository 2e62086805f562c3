"""Takes the pictures in docs/images/ of the sample portal anew: .venv/bin/python -m docs.screenshots

The clock is fixed, so a picture changes only when what it shows does. It needs chromium and the development
requirements, and works in a folder of its own.
"""

from __future__ import annotations

import datetime as dt
import email
import functools
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from demo import BEGIN, ENVIRONMENT, NOW, ROOT

LIMIT = 200_000
"""Bytes that a picture may have: it is fetched with every page that shows it."""
READERS = {"zh": "yunshan/lin", "en": "haixi/moreau"}
"""Whose private pages and whose mail are shown, by language."""
HOMES = {"zh": "", "en": "en/"}


@dataclass(frozen=True)
class Shot:
    """A picture: where, how large in CSS pixels, how many dots to one of them, in which colours."""

    name: str
    path: str
    width: int
    height: int
    dots: float = 1
    colours: Literal["light", "dark"] = "light"
    document: str | None = None
    """HTML to show instead of a page of the site."""
    wait: str = "body"
    """What must be there before the picture is taken."""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""


def main() -> None:
    """Build the sample portal into a folder of its own, deliver its mails there, and take every picture."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**ENVIRONMENT, "MAILER_LEDGER_URL": f"sqlite:///{folder}/ledger.db"}
        said = functools.partial(_say, environment)
        said("build.py", "build", "--now", NOW, "--out", f"{folder}/site")
        said("-m", "mailer", "init", "--now", NOW, "--begin", BEGIN)
        said("-m", "mailer", "send", "--now", NOW, "--site", f"{folder}/site", "--catch", f"{folder}/outbox")
        digests = {language: _digest(folder / "outbox", reader) for language, reader in READERS.items()}
        links = {reader: said("build.py", "link", reader, "--show-private") for reader in READERS.values()}
        handler = functools.partial(_Quiet, directory=f"{folder}/site")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _take(f"http://127.0.0.1:{server.server_port}/", shots(links, digests))
        server.shutdown()


def _say(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().strip()


def shots(links: dict[str, str], digests: dict[str, str]) -> Iterator[Shot]:
    """Every picture: with the private links of READERS, and a digest as HTML for each language."""
    yield Shot("board-desktop-zh", "", 1280, 860)
    yield Shot("board-desktop-en", "en/", 1280, 860)
    yield Shot("board-dark-en", "en/", 1280, 860, colours="dark")
    for language, reader in READERS.items():
        home, code = HOMES[language], links[reader].partition("#")[2]
        yield Shot(f"board-phone-{language}", home, 390, 844, 1.5)
        yield Shot(f"notice-phone-{language}", f"{home}notices/maintenance-2026-12/", 390, 844, 1.5)
        yield Shot(f"my-phone-{language}", f"my/#{code}", 390, 844, 1.5, wait="#view li")
        yield Shot(f"mail-phone-{language}", "", 390, 844, 1.5, document=digests[language])


def _digest(outbox: Path, reader: str) -> str:
    """The HTML of the digest that tells a contact of most."""
    client, _, contact = reader.partition("/")
    files = (outbox / "new").iterdir()
    found = [email.message_from_bytes(file.read_bytes(), EmailMessage, policy=policy.default) for file in files]
    own = [m.get_body(("html",)) for m in found if f"{contact}@{client}." in m["To"]]
    return str(max((part.get_content() for part in own if part), key=len))


def _take(address: str, wanted: Iterator[Shot]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for shot in wanted:
            _take_one(browser, address, shot)
        browser.close()


def _take_one(browser: Browser, address: str, shot: Shot) -> None:
    page = browser.new_page(
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=shot.dots,
        color_scheme=shot.colours,
        timezone_id="Asia/Shanghai",
    )
    page.clock.set_fixed_time(dt.datetime.fromisoformat(NOW))
    if shot.document is None:
        page.goto(address + shot.path, wait_until="networkidle")
    else:
        page.set_content(shot.document)
    page.wait_for_selector(shot.wait)
    file = ROOT / "docs" / "images" / f"{shot.name}.png"
    page.screenshot(path=file)
    page.close()
    if file.stat().st_size > LIMIT:
        sys.exit(f"{file.name} has {file.stat().st_size} bytes; {LIMIT} are allowed")


if __name__ == "__main__":
    main()
