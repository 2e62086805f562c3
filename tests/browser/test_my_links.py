"""Links to the private pages after real mail programs, chat apps and people have had them, in chromium."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from portal import pages, shells
from portal.article import Articles
from portal.prose import Prose
from portal.sealing import Code
from tests.browser.conftest import Site
from tests.browser.test_moment import engine
from tests.conftest import PortalFolder

CODE = "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZE"
"""That of yunshan/lin under the tests' secret."""

FRAGMENTS = [
    "#{code}",
    "#%23{code}",
    "#%2523{code}",
    "#{code}&appinstall=0",
    "#{code}?from=groupmessage",
    "#%23{code}%26a=1",
    "?from=singlemessage&isappinstalled=0#{code}",
    "?x=1%23{code}",
    "?from=timeline%2523{code}&appinstall=0",
    "#{code}#wechat_redirect",
    "#{bare}#wechat_redirect",
    "#wechat_redirect#{bare}",
    "#{bare}",
    "#{lower}",
    "#{wide}",
    "#{code}.",
    "#{code}。",
    "#{code}）请勿转发",
    "#{code})",
    "#{bare}%E3%80%82",
    "#{code}%3E",
    "#/{code}",
    "index.html#{code}",
]


class _Host(http.server.SimpleHTTPRequestHandler):
    """A static host: what is not there is answered with 404.html."""

    def send_error(self, code: int, *_: object) -> None:
        page = Path(self.directory, "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def whole(
    sealed: tuple[dict[str, bytes], dict[str, Code]], portal_folder: PortalFolder, tmp_path: Path
) -> Iterator[Site]:
    """The private pages with a public site around them, on a host that has a page for what is not there."""
    files, codes = sealed
    plan = portal_folder.plan()
    public = pages.files(plan, shells.fetch(plan.settings, engine), Articles(plan, Prose(plan.settings)))
    root = tmp_path / "whole"
    for path, data in [*public, *files.items()]:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(data))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Host, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}/", root, codes)
    server.shutdown()
    server.server_close()


def spelled(pattern: str) -> str:
    """A pattern of an address with the code in the ways that it is written."""
    bare = CODE.replace("-", "")
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in CODE)
    return pattern.format(code=CODE, bare=bare, lower=CODE.lower(), wide=wide)


def expect_nothing_left(page: Page, site: Site) -> None:
    """No code in the address bar, in the tab's history, in the title, or in what was asked of the host."""
    assert page.url == f"{site.url}my/"
    assert page.evaluate("JSON.stringify([history.state, document.title, document.referrer])").count("GBC9") == 0
    told = [url for url in site.requested if "#" not in url]
    assert not [url for url in told if "GBC9" in url.upper()]


def test_links_that_were_bent_on_the_way_open(page: Page, site: Site) -> None:
    """Encoded signs, tails that apps add before and after, the punctuation of the sentence, any case and width."""
    for pattern in FRAGMENTS:
        page.goto("about:blank")
        site.requested.clear()
        page.goto(f"{site.url}my/{spelled(pattern)}")
        expect(page.locator(".my-list"), pattern).to_be_visible()
        assert page.url == f"{site.url}my/", pattern
    assert site.complaints == []


def test_the_code_is_gone_before_anything_is_asked_for(page: Page, site: Site) -> None:
    """When the first sealed file is requested, the address bar and the history carry no code any more."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(page.url) if "/my/s/" in request.url else None)
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-list")).to_be_visible()
    assert seen == [f"{site.url}my/"]
    expect_nothing_left(page, site)


def test_the_code_goes_also_where_the_rest_does_not_come(page: Page, site: Site) -> None:
    """The script that takes it runs by itself: a broken connection leaves no code in the address bar."""
    for module in site.root.glob("my/my.*.js"):
        module.unlink()
    page.goto(site.link("yunshan/lin"))
    expect(page.locator("#unable p").first).to_be_visible()
    assert page.url == f"{site.url}my/"


def test_the_history_of_the_tab_carries_no_code(page: Page, site: Site) -> None:
    """Going back to the very first entry shows a bare address, and nothing is written into any state but numbers."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="资料交接安排").click()
    expect(page.locator("article h1")).to_have_text("资料交接安排")
    assert page.url == f"{site.url}my/"
    assert page.evaluate("history.state") == [0, 1, 2, "notice"]
    page.go_back()
    expect(page.locator(".my-list")).to_be_visible()
    page.go_back()
    assert page.url == f"{site.url}my/"
    assert "资料" not in page.title()
    expect_nothing_left(page, site)


