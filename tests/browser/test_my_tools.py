"""Search and calendar on the private pages, both made in chromium after opening."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import icalendar
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

TITLES = {"thanks": "感谢", "handover": "资料交接安排", "outage": "系统维护"}


def module(site: Site, name: str) -> str:
    """The address of one of the page's own modules."""
    return f"{site.url}my/{next(site.root.glob(f'my/{name}.*.js')).name}"


# --- search -------------------------------------------------------------------------------------------------------


SEARCHES = [
    ("交接", ["handover"], "交接"),  # in a title
    ("试〔2026〕7号", ["handover"], None),  # a number
    ("多谢合", ["thanks"], "多谢合"),  # part of Chinese words in a body
    ("abc company", ["thanks"], "ＡＢＣ"),  # full width, another case
    ("ＡＢＣ", ["thanks"], "ＡＢＣ"),
    ("公司不存在", [], None),
    ("顺利 多谢", ["thanks"], "多谢"),  # every word, in any order
    ("顺利 系统", [], None),
    ("清单.csv", ["handover"], "清单.csv"),  # an attachment's name
    ("上传票据", ["outage"], "上传票据"),  # a detail
    ("印鉴", ["handover"], "印鉴"),  # only in the first version
]


def test_search_finds_what_the_contact_may_read(opened: Page, site: Site) -> None:
    """Titles, numbers, bodies, attachments' names and earlier versions; says how many of how many, and marks it."""
    for query, found, marked in SEARCHES:
        opened.get_by_role("searchbox", name="搜索我的公告").fill(query)
        expect(opened.locator(".my-row h2"), query).to_have_text([TITLES[name] for name in found])
        expect(opened.get_by_text(f"找到 {len(found)} 份，共 3 份", exact=True), query).to_be_visible()
        if marked:
            expect(opened.locator(".my-list mark").first, query).to_have_text(marked)
        expect(opened.get_by_text("在第 1 版中找到"), query).to_have_count(1 if query == "印鉴" else 0)
    assert all(url.startswith(site.url) for url in site.requested)
    assert site.complaints == []


def test_no_host_hears_what_is_searched_for(opened: Page, site: Site) -> None:
    """Bodies are fetched once, all of them whatever the words; another search asks the host for nothing."""
    asked = len(site.requested)
    field = opened.get_by_role("searchbox")
    field.fill("印鉴")
    expect(opened.get_by_text("找到 1 份，共 3 份", exact=True)).to_be_visible()
    assert len(site.requested) - asked == 4  # every version of three notices
    asked = len(site.requested)
    field.fill("多谢")
    expect(opened.locator(".my-row h2")).to_have_text(["感谢"])
    assert len(site.requested) == asked


def test_titles_are_found_before_the_bodies_come(opened: Page, site: Site) -> None:
    """On a slow line, saying that it still reads; what does not come at all is counted."""
    held: list[Any] = []
    opened.route("**/my/s/*", lambda route: held.append(route))
    opened.get_by_role("searchbox").fill("交接")
    expect(opened.get_by_text("找到 1 份，共 3 份 仍在读取…")).to_be_visible()
    expect(opened.locator(".my-row h2")).to_have_text(["资料交接安排"])
    for route in held:
        route.abort()
    expect(opened.get_by_text("找到 1 份，共 3 份 有 4 份没能读取。")).to_be_visible()


def test_search_works_from_the_keyboard_and_is_kept(opened: Page) -> None:
    """Enter goes to the first find, its words are marked in the notice, back leads to the finds, Escape clears them."""
    opened.get_by_role("searchbox").fill("印鉴")
    expect(opened.locator(".my-row")).to_have_count(1)
    expect(opened.get_by_text("找到 1 份，共 3 份", exact=True)).to_be_visible()
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("button", name="资料交接安排")).to_be_focused()
    opened.keyboard.press("Enter")
    expect(opened.locator("article mark")).to_have_text("印鉴")
    opened.go_back()
    expect(opened.get_by_role("searchbox")).to_have_value("印鉴")
    expect(opened.locator(".my-row")).to_have_count(1)
    opened.get_by_role("searchbox").press("Escape")
    expect(opened.locator(".my-row")).to_have_count(3)
    expect(opened.get_by_text("共 3 份", exact=True)).to_be_visible()


def test_logging_out_forgets_what_was_searched(opened: Page, site: Site) -> None:
    """The next one to open a code here sees an empty field."""
    opened.get_by_role("searchbox").fill("印鉴")
    expect(opened.locator(".my-row")).to_have_count(1)
    opened.get_by_role("button", name="退出").click()
    opened.get_by_label("访问码", exact=True).fill(str(site.codes["yunshan/lin"]))
    opened.get_by_role("button", name="打开").click()
    expect(opened.get_by_role("searchbox")).to_have_value("")


