"""A poured site in chromium: what the reader's clock changes, menus, old addresses and paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from portal import pages, shells
from portal.article import Articles
from portal.config import Settings
from portal.prose import Prose
from portal.words import TEMPLATES
from tests.conftest import PortalFolder

ASSETS = TEMPLATES / "theme" / "assets"
HEAD = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
    '<meta http-equiv="Content-Security-Policy" content="'
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:\">"
    '<link rel="stylesheet" href="/assets/duenotice.css"><link rel="stylesheet" href="/assets/duenotice-shell.css">'
    '<script src="/assets/duenotice.js" defer></script></head><body>'
)
DESK = """
      fees:
        name: 收费台
        hours: [{days: mon-fri, time: "09:00-12:00"}, {days: mon-fri, time: "13:30-17:30"}]
        holidays: [2026-12-25]
"""


def engine(settings: Settings, folder: Path) -> None:
    """A plain page of the look that our own files give it."""
    for language, prefix in (("zh", ""), ("en", "en/")):
        head = HEAD.format(language=language)
        made = {
            f"{prefix}index.html": f"{head}/duenotice:selector/<main><!-- duenotice:board --></main>",
            "_shells/outlined/index.html": f"{head}/duenotice:selector/<main>/duenotice:body/</main>",
            "_shells/plain/index.html": f"{head}/duenotice:selector/<main>/duenotice:body/</main>",
        }
        made |= {
            f"assets/{f.name}": f.read_text(encoding="utf-8") for f in ASSETS.iterdir() if f.suffix in {".js", ".css"}
        }
        for path, text in made.items():
            file = folder / language / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


@pytest.fixture
def opened(
    portal_folder: PortalFolder, browser: Browser, serve: Callable[[Path], str], tmp_path: Path
) -> Callable[..., Page]:
    """Opens a page of the site as it was built on 7 December 2026, at a later moment of the reader's."""
    config = (portal_folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    start = config.index("\n      fees:")
    portal_folder.write("mkdocs.yml", config[:start] + DESK)
    front = (
        "title: 收费调整\nnumber: 试〔2026〕1号\ndate: 2026-10-08\nkind: fee-change\nsummary: 每月上调。\nowner: fees\n"
        "effective: 2027-02-01\naction: {needed: true, what: 签回。, by: 2026-12-31}\n"
        "redirects: [old-fees, /blog/2020/fees.html]\n"
    )
    portal_folder.notice("fees", front, "## 何时\n\n从 1 月起。\n")
    portal_folder.notice(
        "incident",
        "title: 申报延迟\ndate: 2026-12-07\nkind: incident\n"
        "details: {found_at: 2026-12-07T08:00, next_update: 2026-12-07T18:00}\n"
        "updates: [{at: 2026-12-07T09:00, text: 查。}]",
    )
    portal_folder.commit("first")
    portal_folder.notice("fees", f"{front}revisions: [{{on: 2026-11-25, note: 推迟}}]", "## 何时\n\n从 2 月起。\n")
    portal_folder.commit("second")
    plan = portal_folder.plan()
    root = tmp_path / "site"
    poured = pages.files(plan, shells.fetch(plan.settings, engine), Articles(plan, Prose(plan.settings)))
    for path, data in poured:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    address = serve(root)

    def open_page(path: str, now: str = "2026-12-07T10:00+08:00", *, scripts: bool = True, width: int = 390) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            java_script_enabled=scripts,
            timezone_id="Asia/Shanghai",
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        if scripts:
            page.clock.set_fixed_time(dt.datetime.fromisoformat(now))
        page.goto(address + path)
        return page

    return open_page


def test_a_badge_keeps_up_with_the_clock(opened: Callable[..., Page]) -> None:
    """From the day a notice takes effect its badge says so, on the page and on the board, without another build."""
    badge = ".dn-head .dn-badge"
    assert opened("notices/fees/", "2027-01-31T23:59+08:00").locator(badge).inner_text() == "即将生效"
    assert opened("notices/fees/", "2027-02-01T00:00+08:00").locator(badge).inner_text() == "有效"
    board = opened("", "2027-02-01T00:00+08:00")
    assert board.locator(".dn-item", has_text="收费调整").locator(".dn-badge").inner_text() == "有效"
    assert opened("notices/fees/", scripts=False).locator(badge).inner_text() == "即将生效"


def test_what_has_passed_is_not_asked_for(opened: Callable[..., Page]) -> None:
    """The deadline says that it has passed, and the board neither asks nor announces."""
    page = opened("notices/fees/", "2027-01-01T00:10+08:00")
    assert page.locator(".dn-act__left").inner_text() == "办理期限已过"
    assert page.locator(".dn-act--needed").count() == 0
    board = opened("", "2027-01-01T00:10+08:00")
    assert board.locator(".dn-item__act").count() == 0
    assert "2026年12月31日" not in board.locator(".dn-panel--due").inner_text()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-12-07T10:00+08:00", "现在有人接听，到 12:00"),
        ("2026-12-07T12:00+08:00", "现在无人接听，下次 13:30"),
        ("2026-12-07T18:00+08:00", "现在无人接听，下次 星期二 09:00"),
        ("2026-12-24T18:00+08:00", "现在无人接听，下次 星期一 09:00"),
        ("2026-12-07T03:00+00:00", "现在有人接听，到 12:00"),
    ],
)
def test_whether_the_desk_answers(opened: Callable[..., Page], now: str, said: str) -> None:
    """By the desk's own clock, over breaks, weekends and holidays."""
    assert opened("notices/fees/", now).locator(".dn-desk-now").inner_text() == said


