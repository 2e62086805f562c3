"""The sample portal as a visitor meets it: built once, behind nginx with the headers that `build.py headers` prints."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from portal import sealing
from portal.config import Secret
from tests.commands import build
from tests.conftest import NOW, REPOSITORY, PortalFolder
from tests.hosts import nginx, serving

MOMENT = "2026-12-07T09:30:00+08:00"
"""The reader's clock, as the editorial one."""

PAGES = {
    "board": "",
    "notice": "notices/fees-2027/",
    "redline": "notices/fees-2027/changes/",
    "edition": "editions/2026-11/",
    "bank account": "notices/bank-account-2026/",
    "withdrawn version": "notices/fees-2027/v1/",
    "looking up": "lookup/",
    "subscribing": "subscribe/",
    "content": "genuine/",
}


@dataclass
class Sample:
    """The site's address, and what pages did there that were watched."""

    url: str
    folder: Path
    code: sealing.Code
    foreign: list[str] = field(default_factory=list)
    """Requests to anywhere else."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings in the console, refusals of the policy among them."""

    def watch(self, page: Page) -> Page:
        """Note what a page asks elsewhere, and what it complains of."""
        page.clock.set_fixed_time(MOMENT)
        page.on(
            "request", lambda r: None if r.url.startswith((self.url, "data:", "blob:")) else self.foreign.append(r.url)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        return page

    def pages(self, language: str) -> dict[str, str]:
        """Addresses by name, in a language; the search page where the portal has one."""
        prefix = "" if language == "zh" else f"{language}/"
        found = {name: prefix + path for name, path in PAGES.items()}
        if (self.folder / prefix / "search" / "index.html").is_file():
            found["search"] = f"{prefix}search/"
        return found


@contextmanager
def sample(folder: Path) -> Iterator[Sample]:
    """Build and serve the sample portal; its price notice once had one version less."""
    portal = PortalFolder(folder / "portal")
    portal.root.mkdir()
    for name in ("content", "notices", "clients"):
        shutil.copytree(REPOSITORY / name, portal.root / name)
    config = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    portal.write("mkdocs.yml", config.replace("site_templates/theme", str(REPOSITORY / "site_templates" / "theme")))
    present = {file: file.read_text(encoding="utf-8") for file in portal.root.glob("notices/*/fees-2027.*.md")}
    for file, text in present.items():
        earlier = re.sub(r"(?m)^revisions:\n(?:[ -].*\n)+|^revisions: .*\n|^translates: .*\n", "", text)
        file.write_text(earlier.replace("2027-02-01", "2027-01-01"), encoding="utf-8")
    portal.commit("first version", at="2026-11-09T10:00:00+08:00")
    for file, text in present.items():
        file.write_text(text, encoding="utf-8")
    portal.commit("second version", at="2026-11-25T10:00:00+08:00")
    out = folder / "site"
    done = build(portal, "build", "--now", NOW, "--out", str(out))
    assert done.returncode == 0, done.stderr
    snippet = folder / "duenotice.conf"
    snippet.write_text(build(portal, "headers", "nginx", secret=None).stdout, encoding="utf-8")
    code = sealing.code(Secret(bytes(range(40, 72))), "yunshan/lin", 1)
    with serving(nginx, folder, snippet, out) as port:
        yield Sample(f"http://127.0.0.1:{port}/", out, code)
