"""Days off, send windows, the cap, hours of one's own: when what is due really leaves."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.agenda.digest import Past
from mailer.people.schedule import Calendar, Timetable, following, latest, opens
from portal.client import Cadence
from portal.config import SendWindow
from tests.conftest import PortalFolder
from tests.unit.test_digest import LIN, agenda, client, items
from tests.unit.test_schedule import MOMENTS, PERIODIC, TIMETABLES, ZONES

SPRING = Calendar(
    holidays=frozenset(dt.date(2027, 2, 5) + dt.timedelta(days=n) for n in range(7)),
    workdays=frozenset({dt.date(2027, 2, 14), dt.date(2027, 2, 20)}),
)
"""Spring Festival 2027 as this test has it: 5 to 11 February off, made up for on a Sunday and a Saturday."""

AT_NINE = Timetable(hour=9, weekday=0, day=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDARS = st.builds(
    Calendar,
    st.frozensets(st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1)), max_size=40),
    st.frozensets(st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1)), max_size=5),
)
THAT_WINTER = st.integers(1_767_225_600, 1_772_323_200).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))


def mail(folder: PortalFolder, *lines: str) -> None:
    """Add options for mails to a portal."""
    config = folder.root / "mkdocs.yml"
    added = "".join(f"      {line}\n" for line in lines)
    folder.write("mkdocs.yml", config.read_text("utf-8") + f"    mail:\n{added}")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("cadence", "now", "expected"),
    [
        (Cadence.WEEKLY, "2027-02-08T10:00+08:00", "2027-02-12T09:00+08:00"),
        (Cadence.DAILY, "2027-02-04T10:00+08:00", "2027-02-12T09:00+08:00"),
        (Cadence.DAILY, "2027-02-12T10:00+08:00", "2027-02-14T09:00+08:00"),
        (Cadence.DAILY, "2027-02-14T10:00+08:00", "2027-02-15T09:00+08:00"),
        (Cadence.MONTHLY, "2027-04-02T10:00+08:00", "2027-05-03T09:00+08:00"),
    ],
    ids=["weekly over the festival", "daily over it", "Sunday is worked", "from it to Monday", "1 May is a Saturday"],
)
def test_a_slot_on_a_day_off_moves_to_the_next_working_day(cadence: Cadence, now: str, expected: str) -> None:
    """Slots of the festival meet on the first day after it; a worked Sunday has its own."""
    assert following(cadence, AT_NINE, SHANGHAI, at(now), SPRING) == at(expected)


@given(PERIODIC, TIMETABLES, ZONES, THAT_WINTER, CALENDARS)
def test_slots_surround_every_moment_over_days_off(
    cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime, calendar: Calendar
) -> None:
    """latest <= now < following with nothing between, whatever days are off, and no slot falls on one."""
    before, after = latest(cadence, timetable, zone, now, calendar), following(cadence, timetable, zone, now, calendar)
    assert before <= now < after
    assert latest(cadence, timetable, zone, after - dt.timedelta(microseconds=1), calendar) == before
    assert following(cadence, timetable, zone, before, calendar) == after
    for slot in (before, after):
        assert calendar.works((slot.astimezone(zone) - dt.timedelta(hours=timetable.hour)).date()) or calendar.works(
            slot.astimezone(zone).date()
        )


@given(
    st.integers(0, 23).flatmap(lambda h: st.tuples(st.just(h), st.integers(h + 1, 24))),
    st.booleans(),
    st.sampled_from(sorted(available_timezones() - {"localtime"})).map(ZoneInfo),
    MOMENTS,
)
def test_a_window_opens_once_and_for_all(
    hours: tuple[int, int], business_days: bool, zone: ZoneInfo, moment: dt.datetime
) -> None:
    """The opening is not before the moment, lies in the window, and the window is still open at it."""
    window = SendWindow.model_validate({"from": hours[0], "until": hours[1], "business_days": business_days})
    opening = opens(window, zone, moment)
    assert opening >= moment
    assert opens(window, zone, opening) == opening
    local = opening.astimezone(zone)
    if opening > moment and local.fold == 0 and zone.key.startswith("Asia/Shang"):
        assert local.hour == hours[0]
    if business_days and hours[1] < 24:
        assert local.weekday() < 5


def test_a_closed_window_holds_what_can_wait(portal_folder: PortalFolder) -> None:
    """On Saturday evening news wait for Monday at 9; what is urgent leaves at once."""
    mail(portal_folder, "window: {from: 9, until: 20, business_days: true}")
    portal_folder.client("yunshan", client("yunshan", "immediate"))
    portal_folder.notice("news", "title: 消息\ndate: 2026-12-05")
    portal_folder.notice("leak", "title: 故障\ndate: 2026-12-05\nurgency: urgent")
    found = agenda(portal_folder.plan("2026-12-05T21:00+08:00"))
    assert [items(d) for d in found.digests] == [[("leak", 1)]]
    assert [(w.due, w.items[0].entry.id) for w in found.waiting] == [(at("2026-12-07T09:00+08:00"), "news")]
    assert [items(d) for d in agenda(portal_folder.plan("2026-12-07T09:00+08:00")).digests] == [
        [("leak", 1)],
        [("news", 1)],
    ]


def test_the_cap_makes_news_wait_and_come_together(portal_folder: PortalFolder) -> None:
    """After two messages within seven days a third waits until the first is a week old; deadlines and urgency pass."""
    mail(portal_folder, "cap: 2")
    portal_folder.client("yunshan", client("yunshan", "immediate"))
    portal_folder.notice("one", "title: 一\ndate: 2026-12-04")
    portal_folder.notice("two", "title: 二\ndate: 2026-12-05")
    sent = (at("2026-12-01T09:00+08:00"), at("2026-12-03T09:00+08:00"), at("2026-11-20T09:00+08:00"))
    found = agenda(portal_folder.plan("2026-12-05T10:00+08:00"), Past(sent=sent))
    assert not found.digests
    assert [w.due for w in found.waiting] == [at("2026-12-08T09:00+08:00")]
    (digest,) = agenda(portal_folder.plan("2026-12-08T09:00+08:00"), Past(sent=sent)).digests
    assert items(digest) == [("two", 1), ("one", 1)]
    portal_folder.notice("leak", "title: 故障\ndate: 2026-12-05\nurgency: urgent")
    portal_folder.notice("act", "title: 请确认\ndate: 2026-12-05\naction: {needed: true, what: 签字, by: 2026-12-20}")
    found = agenda(portal_folder.plan("2026-12-05T10:00+08:00"), Past(sent=sent))
    assert [sorted(items(d)) for d in found.digests] == [[("leak", 1)], [("act", 1), ("one", 1), ("two", 1)]]


def test_hours_of_ones_own(portal_folder: PortalFolder) -> None:
    """A contact who wants Tuesday at 7 in Berlin gets the digest then, whatever the portal's hour is."""
    own = ", hour: 7, weekday: tuesday, timezone: Europe/Berlin"
    portal_folder.client("yunshan", client("yunshan", "weekly", contact=own))
    portal_folder.notice("a", "title: 甲\ndate: 2026-12-06")
    (waiting,) = agenda(portal_folder.plan("2026-12-07T09:30+08:00")).waiting
    assert waiting.due == at("2026-12-08T07:00+01:00")
    (digest,) = agenda(portal_folder.plan("2026-12-08T14:00+08:00")).digests
    assert (digest.slot, digest.person.key) == ("weekly 2026-12-08T06:00Z", LIN)


def test_days_off_of_a_region(portal_folder: PortalFolder) -> None:
    """A client of a region with a calendar of its own follows that one."""
    mail(
        portal_folder,
        "calendar: {holidays: [2026-12-07]}",
        "calendars: {hongkong: {holidays: [2026-12-07/2026-12-08]}}",
    )
    portal_folder.client("yunshan", client("yunshan", "weekly"))
    portal_folder.client("lanpu", client("lanpu", "weekly", address="x@lanpu.example.com", more="region: hongkong\n"))
    portal_folder.notice("a", "title: 甲\ndate: 2026-12-06")
    found = agenda(portal_folder.plan("2026-12-07T09:30+08:00"))
    assert {w.person.key: w.due for w in found.waiting} == {
        LIN: at("2026-12-08T09:00+08:00"),
        "x@lanpu.example.com": at("2026-12-09T09:00+08:00"),
    }
