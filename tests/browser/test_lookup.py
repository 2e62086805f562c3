"""The look-up page in a browser: what it answers about a number, at the reader's moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from portal import lookup, register, shells
from portal.words import TEMPLATES
from tests.conftest import PortalFolder
from tests.unit.test_shells import engine

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
SCRIPT = TEMPLATES / "theme" / "assets" / "lookup.js"

FEES = """
title: 服务费调整
number: 试〔2026〕1号
date: 2026-11-01
kind: fee-change
effective: {from: 2027-01-01, transition_until: 2027-03-31, until: 2027-12-31}
revisions: [{on: 2026-11-09, note: 推迟。}]
"""


@pytest.fixture
def asked(
    portal_folder: PortalFolder, browser: Browser, serve: Callable[[Path], str], tmp_path: Path
) -> Callable[..., Page]:
    """Opens the look-up page of a small board under a strict policy, at a moment somewhere in the world."""
    portal_folder.notice("fees", FEES)
    portal_folder.notice("old", "title: 旧办法\nnumber: 试〔2025〕9号\ndate: 2025-01-01\nredirects: [older]")
    portal_folder.notice("new", "title: 新办法\ndate: 2026-11-15\nsupersedes: old\neffective: 2027-02-01")
    portal_folder.notice("gone", "title: 停办\ndate: 2026-02-01\nwithdrawn: {on: 2026-03-01, reason: 误。}")
    plan = portal_folder.plan()
    site = tmp_path / "site"
    rendered = shells.fetch(plan.settings, engine)
    for path, data in [*lookup.files(plan, rendered), *register.files(plan), ("assets/lookup.js", SCRIPT.read_bytes())]:
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".html"):
            policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><link rel="icon" href="data:,">'
            language = "en" if path.startswith("en/") else "zh"
            data = f'<!doctype html><html lang="{language}"><meta charset="utf-8">{policy}'.encode() + data
        file.write_bytes(data)
    address = serve(site)

    def open_page(
        question: str = "",
        now: str = "2026-12-07T09:30+08:00",
        *,
        path: str = "lookup/",
        scripts: bool = True,
        zone: str = "Asia/Shanghai",
    ) -> Page:
        page = browser.new_context(java_script_enabled=scripts, timezone_id=zone).new_page()
        if scripts:
            page.clock.set_fixed_time(dt.datetime.fromisoformat(now))
        page.goto(address + path)
        if question:
            page.locator("input").fill(question)
            page.locator("button").click()
            page.wait_for_selector(".dn-lookup__answer > *")
        return page

    return open_page


def said(page: Page) -> list[str]:
    """The answer, line by line."""
    return page.locator(".dn-lookup__answer").inner_text().replace("\n\n", "\n").split("\n")


@pytest.mark.parametrize(
    ("now", "answer"),
    [
        ("2026-12-31T23:59+08:00", "有效，2027年1月1日起生效。"),
        ("2027-01-01T00:00+08:00", "现行有效。2027年3月31日前旧办法仍可使用。"),
        ("2027-03-31T23:59+08:00", "现行有效。2027年3月31日前旧办法仍可使用。"),
        ("2027-04-01T00:00+08:00", "现行有效。"),
        ("2027-12-31T23:59+08:00", "现行有效。"),
        ("2028-01-01T00:00+08:00", "已失效，最后一天是2027年12月31日。"),
    ],
)
def test_the_state_follows_the_clock(asked: Callable[..., Page], now: str, answer: str) -> None:
    """Computed from dates as the program does it, in the firm's zone wherever the reader sits."""
    lines = said(asked("试〔2026〕1号", now, zone="America/New_York"))
    assert lines[0] == "服务费调整"
    assert lines[1].endswith(f" {answer}")
    assert lines[2] == "试〔2026〕1号 · 最新的是第 2 版（2026年11月9日）。如果您手上的不是这一版，请看最新版。"


@pytest.mark.parametrize(
    "typed", ["试[2026]1号", "试（2026） 1 号", "FEES", "https://notices.example.com/en/notices/fees/#a"]
)
def test_people_type_numbers_as_they_come(asked: Callable[..., Page], typed: str) -> None:
    """Other brackets, spaces, capitals, the id or a whole address find the same notice."""
    assert said(asked(typed))[0] == "服务费调整"


def test_an_earlier_version_is_pointed_out(asked: Callable[..., Page]) -> None:
    """The address of a version, as a printed code holds it, tells that a later one exists."""
    assert "您查的是第 1 版，不是最新版。" in said(asked("https://notices.example.com/notices/fees/v1/"))
    assert "您查的是第 2 版，不是最新版。" not in said(asked("https://notices.example.com/notices/fees/v2/"))


def test_a_successor_is_named(asked: Callable[..., Page]) -> None:
    """Ahead of its date as what will come, afterwards as what holds; an earlier id leads to the notice as well."""
    before, after = said(asked("older")), said(asked("older", "2027-02-01T00:00+08:00"))
    assert before[1].endswith("现行有效。")
    assert before[2] == "2027年2月1日起将被取代：新办法"
    assert after[1].endswith("已失效，2027年2月1日起由另一份公告取代。")
    assert after[2] == "取代它的公告：新办法"


def test_a_withdrawn_notice(asked: Callable[..., Page]) -> None:
    """It is told as such, in English with the untranslated title marked as Chinese."""
    page = asked("gone", path="en/lookup/")
    assert said(page)[1].endswith("It is no longer current. It was withdrawn on 1 March 2026.")
    link = page.locator(".dn-lookup__answer h2 a")
    assert (link.get_attribute("href"), link.get_attribute("lang")) == ("/en/notices/gone/", "zh")


def test_an_unknown_number(asked: Callable[..., Page]) -> None:
    """It is said to be no public notice of the firm, and what comes close is offered; nothing typed becomes markup."""
    lines = said(asked("试〔2026〕"))
    assert lines[0].startswith("公开公告里没有这个文号。")
    assert lines[-1] == "试〔2026〕1号 服务费调整"
    page = asked("<img src=x>")
    assert page.locator(".dn-lookup__answer img").count() == 0


def test_a_question_has_an_address(asked: Callable[..., Page]) -> None:
    """The answer can be linked to and is there again on a reload."""
    page = asked("试〔2026〕1号")
    page.reload()
    page.wait_for_selector(".dn-lookup__answer h2")
    assert said(page)[0] == "服务费调整"


def test_without_scripts_the_table_answers(asked: Callable[..., Page]) -> None:
    """No form that would do nothing, but every number with its dates."""
    page = asked(scripts=False)
    assert not page.locator("form").is_visible()
    rows = [" ".join(row.split()) for row in page.locator("tbody tr").all_inner_texts()]
    assert rows == [
        "new 新办法 2026年11月15日 2027年2月1日起 –",
        "试〔2026〕1号 服务费调整 2026年11月1日 2027年1月1日起 至2027年12月31日 –",
        "gone 停办 2026年2月1日 2026年2月1日起 2026年3月1日撤回",
        "试〔2025〕9号 旧办法 2025年1月1日 2025年1月1日起 2027年2月1日起被取代",
    ]
