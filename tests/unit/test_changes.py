"""What a reader sees of the changes from version to version."""

from __future__ import annotations

import re

from portal.article import Article, Articles
from portal.changes import Changes
from portal.prose import Prose
from tests.conftest import PortalFolder
from tests.unit.test_article import Reading

FEES = """
title: 收费调整
date: 2026-10-08
kind: fee-change
summary: 每月上调 {rise} 元。
owner: fees
effective: {start}
action: {{needed: true, what: 签回。, by: 2026-12-31}}
comparison:
  - {{item: 代账, old: 200 CNY/month, new: {new} CNY/month}}
{revisions}
"""
LINE = "revisions: [{on: 2026-11-25, note: 生效推迟一个月}]"


def render(folder: PortalFolder, identity: str = "fees", language: str = "zh") -> Article:
    plan = folder.plan()
    entry = next(e for e in plan.public if e.id == identity)
    return Changes(plan, Articles(plan, Prose(plan.settings))).render(entry, language, file_url=lambda a: f"/{a.name}")


def twice(folder: PortalFolder) -> None:
    """A fee notice put off by a month, and made cheaper."""
    folder.notice("fees", FEES.format(rise=60, start="2027-01-01", new=260, revisions=""), "自 2027 年起调整。\n")
    folder.commit("first")
    folder.notice("fees", FEES.format(rise=40, start="2027-02-01", new=240, revisions=LINE), "自 2027 年起调整。\n")
    folder.commit("second")


def test_versions_are_listed_with_date_and_note(portal_folder: PortalFolder) -> None:
    """Newest first, each leading to its own page."""
    twice(portal_folder)
    page = Reading(render(portal_folder).html)
    assert "全部版本 版本 日期 改动说明 第 2 版 2026年11月25日 生效推迟一个月 第 1 版 2026年10月8日" in page.text
    assert page.links["第 1 版"] == "/notices/fees/v1/"
    assert page.links["回到公告"] == "/notices/fees/"


def test_changed_facts_stand_in_words(portal_folder: PortalFolder) -> None:
    """Labels, dates and amounts as the reader's language has them, old beside new."""
    twice(portal_folder)
    assert (
        "事项 原来 现在 摘要 每月上调 60 元。 每月上调 40 元。 生效日期 2027年1月1日 2027年2月1日"
        in Reading(render(portal_folder).html).text
    )
    assert "代账：现在 ¥260/月 ¥240/月" in Reading(render(portal_folder).html).text
    english = Reading(render(portal_folder, language="en").html).text
    assert "In force from 1 January 2027 1 February 2027" in english
    assert "代账: now CN¥260/month CN¥240/month" in english


def test_marks_are_told_in_words(portal_folder: PortalFolder) -> None:
    """An amount is replaced as a whole, each mark says what it is, and what stayed bears none."""
    twice(portal_folder)
    marked = re.search(r'<div class="dn-redline">.*', render(portal_folder).html, re.DOTALL)
    assert marked is not None
    read = Reading(marked[0]).text
    assert "删除 ¥260/月" in read
    assert "新增 ¥240/月" in read
    assert "自 2027 年起调整。" in read
    assert re.search(r"<(?:ins|del)[^>]*>[^<]*自 2027", marked[0]) is None


def test_the_english_page_compares_the_english_texts(portal_folder: PortalFolder) -> None:
    """Where both versions are translated; else it compares the originals and says in which language they are."""
    twice(portal_folder)
    assert '<div class="dn-redline" lang="zh">' in render(portal_folder, language="en").html
    portal_folder.notice("fees", "translates: 1\ntitle: Fees\nsummary: Up by 60.", lang="en")
    portal_folder.commit("translated")
    portal_folder.notice("fees", "translates: 2\ntitle: Fees\nsummary: Up by 40.", lang="en")
    portal_folder.commit("translated again")
    page = render(portal_folder, language="en").html
    assert '<div class="dn-redline">' in page
    assert "Summary Up by 60. Up by 40." in Reading(page).text


def test_a_lost_text_is_said_to_be_lost(portal_folder: PortalFolder) -> None:
    """Where the history has no text for one of the two, nothing is made up."""
    portal_folder.notice("fees", FEES.format(rise=40, start="2027-02-01", new=240, revisions=LINE))
    page = Reading(render(portal_folder).html).text
    assert "第 1 版 2026年10月8日 首次发布 文本未能保存" in page
    assert "第 1 版的文本未能保存，无法对照。" in page


def test_hostile_text_stays_text(portal_folder: PortalFolder) -> None:
    """Neither a fact nor a marked text lets markup through."""
    portal_folder.notice("fees", 'title: "<script>1</script>甲"\ndate: 2026-10-08', "<script>1</script>\n")
    portal_folder.commit("first")
    portal_folder.notice(
        "fees", 'title: "<img onerror=2>乙"\ndate: 2026-10-08\nrevisions: [{on: 2026-11-01, note: "<b>改</b>"}]'
    )
    portal_folder.commit("second")
    page = render(portal_folder).html
    assert "<script" not in page
    assert "<img onerror" not in page
    assert "&lt;b&gt;改" in page


def test_no_id_stands_twice(portal_folder: PortalFolder) -> None:
    """However many steps a page has, every anchor is one place."""
    body = "## 为什么\n\n正文 {}。\n"
    for number in range(1, 5):
        lines = ", ".join(f"{{on: 2026-11-0{n}, note: 第 {n} 次}}" for n in range(1, number))
        portal_folder.notice("n", f"title: 通知\ndate: 2026-10-08\nrevisions: [{lines}]", body.format(number))
        portal_folder.commit(f"version {number}")
    article = render(portal_folder, "n")
    ids = re.findall(r'\sid="([^"]+)"', article.html)
    assert len(ids) == len(set(ids))
    assert [h.id for h in article.headings] == ["dn-versions", "v4", "v3", "v2"]
    assert article.html.count("<details") == article.html.count('<details class="dn-older"') == 3
    assert article.html.count(" open>") == 1


def test_moments_of_an_incident_read_as_moments(portal_folder: PortalFolder) -> None:
    """A new line of the timeline is told with its time in words."""
    front = "title: 中断\ndate: 2026-12-01\nkind: incident\nupdates:\n  - {at: 2026-12-01T10:00, text: 发现。}\n"
    portal_folder.notice("i", front)
    portal_folder.commit("first")
    later = "  - {at: 2026-12-01T12:30, text: 已恢复。}\nrevisions: [{on: 2026-12-01T12:30, note: 恢复}]"
    portal_folder.notice("i", front + later)
    portal_folder.commit("second")
    assert "处理进展 · 2026年12月1日 12:30 · 内容 无 已恢复。" in Reading(render(portal_folder, "i").html).text
