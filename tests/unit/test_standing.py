"""What a badge says, now and later."""

from __future__ import annotations

import pytest

from portal.standing import Standings
from tests.conftest import PortalFolder

INCIDENT = """
title: 申报延迟
date: 2026-12-01
kind: incident
details: {found_at: 2026-12-01T08:00, closed_at: 2026-12-08T18:30}
"""


def ahead(folder: PortalFolder, identity: str, now: str = "2026-12-07T09:30+08:00") -> list[tuple[str, str]]:
    """The standing now, and each that follows with its instant."""
    plan = folder.plan(now)
    standing = Standings(plan).of(next(e for e in plan.entries if e.id == identity))
    return [("now", standing.key), *((at.isoformat(), key) for at, key in standing.ahead)]


def test_the_whole_life_of_a_notice_is_ahead(portal_folder: PortalFolder) -> None:
    """From its dates follow every later state, each from the first instant of the firm's day on."""
    portal_folder.notice(
        "a",
        "title: 甲\ndate: 2026-11-01\neffective: {from: 2027-01-01, transition_until: 2027-01-31, until: 2027-06-30}",
    )
    assert ahead(portal_folder, "a") == [
        ("now", "upcoming"),
        ("2027-01-01T00:00:00+08:00", "in-transition"),
        ("2027-02-01T00:00:00+08:00", "in-force"),
        ("2027-07-01T00:00:00+08:00", "expired"),
    ]


def test_a_successor_that_is_out_is_ahead(portal_folder: PortalFolder) -> None:
    """The notice to be superseded says so from the instant at which its successor takes effect."""
    portal_folder.notice("a", "title: 甲\ndate: 2026-11-01")
    portal_folder.notice("b", "title: 乙\ndate: 2026-12-01\nsupersedes: a\neffective: 2027-02-01")
    assert ahead(portal_folder, "a") == [("now", "in-force"), ("2027-02-01T00:00:00+08:00", "superseded")]


def test_what_is_not_announced_is_not_ahead(portal_folder: PortalFolder) -> None:
    """A withdrawal or a successor of next week shows in no page of today."""
    portal_folder.notice("a", "title: 甲\ndate: 2026-11-01\nwithdrawn: {on: 2026-12-20, reason: 误}")
    portal_folder.notice("b", "title: 乙\ndate: 2026-11-01")
    portal_folder.notice("c", "title: 丙\ndate: 2026-12-20\nsupersedes: b")
    assert ahead(portal_folder, "a") == [("now", "in-force")]
    assert ahead(portal_folder, "b") == [("now", "in-force")]
    assert ahead(portal_folder, "a", "2026-12-20T00:00+08:00") == [("now", "withdrawn")]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-12-08T18:29+08:00", [("now", "in-force"), ("2026-12-08T18:30:00+08:00", "closed")]),
        ("2026-12-08T18:30+08:00", [("now", "closed")]),
    ],
)
def test_a_closed_incident_is_no_longer_current(
    portal_folder: PortalFolder, now: str, expected: list[tuple[str, str]]
) -> None:
    """From the minute it is closed."""
    portal_folder.notice("i", INCIDENT)
    assert ahead(portal_folder, "i", now) == expected


def test_the_board_has_three_groups(portal_folder: PortalFolder) -> None:
    """What is to come, what holds, and what is over; a closed incident and a withdrawal are over."""
    portal_folder.notice("up", "title: 甲\ndate: 2026-11-01\neffective: 2027-01-01")
    portal_folder.notice(
        "on", "title: 乙\ndate: 2026-11-01\neffective: {from: 2026-12-01, transition_until: 2027-01-01}"
    )
    portal_folder.notice("incident", INCIDENT.replace("12-08", "12-02"))
    portal_folder.notice("gone", "title: 丁\ndate: 2026-11-01\nwithdrawn: {on: 2026-11-02, reason: 误}")
    plan = portal_folder.plan()
    standings = Standings(plan)
    assert {e.id: standings.of(e).group for e in plan.public} == {
        "up": "upcoming",
        "on": "in-force",
        "incident": "past",
        "gone": "past",
    }
