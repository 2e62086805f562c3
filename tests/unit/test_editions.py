"""The board as it stood at each month's end."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from portal import editions as told_of
from portal import states
from portal.editions import Month, Row, edition, months
from portal.notice import Notice, Text, Version, as_notice
from portal.plan import Entry
from portal.states import State
from tests.conftest import PortalFolder

ZONE = ZoneInfo("Asia/Shanghai")
NOVEMBER = Month(2026, 11)


def told(rows: tuple[Row, ...]) -> list[tuple[str, int, str, tuple[str, ...]]]:
    return [(row.id, row.version.number, row.key, row.happened) for row in rows]


def test_an_edition_says_what_changed_and_what_held(portal_folder: PortalFolder) -> None:
    """Published, taken effect, ended, and simply in force; what was over before and what came later are not in it."""
    portal_folder.notice("new", "title: 新\ndate: 2026-11-30\neffective: 2027-01-01")
    portal_folder.notice(
        "begun", "title: 起\ndate: 2026-10-20\neffective: {from: 2026-11-05, transition_until: 2026-12-05}"
    )
    portal_folder.notice("ended", "title: 止\ndate: 2026-10-10\nexpires: 2026-11-15")
    portal_folder.notice("brief", "title: 短\ndate: 2026-11-10\nexpires: 2026-11-12")
    portal_folder.notice("held", "title: 常\ndate: 2026-01-01")
    portal_folder.notice("over", "title: 旧\ndate: 2026-01-01\nexpires: 2026-10-30")
    portal_folder.notice("later", "title: 后\ndate: 2026-12-01")
    portal_folder.notice("fixed", "title: 通\ndate: 2026-07-01\nkind: incident\ndetails: {closed_at: 2026-11-02}")
    plan = portal_folder.plan()
    assert told(edition(plan.public, NOVEMBER, ZONE)) == [
        ("new", 1, "upcoming", ("published",)),
        ("brief", 1, "expired", ("published", "expired")),
        ("begun", 1, "in-transition", ("in-transition",)),
        ("ended", 1, "expired", ("expired",)),
        ("fixed", 1, "closed", ("closed",)),
        ("held", 1, "in-force", ()),
    ]


def test_each_line_is_the_version_of_that_day(portal_folder: PortalFolder) -> None:
    """A later version changes the editions from its month on, not the words of those before."""
    portal_folder.notice("fees", "title: 原来的题目\ndate: 2026-10-08")
    portal_folder.commit("first")
    portal_folder.notice("fees", "title: 新的题目\ndate: 2026-10-08\nrevisions: [{on: 2026-11-25, note: 改题}]")
    portal_folder.commit("second")
    plan = portal_folder.plan()
    made = {month: edition(plan.public, month, ZONE) for month in months(plan.public, plan.now, ZONE)}
    assert {str(month): told(rows) for month, rows in made.items()} == {
        "2026-10": [("fees", 1, "in-force", ("published",))],
        "2026-11": [("fees", 2, "in-force", ("revised",))],
    }
    assert [rows[0].texts["zh"].notice.title for rows in made.values()] == ["原来的题目", "新的题目"]


def test_a_successor_counts_from_its_day(portal_folder: PortalFolder) -> None:
    """In the month in which it takes effect the older notice is superseded, and not before."""
    portal_folder.notice("plan-a", "title: 甲\ndate: 2026-01-01")
    portal_folder.notice("plan-b", "title: 乙\ndate: 2026-10-15\nsupersedes: plan-a\neffective: 2026-11-01")
    plan = portal_folder.plan()
    assert told(edition(plan.public, Month(2026, 10), ZONE))[1] == ("plan-a", 1, "in-force", ())
    assert told(edition(plan.public, NOVEMBER, ZONE))[1] == ("plan-a", 1, "superseded", ("superseded",))


def test_only_months_that_are_over_have_an_edition(portal_folder: PortalFolder) -> None:
    """From the month of the first publication on, in the firm's zone; none before anything was published."""
    assert months((), dt.datetime.fromisoformat("2026-12-07T09:30+08:00"), ZONE) == []
    portal_folder.notice("n", "title: 通知\ndate: 2026-10-31T23:30")
    public = portal_folder.plan().public
    just_before, just_after = (dt.datetime.fromisoformat(f"2026-11-30T{t}+00:00") for t in ("15:59:59", "16:00:00"))
    assert list(map(str, months(public, just_before, ZONE))) == ["2026-10"]
    assert list(map(str, months(public, just_after, ZONE))) == ["2026-10", "2026-11"]


def test_a_month_knows_its_neighbours() -> None:
    """December is followed by January of the next year."""
    assert Month(2026, 12).following == Month(2027, 1)
    assert str(Month(987, 3)) == "0987-03"


# --- whatever comes later --------------------------------------------------------------------------------------

DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31))


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """Up to six notices with up to four versions, some superseding, ending or withdrawn."""
    made = []
    for number in range(draw(st.integers(1, 6))):
        dates = sorted(draw(st.lists(DAYS, min_size=1, max_size=4, unique=True)))
        versions = []
        for position, day in enumerate(dates):
            front: dict[str, object] = {"id": f"n{number}", "title": f"第 {position} 版", "date": dates[0]}
            if draw(st.booleans()):
                front["effective"] = {"from": draw(DAYS)}
            if draw(st.booleans()):
                front["expires"] = draw(DAYS)
            if number and draw(st.booleans()):
                front["supersedes"] = f"n{draw(st.integers(0, number - 1))}"
            if position == len(dates) - 1 and draw(st.booleans()):
                front["withdrawn"] = {"on": draw(st.dates(day, dt.date(2027, 6, 30))), "reason": "误"}
            notice, errors = as_notice(front)
            assert isinstance(notice, Notice), errors
            text = Text("zh", notice, "", "")
            versions.append(Version(position + 1, states.instant(day, ZONE), "", False, {"zh": text}, "zh"))
        made.append(Entry(f"n{number}", False, tuple(versions), State.IN_FORCE, None, (), {}))
    return made


def known(found: list[Entry], now: dt.datetime) -> list[Entry]:
    """What a build at `now` knows of them."""
    out = []
    for entry in found:
        versions = tuple(v for v in entry.versions if v.on <= now)
        if versions:
            out.append(Entry(entry.id, False, versions, entry.state, None, (), {}))
    return out


@given(entries(), st.integers(1, 12), DAYS)
def test_an_edition_once_made_stays(found: list[Entry], number: int, later: dt.date) -> None:
    """Whatever is published or revised after a month's end, its edition is the same."""
    month = Month(2026, number)
    then = month.following.begins(ZONE)
    now = max(then, states.instant(later, ZONE))
    assert told(edition(known(found, then), month, ZONE)) == told(edition(known(found, now), month, ZONE))


@given(entries())
def test_one_by_one_or_in_a_row(found: list[Entry]) -> None:
    """Successive editions are those that each month gives by itself, and no notice stands in one twice."""
    now = states.instant(dt.date(2027, 2, 1), ZONE)
    span = months(found, now, ZONE)
    made = told_of.told(found, span, ZONE)
    assert [told(tuple(rows)) for rows in made] == [told(edition(found, month, ZONE)) for month in span]
    for rows in made:
        assert len({row.id for row in rows}) == len(rows)


def stood(found: list[Entry], at: dt.datetime) -> dict[str, tuple[int, str]]:
    """The version and the state of every notice that is out at an instant, by looking at all of them."""
    out = {entry.id: max((v for v in entry.versions if v.on <= at), key=lambda v: v.on) for entry in known(found, at)}
    facts = {identity: version.texts["zh"].notice for identity, version in out.items()}
    facts = {
        i: f if states.instant(f.date, ZONE) <= at else f.model_copy(update={"date": at}) for i, f in facts.items()
    }
    replaced: dict[str, dt.datetime] = {}
    for notice in facts.values():
        withdrawn = notice.withdrawn is not None and states.instant(notice.withdrawn.on, ZONE) <= at
        if notice.supersedes and not withdrawn:
            effect = states.takes_effect(notice, ZONE)
            replaced[notice.supersedes] = min(effect, replaced.get(notice.supersedes, effect))
    return {
        identity: (version.number, states.state(facts[identity], at, ZONE, superseded_at=replaced.get(identity)))
        for identity, version in out.items()
    }


@given(entries())
def test_every_month_is_told_as_it_stood(found: list[Entry]) -> None:
    """Each edition is what a look at every notice at that month's end finds, and what differs from the last one's."""
    span = months(found, states.instant(dt.date(2027, 8, 1), ZONE), ZONE)
    before: dict[str, tuple[int, str]] = {}
    for month, rows in zip(span, told_of.told(found, span, ZONE), strict=True):
        after = stood(found, month.ends(ZONE))
        standing = {identity for identity, (_, key) in after.items() if State(key).stands}
        turned = {identity for identity, how in after.items() if before.get(identity) != how}
        assert {row.id: (row.version.number, row.key) for row in rows} == {i: after[i] for i in standing | turned}
        assert {row.id for row in rows if row.happened} == turned
        assert {row.id for row in rows if "published" in row.happened} == after.keys() - before.keys()
        before = after


@given(entries())
def test_a_notice_counts_only_where_it_may_be_shown(found: list[Entry]) -> None:
    """Without it, the editions of all other months are the same."""
    span = months(found, states.instant(dt.date(2027, 8, 1), ZONE), ZONE)
    made = [told(tuple(rows)) for rows in told_of.told(found, span, ZONE)]
    for entry, shown in told_of.shown(found, span, ZONE):
        others = [other for other in found if other is not entry]
        without = [told(tuple(rows)) for rows in told_of.told(others, span, ZONE)]
        assert [at for at in range(len(span)) if made[at] != without[at] and at not in shown] == []


@given(entries(), st.integers(1, 12))
def test_nothing_from_after_the_month(found: list[Entry], number: int) -> None:
    """Every version in an edition was out by the month's end, and it was the last one out."""
    month = Month(2026, number)
    by_id = {entry.id: entry for entry in found}
    for row in edition(found, month, ZONE):
        out = [v.number for v in by_id[row.id].versions if v.on <= month.ends(ZONE)]
        assert row.version.number == max(out)
