"""Calendars: which events a notice has, and how a subscriber's copy follows its versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from portal import calendar, config
from portal.article import Articles
from portal.calendar import Happening, Occasion
from portal.config import Settings
from portal.kinds import Kind
from portal.notice import Text, Version, as_notice
from portal.plan import Entry, Plan
from portal.prose import Prose
from portal.registry import Registry
from portal.states import State
from tests.conftest import NOW, PortalFolder

ZONE = dt.timezone(dt.timedelta(hours=8))

FEES = """
title: 服务费调整
number: 试〔2026〕1号
date: 2026-11-01
kind: fee-change
summary: 自明年起调整；请看“价目表”, 谢谢。
effective: {from: 2027-01-01, transition_until: 2027-03-31, until: 2027-12-31}
stages: [{on: 2026-12-01, what: 发出协议}, {on: 2026-12-20, what: 签署截止}]
action: {needed: true, what: "签回[协议](https://example.org/a)。", by: 2026-12-31}
objection: {until: 2026-12-15, how: 书面提出。}
ack: {level: received, by: 2026-11-20}
expires: 2028-01-31
"""


def made(folder: PortalFolder, now: str = NOW) -> Mapping[str, bytes]:
    plan = folder.plan(now)
    return dict(calendar.files(plan, Prose(plan.settings)))


def read(data: bytes) -> icalendar.Calendar:
    """A calendar as its parser sees it; anything the parser had to leave out fails."""
    parsed = icalendar.Calendar.from_ical(data)
    assert parsed.errors == []
    for event in parsed.events:
        assert event.errors == []
    return parsed


def events(data: bytes) -> dict[str, icalendar.Event]:
    """The events by the part of their UID before the host; UIDs that come twice fail."""
    listed = read(data).events
    found = {str(event["UID"]).removesuffix("@notices.example.com"): event for event in listed}
    assert len(found) == len(listed)
    return found


def of(folder: PortalFolder, path: str = "calendar/zh.ics", now: str = NOW) -> dict[str, icalendar.Event]:
    return events(made(folder, now)[path])


def brief(event: icalendar.Event) -> tuple[str, int, str]:
    return str(event["SUMMARY"]), int(event["SEQUENCE"]), str(event["STATUS"])


def test_every_date_is_an_event(portal_folder: PortalFolder) -> None:
    """Effective, transition, end, expiry, action, objection, acknowledgement and stages, each on its whole day."""
    portal_folder.notice("fees", FEES)
    found = of(portal_folder)
    assert {uid: (event.start, str(event["SUMMARY"])) for uid, event in found.items()} == {
        "fees/effective": (dt.date(2027, 1, 1), "生效：服务费调整"),
        "fees/transition": (dt.date(2027, 3, 31), "过渡期最后一天：服务费调整"),
        "fees/until": (dt.date(2027, 12, 31), "最后一天：服务费调整"),
        "fees/expires": (dt.date(2028, 1, 31), "今天之后不再适用：服务费调整"),
        "fees/action": (dt.date(2026, 12, 31), "今天截止办理：服务费调整"),
        "fees/objection": (dt.date(2026, 12, 15), "今天截止提出异议：服务费调整"),
        "fees/ack": (dt.date(2026, 11, 20), "今天截止确认：服务费调整"),
        "fees/stage-1": (dt.date(2026, 12, 1), "发出协议：服务费调整"),
        "fees/stage-2": (dt.date(2026, 12, 20), "签署截止：服务费调整"),
    }
    action = found["fees/action"]
    assert action.end == dt.date(2027, 1, 1)
    assert str(action["DESCRIPTION"]) == "签回协议。\n\n自明年起调整；请看“价目表”, 谢谢。\n\n文号：试〔2026〕1号"
    assert str(action["URL"]) == "https://notices.example.com/notices/fees/"
    assert action["CATEGORIES"].cats == ["收费调整"]
    assert action["DTSTAMP"].dt == action["LAST-MODIFIED"].dt == dt.datetime(2026, 10, 31, 16, tzinfo=dt.UTC)
    assert brief(action) == ("今天截止办理：服务费调整", 0, "CONFIRMED")


def test_the_calendar_itself(portal_folder: PortalFolder) -> None:
    """It has a name, its own address, and says how often to look; lines end with CRLF and have at most 75 octets."""
    portal_folder.notice("fees", FEES + "value: " + "很长的说明，" * 40)
    data = made(portal_folder)["calendar/fee-change.en.ics"]
    head = read(data)
    assert str(head["X-WR-CALNAME"]) == str(head["NAME"]) == "Trial notices · Change of fees"
    assert str(head["SOURCE"]) == "https://notices.example.com/calendar/fee-change.en.ics"
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\n" in data
    assert (str(head["METHOD"]), str(head["VERSION"])) == ("PUBLISH", "2.0")
    lines = data.split(b"\r\n")
    assert lines[-1] == b""
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    for line in lines:
        line.decode("utf-8")  # no character is cut in two


def test_one_calendar_for_each_kind_and_language(portal_folder: PortalFolder) -> None:
    """A calendar of a kind holds that kind alone; one without an event is there for those who wait."""
    portal_folder.notice("fees", FEES)
    files = made(portal_folder)
    assert len([path for path in files if path.startswith("calendar/")]) == 22
    assert events(files["calendar/incident.zh.ics"]) == {}
    assert set(events(files["calendar/fee-change.zh.ics"])) == set(events(files["calendar/en.ics"]))


def test_a_maintenance_window_has_times_in_the_firms_zone(portal_folder: PortalFolder) -> None:
    """From its start to its end with the zone's definition, instead of the days it takes effect and ends."""
    portal_folder.notice(
        "down",
        "title: 停机\ndate: 2026-12-01\nkind: maintenance\neffective: {from: 2026-12-19, until: 2026-12-20}\n"
        "details: {starts: 2026-12-19T12:00:00Z, ends: '2026-12-20 06:00', effect: 不能登录, instead: 打电话}",
    )
    data = made(portal_folder)["calendar/zh.ics"]
    window = events(data)["down/window"]
    assert b"DTSTART;TZID=Asia/Shanghai:20261219T200000\r\n" in data
    assert b"DTEND;TZID=Asia/Shanghai:20261220T060000\r\n" in data
    assert [str(zone["TZID"]) for zone in read(data).walk("VTIMEZONE")] == ["Asia/Shanghai"]
    assert window.start == dt.datetime(2026, 12, 19, 20, tzinfo=ZONE)
    assert str(window["DESCRIPTION"]) == "不能登录\n\n打电话"
    assert set(events(data)) == {"down/window"}


