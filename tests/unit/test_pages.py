"""The public site, file by file, poured into the shells of a very plain engine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from xml.etree import ElementTree

from portal import pages, shells
from portal.article import Articles
from portal.prose import Prose
from tests.conftest import NOW, PortalFolder
from tests.unit.test_shells import engine

FEES = """
title: 服务费调整
date: 2026-11-01
kind: fee-change
summary: 自明年起调整。
"""


def site(folder: PortalFolder, now: str = NOW) -> Mapping[str, bytes]:
    """Every public file of a portal; a path that comes twice fails."""
    plan = folder.plan(now)
    rendered = shells.fetch(plan.settings, engine)
    result: dict[str, bytes] = {}
    for path, data in pages.files(plan, rendered, Articles(plan, Prose(plan.settings))):
        assert path not in result
        result[path] = bytes(data)
    return result


def text(data: bytes) -> str:
    return data.decode("utf-8")


def links(page: bytes) -> dict[str, str]:
    """Where the language menu leads, and the canonical address."""
    found = dict(re.findall(r'<a href="([^"]*)">(中文|English)</a>', text(page)))
    canonical = re.search(r'rel="canonical" href="([^"]*)"', text(page))
    assert canonical
    return {"canonical": canonical[1], **{name: path for path, name in found.items()}}


def test_what_stands_where(portal_folder: PortalFolder) -> None:
    """A notice has its page and a page for each version, in every language; lists are by kind and by year."""
    portal_folder.notice("fees", FEES)
    assert sorted(site(portal_folder)) == [
        "404.html",
        "assets/site.css",
        "board/2026/index.html",
        "board/cards/en/2026-0.json",
        "board/cards/zh/2026-0.json",
        "board/fee-change/index.html",
        "board/in-force/index.html",
        "board/lists.json",
        "board/past/index.html",
        "board/upcoming/index.html",
        "build.json",
        "contact/index.html",
        "editions/2026-11/index.html",
        "editions/index.html",
        "en/board/2026/index.html",
        "en/board/fee-change/index.html",
        "en/board/in-force/index.html",
        "en/board/past/index.html",
        "en/board/upcoming/index.html",
        "en/contact/index.html",
        "en/editions/2026-11/index.html",
        "en/editions/index.html",
        "en/index.html",
        "en/notices/fees/index.html",
        "en/notices/fees/v1/index.html",
        "index.html",
        "notices/fees/index.html",
        "notices/fees/v1/index.html",
        "notices/fees/v1/qr.svg",
        "robots.txt",
        "sitemap.xml",
    ]


def test_home_holds_the_board(portal_folder: PortalFolder) -> None:
    """The board stands where the author put its mark, between the author's own words."""
    portal_folder.notice("fees", FEES)
    home = text(site(portal_folder)["en/index.html"])
    assert home.startswith("<main>en ")
    assert home.endswith(" end</main>")
    assert 'href="/en/notices/fees/"' in home


