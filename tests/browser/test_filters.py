"""The board in chromium: filters with and without scripts, the reader's clock, keyboard, small screens, paper, dark."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from portal import mkdocs_plugin, pages, shells
from portal.article import Articles
from portal.prose import Prose
from tests.conftest import PortalFolder, empty_portal

NOW = "2026-12-07T10:00+08:00"
GROUPS = """
    services: {payroll: {zh: 薪酬, en: Payroll}, bookkeeping: {zh: 代账, en: Bookkeeping}}
    regions: {shanghai: {zh: 上海, en: Shanghai}, suzhou: {zh: 苏州, en: Suzhou}}
    page_size: 5
"""
PALETTE = """\
  palette:
    - media: "(prefers-color-scheme: light)"
      scheme: default
      primary: teal
      toggle: {icon: material/weather-night, name: 深色}
    - media: "(prefers-color-scheme: dark)"
      scheme: slate
      primary: teal
      toggle: {icon: material/weather-sunny, name: 浅色}
"""


@dataclass
class Board:
    """A built board on a loopback host, and how to look at it."""

    url: str
    folder: Path
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "", now: str = NOW, **options: Any) -> Page:
        """A page at a moment of the reader's; by default on a phone in Shanghai."""
        settings = {"viewport": {"width": 390, "height": 844}, "timezone_id": "Asia/Shanghai", "locale": "zh-CN"}
        context = self.browser.new_context(**{**settings, **options})
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if options.get("java_script_enabled", True):
            page.clock.set_fixed_time(dt.datetime.fromisoformat(now))
        page.goto(self.url + path)
        return page


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty-six notices, two to a page of eight pieces of what a board has to show."""
    folder = empty_portal(tmp_path_factory.mktemp("board") / "portal")
    config = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", config.replace("  font: false\n", f"  font: false\n{PALETTE}") + GROUPS.lstrip("\n"))
    _notices(folder)
    plan = folder.plan()
    site = tmp_path_factory.mktemp("site")
    engine = shells.fetch(plan.settings, mkdocs_plugin.render)
    for path, data in pages.files(plan, engine, Articles(plan, Prose(plan.settings))):
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(data))
    return site


def _notices(folder: PortalFolder) -> None:
    for number in range(1, 31):
        folder.notice(
            f"old{number:02}", f"title: 旧事{number:02}\ndate: 2025-03-{number:02}\nkind: policy\nsummary: 一句话。"
        )
    for number in range(1, 11):
        about = "about: {services: payroll, regions: shanghai}" if number % 2 else "about: {services: bookkeeping}"
        folder.notice(f"new{number:02}", f"title: 新政{number:02}\ndate: 2026-03-{number:02}\nkind: policy\n{about}")
    folder.notice(
        "fees",
        "title: 收费调整\ndate: 2026-12-05\nkind: fee-change\nsummary: 每月上调。\neffective: 2027-02-01\n"
        "about: {services: [payroll, bookkeeping]}\naction: {needed: true, what: 签回。, by: 2026-12-15}",
    )
    folder.notice("fees", "translates: 1\ntitle: New fees\nsummary: More each month.", lang="en")
    folder.notice("outage", "title: 停机\ndate: 2026-11-20\nkind: maintenance\neffective: {from: 2026-12-19}")


@pytest.fixture
def board(built: Path, browser: Browser, serve: Callable[[Path], str]) -> Iterator[Board]:
    made = Board(serve(built), built, browser)
    yield made
    for context in made.contexts:
        context.close()
    assert made.complaints == []


def titles(page: Page) -> list[str]:
    return page.locator(".dn-item h3").all_inner_texts()


def choose(page: Page, name: str) -> None:
    page.locator(".dn-filter a", has_text=re.compile(rf"^{name}( \d+)?$")).click()


def test_filters_combine_without_a_page_load(board: Board) -> None:
    """Choices of different ways narrow, of one way widen; the total, the address and the other counts follow."""
    page = board.open()
    page.evaluate("window.still = true")
    page.locator(".dn-filter summary").click()
    choose(page, "政策通知")
    expect(page.locator(".dn-total")).to_have_text("40 份")
    choose(page, "薪酬")
    expect(page.locator(".dn-total")).to_have_text("5 份")
    assert titles(page) == ["新政09", "新政07", "新政05", "新政03", "新政01"]
    assert page.url == f"{board.url}?kind=policy&service=payroll"
    choose(page, "收费调整")
    expect(page.locator(".dn-total")).to_have_text("6 份")
    assert titles(page)[0] == "收费调整"
    assert page.url == f"{board.url}?kind=policy,fee-change&service=payroll"
    expect(page.locator(".dn-total")).to_have_role("status")
    beside = {
        link.inner_text().split()[0]: link.inner_text().split()[-1] for link in page.locator(".dn-filter a").all()
    }
    assert (beside["上海"], beside["2025"], beside["2026"], beside["代账"]) == ("5", "0", "6", "6")
    assert [link.inner_text().split() for link in page.locator(".dn-filter a[aria-current]").all()] == [
        ["收费调整", "1"],
        ["政策通知", "5"],
        ["薪酬", "6"],
    ]
    assert page.locator(".dn-ahead").is_hidden()
    assert page.evaluate("window.still") is True


def test_back_and_forward_and_clear(board: Board) -> None:
    """Each choice is a step of the browser's history; the first page comes back as it was."""
    page = board.open()
    first = titles(page)
    page.locator(".dn-filter summary").click()
    choose(page, "政策通知")
    expect(page.locator(".dn-total")).to_have_text("40 份")
    choose(page, "2025 年")
    expect(page.locator(".dn-total")).to_have_text("30 份")
    page.go_back()
    expect(page.locator(".dn-total")).to_have_text("40 份")
    page.go_back()
    expect(page.locator(".dn-total")).to_have_text("42 份")
    assert titles(page) == first
    expect(page.locator(".dn-ahead")).to_be_visible()
    expect(page.locator("#dn-list")).to_have_text("全部公告")
    page.go_forward()
    expect(page.locator("#dn-list")).to_have_text("政策通知")
    page.get_by_role("link", name="清除筛选").click()
    expect(page.locator(".dn-total")).to_have_text("42 份")
    assert page.url == board.url
    assert page.locator(".dn-filter a[aria-current]").count() == 0


