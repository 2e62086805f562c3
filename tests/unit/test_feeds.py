"""Feeds: what a reader of Atom or JSON Feed sees of the board, and how it follows a notice through its life."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import feedparser
import jsonschema

from portal import feeds
from portal.prose import Prose
from tests.conftest import NOW, PortalFolder

JSON_FEED = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["version", "title", "items"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string", "minLength": 1},
        "home_page_url": {"$ref": "#/$defs/address"},
        "feed_url": {"$ref": "#/$defs/address"},
        "language": {"type": "string"},
        "authors": {"$ref": "#/$defs/authors"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "content_html", "date_published", "date_modified"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "url": {"$ref": "#/$defs/address"},
                    "title": {"type": "string"},
                    "content_html": {"type": "string"},
                    "summary": {"type": "string"},
                    "date_published": {"type": "string", "format": "date-time"},
                    "date_modified": {"type": "string", "format": "date-time"},
                    "authors": {"$ref": "#/$defs/authors"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "language": {"type": "string"},
                    "attachments": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["url", "mime_type"],
                            "properties": {"url": {"$ref": "#/$defs/address"}, "size_in_bytes": {"type": "integer"}},
                        },
                    },
                },
            },
        },
    },
    "$defs": {
        "address": {"type": "string", "pattern": "^https?://"},
        "authors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {"name": {}},
            },
        },
    },
}
"""JSON Feed 1.1 as far as we write it: https://www.jsonfeed.org/version/1.1/"""

FEES = """
title: 服务费调整
number: 试〔2026〕1号
date: 2026-11-01
kind: fee-change
summary: 自明年起调整。
"""


def made(folder: PortalFolder, now: str = NOW) -> Mapping[str, bytes]:
    plan = folder.plan(now)
    return dict(feeds.files(plan, Prose(plan.settings)))


def atom(folder: PortalFolder, path: str = "feeds/all.zh.atom", now: str = NOW) -> Any:
    """A feed as feedparser reads it; a flaw that it had to forgive fails."""
    parsed = feedparser.parse(made(folder, now)[path])
    assert not parsed.bozo, parsed.bozo_exception
    return parsed


def as_json(folder: PortalFolder, path: str = "feeds/all.zh.json", now: str = NOW) -> Any:
    feed = json.loads(made(folder, now)[path])
    jsonschema.validate(feed, JSON_FEED, format_checker=jsonschema.FormatChecker())
    return feed


def test_one_entry_in_both_formats(portal_folder: PortalFolder) -> None:
    """A notice has its id, dates, author, category and summary; Atom and JSON Feed say the same."""
    portal_folder.notice("fees", FEES, "正文。\n")
    feed = atom(portal_folder)
    entry = feed.entries[0]
    assert feed.version == "atom10"
    assert feed.feed.id == "https://notices.example.com/feeds/all.zh.atom"
    assert feed.feed.updated == "2026-11-01T00:00:00+08:00"
    assert entry.id == "https://notices.example.com/notices/fees/#zh"
    assert entry.link == "https://notices.example.com/notices/fees/"
    assert (entry.published, entry.updated) == ("2026-11-01T00:00:00+08:00", "2026-11-01T00:00:00+08:00")
    assert (entry.author, entry.summary, [t.term for t in entry.tags]) == ("试用财税", "自明年起调整。", ["收费调整"])
    item = as_json(portal_folder)["items"][0]
    assert item["content_html"] == entry.content[0].value.replace("<br />", "<br>")
    assert "<p>正文。</p>" in item["content_html"]
    del item["content_html"]
    assert item == {
        "id": "https://notices.example.com/notices/fees/#zh",
        "url": "https://notices.example.com/notices/fees/",
        "title": "服务费调整",
        "summary": "自明年起调整。",
        "date_published": "2026-11-01T00:00:00+08:00",
        "date_modified": "2026-11-01T00:00:00+08:00",
        "authors": [{"name": "试用财税"}],
        "language": "zh",
        "tags": ["收费调整"],
    }


def test_every_kind_and_language_has_a_feed(portal_folder: PortalFolder) -> None:
    """Those of a kind hold that kind alone; a feed without any notice is there and valid, for those who wait."""
    portal_folder.notice("fees", FEES)
    portal_folder.notice("other", "title: 其他\ndate: 2026-11-02")
    assert len(made(portal_folder)) == 44
    assert [e.title for e in atom(portal_folder, "feeds/fee-change.en.atom").entries] == ["服务费调整"]
    assert [e.title for e in atom(portal_folder).entries] == ["其他", "服务费调整"]
    empty = atom(portal_folder, "feeds/incident.en.atom")
    assert empty.entries == []
    assert empty.feed.title == "Trial notices · Incident"
    assert as_json(portal_folder, "feeds/incident.en.json")["items"] == []


