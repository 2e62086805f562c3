"""The smaller commands, as an operator runs them."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from portal import cli, config, sealing
from portal.cli import whole
from portal.errors import Refused
from tests.conftest import NOW, REPOSITORY, PortalFolder

CLIENT = "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@yunshan.example.com}]\n"
SECRET = base64.b64encode(bytes(range(40, 72))).decode()


def build(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in {"PORTAL_SECRET", "CI"}}
    command = [sys.executable, str(REPOSITORY / "build.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=clean | environment, check=False)


def test_a_new_secret_is_32_bytes_and_never_the_same() -> None:
    """What `keys new` prints is what PORTAL_SECRET takes."""
    first, second = (build("keys", "new").stdout.strip() for _ in range(2))
    assert first != second
    assert config.secret({"PORTAL_SECRET": first}) is not None
    assert len(base64.b64decode(first)) == 32


def test_a_link_opens_the_contacts_pages(portal_folder: PortalFolder) -> None:
    """The code in the link names the index that the build sealed for this contact."""
    portal_folder.client("yunshan", CLIENT)
    root = str(portal_folder.root)
    assert build("build", "--root", root, "--now", NOW, PORTAL_SECRET=SECRET).returncode == 0
    link = build("link", "yunshan/lin", "--root", root, PORTAL_SECRET=SECRET).stdout.strip()
    address, _, code = link.partition("#")
    assert address == "https://notices.example.com/my/"
    assert (portal_folder.root / "site/my/s" / sealing.Code.parse(code).index_name).is_file()


def test_ci_logs_show_no_code(portal_folder: PortalFolder) -> None:
    """With CI=true the code is left out, unless it is asked for."""
    portal_folder.client("yunshan", CLIENT)
    arguments = ("link", "yunshan/lin", "--root", str(portal_folder.root))
    assert build(*arguments, PORTAL_SECRET=SECRET, CI="true").stdout == "https://notices.example.com/my/#…\n"
    assert build(*arguments, "--show-private", PORTAL_SECRET=SECRET, CI="true").stdout.count("-") == 6


def test_a_clean_build_gives_the_same_bytes(portal_folder: PortalFolder) -> None:
    """What is remembered from earlier builds saves time and changes nothing."""
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("a", "title: 甲\ndate: 2026-11-01", "正文。\n")
    portal_folder.notice("b", "title: 乙\ndate: 2026-11-01\naudience: {clients: [yunshan]}", "只给一家。\n")
    root = portal_folder.root
    trees = []
    for out, more in (("one", ()), ("two", ()), ("three", ("--clean",))):
        arguments = ("build", "--root", str(root), "--out", str(root / out), "--now", NOW, *more)
        assert build(*arguments, PORTAL_SECRET=SECRET).returncode == 0
        files = sorted(p for p in (root / out).rglob("*") if p.is_file())
        trees.append({p.relative_to(root / out).as_posix(): p.read_bytes() for p in files})
    assert trees[0] == trees[1] == trees[2]


def test_serve_shows_a_saved_notice(portal_folder: PortalFolder) -> None:
    """A notice saved while serving is on the page soon after, and a broken one leaves the page as it was.

    What is not there is answered as a static host does, with a page that leads bent links on.
    """
    portal_folder.notice("a", "title: 第一稿\ndate: 2026-11-01")
    command = [sys.executable, str(REPOSITORY / "build.py"), "serve", "--root", str(portal_folder.root), "--port", "0"]
    server = subprocess.Popen([*command, "--now", NOW], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        address = next(line for line in server.stdout if "http://" in line).split()[1]
        portal_folder.notice("a", "title: 第二稿\ndate: 2026-11-01")
        wait_for(f"{address}notices/a/", "第二稿")
        assert next(
            line for line in server.stdout if "built: " in line
        )  # until then it may be shown ahead of its build
        portal_folder.notice("a", "title: [")
        assert next(line for line in server.stdout if "not built" in line)
        wait_for(f"{address}notices/a/", "第二稿")
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(f"{address}my/%23CODE", timeout=5)
        assert missing.value.code == 404
        assert 'data-door="/my/"' in missing.value.read().decode("utf-8")
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) == 0


def wait_for(address: str, text: str) -> None:
    """Read a page until it says `text`; 20 seconds at the most."""
    for _ in range(100):
        with urllib.request.urlopen(address, timeout=5) as answer:
            if text in answer.read().decode("utf-8"):
                return
        time.sleep(0.2)
    pytest.fail(f"{address} never said {text}")


@pytest.mark.parametrize(("changed", "code", "said"), [(True, 2, "files changed"), (False, 1, "private text")])
def test_a_refusal_while_files_change_says_so(
    portal_folder: PortalFolder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: bool,
    code: int,
    said: str,
) -> None:
    """Pages and gate may have read two sides of one change: nothing is published, and the next build will tell."""

    def refuse(*_: object) -> None:
        if changed:
            portal_folder.notice("b", "title: 乙\ndate: 2026-11-02")
        raise Refused([])

    portal_folder.notice("a", "title: 甲\ndate: 2026-11-01")
    monkeypatch.setattr(whole, "publish_prepared", refuse)
    assert cli.main(["build", "--root", str(portal_folder.root), "--now", NOW]) == code
    assert said in capsys.readouterr().err


def test_the_wheel_carries_the_templates(tmp_path: Path) -> None:
    """Whoever installs the package has the templates and words beside the code."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True, check=True
    ).stdout
    for name in (
        "portal/cli/__init__.py",
        "mailer/cli/__init__.py",
        "site_templates/words/zh.yml",
        "site_templates/my/my.js",
    ):
        assert name in names