def test_a_dropped_fragment_asks_for_the_code(page: Page, site: Site) -> None:
    """Link scanners and some apps cut it off: the page asks, and says nothing of a mistake."""
    page.goto(f"{site.url}my/?from=singlemessage")
    expect(page.get_by_label("访问码", exact=True)).to_be_focused()
    expect(page.locator("#message")).to_be_hidden()
    assert page.url == f"{site.url}my/"


def test_a_link_that_was_cut_short_is_said_to_be_mistyped(page: Page, site: Site) -> None:
    """A mail program that breaks lines leaves the first groups only."""
    page.goto(f"{site.url}my/#{CODE[:14]}")
    expect(page.get_by_role("alert")).to_contain_text("访问码有误")


PASTED = [
    f"https://notices.example.com/my/#{CODE}",
    f"https://notices.example.com/my/%23{CODE}&appinstall=0",
    f"请打开 https://notices.example.com/my/#{CODE} ，或输入访问码。",
    f"访问码：{CODE}（请勿转发）",
    f"<https://notices.example.com/my/#{CODE.lower()}>",
    f"https://notices.example.com/my/#{CODE[:20]}\n{CODE[20:]}",
    CODE.replace("-", " "),
    f"“{CODE.replace('-', '')}”",
]


def test_what_people_paste_opens(page: Page, site: Site) -> None:
    """The code, a whole link, or the sentence around it."""
    page.goto(f"{site.url}my/")
    for pasted in PASTED:
        page.get_by_label("访问码", exact=True).fill(pasted)
        page.get_by_role("button", name="打开").click()
        expect(page.locator(".my-list"), pasted).to_be_visible()
        page.get_by_role("button", name="退出").click()


PATHS = [
    f"my/%23{CODE}",
    f"my/%2523{CODE}",
    f"my/%252523{CODE}",
    f"my%23{CODE}",
    f"my/index.html%23{CODE}",
    f"my/%23{CODE}?from=singlemessage&appinstall=0",
    f"my/%23{CODE}&appinstall=0#wechat_redirect",
    f"my/%23{CODE}{quote('。')}",
]


def test_a_path_that_the_host_does_not_know_is_led_on(context: BrowserContext, whole: Site) -> None:
    """Where # became %23 the host is asked for a file: its page for what is not there leads on, and leaves no trace."""
    for path in PATHS:
        page = whole.watch(context.new_page())
        before = page.evaluate("history.length")
        page.goto(f"{whole.url}{path}")
        expect(page.locator(".my-list"), path).to_be_visible()
        assert page.url == f"{whole.url}my/", path
        assert page.evaluate("document.referrer") == "", path
        assert page.evaluate("history.length") == before + 2, path  # the door and the list; the bent address is none
        page.close()
    assert all(url.startswith(whole.url) for url in whole.requested)


def test_other_paths_stay_lost(context: BrowserContext, whole: Site) -> None:
    """The page for what is not there says so, and leads nowhere by itself."""
    page = context.new_page()
    for path in ("nowhere/", "notices/x/%23y", "my/nothing", "other/my/%23E2FW"):
        page.goto(f"{whole.url}{path}")
        expect(page.locator("h1")).to_be_visible()
        page.wait_for_timeout(100)
        assert page.url == f"{whole.url}{path}"


def test_a_copied_address_gives_nothing_away(page: Page, site: Site, serve: Callable[[Path], str]) -> None:
    """No share button, no link in a notice that names a heading, and no private word in address or title."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="资料交接安排").click()
    expect(page.locator("article h1")).to_have_text("资料交接安排")
    assert page.locator(".dn-share, .dn-copy, .dn-code, [data-dn-copy]").count() == 0
    assert page.locator("article a[href^='#']").evaluate_all("(links) => links.map((a) => a.getAttribute('href'))") == [
        "#n-2"
    ]
    assert page.title() == "我的公告 · 试用公告"
    page.locator("article a[href^='#']").click()
    assert page.url == f"{site.url}my/"