def test_a_maintenance_of_whole_days(portal_folder: PortalFolder) -> None:
    """Days stay days, the last one included, and need no zone."""
    portal_folder.notice(
        "down", "title: 停机\ndate: 2026-12-01\nkind: maintenance\ndetails: {starts: 2026-12-19, ends: 2026-12-20}"
    )
    data = made(portal_folder)["calendar/zh.ics"]
    window = events(data)["down/window"]
    assert (window.start, window.end) == (dt.date(2026, 12, 19), dt.date(2026, 12, 21))
    assert b"VTIMEZONE" not in data


def test_a_changed_date_moves_its_event(portal_folder: PortalFolder) -> None:
    """The event that changed counts up and is dated by its version; the others stay as they were."""
    portal_folder.notice("fees", FEES)
    portal_folder.commit("v1")
    revised = FEES.replace("2026-12-31", "2027-01-15") + "revisions: [{on: 2026-11-09, note: 推迟。}]\n"
    portal_folder.notice("fees", revised)
    portal_folder.commit("v2")
    found = of(portal_folder)
    assert brief(found["fees/action"]) == ("今天截止办理：服务费调整", 1, "CONFIRMED")
    assert found["fees/action"].start == dt.date(2027, 1, 15)
    assert found["fees/action"]["LAST-MODIFIED"].dt == dt.datetime(2026, 11, 8, 16, tzinfo=dt.UTC)
    assert found["fees/action"]["CREATED"].dt == dt.datetime(2026, 10, 31, 16, tzinfo=dt.UTC)
    assert brief(found["fees/effective"]) == ("生效：服务费调整", 0, "CONFIRMED")
    assert found["fees/effective"]["LAST-MODIFIED"].dt == dt.datetime(2026, 10, 31, 16, tzinfo=dt.UTC)


