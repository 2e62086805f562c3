"""What people see of the board."""

from __future__ import annotations

import re
from html import unescape

from portal.board import Boards
from portal.plan import Plan
from tests.conftest import PortalFolder


def render(plan: Plan, key: str = "", page: int = 1, language: str = "zh") -> str:
    listing = next(listing for listing in Boards(plan).listings if listing.key == key)
    return Boards(plan).render(listing, page, language)


def items(page: str) -> list[str]:
    """The rows of the list as a person reads them."""
    return [text(row) for row in re.findall(r'<li class="dn-item.*?</ul>\n</li>', page, re.DOTALL)]


def text(markup: str) -> str:
    inline = re.sub(r"</?(?:time|span|a|small|b)\b[^>]*>", "", markup)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inline)).split())


def soon(page: str) -> list[str]:
    section = re.search(r'<section class="dn-soon".*?</section>', page, re.DOTALL)
    return [text(row) for row in re.findall(r"<li\b.*?</li>", section[0], re.DOTALL)] if section else []


def pages_of_one(folder: PortalFolder) -> None:
    folder.write(
        "mkdocs.yml",
        (folder.root / "mkdocs.yml").read_text().replace("duenotice:\n    l", "duenotice:\n    page_size: 1\n    l"),
    )


def test_a_row_says_what_a_reader_needs_to_choose(portal_folder: PortalFolder) -> None:
    """Date, kind, urgency, title, summary, state, by when to act and from when it holds; the newest first."""
    portal_folder.notice("old", "title: 旧事\ndate: 2026-01-05\nsummary: 一句话。")
    portal_folder.notice(
        "fees",
        "title: 收费调整\ndate: 2026-11-01\nkind: fee-change\nurgency: important\nsummary: 上调。\n"
        "effective: 2027-02-01\naction: {needed: true, what: 签回, by: 2026-12-31}",
    )
    page = render(portal_folder.plan())
    assert items(page) == [
        "2026年11月1日 收费调整重要 收费调整 上调。 即将生效 请于 2026年12月31日前办理 2027年2月1日起生效",
        "2026年1月5日 一般公告 旧事 一句话。 有效",
    ]
    assert '<h3><a href="/notices/fees/">收费调整</a></h3>' in page


def test_nobody_is_asked_to_do_what_is_over(portal_folder: PortalFolder) -> None:
    """A withdrawn notice and a passed deadline ask for nothing; a deadline of today still does."""
    act = "action: {{needed: true, what: 签回, by: {}}}"
    portal_folder.notice(
        "a", f"title: 甲\ndate: 2026-11-03\n{act.format('2026-12-31')}\nwithdrawn: {{on: 2026-11-04, reason: 误}}"
    )
    portal_folder.notice("b", f"title: 乙\ndate: 2026-11-02\n{act.format('2026-12-06')}")
    portal_folder.notice("c", f"title: 丙\ndate: 2026-11-01\n{act.format('2026-12-07')}")
    page = render(portal_folder.plan())
    assert items(page) == [
        "2026年11月3日 一般公告 甲 已撤回",
        "2026年11月2日 一般公告 乙 有效",
        "2026年11月1日 一般公告 丙 有效 请于 2026年12月7日前办理",
    ]
    assert soon(page) == ["2026年12月7日 办理截止 丙"]


def test_the_first_page_names_the_next_five_dates(portal_folder: PortalFolder) -> None:
    """What takes effect or falls due next, one line a notice, the soonest first; on no other page."""
    for day in range(10, 17):
        portal_folder.notice(f"n{day}", f"title: 第{day}号\ndate: 2026-11-{day}\neffective: 2026-12-{day}")
    portal_folder.notice(
        "first", "title: 分阶段\ndate: 2026-11-01\nstages: [{on: 2026-12-01, what: 已过}, {on: 2026-12-09, what: 收件}]"
    )
    pages_of_one(portal_folder)
    plan = portal_folder.plan()
    assert soon(render(plan)) == [
        "2026年12月9日 阶段 分阶段 收件",
        "2026年12月10日 生效 第10号",
        "2026年12月11日 生效 第11号",
        "2026年12月12日 生效 第12号",
        "2026年12月13日 生效 第13号",
    ]
    assert soon(render(plan, page=2)) == []
    assert soon(render(plan, key="2026")) == []


