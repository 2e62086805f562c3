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
    return [text(row) for row in re.findall(r'<li class="dn-item.*?</ul>\n</div>\n</li>', page, re.DOTALL)]


def text(markup: str) -> str:
    seen = re.sub(r"<(time|span)\b[^>]* hidden>[^<]*</\1>|<div[^>]* aria-hidden.*?</div>", "", markup)
    inline = re.sub(r"</?(?:time|span|a|small|b)\b[^>]*>", "", seen)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inline)).split())


def panel(page: str, name: str) -> list[str]:
    """The dates that a panel of the first page names."""
    section = re.search(rf'<section class="dn-panel dn-panel--{name}".*?</section>', page, re.DOTALL)
    return [text(row) for row in re.findall(r"<li\b.*?</li>", section[0], re.DOTALL)] if section else []


def pages_of_one(folder: PortalFolder) -> None:
    folder.write(
        "mkdocs.yml",
        (folder.root / "mkdocs.yml").read_text().replace("duenotice:\n    l", "duenotice:\n    page_size: 1\n    l"),
    )


def test_a_row_says_what_a_reader_needs_to_choose(portal_folder: PortalFolder) -> None:
    """Date, kind, urgency, state, title, summary, by when to act and from when it holds; the newest first."""
    portal_folder.notice("old", "title: 旧事\ndate: 2026-01-05\nsummary: 一句话。\neffective: 2026-02-01")
    portal_folder.notice(
        "fees",
        "title: 收费调整\ndate: 2026-11-01\nkind: fee-change\nurgency: important\nsummary: 上调。\n"
        "effective: 2027-02-01\naction: {needed: true, what: 签回, by: 2026-12-31}",
    )
    page = render(portal_folder.plan())
    assert items(page) == [
        "2026年11月1日 收费调整 重要 即将生效 收费调整 上调。 请于 2026年12月31日前办理 2027年2月1日起生效",
        "2026年1月5日 一般公告 有效 旧事 一句话。",
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
        "2026年11月3日 一般公告 已撤回 甲",
        "2026年11月2日 一般公告 有效 乙",
        "2026年11月1日 一般公告 有效 丙 请于 2026年12月7日前办理",
    ]
    assert panel(page, "due") == ["办理截止 2026年12月7日 丙"]


def test_a_correction_of_meaning_is_told(portal_folder: PortalFolder) -> None:
    """A later version is dated in the row, a minor one is not."""
    portal_folder.notice("a", "title: 甲\ndate: 2026-11-02\nrevisions: [{on: 2026-11-25, note: 推迟}]")
    portal_folder.notice("b", "title: 乙\ndate: 2026-11-01\nrevisions: [{on: 2026-11-26, note: 错字, minor: true}]")
    page = render(portal_folder.plan())
    assert items(page) == ["2026年11月2日 一般公告 有效 甲 2026年11月25日更新", "2026年11月1日 一般公告 有效 乙"]
    assert re.findall(r'data-dn-fresh="([^"]+)" data-dn-days="7" hidden>(.+?)<', page) == [
        ("2026-11-25", "有更新"),
        ("2026-11-01", "新"),
    ]


def test_the_first_page_names_the_next_dates(portal_folder: PortalFolder) -> None:
    """What falls due and what changes apart, one date a notice, four at most, soonest first; on no other page."""
    for day in range(10, 16):
        portal_folder.notice(f"n{day}", f"title: 第{day}号\ndate: 2026-11-{day}\neffective: 2026-12-{day}")
    portal_folder.notice(
        "first",
        "title: 分阶段\ndate: 2026-11-01\nstages: [{on: 2026-12-01, what: 已过}, {on: 2026-12-09, what: 收件}]\n"
        "objection: {until: 2027-01-04, how: 书面}\nack: {level: understood, by: 2026-12-20}",
    )
    pages_of_one(portal_folder)
    plan = portal_folder.plan()
    page = render(plan)
    assert panel(page, "due") == ["确认截止 2026年12月20日 分阶段"]
    assert panel(page, "soon") == [
        "阶段 2026年12月9日 分阶段 收件",
        "生效 2026年12月10日 第10号",
        "生效 2026年12月11日 第11号",
        "生效 2026年12月12日 第12号",
    ]
    assert "dn-panel" not in render(plan, page=2)
    assert "dn-panel" not in render(plan, key="2026")


def test_a_leaf_names_another_year(portal_folder: PortalFolder) -> None:
    """The leaf of a calendar beside a date leaves out this year, and no other."""
    portal_folder.notice("a", "title: 甲\ndate: 2026-11-01\neffective: {from: 2026-12-31}")
    portal_folder.notice("b", "title: 乙\ndate: 2026-11-01\neffective: {from: 2027-01-04}")
    plan = portal_folder.plan()
    leaf = r'<div class="dn-leaf" aria-hidden="true"><span>(.+?)</span><b>(.+?)</b>'
    assert re.findall(leaf, render(plan)) == [("12月", "31"), ("2027年1月", "4")]
    assert re.findall(leaf, render(plan, language="en")) == [("Dec", "31"), ("Jan 2027", "4")]