def test_a_dropped_date_is_cancelled(portal_folder: PortalFolder) -> None:
    """It stays in the calendar as cancelled, so that programs take it away; added again, it counts on."""
    portal_folder.notice("fees", FEES)
    portal_folder.commit("v1")
    without = FEES.replace("objection: {until: 2026-12-15, how: 书面提出。}\n", "")
    portal_folder.notice("fees", without + "revisions: [{on: 2026-11-09, note: 去掉异议期。}]\n")
    portal_folder.commit("v2")
    dropped = of(portal_folder)["fees/objection"]
    assert brief(dropped) == ("今天截止提出异议：服务费调整", 1, "CANCELLED")
    assert str(dropped["DESCRIPTION"]).startswith("公告的新版本已没有这个日期。")
    two = "revisions: [{on: 2026-11-09, note: 去掉异议期。}, {on: 2026-11-12, note: 恢复。}]\n"
    portal_folder.notice("fees", FEES + two)
    portal_folder.commit("v3")
    assert brief(of(portal_folder)["fees/objection"]) == ("今天截止提出异议：服务费调整", 2, "CONFIRMED")


def test_a_withdrawal_cancels_every_event(portal_folder: PortalFolder) -> None:
    """From its moment on, each with one more in SEQUENCE and that moment as its last change."""
    portal_folder.notice("fees", FEES + "withdrawn: {on: 2026-12-05, reason: 误。}\n")
    before, after = of(portal_folder, now="2026-12-04T09:00+08:00"), of(portal_folder)
    assert {brief(event)[1:] for event in before.values()} == {(0, "CONFIRMED")}
    assert {brief(event)[1:] for event in after.values()} == {(1, "CANCELLED")}
    assert after["fees/action"]["LAST-MODIFIED"].dt == dt.datetime(2026, 12, 4, 16, tzinfo=dt.UTC)


def test_a_successor_cancels_what_lies_ahead_of_it(portal_folder: PortalFolder) -> None:
    """Dates before the successor took effect were true; a withdrawn successor gives the others back."""
    portal_folder.notice("fees", FEES)
    new = "title: 新\ndate: 2026-11-15\nsupersedes: fees\neffective: 2026-12-05\n"
    portal_folder.notice("new", new)
    found = of(portal_folder)
    assert brief(found["fees/stage-1"])[1:] == (0, "CONFIRMED")
    assert brief(found["fees/action"])[1:] == (1, "CANCELLED")
    portal_folder.notice("new", new + "withdrawn: {on: 2026-12-06, reason: 误。}\n")
    assert brief(of(portal_folder)["fees/action"])[1:] == (2, "CONFIRMED")


def test_a_translation_changes_words_alone(portal_folder: PortalFolder) -> None:
    """Added after the fact, it gives the event its language's words, the same UID and the same SEQUENCE."""
    portal_folder.notice("fees", FEES)
    before = of(portal_folder, "calendar/en.ics")["fees/action"]
    portal_folder.notice("fees", "translates: 1\ntitle: New fees\naction: {what: Sign.}", lang="en")
    after = of(portal_folder, "calendar/en.ics")["fees/action"]
    assert brief(before) == ("今天截止办理：服务费调整", 0, "CONFIRMED")
    assert brief(after) == ("Act by today: New fees", 0, "CONFIRMED")
    assert before["UID"] == after["UID"]


def test_a_renamed_notice_keeps_its_events(portal_folder: PortalFolder) -> None:
    """UIDs begin with the first id that the notice had."""
    portal_folder.notice("fees-a", FEES + "redirects: [fees]\n")
    assert str(of(portal_folder)["fees/action"]["URL"]) == "https://notices.example.com/notices/fees-a/"


def test_nothing_scheduled_private_or_drafted(portal_folder: PortalFolder) -> None:
    """What may not be shown stands in no calendar; private sources change no byte, time alone none that is followed."""
    portal_folder.notice("fees", FEES)
    alone = made(portal_folder)
    portal_folder.notice("later", "title: 以后\ndate: 2026-12-08\neffective: 2027-01-01\nsupersedes: fees")
    portal_folder.notice("draft", "title: 草稿\ndate: 2026-11-01\neffective: 2027-01-01\ndraft: true")
    portal_folder.notice(
        "secret", "title: 密\ndate: 2026-11-01\neffective: 2026-12-01\naudience: {clients: [a]}\nsupersedes: fees"
    )
    assert made(portal_folder) == alone
    for identity in ("later", "draft", "secret"):
        (portal_folder.root / f"notices/2026/{identity}.zh.md").unlink()
    subscribed = {path: data for path, data in alone.items() if path.startswith("calendar/")}
    assert made(portal_folder, "2029-01-01T00:00+08:00") == subscribed


