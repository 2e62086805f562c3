"""How a notice looks and behaves in a browser, beside the HTML that unit tests read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from portal.article import Articles
from portal.board import Boards
from portal.prose import Prose
from portal.words import TEMPLATES
from tests.conftest import PortalFolder

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'"
ASSETS = TEMPLATES / "theme" / "assets"

FEES = """
title: 2027 年度代账服务费调整与补充协议签署安排
number: 试〔2026〕1号
kind: fee-change
date: 2026-11-01
summary: 自 2027 年 2 月 1 日起，代账服务费每月上调 40 元。
owner: fees
effective: 2027-02-01
action: {needed: true, what: 签回补充协议。, by: 2026-12-19}
comparison:
  - {item: 一般纳税人代账（含英文科目余额表）, old: 11200 CNY/month, new: 12320 CNY/month}
  - {item: 联系地址, old: 很长很长的一段旧地址很长很长的一段旧地址, new: 同样很长的一段新地址同样很长的一段新地址}
"""


@pytest.fixture
def shown(
    portal_folder: PortalFolder, browser: Browser, serve: Callable[[Path], str], tmp_path: Path
) -> Callable[..., Page]:
    """Opens the notice above it and the board, with our style and script alone, under a strict policy."""
    portal_folder.notice("fees", FEES)
    plan = portal_folder.plan()
    entry = plan.public[0]
    article = Articles(plan, Prose(plan.settings)).render(
        entry, entry.latest, "zh", file_url=lambda a: a.name, private=False
    )
    boards = Boards(plan)
    board = boards.render(boards.listings[0], 1, "zh")
    site = tmp_path / "page"
    site.mkdir()
    for asset in ("duenotice.css", "duenotice.js"):
        (site / asset).write_bytes((ASSETS / asset).read_bytes())
    (site / "index.html").write_text(
        '<!doctype html><html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="duenotice.css">'
        f'<script src="duenotice.js" defer></script></head><body>{article.html}{board}</body></html>',
        encoding="utf-8",
    )
    address = serve(site)

    def open_page(width: int = 390, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, java_script_enabled=scripts, timezone_id="Asia/Shanghai"
        )
        page = context.new_page()
        if scripts:
            page.clock.set_fixed_time(dt.datetime.fromisoformat("2026-12-07T23:55+08:00"))
        page.goto(address)
        return page

    return open_page


def test_the_browser_says_how_far_away_a_day_is(shown: Callable[..., Page]) -> None:
    """Counted between calendar days in the reader's zone; the absolute date stays."""
    page = shown()
    assert page.locator(".dn-act__left").inner_text() == "还有 12 天含当日"
    assert page.locator(".dn-act h2").inner_text() == "请于 2026年12月19日前办理"
    assert page.locator(".dn-panel--due .dn-coming__when").inner_text() == "办理截止 2026年12月19日还有 12 天"
    page.clock.set_fixed_time(dt.datetime.fromisoformat("2026-12-18T00:05+08:00"))
    page.reload()
    assert page.locator(".dn-act__left time").inner_text() == "明天"


def test_nothing_is_missing_without_scripts(shown: Callable[..., Page]) -> None:
    """The dates stand there in full, and no empty button or gap does."""
    page = shown(scripts=False)
    assert page.locator(".dn-act__left").inner_text() == "含当日"
    assert page.locator("button").count() == 0


def test_the_first_screen_of_a_phone_says_what_to_do(shown: Callable[..., Page]) -> None:
    """Title, by when and what stand above the fold at 390 pixels, larger than anything but the title."""
    page = shown()
    box = page.locator(".dn-act__what").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 844
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert page.locator(".dn-act h2").evaluate(size) > page.locator(".dn-glance h2").evaluate(size)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_runs_off_the_side(shown: Callable[..., Page], width: int) -> None:
    """No page scrolls sideways, on the narrowest phone either."""
    page = shown(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
