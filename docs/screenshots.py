"""Takes the pictures in docs/images/ of the sample portal's board: .venv/bin/python -m docs.screenshots

The clock is fixed, so a picture changes only when the board does. It needs chromium and the development requirements.
"""

from __future__ import annotations

import datetime as dt
import functools
import http.server
import subprocess
import sys
import threading
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import sync_playwright

from demo import ENVIRONMENT, NOW, ROOT


@dataclass(frozen=True)
class Shot:
    """A picture: where, how large in CSS pixels, how many dots to one of them, in which colours."""

    name: str
    path: str
    width: int
    height: int
    dots: float
    colours: Literal["light", "dark"]


SHOTS = (
    Shot("board-desktop-zh", "", 1280, 860, 1, "light"),
    Shot("board-phone-zh", "", 390, 844, 1.5, "light"),
    Shot("board-dark-en", "en/", 1280, 860, 1, "dark"),
)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""


def main() -> None:
    """Build the sample portal into a folder of its own, serve it on loopback, and take every picture."""
    with TemporaryDirectory() as folder:
        build = [sys.executable, "build.py", "build", "--now", NOW, "--out", folder]
        subprocess.run(build, cwd=ROOT, env=ENVIRONMENT, check=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _take(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


def _take(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for shot in SHOTS:
            page = browser.new_page(
                viewport={"width": shot.width, "height": shot.height},
                device_scale_factor=shot.dots,
                color_scheme=shot.colours,
                timezone_id="Asia/Shanghai",
            )
            page.clock.set_fixed_time(dt.datetime.fromisoformat(NOW))
            page.goto(address + shot.path, wait_until="networkidle")
            page.screenshot(path=ROOT / "docs" / "images" / f"{shot.name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