def test_old_events_go_when_something_is_published(portal_folder: PortalFolder) -> None:
    """An event leaves the calendar 400 days before the newest version, and never by the clock alone."""
    portal_folder.notice("old", "title: 旧\ndate: 2025-01-01\neffective: 2025-02-01")
    assert set(of(portal_folder, now="2029-01-01T00:00+08:00")) == {"old/effective"}
    portal_folder.notice("new", "title: 新\ndate: 2026-11-01\neffective: 2026-12-01")
    assert set(of(portal_folder)) == {"new/effective"}


# --- properties ----------------------------------------------------------------------------------------------------

days = st.dates(dt.date(2020, 1, 1), dt.date(2035, 12, 31))
words_ = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(lambda t: t.strip())


@st.composite
def fronts(draw: st.DrawFn) -> dict[str, Any]:
    """Front matter with any of the dates that make events; texts hold any character."""
    front: dict[str, Any] = {"id": "n", "title": draw(words_), "date": dt.date(2020, 1, 1)}
    start, middle, end = sorted(draw(st.lists(days, min_size=3, max_size=3)))
    optional: dict[str, Any] = {
        "effective": {"from": start, "transition_until": middle, "until": end},
        "expires": draw(days),
        "summary": draw(words_),
        "number": draw(words_),
        "stages": [{"on": draw(days), "what": draw(words_)} for _ in range(draw(st.integers(1, 3)))],
        "action": {"needed": draw(st.booleans()), "what": draw(words_), "by": draw(days)},
        "objection": {"until": draw(days), "how": draw(words_)},
        "ack": {"level": "agreed", "by": draw(days)},
    }
    for key in draw(st.sets(st.sampled_from(sorted(optional)))):
        front[key] = optional[key]
    if draw(st.booleans()):
        moments = st.one_of(
            days, st.datetimes(dt.datetime.fromisoformat("2020-01-01"), dt.datetime.fromisoformat("2035-01-01"))
        )
        front |= {"kind": "maintenance", "details": {"starts": draw(moments), "ends": draw(moments)}}
    if draw(st.integers(0, 4)) == 0:
        front["withdrawn"] = {"on": dt.date(2020, 1, 1), "reason": "r"}
    return front


@pytest.fixture(scope="module")
def portal_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("calendar")
    (root / "mkdocs.yml").write_text(
        "site_name: 试\nsite_url: https://notices.example.com/\n"
        "extra: {duenotice: {languages: {zh: 中文, en: English}, timezone: Asia/Shanghai}}\n",
        encoding="utf-8",
    )
    return config.load(Path(root))


def plan_of(portal_settings: Settings, versions: list[dict[str, Any]]) -> Plan | None:
    """A plan with one public notice that went through these versions; None where one is no notice."""
    published = []
    for number, front in enumerate(versions, start=1):
        notice, _ = as_notice(front)
        if notice is None:
            return None
        on = dt.datetime(2020, 1, number, tzinfo=ZONE)
        text = Text("zh", notice, "", "notices/n.md")
        published.append(Version(number, on, "", minor=False, texts={"zh": text}, language="zh"))
    entry = Entry("n", False, tuple(published), State.IN_FORCE, None, (), {})
    now = dt.datetime(2030, 1, 1, tzinfo=ZONE)
    return Plan(portal_settings, now, None, Registry({}, {}), (entry,), ())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(fronts(), min_size=1, max_size=4))
def test_any_history_gives_a_calendar_that_only_counts_up(
    portal_settings: Settings, versions: list[dict[str, Any]]
) -> None:
    """Read back, every calendar is whole; no UID comes twice or goes; no SEQUENCE falls, and a change raises it."""
    prose = Prose(portal_settings)
    before: dict[str, icalendar.Event] = {}
    for count in range(1, len(versions) + 1):
        plan = plan_of(portal_settings, versions[:count])
        assume(plan is not None)
        assert plan is not None
        files = dict(calendar.files(plan, prose))
        found = events(files["calendar/zh.ics"])
        assert found.keys() == events(files["calendar/en.ics"]).keys()
        assert before.keys() <= found.keys()
        for uid, old in before.items():
            new = found[uid]
            assert int(new["SEQUENCE"]) >= int(old["SEQUENCE"])
            assert new["LAST-MODIFIED"].dt >= old["LAST-MODIFIED"].dt
            if new.to_ical() != old.to_ical():
                assert int(new["SEQUENCE"]) > int(old["SEQUENCE"])
        before = found


