"""The author's minute at full size: from saving a notice to its page being served, and `check` once it knows all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench import board
from bench.board import NOW
from bench.figures import Figure
from bench.portals import SECRET
from bench.running import REPOSITORY, Failed, run

_COUNT = 10_000
_SAVES = 3
_PATIENCE = 60.0
"""Seconds until a page that does not come is given up."""
_PAUSE = 10.0
"""Seconds in which an author writes, and the build of what was saved before ends."""


def measure(folder: Path) -> Iterator[Figure]:
    portal = folder / "portal"
    board.portal(portal, _COUNT)
    command: list[str | Path] = [sys.executable, REPOSITORY / "build.py"]
    where: list[str | Path] = ["--root", portal, "--now", NOW]
    environment = {"PORTAL_SECRET": SECRET}
    seen = _served([str(word) for word in (*command, "serve", *where, "--port", "0")], portal, environment)
    yield Figure(f"from saving to the page, {_COUNT:,} notices", seen, "s", limit=1, note=f"the slowest of {_SAVES}")
    checked = run([*command, "check", *where], environment=environment)
    yield Figure(f"check of {_COUNT:,} notices, warm", checked.seconds, "s", limit=2)


def _served(command: list[str], portal: Path, environment: dict[str, str]) -> float:
    """The longest time, in seconds, that a saved sentence took to be in its page. Raises Failed."""
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **environment}
    ) as server:
        try:
            assert server.stdout is not None
            line = next((line for line in server.stdout if "http://" in line), "")
            if not line:
                raise Failed("serve ended before it served anything")
            address = line.split()[1]
            return max(_saved(portal, address, _COUNT // 2 + number) for number in range(_SAVES))
        finally:
            server.terminate()


def _saved(portal: Path, address: str, number: int) -> float:
    time.sleep(_PAUSE)
    page = f"{address}notices/n{number:05d}/"
    before = _text(page)
    board.touch(portal, number)
    begun = time.perf_counter()
    while _text(page) == before:
        if time.perf_counter() - begun > _PATIENCE:
            raise Failed(f"{page} did not change")
        time.sleep(0.02)
    return time.perf_counter() - begun


def _text(page: str) -> bytes:
    with urllib.request.urlopen(page, timeout=_PATIENCE) as answer:  # noqa: S310 - on this machine
        data: bytes = answer.read()
    return data