def test_a_shared_address_shows_what_was_shared(board: Board) -> None:
    """Somebody else sees the same; one filter is taken away again by its own name; values nobody knows are left out."""
    page = board.open("?kind=policy,nonsense&region=shanghai&year=1999")
    expect(page.locator(".dn-total")).to_have_text("5 份")
    assert page.title() == "政策通知 · 上海 - 试用公告"
    page.get_by_role("link", name="取消筛选：政策通知").click()
    expect(page.locator("#dn-list")).to_have_text("上海")
    assert page.url == f"{board.url}?region=shanghai"


def test_more_results_come_when_asked_for(board: Board) -> None:
    """A page of results at a time, from pieces; the focus goes to the first of the new ones."""
    page = board.open("?kind=policy")
    expect(page.locator(".dn-item")).to_have_count(5)
    page.get_by_role("button", name="再显示 5 份").click()
    expect(page.locator(".dn-item")).to_have_count(10)
    expect(page.get_by_role("link", name="新政05")).to_be_focused()
    for _ in range(6):
        page.get_by_role("button", name="再显示 5 份").click()
    expect(page.locator(".dn-item")).to_have_count(40)
    assert page.locator(".dn-more").count() == 0
    assert titles(page)[9:12] == ["新政01", "旧事30", "旧事29"]


def test_no_result_says_so(board: Board) -> None:
    """A sentence, and the way out."""
    page = board.open("?kind=maintenance&region=suzhou,shanghai")
    expect(page.locator(".dn-results .dn-empty")).to_have_text("没有符合这些条件的公告。")
    assert page.locator(".dn-total").inner_text() == "0 份"
    assert page.get_by_role("link", name="清除筛选").is_visible()


def test_a_list_goes_on_as_a_filter(board: Board) -> None:
    """From the page of a kind, a further choice narrows that kind, and going back shows the page again."""
    page = board.open("board/policy/", viewport={"width": 1280, "height": 900})
    expect(page.locator("h1")).to_have_text("政策通知")
    choose(page, "上海")
    expect(page.locator("h1")).to_have_text("政策通知 · 上海")
    assert page.url == f"{board.url}?kind=policy&region=shanghai"
    page.go_back()
    expect(page.locator("h1")).to_have_text("政策通知")
    assert titles(page)[0] == "新政10"


