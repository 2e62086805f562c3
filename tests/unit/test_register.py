"""notices.json: what it says of each public notice, its schema, and the pages made beside it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import jsonschema
import pytest

from portal import lookup, register, shells, site, subscribe
from portal.article import Articles
from portal.prose import Prose
from tests.conftest import NOW, REPOSITORY, PortalFolder
from tests.unit.test_shells import engine

FEES = """
title: 服务费调整
number: 试〔2026〕1号
date: 2026-11-01
kind: fee-change
effective: {from: 2027-01-01, transition_until: 2027-03-31, until: 2027-12-31}
expires: 2028-01-31
"""


def made(folder: PortalFolder, now: str = NOW) -> dict[str, bytes]:
    return dict(register.files(folder.plan(now)))


def notices(folder: PortalFolder, now: str = NOW) -> dict[str, Any]:
    """The notices by their id; a register that its own schema refuses fails."""
    files = made(folder, now)
    found = json.loads(files["notices.json"])
    schema = json.loads(files["schemas/notices.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(found)
    return {notice["id"]: notice for notice in found["notices"]}


def test_what_it_says(portal_folder: PortalFolder) -> None:
    """Number, titles, dates, addresses, and each version with date, note and the hash of the file it was read from."""
    portal_folder.notice("fees", FEES)
    portal_folder.commit("v1")
    file = portal_folder.notice("fees", FEES + "redirects: [old]\nrevisions: [{on: 2026-11-09, note: 改了。}]\n")
    portal_folder.notice("fees", "translates: 2\ntitle: New fees", lang="en")
    portal_folder.commit("v2")
    fees = notices(portal_folder)["fees"]
    first, second = fees.pop("versions")
    assert fees == {
        "id": "fees",
        "number": "试〔2026〕1号",
        "kind": "fee-change",
        "titles": {"en": "New fees", "zh": "服务费调整"},
        "language": "zh",
        "urls": {
            "zh": "https://notices.example.com/notices/fees/",
            "en": "https://notices.example.com/en/notices/fees/",
        },
        "redirects": ["old"],
        "published": "2026-11-01T00:00:00+08:00",
        "effective": {"from": "2027-01-01", "transition_until": "2027-03-31", "until": "2027-12-31"},
        "expires": "2028-01-31",
    }
    assert (first["version"], first["languages"], "note" in first) == (1, ["zh"], False)
    assert second["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert second["sha256"] != first["sha256"]
    assert (second["on"], second["note"], second["languages"]) == ("2026-11-09T00:00:00+08:00", "改了。", ["en", "zh"])
    assert second["urls"]["en"] == "https://notices.example.com/en/notices/fees/v2/"


def test_who_took_its_place(portal_folder: PortalFolder) -> None:
    """A published successor is named with its date, also ahead of it; a withdrawal only once it holds."""
    portal_folder.notice("old", "title: 旧\ndate: 2026-01-01\nwithdrawn: {on: 2027-02-01, reason: 误。}")
    portal_folder.notice("new", "title: 新\ndate: 2026-11-01\nsupersedes: old\neffective: 2027-01-01\n")
    old = notices(portal_folder)["old"]
    assert old["superseded_by"] == {"id": "new", "since": "2027-01-01T00:00:00+08:00"}
    assert "withdrawn" not in old
    assert notices(portal_folder, "2027-02-02T09:00+08:00")["old"]["withdrawn"] == "2027-02-01T00:00:00+08:00"


def test_nothing_scheduled_private_or_drafted(portal_folder: PortalFolder) -> None:
    """Private sources change no byte, and what is not published is not there."""
    portal_folder.notice("fees", FEES)
    alone = made(portal_folder)
    portal_folder.notice("later", "title: 以后\ndate: 2026-12-08\nsupersedes: fees")
    portal_folder.notice("draft", "title: 草稿\ndate: 2026-11-01\ndraft: true")
    portal_folder.notice("secret", "title: 密\ndate: 2026-11-01\naudience: {clients: [yunshan]}\nsupersedes: fees")
    assert made(portal_folder) == alone


def test_the_clock_alone_changes_nothing(portal_folder: PortalFolder) -> None:
    """Dates stand in it, not states: a year later it is the same."""
    portal_folder.notice("fees", FEES)
    assert made(portal_folder) == made(portal_folder, "2028-06-01T09:00+08:00")


def test_the_schema_in_the_documents_is_the_one_published() -> None:
    """docs/notices.schema.json is the schema of this program."""
    kept = json.loads((REPOSITORY / "docs" / "notices.schema.json").read_text(encoding="utf-8"))
    assert kept == register.schema()


def test_the_lookup_page_says_all_without_scripts(portal_folder: PortalFolder) -> None:
    """Every number with its dates, and what became of the notice."""
    portal_folder.notice("fees", FEES)
    portal_folder.notice("gone", "title: 撤\ndate: 2026-02-01\nwithdrawn: {on: 2026-03-01, reason: 误。}")
    plan = portal_folder.plan()
    page = dict(lookup.files(plan, shells.fetch(plan.settings, engine)))["en/lookup/index.html"].decode()
    assert "试〔2026〕1号" in page
    assert '<a href="/en/notices/fees/" lang="zh">服务费调整</a>' in page
    assert 'from <time datetime="2027-01-01">1 January 2027</time>' in page
    assert 'until <time datetime="2027-12-31">31 December 2027</time>' in page
    assert 'withdrawn on <time datetime="2026-03-01">1 March 2026</time>' in page
    assert 'data-dn-register="/notices.json"' in page


def test_the_subscribe_page_lists_every_calendar_and_feed(portal_folder: PortalFolder) -> None:
    """Of the whole board and each kind, in the page's language."""
    plan = portal_folder.plan()
    page = dict(subscribe.files(plan, shells.fetch(plan.settings, engine)))["en/subscribe/index.html"].decode()
    assert page.count('href="webcal://notices.example.com/calendar/') == 12
    assert 'href="https://notices.example.com/calendar/en.ics"' in page
    assert 'href="https://notices.example.com/feeds/fee-change.en.atom"' in page
    assert 'href="https://notices.example.com/feeds/all.en.json"' in page
    assert ".zh." not in page


