"""Lighthouse's four scores of the sample portal's pages, on an emulated phone with a slow network, behind gzip."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.hosting import served
from bench.portals import NOW
from bench.running import CACHE, REPOSITORY, Failed, run

LIGHTHOUSE = "12.8.2"
SHORT = 5
"""Points that a page may be short of 100, in each category."""
CONTACT = "yunshan/lin"
PAGES = {
    "the board": "",
    "a notice": "notices/fees-2027/",
    "a redline": "notices/fees-2027/changes/",
    "an edition": "editions/2026-11/",
    "/my/, closed": "my/",
    "/my/, opened": "my/#{code}",
}

_SECRET = "c2FtcGxlLXNlY3JldC1mb3ItdGhlLWRlbW8tb25seSE="  # noqa: S105 - everybody's, for the sample portal
_MEANT = "is-crawlable"
"""What Lighthouse holds against /my/ under SEO, and what is meant."""
_UNIT = "points short of 100"
_CHROMIUM = "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update"


def measure(folder: Path) -> Iterator[Figure]:
    """Points short of 100, for each page and category. Without npm or chromium there are none."""
    site = folder / "site"
    secret = {"PORTAL_SECRET": _SECRET}
    run([sys.executable, "build.py", "build", "--now", NOW, "--out", site], cwd=REPOSITORY, environment=secret)
    link = run(
        [sys.executable, "build.py", "link", CONTACT, "--show-private"], cwd=REPOSITORY, environment=secret
    ).out.strip()
    try:
        program, chromium = _program(), _chromium()
    except Failed as failure:
        yield Figure("Lighthouse", None, _UNIT, note=str(failure))
        return
    with served(site) as host:
        for name, path in PAGES.items():
            report = folder / "report.json"
            url = host.address + path.format(code=link.partition("#")[2])
            options = ["--quiet", "--output=json", f"--output-path={report}", f"--chrome-flags={_CHROMIUM}"]
            try:
                run([program, url, *options], environment={"CHROME_PATH": chromium})
            except Failed as failure:
                yield Figure(name, None, _UNIT, note=str(failure))
                continue
            yield from _scores(name, json.loads(report.read_text(encoding="utf-8")))


def _scores(name: str, report: dict[str, Any]) -> Iterator[Figure]:
    """The figures of one report, each with the audits that cost it most."""
    for category in report["categories"].values():
        counted = [report["audits"][ref["id"]] for ref in category["auditRefs"] if ref["weight"]]
        lost = [audit["id"] for audit in counted if audit["score"] is not None and audit["score"] < 0.9]
        meant = name.startswith("/my/") and lost == [_MEANT]
        note = "not to be found by search engines, on purpose" if meant else ", ".join(lost)
        short = 100 - round(category["score"] * 100)
        yield Figure(f"{name}: {category['title']}", short, _UNIT, limit=None if meant else SHORT, note=note)


def _program() -> Path:
    """Lighthouse, installed once into the cache. Raises Failed where npm cannot."""
    home = CACHE / f"lighthouse-{LIGHTHOUSE}"
    program = home / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        said = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]
        run([*said, "--prefix", home, f"lighthouse@{LIGHTHOUSE}"])
    return program


def _chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        raise Failed("chromium is not installed; run: apt-get install chromium")
    return found
