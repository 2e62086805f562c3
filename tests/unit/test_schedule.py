"""When digests fall due, in every zone and over every change of its clocks."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.people.schedule import Timetable, following, latest
from portal.client import Cadence

MONDAY_AT_NINE = Timetable(hour=9, weekday=0, day=1)

ZONES = st.sampled_from(sorted(z for z in available_timezones() if z != "localtime")).map(ZoneInfo)
MOMENTS = st.integers(631_152_000, 2_145_916_800).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))
PERIODIC = st.sampled_from([Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY])
TIMETABLES = st.builds(Timetable, st.integers(0, 23), st.integers(0, 6), st.integers(1, 28))
LONGEST = {Cadence.DAILY: 1, Cadence.WEEKLY: 7, Cadence.MONTHLY: 31}


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("cadence", "zone", "now", "expected_latest", "expected_following"),
    [
        (Cadence.DAILY, "Asia/Shanghai", "2026-12-07T09:30+08:00", "2026-12-07T09:00+08:00", "2026-12-08T09:00+08:00"),
        (Cadence.DAILY, "Asia/Shanghai", "2026-12-07T09:00+08:00", "2026-12-07T09:00+08:00", "2026-12-08T09:00+08:00"),
        (Cadence.WEEKLY, "Europe/Berlin", "2026-12-07T09:30+08:00", "2026-11-30T09:00+01:00", "2026-12-07T09:00+01:00"),
        (Cadence.MONTHLY, "America/New_York", "2026-12-01T13:59Z", "2026-11-01T09:00-05:00", "2026-12-01T09:00-05:00"),
    ],
)
def test_slots_are_in_the_recipients_day(
    cadence: Cadence, zone: str, now: str, expected_latest: str, expected_following: str
) -> None:
    """The slots around a moment are those of the recipient's own clock, and a slot has come at its very instant."""
    assert latest(cadence, MONDAY_AT_NINE, ZoneInfo(zone), at(now)) == at(expected_latest)
    assert following(cadence, MONDAY_AT_NINE, ZoneInfo(zone), at(now)) == at(expected_following)


def test_slot_in_a_gap_moves_forward() -> None:
    """Where clocks skip from 2:00 to 3:00, the slot of 2:00 falls due at 3:00."""
    slot = latest(Cadence.DAILY, Timetable(2, 0, 1), ZoneInfo("Europe/Berlin"), at("2027-03-28T12:00Z"))
    assert slot == at("2027-03-28T01:00Z")
    assert slot.astimezone(ZoneInfo("Europe/Berlin")).isoformat() == "2027-03-28T03:00:00+02:00"


def test_slot_that_comes_twice_is_the_first() -> None:
    """Where clocks go back from 3:00 to 2:00, the slot of 2:00 is the earlier of the two."""
    slot = latest(Cadence.DAILY, Timetable(2, 0, 1), ZoneInfo("Europe/Berlin"), at("2026-10-25T12:00Z"))
    assert slot == at("2026-10-25T00:00Z")


def test_slot_on_a_day_that_never_was() -> None:
    """Samoa had no 30 December 2011; its daily slot coincides with the next day's instead of being lost."""
    apia = ZoneInfo("Pacific/Apia")
    assert following(Cadence.DAILY, MONDAY_AT_NINE, apia, at("2011-12-30T09:00Z")) == at("2011-12-30T19:00Z")
    friday = Timetable(hour=9, weekday=4, day=1)
    assert following(Cadence.WEEKLY, friday, apia, at("2011-12-30T10:30Z")) == at("2011-12-30T19:00Z")


def test_immediate_has_no_slots() -> None:
    """Asking for the slots of an immediate reader is a mistake of the program, not an endless search."""
    with pytest.raises(ValueError, match="no slots"):
        latest(Cadence.IMMEDIATE, MONDAY_AT_NINE, ZoneInfo("UTC"), at("2026-12-07T09:30Z"))


@given(PERIODIC, TIMETABLES, ZONES, MOMENTS)
def test_slots_surround_every_moment(cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime) -> None:
    """latest <= now < following, no slot lies between, and they are at most one period and a shifted clock apart."""
    before, after = latest(cadence, timetable, zone, now), following(cadence, timetable, zone, now)
    assert before <= now < after
    assert latest(cadence, timetable, zone, after - dt.timedelta(microseconds=1)) == before
    assert following(cadence, timetable, zone, before) == after
    assert after - before <= dt.timedelta(days=LONGEST[cadence] + 2)


@given(PERIODIC, TIMETABLES, ZONES, MOMENTS)
def test_slots_are_real_instants_at_the_chosen_hour(
    cadence: Cadence, timetable: Timetable, zone: ZoneInfo, now: dt.datetime
) -> None:
    """A slot exists on the local clock, at the chosen hour and day, or just behind the gap that swallowed them."""
    local = latest(cadence, timetable, zone, now).astimezone(zone)
    wanted = dt.datetime.combine(local.date(), dt.time(timetable.hour))
    moved = local.replace(tzinfo=None) != wanted
    if moved:
        assert not _exists(wanted, zone) or not _exists(wanted - dt.timedelta(days=1), zone)
    else:
        assert local.fold == 0
        if cadence is Cadence.WEEKLY and _exists(wanted - dt.timedelta(days=1), zone):
            assert local.weekday() == timetable.weekday


def _exists(wall: dt.datetime, zone: ZoneInfo) -> bool:
    return wall.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) == wall