def test_without_scripts_every_choice_is_a_page(board: Board) -> None:
    """State, kind, service, region and year lead to plain lists with pages, which lead back."""
    page = board.open(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    for name, count in (("即将生效", "2"), ("政策通知", "40"), ("薪酬", "6"), ("上海", "5"), ("2025 年", "30")):
        choose(page, name)
        expect(page.locator("h1")).to_have_text(name)
        expect(page.locator(".dn-total")).to_have_text(f"{count} 份")
        page.get_by_role("link", name="清除筛选").click()
        assert page.url == board.url
    choose(page, "政策通知")
    page.get_by_role("link", name="下一页").click()
    assert page.url == f"{board.url}board/policy/page/2/"
    assert titles(page)[0] == "新政05"
    assert "2026年12月15日" in board.open(java_script_enabled=False).locator(".dn-panel--due").inner_text()


def test_where_the_lists_cannot_be_read_a_choice_is_a_link(board: Board) -> None:
    """A lost connection or an old host leads to the plain page."""
    page = board.open()
    page.route("**/board/lists.json", lambda route: route.abort())
    page.locator(".dn-filter summary").click()
    choose(page, "政策通知")
    page.wait_for_url("**/board/policy/")
    board.complaints.clear()  # the browser tells of the failed request


def test_the_readers_clock_decides(board: Board) -> None:
    """How far away a day is, what is new, and in which list a notice stands, without another build."""
    page = board.open()
    assert page.locator(".dn-panel--due .dn-coming").inner_text() == "办理截止 2026年12月15日还有 8 天\n\n收费调整"
    assert page.locator(".dn-fresh:visible").all_inner_texts() == ["新"]
    assert page.locator(".dn-item", has_text="收费调整").locator(".dn-item__act").inner_text().endswith("还有 8 天")
    later = board.open("?state=upcoming", "2026-12-20T00:05+08:00")
    expect(later.locator(".dn-total")).to_have_text("1 份")
    assert titles(later) == ["收费调整"]
    assert later.locator(".dn-item__act").count() == 0
    assert later.locator(".dn-fresh:visible").count() == 0
    over = board.open("", "2026-12-20T00:05+08:00")
    assert over.locator(".dn-panel--due").inner_text().split() == ["要办的事", "目前没有公告要求您办理事项。"]


def test_english_readers_read_english(board: Board) -> None:
    """Dates in English, and what has no translation is marked and shown in the original's words."""
    page = board.open("en/", locale="en-GB")
    due = page.locator(".dn-panel--due .dn-coming").inner_text()
    assert due == "Act by 15 December 2026in 8 days\n\nNew fees"
    outage = page.locator(".dn-item", has_text="停机")
    assert outage.locator(".dn-item__language").inner_text() == "Not yet in English; in Chinese"
    assert outage.locator("h3 a").get_attribute("lang") == "zh"
    page.locator(".dn-filter summary").click()
    choose(page, "Payroll")
    expect(page.locator(".dn-total")).to_have_text("6 notices")


def test_the_keyboard_alone_is_enough(board: Board) -> None:
    """Tab reaches the filters, Enter opens and chooses, and the focus stays on what was chosen."""
    page = board.open()
    summary = page.locator(".dn-filter summary")
    for _ in range(40):
        page.keyboard.press("Tab")
        if summary.evaluate("it => it === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#dn-list")).to_have_text("有效")
    assert page.evaluate("document.activeElement.dataset.dnValue") == "in-force"
    page.keyboard.press("Enter")
    expect(page.locator("#dn-list")).to_have_text("全部公告")
    assert page.url == board.url


@pytest.mark.parametrize(
    ("width", "scheme", "path"),
    [
        (390, "light", ""),
        (390, "dark", "?kind=policy"),
        (1280, "light", "?kind=maintenance&year=2025"),
        (1280, "dark", "en/"),
    ],
)
def test_axe_finds_nothing(board: Board, width: int, scheme: Any, path: str) -> None:
    """Light and dark, phone and desktop, filtered, empty and whole; with the filters open."""
    page = board.open(path, viewport={"width": width, "height": 900}, color_scheme=scheme)
    if width < 500:
        page.locator(".dn-filter summary").click()
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize(
    "path", ["", "board/policy/", "?kind=policy&service=payroll&region=shanghai", "en/", "404.html"]
)
def test_nothing_is_wider_than_a_small_phone(board: Board, path: str) -> None:
    """At 320 pixels no page scrolls sideways."""
    page = board.open(path, viewport={"width": 320, "height": 640})
    page.wait_for_load_state("networkidle")
    if not path.endswith("html"):
        page.locator(".dn-filter summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_thumbs_find_what_they_aim_at(board: Board) -> None:
    """On a phone every filter is at least 44 pixels high."""
    page = board.open()
    page.locator(".dn-filter summary").click()
    heights = page.locator(".dn-filter :is(a, summary)").evaluate_all(
        "all => all.map(it => it.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44


def test_paper_has_the_list_and_no_controls(board: Board) -> None:
    """Printed, the board is its dates and its notices."""
    page = board.open(viewport={"width": 800, "height": 1000})
    page.emulate_media(media="print")
    assert page.locator(".dn-item").first.is_visible()
    assert page.locator(".dn-panel--due").is_visible()
    for hidden in (".dn-filter", ".dn-follow", ".dn-pages", ".md-header", ".dn-leaf", ".dn-tabs"):
        assert not any(found.is_visible() for found in page.locator(hidden).all()), hidden


def test_a_first_visit_is_small(board: Board) -> None:
    """The board asks for nothing that only its filters need."""
    asked: list[str] = []
    context = board.browser.new_context()
    board.contexts.append(context)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(board.url, wait_until="networkidle")
    assert [url for url in asked if "/board/" in url or not url.startswith(board.url)] == []