def test_a_translation_is_an_entry_of_its_own(portal_folder: PortalFolder) -> None:
    """Each language has an id and an address of its own; what is not translated says in which language it is."""
    portal_folder.notice("fees", FEES)
    portal_folder.notice("fees", "translates: 1\ntitle: New fees", lang="en")
    portal_folder.notice("other", "title: 其他\ndate: 2026-10-02")
    fees, other = atom(portal_folder, "feeds/all.en.atom").entries
    assert (fees.title, fees.id) == ("New fees", "https://notices.example.com/notices/fees/#en")
    assert fees.link == "https://notices.example.com/en/notices/fees/"
    assert (fees.title_detail.language, other.title_detail.language) == ("en", "zh")


def test_addresses_in_the_text_are_whole(portal_folder: PortalFolder) -> None:
    """Links to notices, attachments, pictures and headings lead somewhere from any feed reader; nothing can run."""
    portal_folder.notice("other", "title: 其他\ndate: 2026-10-02")
    portal_folder.write("notices/2026/list.pdf", b"%PDF")
    portal_folder.write("notices/2026/plan.png", b"PNG")
    body = "# 一\n\n[公告](other.zh.md) [表](list.pdf) [上文](#一) ![图](plan.png) <script>alert(1)</script>\n"
    portal_folder.notice("fees", FEES + "attachments: [list.pdf]\n", body)
    item = as_json(portal_folder)["items"][0]
    html = item["content_html"]
    assert 'href="https://notices.example.com/notices/other/"' in html
    assert 'href="https://notices.example.com/notices/fees/files/list.pdf"' in html
    assert 'src="https://notices.example.com/notices/fees/files/plan.png"' in html
    assert 'href="https://notices.example.com/notices/fees/#一"' in html
    assert "script" not in html
    assert 'href="/' not in html
    assert item["attachments"] == [
        {
            "url": "https://notices.example.com/notices/fees/files/list.pdf",
            "mime_type": "application/pdf",
            "size_in_bytes": 4,
        }
    ]
    assert atom(portal_folder).entries[0].enclosures[0].length == "4"


def test_a_correction_updates_the_entry(portal_folder: PortalFolder) -> None:
    """Same id, same published; updated is the version's date, and a minor version is no news."""
    portal_folder.notice("fees", FEES, "第一版")
    portal_folder.commit("v1")
    lines = "revisions:\n  - {on: 2026-11-05, note: 改了日期。}\n  - {on: 2026-11-09, note: 错字。, minor: true}\n"
    portal_folder.notice("fees", FEES.replace("服务费调整", "新标题") + lines, "第三版")
    portal_folder.commit("v3")
    entry = atom(portal_folder).entries[0]
    assert entry.id == "https://notices.example.com/notices/fees/#zh"
    assert (entry.published, entry.updated) == ("2026-11-01T00:00:00+08:00", "2026-11-05T00:00:00+08:00")
    assert entry.title == "新标题"
    assert "改了日期。" in entry.content[0].value


def test_a_withdrawal_updates_the_entry_once_it_holds(portal_folder: PortalFolder) -> None:
    """Before its moment nothing of it shows; from then on the entry is updated to that moment."""
    portal_folder.notice("fees", FEES + "withdrawn: {on: 2026-12-01, reason: 缓办。}\n")
    before, after = (atom(portal_folder, now=f"2026-{day}T09:00+08:00").entries[0] for day in ("11-30", "12-02"))
    assert (before.title, before.updated) == ("服务费调整", "2026-11-01T00:00:00+08:00")
    assert "缓办" not in before.content[0].value
    assert (after.title, after.updated) == ("〔已撤回〕服务费调整", "2026-12-01T00:00:00+08:00")
    assert "缓办。" in after.content[0].value
    assert [tag.term for tag in after.tags] == ["收费调整", "已撤回"]
    assert after.id == before.id


def test_a_successor_updates_the_entry_when_it_takes_effect(portal_folder: PortalFolder) -> None:
    """The older entry names the newer from its effective date on; if that one is withdrawn, the older stands again."""
    portal_folder.notice("old", "title: 旧\ndate: 2026-01-01")
    new = "title: 新\ndate: 2026-11-01\nsupersedes: old\neffective: 2026-12-01\n"
    portal_folder.notice("new", new)
    assert [e.title for e in atom(portal_folder, now="2026-11-20T09:00+08:00").entries] == ["新", "旧"]
    old = atom(portal_folder).entries[0]
    assert (old.title, old.updated) == ("〔已被取代〕旧", "2026-12-01T00:00:00+08:00")
    assert "https://notices.example.com/notices/new/" in old.content[0].value
    portal_folder.notice("new", new + "withdrawn: {on: 2026-12-05, reason: 错发。}\n")
    again = {e.link.split("/")[-2]: e for e in atom(portal_folder).entries}
    assert (again["old"].title, again["old"].updated) == ("旧", "2026-12-05T00:00:00+08:00")


