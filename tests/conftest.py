"""The real parts that tests talk to: portals in temporary folders, git, chromium, an HTTP server on loopback."""

from __future__ import annotations

import datetime as dt
import functools
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, sync_playwright

from portal import config, history, plan, sources
from portal.config import Secret, Settings
from portal.plan import Plan
from portal.sources import Sources

# Tests are not timed: a busy machine must not fail them.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

NOW = "2026-12-07T09:30+08:00"
"""The editorial clock of the sample portal."""

REPOSITORY = Path(__file__).resolve().parent.parent

MKDOCS = """\
site_name: 试用公告
site_url: https://notices.example.com/
docs_dir: content
theme:
  name: material
  custom_dir: {theme}
  language: zh
  font: false
plugins:
  - duenotice
extra:
  duenotice:
    languages: {{zh: 中文, en: English}}
    site_names: {{en: Trial notices}}
    timezone: Asia/Shanghai
    issuer: {{zh: 试用财税, en: Trial Accounting}}
    desks:
      fees: {{name: {{zh: 收费台, en: Fees desk}}, email: fees@example.com, phone: "021-5550 0100"}}
"""


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test makes, or trusts, the key of whoever runs it."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


def need(program: str, package: str) -> str:
    """The path of a system program; without it the test is skipped by name, and with CI=true it fails."""
    found = shutil.which(program) or shutil.which(
        program, path=":".join(["/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    )
    if found:
        return found
    reason = f"{program} is not installed; run: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass
class PortalFolder:
    """A portal in a temporary folder, written file by file."""

    root: Path
    _repository: bool = field(default=False)

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return file

    def notice(self, identity: str, front: str, body: str = "", lang: str = "zh", year: str = "2026") -> Path:
        return self.write(f"notices/{year}/{identity}.{lang}.md", f"---\n{front.strip()}\n---\n{body}")

    def client(self, identity: str, text: str) -> Path:
        return self.write(f"clients/{identity}.yml", text)

    def git(self, *arguments: str, at: str | None = None) -> str:
        """Run git in the portal; `at` is what its clock says."""
        command = ["git", "-C", str(self.root), "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments]
        clock = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}
        environment = {**os.environ, **clock}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    def commit(self, message: str, at: str | None = None) -> str:
        """Commit everything, making the repository on first use; the new commit's hash."""
        if not self._repository:
            self.git("init", "-q", "-b", "main")
            self._repository = True
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, at=at)
        return self.git("rev-parse", "HEAD").strip()

    def settings(self) -> Settings:
        return config.load(self.root)

    def sources(self) -> Sources:
        return sources.read(self.settings())

    def plan(self, now: str = NOW) -> Plan:
        settings = self.settings()
        found = sources.read(settings)
        return plan.make(settings, found, history.read(settings, found), dt.datetime.fromisoformat(now))


def empty_portal(root: Path) -> PortalFolder:
    """A portal with mkdocs.yml and two content pages, no notice and no client."""
    folder = PortalFolder(root)
    folder.write("mkdocs.yml", MKDOCS.format(theme=REPOSITORY / "site_templates" / "theme"))
    folder.write("content/index.zh.md", "---\ntitle: 公告\n---\n# 公告\n\n<!-- duenotice:board -->\n")
    folder.write("content/index.en.md", "---\ntitle: Notices\n---\n# Notices\n\n<!-- duenotice:board -->\n")
    return folder


@pytest.fixture
def portal_folder(tmp_path: Path) -> PortalFolder:
    """An empty portal."""
    return empty_portal(tmp_path / "portal")


@pytest.fixture
def secret() -> Secret:
    """A master secret for tests only."""
    return Secret(bytes(range(7, 39)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, headless and quiet; for a module, because while it runs no other event loop may."""
    executable = need("chromium", "chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=executable,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield started
        started.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves a folder over HTTP on loopback; gives the address, ending with a slash."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(folder: Path) -> str:
        handler = functools.partial(_Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