def test_a_long_list_has_pages(portal_folder: PortalFolder) -> None:
    """The board's further pages have addresses and titles of their own."""
    config = (portal_folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    portal_folder.write("mkdocs.yml", config + "    page_size: 2\n")
    for number in range(1, 6):
        portal_folder.notice(f"n{number}", f"title: 第{number}号\ndate: 2026-11-0{number}")
    made = site(portal_folder)
    assert 'href="/notices/n5/"' in text(made["index.html"])
    last = text(made["board/page/3/index.html"])
    assert "<title>全部（第 3 页）</title>" in last
    assert 'href="/notices/n1/"' in last
    assert "board/page/4/index.html" not in made
    assert links(made["en/board/general/page/2/index.html"]) == {
        "canonical": "https://notices.example.com/en/board/general/page/2/",
        "中文": "/board/general/page/2/",
        "English": "/en/board/general/page/2/",
    }


def test_a_notice_without_a_translation(portal_folder: PortalFolder) -> None:
    """The English page shows the original and leaves being found to the original's page."""
    portal_folder.notice("fees", FEES)
    made = site(portal_folder)
    assert links(made["en/notices/fees/index.html"]) == {
        "canonical": "https://notices.example.com/notices/fees/",
        "中文": "/notices/fees/",
        "English": "/en/notices/fees/",
    }
    assert 'hreflang="en"' not in text(made["notices/fees/index.html"])


def test_a_translated_notice(portal_folder: PortalFolder) -> None:
    """Each language is found under its own address and names the other."""
    portal_folder.notice("fees", FEES)
    portal_folder.notice("fees", "translates: 1\ntitle: New fees\nsummary: From next year.", lang="en")
    page = text(site(portal_folder)["en/notices/fees/index.html"])
    assert "<title>New fees</title>" in page
    assert '<meta name="description" content="From next year.">' in page
    assert links(page.encode())["canonical"] == "https://notices.example.com/en/notices/fees/"
    assert '<link rel="alternate " hreflang="zh" href="https://notices.example.com/notices/fees/">' in page


def test_every_version_keeps_its_page(portal_folder: PortalFolder) -> None:
    """The latest is found under the notice's own address; an older one stays readable, but is not to be found."""
    portal_folder.notice("fees", FEES, "每月 200 元。")
    portal_folder.commit("version 1")
    portal_folder.notice("fees", f"{FEES}revisions: [{{on: 2026-11-20, note: 更正金额}}]", "每月 240 元。")
    made = site(portal_folder)
    latest, first, second = (text(made[f"notices/fees/{p}index.html"]) for p in ("", "v1/", "v2/"))
    assert "每月 240 元" in latest
    assert "每月 240 元" in second
    assert "每月 200 元" in first
    assert "<title>服务费调整（第 1 版）</title>" in first
    assert 'name="robots" content="noindex"' in first
    assert 'name="robots" content="all"' in second
    assert links(second.encode())["canonical"] == "https://notices.example.com/notices/fees/"
    assert links(first.encode())["canonical"] == "https://notices.example.com/notices/fees/v1/"


def test_a_version_whose_text_is_lost_says_so(portal_folder: PortalFolder) -> None:
    """Its page exists and does not pretend."""
    portal_folder.notice("fees", f"{FEES}revisions: [{{on: 2026-11-20, note: 更正金额}}]", "每月 240 元。")
    first = text(site(portal_folder)["notices/fees/v1/index.html"])
    assert "每月 240 元" not in first
    assert "未能保存" in first


def test_files_that_come_with_a_notice(portal_folder: PortalFolder) -> None:
    """Attachments and the images that a text shows are published once, under an address without a language."""
    portal_folder.write("notices/2026/价目 表.pdf", b"%PDF")
    portal_folder.write("notices/2026/chart.png", b"PNG")
    portal_folder.write("notices/2026/unused.png", b"PNG")
    body = "![图](chart.png)\n\n![别处](https://example.org/x.png)\n\n![外面](../../secret.png)\n"
    portal_folder.write("secret.png", b"PNG")
    portal_folder.notice("fees", f"{FEES}attachments: [价目 表.pdf]", body)
    made = site(portal_folder)
    assert made["notices/fees/files/价目 表.pdf"] == b"%PDF"
    assert made["notices/fees/files/chart.png"] == b"PNG"
    assert [path for path in made if "/files/" in path] == [
        "notices/fees/files/价目 表.pdf",
        "notices/fees/files/chart.png",
    ]
    for path in ("notices/fees/index.html", "en/notices/fees/index.html"):
        page = text(made[path])
        assert 'href="/notices/fees/files/%E4%BB%B7%E7%9B%AE%20%E8%A1%A8.pdf"' in page
        assert 'src="/notices/fees/files/chart.png"' in page
        assert 'src="https://example.org' not in page


def test_an_old_address_leads_to_the_new_one(portal_folder: PortalFolder) -> None:
    """`redirects` names old ids; their pages send visitors on, unless a notice has that id again."""
    portal_folder.notice("fees", f"{FEES}redirects: [fees-old, other, fees-old]")
    portal_folder.notice("other", "title: 别的\ndate: 2026-11-02")
    made = site(portal_folder)
    moved = text(made["en/notices/fees-old/index.html"])
    assert '<noscript><meta http-equiv="refresh" content="0; url=/en/notices/fees/"></noscript>' in moved
    assert '<link rel="canonical" href="https://notices.example.com/en/notices/fees/">' in moved
    assert '<html lang="en">' in moved
    assert "http-equiv" not in text(made["notices/other/index.html"])


def test_the_page_for_a_wrong_address_speaks_every_language(portal_folder: PortalFolder) -> None:
    """A host has one 404 page; it is not to be listed, and leads to search, board and firm in each language."""
    page = text(site(portal_folder)["404.html"])
    assert page.count("<h1") == 1
    assert 'name="robots" content="noindex"' in page
    assert '<section lang="en">' in page
    english = page.partition('<section lang="en">')[2]
    ways = ["/en/search/", "/en/", "/en/lookup/", "/en/contact/"]
    assert re.findall(r'(?:href|action)="([^"]+)"', english)[:4] == ways


def test_the_sitemap(portal_folder: PortalFolder) -> None:
    """It lists what is to be found: content pages and latest notices, with their real translations and dates."""
    portal_folder.notice("fees", FEES)
    portal_folder.notice("plan", "title: 计划\ndate: 2026-11-02")
    portal_folder.notice("plan", "translates: 1\ntitle: Plan", lang="en")
    tree = ElementTree.fromstring(site(portal_folder)["sitemap.xml"])
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    found = {
        url.findtext("s:loc", "", names).removeprefix("https://notices.example.com"): (
            url.findtext("s:lastmod", None, names),
            [link.get("hreflang") for link in url.findall("x:link", names)],
        )
        for url in tree
    }
    assert found == {
        "/": (None, ["zh", "en"]),
        "/en/": (None, ["zh", "en"]),
        "/contact/": (None, ["zh", "en"]),
        "/en/contact/": (None, ["zh", "en"]),
        "/notices/plan/": ("2026-11-02", ["zh", "en"]),
        "/en/notices/plan/": ("2026-11-02", ["zh", "en"]),
        "/notices/fees/": ("2026-11-01", []),
        "/lookup/": (None, ["zh", "en"]),
        "/en/lookup/": (None, ["zh", "en"]),
        "/subscribe/": (None, ["zh", "en"]),
        "/en/subscribe/": (None, ["zh", "en"]),
    }


def test_the_build_says_what_it_shows(portal_folder: PortalFolder) -> None:
    """build.json names the commit and the editorial moment."""
    portal_folder.notice("fees", FEES)
    commit = portal_folder.commit("a notice")
    facts = json.loads(site(portal_folder)["build.json"])
    assert facts == {"commit": commit, "time": "2026-12-07T09:30:00+08:00", "program": "0.1.0"}


def test_no_public_byte_depends_on_what_is_private(portal_folder: PortalFolder) -> None:
    """A private notice, even one that public ones point at, and the registry leave no trace."""
    portal_folder.notice("fees", f"{FEES}redirects: [deal]\nanswers: [deal]", "见 [约定](deal.zh.md)。")
    portal_folder.commit("public only")
    before = site(portal_folder)
    portal_folder.client(
        "yunshan", "name: 云杉贸易\nstatus: active\ncontacts: [{id: lin, name: 林岚, email: lin@example.com}]"
    )
    portal_folder.notice(
        "deal", "title: 单独约定\ndate: 2026-11-03\nkind: improvement\naudience: {clients: [yunshan]}\nsupersedes: fees"
    )
    assert site(portal_folder) == before