def test_every_public_file_comes_once(portal_folder: PortalFolder) -> None:
    """A page at an old address gives way to the pages about numbers and subscriptions."""
    olds = "[/lookup/, /en/subscribe/index.html, /gone/]"
    portal_folder.notice("fees", FEES + f"redirects: {olds}\n")
    plan = portal_folder.plan()
    articles = Articles(plan, Prose(plan.settings))
    paths = [path for path, _ in site.files(plan, shells.fetch(plan.settings, engine), articles)]
    assert len(paths) == len(set(paths))
    assert {"gone/index.html", "lookup/index.html", "calendar/zh.ics", "notices.json", "sitemap.xml"} <= set(paths)


_TWICE = """
number: 试〔2026〕2号
redirects: [old]
effective: {from: 2027-01-01}
revisions: [{on: 2026-11-09, note: '改了  "甲" \\ é'}, {on: 2026-11-10, note: 小改, minor: true}]
"""
_LAST = "supersedes: n2\neffective: {until: 2027-12-31}\nexpires: 2028-01-31\n"


def test_a_moment_has_the_offset_that_its_day_had(portal_folder: PortalFolder) -> None:
    """In minutes, as RFC 3339 has it, also of days on which clocks showed the time of the place."""
    config = portal_folder.root / "mkdocs.yml"
    said = config.read_text(encoding="utf-8")
    plans = []
    for zone in ("Asia/Shanghai", "Europe/London", "Africa/Monrovia", "America/St_Johns"):
        portal_folder.write("mkdocs.yml", said.replace("Asia/Shanghai", zone))
        plans.append(portal_folder.plan())
    for plan in plans:
        for year in range(1900, 2100, 3):
            for month in (1, 7):
                at = dt.datetime(year, month, 5, 3, 4, 5, 60 * (year % 2), tzinfo=dt.UTC)
                local = at.astimezone(plan.settings.zone)
                succession = register.Succession(id="a", since=local)
                assert register._moment(at, plan) == json.loads(succession.model_dump_json())["since"]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/London"])
def test_it_is_written_as_its_model_would_be(portal_folder: PortalFolder, zone: str) -> None:
    """Nothing is said that is as it is by default, and the bytes are those that the model would write."""
    config = portal_folder.root / "mkdocs.yml"
    portal_folder.write("mkdocs.yml", config.read_text(encoding="utf-8").replace("Asia/Shanghai", zone))
    for count, more in enumerate([None, "", _TWICE, _LAST]):
        if more is not None:
            portal_folder.notice(f"n{count}", f"title: 标题 <{count}>\ndate: 2026-11-0{count}\n{more}", "一行\n")
            portal_folder.notice(f"n{count}", "translates: 1\ntitle: In English", lang="en")
            portal_folder.commit(f"{count}")
        written = made(portal_folder)["notices.json"].decode()
        said = register.Register.model_validate_json(written)
        assert written == said.model_dump_json(by_alias=True, exclude_defaults=True, indent=1) + "\n"
        assert len(said.notices) == count
    by_id = {notice.id: notice for notice in said.notices}
    assert [len(by_id[each].versions) for each in ("n1", "n2", "n3")] == [1, 3, 1]
    assert [bool(by_id[each].superseded_by) for each in ("n1", "n2", "n3")] == [False, True, False]
    assert [edition.minor for edition in by_id["n2"].versions] == [False, False, True]
