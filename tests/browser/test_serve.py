"""What an author sees in a browser while `serve` runs: what was saved, and what is wrong with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import NOW, REPOSITORY, PortalFolder, empty_portal

LONG = "\n\n".join(f"第 {number} 段，说明办理的先后。" for number in range(120))


@dataclass
class Desk:
    """An author's portal, served while it is written."""

    portal: PortalFolder
    address: str
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    """What pages said on the console."""

    def open(self, browser: Browser, path: str) -> Page:
        page = browser.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.goto(f"{self.address}{path}")
        return page


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A portal of two notices, and `serve` beside it."""
    portal = empty_portal(tmp_path_factory.mktemp("desk") / "portal")
    portal.notice("a", "title: 第一稿\ndate: 2026-11-01", LONG)
    portal.notice("b", "title: 另一则\ndate: 2026-11-02")
    command = [sys.executable, str(REPOSITORY / "build.py"), "serve", "--root", str(portal.root), "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "PORTAL_SECRET"}
    with subprocess.Popen(
        [*command, "--now", NOW], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            address = next(line for line in process.stdout if "http://" in line).split()[1]
            yield Desk(portal, address, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            assert process.returncode == 0


def test_what_is_saved_is_shown_in_every_browser_where_it_was_scrolled_to(desk: Desk, browser: Browser) -> None:
    """Two browsers look at a notice: both show it as saved, at the place they had been scrolled to."""
    first, second = desk.open(browser, "notices/a/"), desk.open(browser, "notices/a/")
    expect(first.get_by_role("heading", level=1)).to_contain_text("第一稿")
    first.evaluate("scrollTo({top: 1200, behavior: 'instant'})")
    desk.portal.notice("a", "title: 第二稿\ndate: 2026-11-01", LONG)
    for page in (first, second):
        expect(page.get_by_role("heading", level=1)).to_contain_text("第二稿", timeout=30_000)
    first.wait_for_function("scrollY === 1200")
    assert second.evaluate("scrollY") == 0
    assert not [line for line in desk.said if line.startswith("error")]
    first.close()
    second.close()


def test_a_page_that_did_not_change_is_not_loaded_again(desk: Desk, browser: Browser) -> None:
    """Somebody saves one notice; who reads another one is not disturbed."""
    other, own = desk.open(browser, "notices/b/"), desk.open(browser, "notices/a/")
    expect(other.get_by_role("heading", level=1)).to_contain_text("另一则")
    other.evaluate("window.still = true")
    desk.portal.notice("a", "title: 第三稿\ndate: 2026-11-01", "一句正文。\n")
    expect(own.get_by_role("heading", level=1)).to_contain_text("第三稿", timeout=30_000)
    desk.portal.notice("a", "title: 第三稿\ndate: 2026-11-01", "另一句正文。\n")
    expect(own.get_by_text("另一句正文。").first).to_be_visible(timeout=30_000)
    other.evaluate("window.still = true")
    desk.portal.notice("a", "title: 第三稿\ndate: 2026-11-01", "又一句正文。\n")
    expect(own.get_by_text("又一句正文。").first).to_be_visible(timeout=30_000)
    assert other.evaluate("window.still") is True
    other.close()
    own.close()


def test_an_error_is_told_in_the_page_and_gone_when_mended(desk: Desk, browser: Browser) -> None:
    """A notice that cannot be built leaves its page as it was, with what is wrong, where, and how to mend it."""
    desk.portal.notice("a", "title: 好的\ndate: 2026-11-01")
    page = desk.open(browser, "notices/a/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("好的", timeout=30_000)
    panel = page.get_by_role("complementary", name="Problems of the last build")
    desk.portal.notice("b", "title: 另一则\ndate: 2026-11-02\nkindd: general")
    expect(panel.get_by_role("status")).to_contain_text("Not built: 1 error", timeout=30_000)
    desk.portal.notice("a", "title: 坏的\ndate: 2026-11-41")
    first = panel.get_by_role("listitem").first
    expect(first).to_contain_text("notices/2026/a.zh.md:3", timeout=30_000)
    expect(first).to_contain_text("this notice, error:")
    expect(panel.get_by_role("listitem").nth(1)).to_contain_text("kindd")
    expect(page.get_by_role("heading", level=1)).to_contain_text("好的")
    page.reload()
    expect(first).to_contain_text("notices/2026/a.zh.md:3")
    desk.portal.notice("a", "title: 好的\ndate: 2026-11-01")
    desk.portal.notice("b", "title: 另一则\ndate: 2026-11-02")
    expect(panel).not_to_contain_text("Not built", timeout=30_000)
    expect(page.locator(".serve-error")).to_have_count(0)
    page.close()


def test_a_deleted_notice_is_gone_from_the_page_that_showed_it(desk: Desk, browser: Browser) -> None:
    """Whose file is deleted, his open page becomes the one for addresses that are not there; and comes back with it."""
    file = desk.portal.notice("c", "title: 暂时的\ndate: 2026-11-03")
    page = desk.open(browser, "notices/c/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("暂时的", timeout=30_000)
    file.unlink()
    expect(page.get_by_text("暂时的")).to_have_count(0, timeout=30_000)
    desk.portal.notice("c", "title: 暂时的\ndate: 2026-11-03")
    expect(page.get_by_role("heading", level=1)).to_contain_text("暂时的", timeout=30_000)
    page.close()


def test_the_site_on_the_disk_knows_nothing_of_it(desk: Desk) -> None:
    """The script is the server's: no published file names it, and nothing but its own files is below its address."""
    site = desk.portal.root / "site"
    pages = list(site.rglob("*.html"))
    assert pages
    assert not [page for page in pages if b"/-/serve/" in page.read_bytes()]
    with urllib.request.urlopen(desk.address, timeout=5) as answer:
        assert b'<script src="/-/serve/serve.js"' in answer.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{desk.address}-/serve/../../mkdocs.yml", timeout=5)
    assert refused.value.code == 404