def test_filters_count_public_notices_only(portal_folder: PortalFolder) -> None:
    """Kinds and years are plain links with counts; a private notice is in none of them."""
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@example.com}]")
    portal_folder.notice("a", "title: 甲\ndate: 2026-11-01\nkind: policy")
    portal_folder.notice("b", "title: 乙\ndate: 2025-11-01\nkind: policy")
    portal_folder.notice("c", "title: 丙\ndate: 2026-11-01\nkind: incident")
    portal_folder.notice("d", "title: 密谈\ndate: 2024-11-01\nkind: improvement\naudience: {clients: [yunshan]}")
    page = render(portal_folder.plan(), key="policy", language="en")
    choices = re.search(r'<nav class="dn-choices".*?</nav>', page, re.DOTALL)
    assert choices is not None
    assert re.findall(r'<a href="([^"]+)"( aria-current="page")?>(.+?) <small>(\d+)</small></a>', choices[0]) == [
        ("/en/", "", "All", "3"),
        ("/en/board/upcoming/", "", "Upcoming", "0"),
        ("/en/board/in-force/", "", "In force", "3"),
        ("/en/board/past/", "", "Past", "0"),
        ("/en/board/incident/", "", "Incident", "1"),
        ("/en/board/policy/", ' aria-current="page"', "Policy", "2"),
        ("/en/board/2026/", "", "2026", "2"),
        ("/en/board/2025/", "", "2025", "1"),
    ]
    assert "密谈" not in page


def test_long_lists_have_pages(portal_folder: PortalFolder) -> None:
    """Each page knows where it stands; far pages are left out, first and last never."""
    for day in range(10, 19):
        portal_folder.notice(f"n{day}", f"title: 第{day}号\ndate: 2026-11-{day}")
    pages_of_one(portal_folder)
    page = render(portal_folder.plan(), page=5)
    assert items(page) == ["2026年11月14日 一般公告 第14号 有效"]
    nav = re.search(r'<nav class="dn-pages".*?</nav>', page, re.DOTALL)
    assert nav is not None
    assert text(nav[0]) == "上一页 1 … 3 4 5 6 7 … 9 下一页"
    assert '<a href="/board/page/5/" aria-label="第 5 页" aria-current="page">5</a>' in nav[0]
    assert '<a href="/" aria-label="第 1 页">1</a>' in nav[0]
    assert nav[0].count("aria-current") == 1


def test_an_empty_board_says_so(portal_folder: PortalFolder) -> None:
    """A new portal shows a sentence instead of nothing."""
    page = render(portal_folder.plan())
    assert "这里还没有公告。" in page
    assert "dn-pages" not in page


def test_a_notice_without_translation_is_marked(portal_folder: PortalFolder) -> None:
    """In the other language's list the original's words are marked as what they are."""
    portal_folder.notice("n", "title: 通知\ndate: 2026-11-01\nsummary: 一句话。")
    page = render(portal_folder.plan(), language="en")
    assert items(page) == ["1 November 2026 General 通知 一句话。 Current Chinese only"]
    assert '<h3><a href="/en/notices/n/" lang="zh">通知</a></h3>' in page


def test_titles_are_text(portal_folder: PortalFolder) -> None:
    """A title with markup shows its markup."""
    portal_folder.notice("n", "title: <script>alert(1)</script>\ndate: 2026-11-01\neffective: 2027-01-01")
    assert "<script" not in render(portal_folder.plan())
