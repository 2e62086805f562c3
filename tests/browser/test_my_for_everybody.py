"""The private pages for every reader: screen reader, keyboard, small and dark screens, forced colours, paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site


def door(page: Page, site: Site) -> None:
    page.goto(f"{site.url}my/")
    expect(page.locator("#code")).to_be_visible()


def refused(page: Page, site: Site) -> None:
    page.goto(f"{site.url}my/#E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZF")
    expect(page.get_by_role("alert")).to_be_visible()


def listed(page: Page, site: Site) -> None:
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-list")).to_be_visible()


def several(page: Page, site: Site) -> None:
    listed(page, site)
    page.evaluate(f"location.hash = '{site.codes['lanpu/lin']}'")
    expect(page.locator(".my-clients button")).to_have_count(2)
    page.locator(".my-clients button").first.click()
    expect(page.locator(".my-row")).to_have_count(3)


def searched(page: Page, site: Site) -> None:
    listed(page, site)
    page.get_by_role("searchbox").fill("印鉴")
    expect(page.locator(".my-excerpt mark")).to_be_visible()


def notice(page: Page, site: Site) -> None:
    listed(page, site)
    page.get_by_role("button", name="资料交接安排").click()
    expect(page.locator("article h1")).to_be_visible()


def changes(page: Page, site: Site) -> None:
    notice(page, site)
    page.locator(".my-versions button").last.click()
    expect(page.locator(".dn-redline ins").first).to_be_visible()


VIEWS: list[Callable[[Page, Site], None]] = [door, refused, listed, several, searched, notice, changes]


@pytest.fixture(params=["light phone", "dark and narrow", "forced colours"])
def reader(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Page]:
    """A page as different readers see it."""
    context = browser.new_context(
        locale="zh-CN",
        viewport={"width": 320 if "narrow" in request.param else 390, "height": 700},
        color_scheme="dark" if "dark" in request.param else "light",
        forced_colors="active" if "forced" in request.param else "none",
    )
    context.set_default_timeout(10_000)
    yield site.watch(context.new_page())
    context.close()


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(reader: Page, site: Site) -> None:
    """Every view, by the rules of axe-core: names, roles, contrast, headings, landmarks; and no sideways scrolling."""
    for view in VIEWS:
        reader.goto("about:blank")
        view(reader, site)
        results = Axe().run(reader)
        found = [(v["id"], [n["html"] for n in v["nodes"]]) for v in results.response["violations"]]
        assert found == [], view.__name__
        assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth"), view.__name__


def test_every_view_begins_at_its_heading(page: Page, site: Site) -> None:
    """A screen reader starts to read there; there is one h1, and the page's language is the reader's."""
    for view in (listed, notice, changes):
        page.goto("about:blank")
        view(page, site)
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("h1")).to_be_focused()
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("article")).to_have_attribute("lang", "zh")


def test_what_happens_is_announced(page: Page, site: Site) -> None:
    """In a live region that was there before: mistakes at once, the rest politely."""
    door(page, site)
    expect(page.locator("#message")).to_have_attribute("aria-live", "polite")
    page.get_by_label("访问码", exact=True).fill("x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("访问码有误")
    expect(page.get_by_label("访问码", exact=True)).to_be_focused()


def test_everything_works_from_the_keyboard(page: Page, site: Site) -> None:
    """From the door to a notice, what it changed, and back, without a mouse."""

    def tab_to(name: str) -> None:
        focused = ""
        for _ in range(25):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.textContent || document.activeElement.id")
            if name in focused:
                return
        raise AssertionError(f"no way to {name}, last was {focused}")

    door(page, site)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(str(site.codes["yunshan/lin"]))
    tab_to("keep")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".my-list")).to_be_visible()
    expect(page.locator("#keep")).to_be_checked()
    tab_to("资料交接安排")
    page.keyboard.press("Enter")
    expect(page.locator("article h1")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="修改了什么")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("article h1")).to_have_text("修改了什么：第 1 版 → 第 2 版")
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="返回公告")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("article h1")).to_have_text("资料交接安排")
    tab_to("清单.csv")
    with page.expect_download():
        page.keyboard.press("Enter")


IDENTITY = ("云杉贸易有限公司 · 林岚", "试〔2026〕7号", "第 2 版", "2026年12月1日")


@pytest.mark.parametrize("view", [notice, changes])
def test_whose_page_and_which_stays_in_view(page: Page, site: Site, view: Callable[[Page, Site], None]) -> None:
    """Client, contact, number, version and date are on every screenshot, however far down."""
    view(page, site)
    for height in (0, 300, 100_000):
        page.evaluate(f"window.scrollTo(0, {height})")
        strip = page.locator(".my-private")
        expect(strip).to_be_in_viewport(ratio=1)
        for fact in IDENTITY:
            expect(strip).to_contain_text(fact)


@pytest.mark.parametrize("view", [notice, changes])
def test_on_paper_every_page_says_whose_it_is(page: Page, site: Site, view: Callable[[Page, Site], None]) -> None:
    """The line that a table's footer repeats on every sheet; buttons stay on the screen."""
    view(page, site)
    page.emulate_media(media="print")
    running = page.locator("article .dn-running")
    assert running.evaluate("(line) => getComputedStyle(line).display") == "table-footer-group"
    for fact in IDENTITY:
        expect(running).to_contain_text(fact)
    for hidden in (".my-bar", ".my-tools", ".my-versions"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator("article")).to_contain_text("第一行。")


def test_a_printed_list_says_whose_it_is(page: Page, site: Site) -> None:
    """With several clients open, only the one that is shown; without search and buttons."""
    several(page, site)
    page.emulate_media(media="print")
    expect(page.locator(".my-name:visible")).to_have_text("云杉贸易有限公司 · 林岚")
    for hidden in (".my-search", ".my-keep", ".my-clients", ".my-bar"):
        expect(page.locator(hidden)).to_be_hidden()


def test_the_pages_of_a_notice_are_printed_whole(page: Page, site: Site, tmp_path: Path) -> None:
    """Something comes out: a PDF of at least a page, with text in it."""
    notice(page, site)
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 1