def test_the_desk_without_scripts(opened: Callable[..., Page]) -> None:
    """Hours, zone and holidays stand there in words."""
    page = opened("notices/fees/", scripts=False)
    assert "周一至周五 09:00–12:00、13:30–17:30 · 上海时间" in page.locator(".dn-hours").inner_text()
    page.locator(".dn-holidays summary").click()
    assert "2026年12月25日" in page.locator(".dn-holidays").inner_text()
    assert page.locator(".dn-desk-now").count() == 0


def test_how_long_an_incident_is_open(opened: Callable[..., Page]) -> None:
    """A clock beside the moment it was found; without scripts the moment alone."""
    found = ".dn-incident .dn-row:has-text('发现时间') dd"
    assert opened("notices/incident/", "2026-12-07T11:20+08:00").locator(found).inner_text() == (
        "2026年12月7日 08:00 已持续 3 小时 20 分钟"
    )
    assert (
        opened("notices/incident/", "2026-12-09T09:00+08:00").locator(".dn-clock").inner_text() == "已持续 2 天 1 小时"
    )
    assert opened("notices/incident/", scripts=False).locator(found).inner_text() == "2026年12月7日 08:00"


def test_the_menu_leads_to_versions_and_editions(opened: Callable[..., Page]) -> None:
    """With and without scripts: from a notice to its first version, and to the board as it stood."""
    for scripts in (True, False):
        page = opened("notices/fees/", scripts=scripts)
        assert page.locator(".dn-selector summary").inner_text() == "第 2 版"
        page.locator(".dn-selector summary").click()
        page.get_by_role("link", name="第 1 版 2026年10月8日").click()
        expect(page.locator("h1")).to_have_text("收费调整")
        assert page.url.endswith("/notices/fees/v1/")
        page.locator(".dn-selector summary").click()
        page.get_by_role("link", name="2026年10月", exact=True).click()
        assert page.locator(".dn-edition__row h3 a").get_attribute("href") == "/notices/fees/v1/"


def test_the_menu_closes_like_a_menu(opened: Callable[..., Page]) -> None:
    """Escape closes it and gives the focus back; so does a click elsewhere."""
    page = opened("")
    summary = page.locator(".dn-selector summary")
    summary.click()
    page.keyboard.press("Escape")
    expect(page.locator(".dn-selector[open]")).to_have_count(0)
    expect(summary).to_be_focused()
    summary.click()
    page.locator("h2").first.click()
    expect(page.locator(".dn-selector[open]")).to_have_count(0)


@pytest.mark.parametrize("old", ["notices/old-fees/", "blog/2020/fees.html"])
def test_an_old_address_keeps_the_fragment(opened: Callable[..., Page], old: str) -> None:
    """The script takes it along; without scripts the page is found all the same."""
    page = opened(f"{old}#何时")
    page.wait_for_url("**/notices/fees/#*")
    assert page.evaluate("decodeURIComponent(location.hash)") == "#何时"
    plain = opened(old, scripts=False)
    plain.wait_for_url("**/notices/fees/")


def test_text_to_pass_on_is_copied(opened: Callable[..., Page]) -> None:
    """One button for chats, one for a short message; what is shown is what is copied."""
    page = opened("notices/fees/")
    page.locator(".dn-share summary").click()
    page.locator(".dn-share .dn-copy").first.click()
    expect(page.locator(".dn-share .dn-copy").first).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()").split("\n") == [
        "收费调整",
        "每月上调。",
        "https://notices.example.com/notices/fees/",
    ]


def test_paper_carries_what_proves_it(opened: Callable[..., Page]) -> None:
    """In print the signature has number, version, date, hash and a code that is drawn; menus and buttons are gone."""
    page = opened("notices/fees/", width=1000)
    page.emulate_media(media="print")
    signature = page.locator(".dn-signature").inner_text()
    for said in ("试用财税", "试〔2026〕1号", "第 2 版", "2026年11月25日", "SHA-256", "/notices/fees/v2/"):
        assert said in signature
    code = page.locator(".dn-code img")
    assert code.is_visible()
    assert code.evaluate("image => image.complete && image.naturalWidth > 0")
    for hidden in (".dn-copy", ".dn-share", ".dn-desk-now", ".dn-selector"):
        assert not any(found.is_visible() for found in page.locator(hidden).all())


@pytest.mark.parametrize("path", ["notices/fees/changes/", "editions/2026-11/", "en/editions/", "notices/incident/"])
@pytest.mark.parametrize("width", [320, 1280])
def test_new_pages_fit(opened: Callable[..., Page], path: str, width: int) -> None:
    """No page scrolls sideways."""
    page = opened(path, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