def test_only_this_machine_is_served(desk: Desk) -> None:
    """The server listens on 127.0.0.1 and on no other address of the machine."""
    port = int(desk.address.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", port), timeout=5):
        pass


def test_a_later_build_trusts_what_serve_left(desk: Desk, tmp_path: Path) -> None:
    """The site that `serve` left by steps is byte for byte what a clean build makes."""
    site = desk.portal.root / "site"
    command = [sys.executable, str(REPOSITORY / "build.py"), "build", "--root", str(desk.portal.root), "--now", NOW]
    environment = {name: value for name, value in os.environ.items() if name != "PORTAL_SECRET"}
    out = tmp_path / "clean"
    subprocess.run([*command, "--clean", "--out", str(out)], check=True, capture_output=True, env=environment)
    assert _files(site) == _files(out)


def _files(site: Path) -> dict[str, bytes]:
    return {file.relative_to(site).as_posix(): file.read_bytes() for file in site.rglob("*") if file.is_file()}


def test_what_serve_found_out_is_kept_where_nobody_reads_what_it_says(tmp_path: Path) -> None:
    """A terminal that is closed ends it: the next build need not read everything all the same."""
    portal = empty_portal(tmp_path / "portal")
    portal.notice("a", "title: 第一稿\ndate: 2026-11-01", "一。\n")
    command = [sys.executable, str(REPOSITORY / "build.py"), "serve", "--root", str(portal.root), "--port", "0"]
    environment = {**os.environ, "PORTAL_SECRET": "c2VydmUsIGZvciB0ZXN0cyBvbmx5LCAzMiBieXRlcy4="}
    with subprocess.Popen(
        [*command, "--now", NOW], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            next(line for line in process.stdout if "http://" in line)
            process.stdout.close()
            portal.notice("a", "title: 第一稿\ndate: 2026-11-01", "二。\n")
            process.wait(timeout=60)
        finally:
            process.kill()
    assert (portal.settings().cache_dir / "memory").is_file()