# --- calendar -----------------------------------------------------------------------------------------------------


def saved(page: Page, name: str) -> tuple[bytes, icalendar.Calendar]:
    """What the button gives: the file, and what a calendar program makes of it."""
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    assert download.value.suggested_filename == "notices.ics"
    data = Path(download.value.path()).read_bytes()
    calendar = icalendar.Calendar.from_ical(data)
    assert isinstance(calendar, icalendar.Calendar)
    assert calendar.errors == []
    assert all(event.errors == [] for event in calendar.events)
    return data, calendar


def test_all_dates_go_into_one_calendar(page: Page, site: Site) -> None:
    """Days as days with an exclusive end, instants in UTC; numbered, so that a later file replaces them."""
    page.clock.set_fixed_time("2026-12-07T09:30:00+08:00")
    page.goto(site.link("yunshan/lin"))
    data, calendar = saved(page, "全部日期加入日历")
    assert calendar["VERSION"] == "2.0"
    assert calendar["PRODID"]
    found = {str(event["UID"]).partition("@")[0].rpartition("/")[2]: event for event in calendar.events}
    assert sorted(found) == ["action", "window"]
    action, window = found["action"], found["window"]
    assert (action["DTSTART"].dt, action["DTEND"].dt) == (dt.date(2099, 12, 25), dt.date(2099, 12, 26))
    assert b"DTSTART;VALUE=DATE:20991225\r\n" in data
    assert window["DTSTART"].dt == dt.datetime(2099, 1, 9, 14, tzinfo=dt.UTC)
    assert window["DTEND"].dt == dt.datetime(2099, 1, 9, 18, tzinfo=dt.UTC)
    assert action["DTSTAMP"].dt == dt.datetime(2026, 12, 7, 1, 30, tzinfo=dt.UTC)
    assert (action["SEQUENCE"], window["SEQUENCE"]) == (1, 0)
    assert "资料交接安排" in action["SUMMARY"]
    assert action["DESCRIPTION"] == f"试〔2026〕7号 · 第 2 版 · {site.url}my/"
    assert str(site.codes["yunshan/lin"]) not in data.decode()
    assert site.complaints == []


def test_one_notice_gives_its_own_dates(opened: Page) -> None:
    """Also an earlier version's; a notice without dates has no button."""
    opened.get_by_role("button", name="系统维护").click()
    expect(opened.locator("article h1")).to_have_text("系统维护")
    _, calendar = saved(opened, "日期加入日历")
    assert len(calendar.events) == 1
    opened.get_by_role("button", name="返回列表").click()
    opened.get_by_role("button", name="感谢").click()
    expect(opened.locator("article h1")).to_have_text("感谢")
    expect(opened.get_by_role("button", name="日期加入日历")).to_have_count(0)


def test_no_dates_ahead_are_said_to_be_none(page: Page, site: Site) -> None:
    """Nothing is saved once everything is over."""
    page.clock.set_fixed_time("2100-01-01T09:30:00+08:00")
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="全部日期加入日历").click()
    expect(page.get_by_text("这些公告里没有今后的日期。")).to_be_visible()


def test_hostile_words_stay_inside_their_property(page: Page, site: Site) -> None:
    """RFC 5545: escaped, no control characters, folded at 75 octets between characters, lines ended by CRLF."""
    page.goto(f"{site.url}my/")
    summary = "换行\r\nBEGIN:VALARM\nACTION:X; a,b\\n \x07" + "汉字😀" * 40
    event = {"uid": "a,b;c\r\nX:y@h", "summary": summary, "start": "2026-12-31", "about": "x\\", "sequence": 3}
    text: str = page.evaluate(
        "async ([module, event]) => (await import(module)).calendar([event], new Date(0))",
        [module(site, "icalendar"), event],
    )
    assert not re.search(r"(?<!\r)\n|\r(?!\n)", text)
    lines = text.split("\r\n")
    assert lines.pop() == ""
    assert max(len(line.encode()) for line in lines) <= 75
    assert max(len(line.encode()) for line in lines) > 70
    (found,) = icalendar.Calendar.from_ical(text).events
    assert found["SUMMARY"] == "换行\nBEGIN:VALARM\nACTION:X; a,b\\n " + "汉字😀" * 40
    assert found["UID"].replace("\\n", "\n") == "a,b;c\nX:y@h"
    assert found["DESCRIPTION"] == "x\\"
    assert found.subcomponents == []
    assert (found["DTSTART"].dt, found["DTEND"].dt) == (dt.date(2026, 12, 31), dt.date(2027, 1, 1))