def test_filters_count_public_notices_only(portal_folder: PortalFolder) -> None:
    """Every way to narrow the board down is a plain link with a count; a private notice is in none of them."""
    config = (portal_folder.root / "mkdocs.yml").read_text()
    portal_folder.write("mkdocs.yml", config + "    services: {payroll: {zh: 薪酬, en: Payroll}}\n")
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@example.com}]")
    portal_folder.notice("a", "title: 甲\ndate: 2026-11-01\nkind: policy\nabout: {services: payroll, regions: 苏州}")
    portal_folder.notice("b", "title: 乙\ndate: 2025-11-01\nkind: policy\nabout: {services: [payroll]}")
    portal_folder.notice("c", "title: 丙\ndate: 2026-11-01\nkind: incident")
    private = "audience: {clients: [yunshan]}\nabout: {regions: tokyo}"
    portal_folder.notice("d", f"title: 密谈\ndate: 2024-11-01\nkind: improvement\n{private}")
    plan = portal_folder.plan()
    page = render(plan, key="policy", language="en")
    choice = r'<a href="([^"]+)" data-dn-way="(.+?)" data-dn-value="(.+?)"( aria-current="page")?>(.+?) <small>(\d+)<'
    assert re.findall(choice, page) == [
        ("/en/board/upcoming/", "state", "upcoming", "", "Upcoming", "0"),
        ("/en/board/in-force/", "state", "in-force", "", "In force", "3"),
        ("/en/board/past/", "state", "past", "", "Past", "0"),
        ("/en/board/incident/", "kind", "incident", "", "Incident", "1"),
        ("/en/board/policy/", "kind", "policy", ' aria-current="page"', "Policy", "2"),
        ("/en/board/service/payroll/", "service", "payroll", "", "Payroll", "2"),
        ("/en/board/region/%E8%8B%8F%E5%B7%9E/", "region", "苏州", "", "苏州", "1"),
        ("/en/board/2026/", "year", "2026", "", "2026", "2"),
        ("/en/board/2025/", "year", "2025", "", "2025", "1"),
    ]
    assert "密谈" not in page
    assert "tokyo" not in page
    assert [row.split()[-1] for row in items(render(plan, key="service/payroll"))] == ["涉及薪酬、苏州", "涉及薪酬"]


def test_later_pages_count_nothing(portal_folder: PortalFolder) -> None:
    """Only first pages say how many notices there are, so that one more leaves a page as it is where nothing moved."""
    for day in range(10, 13):
        portal_folder.notice(f"n{day}", f"title: 第{day}号\ndate: 2026-11-{day}\nkind: policy")
    portal_folder.notice("other", "title: 另外\ndate: 2026-11-01\nkind: incident")
    pages_of_one(portal_folder)
    before = render(portal_folder.plan(), key="policy", page=2)
    portal_folder.notice("more", "title: 又一份\ndate: 2026-11-30\nkind: incident")
    assert render(portal_folder.plan(), key="policy", page=2) == before
    assert "<small>" not in before
    assert "<small>3</small>" in render(portal_folder.plan(), key="policy")


def test_long_lists_have_pages(portal_folder: PortalFolder) -> None:
    """Each page knows where it stands; far pages are left out, first and last never."""
    for day in range(10, 19):
        portal_folder.notice(f"n{day}", f"title: 第{day}号\ndate: 2026-11-{day}")
    pages_of_one(portal_folder)
    page = render(portal_folder.plan(), page=5)
    assert items(page) == ["2026年11月14日 一般公告 有效 第14号"]
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
    assert "目前没有公告要求您办理事项。" in page


def test_a_notice_without_translation_is_marked(portal_folder: PortalFolder) -> None:
    """In the other language's list the original's words are marked as what they are."""
    portal_folder.notice("n", "title: 通知\ndate: 2026-11-01\nsummary: 一句话。")
    page = render(portal_folder.plan(), language="en")
    assert items(page) == ["1 November 2026 General Current 通知 一句话。 Not yet in English; in Chinese"]
    assert '<h3><a href="/en/notices/n/" lang="zh">通知</a></h3>' in page


def test_titles_are_text(portal_folder: PortalFolder) -> None:
    """A title with markup shows its markup."""
    portal_folder.notice("n", "title: <script>alert(1)</script>\ndate: 2026-11-01\neffective: 2027-01-01")
    assert render(portal_folder.plan()).count("<script") == 1  # its own