def test_a_version_without_text_changes_nothing(portal_settings: Settings) -> None:
    """Where no repository has the text of a version, its neighbours decide."""
    front = {"id": "n", "title": "t", "date": dt.date(2020, 1, 1), "effective": dt.date(2027, 1, 1)}
    plan = plan_of(portal_settings, [front, front, {**front, "effective": dt.date(2027, 2, 1)}])
    assert plan is not None
    entry = plan.public[0]
    lost = entry.versions[1]._replace(texts={})
    gap = replace(plan, public=(replace(entry, versions=(entry.versions[0], lost, entry.versions[2])),))
    prose = Prose(portal_settings)
    assert dict(calendar.files(gap, prose)) == dict(calendar.files(plan, prose))


def test_the_kinds_are_those_of_notices() -> None:
    """A calendar's name in its address is a kind's name, so none may be a language."""
    assert {kind.value for kind in Kind}.isdisjoint({"zh", "en"})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from('a文，,;\\\n😀^:"nN'), max_size=200))
def test_any_text_is_read_back(portal_settings: Settings, text: str) -> None:
    """What is escaped and folded says the same to a parser, in lines of at most 75 octets that tear no character."""
    plan = plan_of(portal_settings, [{"id": "n", "title": "题", "date": "2026-12-01"}])
    assert plan is not None
    moment = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    occasion = Occasion("expires", dt.date(2027, 1, 1), None, text, f"{text}末", Kind.GENERAL)
    data = calendar._event(plan, plan.public[0], "n", Happening(occasion, moment, moment, 0), "zh")
    assert data.endswith(b"\r\n")
    for line in data.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    read_back = icalendar.Event.from_ical(data)
    assert (str(read_back["SUMMARY"]), str(read_back["DESCRIPTION"])) == (text, f"{text}末")


MAINTENANCE = """
title: 系统维护
date: 2026-11-20
kind: maintenance
effective: {from: 2026-12-12}
details: {starts: 2026-12-12T22:00, ends: 2026-12-13T02:00, systems: 开票, effect: 不能开票, instead: 次日再开}
"""


def test_a_notice_has_a_calendar_of_its_own_while_a_date_is_to_come(portal_folder: PortalFolder) -> None:
    """Its events have the names of the other calendars, without those that are past; only then its page leads to it."""
    portal_folder.notice("fees", FEES)
    portal_folder.notice("repair", MAINTENANCE)
    portal_folder.notice("over", "title: 已过\ndate: 2026-11-01\neffective: 2026-11-02")
    portal_folder.notice(
        "gone", "title: 撤回\ndate: 2026-11-01\neffective: 2027-01-01\nwithdrawn: {on: 2026-11-03, reason: 误发}"
    )
    files = made(portal_folder)
    own = {path: data for path, data in files.items() if path.endswith("/dates.ics")}
    assert sorted(own) == [f"{prefix}notices/{name}/dates.ics" for prefix in ("en/", "") for name in ("fees", "repair")]
    whole = events(files["calendar/zh.ics"])
    shown = events(own["notices/fees/dates.ics"])
    roles = ["action", "effective", "expires", "objection", "stage-2", "transition", "until"]
    assert sorted(shown) == [f"fees/{role}" for role in roles]
    assert all(shown[name] == whole[name] for name in shown)
    window = events(own["notices/repair/dates.ics"])["repair/window"]
    assert window["DTSTART"].dt.isoformat() == "2026-12-12T22:00:00+08:00"
    plan = portal_folder.plan()
    articles = Articles(plan, Prose(plan.settings))
    for entry in plan.public:
        page = articles.render(entry, entry.latest, "en", file_url=str, private=False).html
        assert ('href="/en/notices/' + entry.id + '/dates.ics"' in page) == (entry.id in ("fees", "repair")), entry.id
    later = made(portal_folder, "2028-02-01T09:00+08:00")
    assert not [path for path in later if path.endswith("/dates.ics")]