def test_progress_of_an_incident_updates_the_entry(portal_folder: PortalFolder) -> None:
    """A line of its timeline is news, newest first in the text."""
    updates = "updates:\n  - {at: '2026-12-02 10:00', text: 查明原因}\n  - {at: '2026-12-03 08:30', text: 已恢复}\n"
    portal_folder.notice("down", "title: 故障\ndate: 2026-12-01\nkind: incident\n" + updates)
    entry = atom(portal_folder).entries[0]
    assert entry.updated == "2026-12-03T08:30:00+08:00"
    text = entry.content[0].value
    assert text.index("已恢复") < text.index("查明原因")


def test_a_renamed_notice_keeps_its_entry(portal_folder: PortalFolder) -> None:
    """The id in feeds is the first one that the notice was published under; its address is the present one."""
    portal_folder.notice("fees-a", FEES + "redirects: [fees, fees-old]\n")
    entry = atom(portal_folder).entries[0]
    assert entry.id == "https://notices.example.com/notices/fees/#zh"
    assert entry.link == "https://notices.example.com/notices/fees-a/"


def test_two_claims_to_one_id(portal_folder: PortalFolder) -> None:
    """Where two notices name the same earlier id, it stays with the older; ids are never shared."""
    portal_folder.notice("a", "title: 甲\ndate: 2026-01-01\nredirects: [x]")
    portal_folder.notice("b", "title: 乙\ndate: 2026-02-01\nredirects: [x]")
    portal_folder.notice("c", "title: 丙\ndate: 2026-03-01\nredirects: [a]")
    ids = [entry.id.split("/")[-2] for entry in atom(portal_folder).entries]
    assert ids == ["c", "b", "x"]


def test_a_file_renamed_without_its_id(portal_folder: PortalFolder) -> None:
    """In an automatic history a retitled and renamed incident is still the entry that readers have."""
    config = (portal_folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    portal_folder.write("mkdocs.yml", config + "    versions: automatic\n")
    front = "title: 登录变慢\ndate: 2026-11-01\nkind: incident\n"
    body = "登录页面打开缓慢，我们正在查找原因，请稍后再试。\n" * 5
    file = portal_folder.notice("slow-login", front, body)
    portal_folder.commit(
        "found",
    )
    first = atom(portal_folder).entries[0].id
    file.unlink()
    portal_folder.notice("login-restored", front.replace("变慢", "已恢复"), body)
    portal_folder.commit("solved")
    entry = atom(portal_folder, now="2099-01-01T00:00+08:00").entries[0]
    assert entry.title == "登录已恢复"
    assert entry.id == first == "https://notices.example.com/notices/slow-login/#zh"


def test_nothing_scheduled_private_or_drafted(portal_folder: PortalFolder) -> None:
    """What may not be shown stands in no feed, and private sources change no byte."""
    portal_folder.notice("fees", FEES)
    alone = made(portal_folder)
    portal_folder.notice("later", "title: 以后\ndate: 2026-12-08")
    portal_folder.notice("draft", "title: 草稿\ndate: 2026-11-01\ndraft: true")
    portal_folder.notice("secret", "title: 密\ndate: 2026-11-01\naudience: {clients: [yunshan]}\nsupersedes: fees")
    assert made(portal_folder) == alone


def test_the_clock_alone_changes_nothing(portal_folder: PortalFolder) -> None:
    """While a notice only takes effect and passes its deadlines, every feed stays the same."""
    portal_folder.notice("fees", FEES + "effective: 2027-01-01\naction: {needed: true, what: 回复, by: 2026-12-31}\n")
    assert made(portal_folder) == made(portal_folder, "2027-06-01T09:00+08:00")


def test_a_feed_holds_what_changed_last(portal_folder: PortalFolder) -> None:
    """Fifty entries; a withdrawal brings an old notice back among them."""
    for number in range(1, 61):
        portal_folder.notice(
            f"n{number:02}", f"title: 第{number}号\ndate: 2026-0{1 + number // 28}-{1 + number % 28:02}"
        )
    portal_folder.notice("n01", "title: 第1号\ndate: 2026-01-02\nwithdrawn: {on: 2026-12-01, reason: 误发。}")
    titles = [entry.title for entry in atom(portal_folder).entries]
    assert len(titles) == 50
    assert titles[:2] == ["〔已撤回〕第1号", "第60号"]


def test_characters_that_xml_cannot_hold(portal_folder: PortalFolder) -> None:
    """A control character that YAML lets through breaks no feed."""
    portal_folder.notice("odd", 'title: "a\\x07b <&> \\uFFFE"\ndate: 2026-11-01\nsummary: "]]> \\x01"', "x\x0cy\n")
    assert atom(portal_folder).entries[0].title == "ab <&>"
    as_json(portal_folder)
