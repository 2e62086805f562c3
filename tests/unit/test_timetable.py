"""When the site differs by the clock alone."""

import datetime as dt

import pytest

from portal import history, plan, sources, timetable
from tests.conftest import PortalFolder


def following(folder: PortalFolder, now: str) -> str | None:
    """The next instant after `now`."""
    settings = folder.settings()
    found = sources.read(settings)
    at = timetable.next_change(settings, found, history.read(settings, found), dt.datetime.fromisoformat(now))
    return at.isoformat() if at else None


def test_an_empty_portal_never_changes(portal_folder: PortalFolder) -> None:
    """Without a notice there is nothing that the clock could change."""
    assert following(portal_folder, "2026-12-07T09:30+08:00") is None


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-12-07T09:30+08:00", "2026-12-08T10:15:00+08:00"),
        ("2026-12-08T10:15+08:00", "2026-12-10T00:00:00+08:00"),
        ("2026-12-10T00:00+08:00", "2026-12-16T00:00:00+08:00"),
        ("2026-12-16T00:00+08:00", "2026-12-21T00:00:00+08:00"),
        ("2026-12-21T00:00+08:00", "2027-01-01T00:00:00+08:00"),
        ("2027-01-01T00:00+08:00", "2027-02-01T00:00:00+08:00"),
    ],
)
def test_publication_effect_transition_end_and_month_end_are_changes(
    portal_folder: PortalFolder, now: str, then: str
) -> None:
    """Each in its turn; a day that only says who approved is none."""
    front = (
        "title: t\ndate: 2026-12-08 10:15\napprovals: [{role: legal, by: x, on: 2026-12-09}]\n"
        "effective: {from: 2026-12-10, transition_until: 2026-12-15, until: 2026-12-20}"
    )
    portal_folder.notice("a", front)
    assert following(portal_folder, now) == then


def test_access_that_ends_is_a_change(portal_folder: PortalFolder) -> None:
    """The day after the last day of access, the former client's pages are gone."""
    portal_folder.client(
        "c",
        "name: c\nstatus: terminated\nended: 2026-06-01\naccess_until: 2026-12-09\n"
        "contacts: [{id: a, name: a, email: a@c.example.com}]",
    )
    assert following(portal_folder, "2026-12-07T09:30+08:00") == "2026-12-10T00:00:00+08:00"


def test_a_client_who_joins_sees_what_stands_from_that_day(portal_folder: PortalFolder) -> None:
    """A contact's first day is a change of its own pages, if something is there to be seen."""
    portal_folder.client("c", "name: c\ncontacts: [{id: a, name: a, email: a@c.example.com, since: 2026-12-09}]")
    assert following(portal_folder, "2026-12-07T09:30+08:00") is None
    portal_folder.notice("a", "title: t\ndate: 2026-11-01\naudience: {clients: [c]}")
    assert following(portal_folder, "2026-12-07T09:30+08:00") == "2026-12-09T00:00:00+08:00"


def test_between_two_changes_the_plan_is_the_same(portal_folder: PortalFolder) -> None:
    """What is scheduled shows in no plan until the instant that next-change names, and then it does."""
    portal_folder.notice("a", "title: t\ndate: 2026-12-08 10:15")
    settings = portal_folder.settings()
    found = sources.read(settings)
    past = history.read(settings, found)
    at = timetable.next_change(settings, found, past, dt.datetime.fromisoformat("2026-12-07T09:30+08:00"))
    assert at is not None
    before = plan.make(settings, found, past, at - dt.timedelta(seconds=1))
    assert (before.public, len(plan.make(settings, found, past, at).public)) == ((), 1)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("action: {needed: true, what: 签回, by: 2026-12-10}", "2026-12-11T00:00:00+08:00"),
        ("stages: [{on: 2026-12-09, what: 收件}]", "2026-12-10T00:00:00+08:00"),
        ("kind: incident\ndetails: {closed_at: 2026-12-08T18:30}", "2026-12-08T18:30:00+08:00"),
    ],
)
def test_days_that_pages_name_are_changes_when_they_are_over(
    portal_folder: PortalFolder, front: str, expected: str
) -> None:
    """A deadline and a stage leave the board on the day after; an incident is closed at its minute."""
    portal_folder.notice("n", f"title: 甲\ndate: 2026-11-01\n{front}")
    assert following(portal_folder, "2026-12-07T09:30+08:00") == expected
