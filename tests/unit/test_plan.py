"""What exists at a moment, and for whom."""

from portal.plan import Plan
from tests.conftest import PortalFolder

CLIENT = """\
name: 云杉
since: 2026-01-01
segments: [small]
contacts:
  - {id: lin, name: 林岚, email: lin@yunshan.example.com}
  - {id: wu, name: 吴, email: wu@yunshan.example.com, since: 2026-12-01}
"""
FORMER = """\
name: 旧客
status: terminated
since: 2025-01-01
ended: 2026-06-30
segments: [small]
contacts: [{id: zhao, name: 赵, email: zhao@former.example.com}]
"""


def binders(plan: Plan) -> dict[str, list[str]]:
    """Contact to the private notices on its pages."""
    return {b.holder.key: [s.entry.id for s in b.sheets] for b in plan.binders}


def test_nothing_is_in_the_plan_before_its_moment(portal_folder: PortalFolder) -> None:
    """A scheduled notice, and a scheduled second version, are in no part of the plan."""
    portal_folder.notice("a", "title: v1\ndate: 2026-11-20")
    portal_folder.commit("publish")
    portal_folder.notice("a", "title: v2\ndate: 2026-11-20\nrevisions: [{on: 2026-12-08 09:00, note: n}]")
    portal_folder.notice("b", "title: later\ndate: 2026-12-07 10:00")
    portal_folder.commit("second version and a scheduled notice")
    before = portal_folder.plan("2026-12-07T09:59+08:00")
    assert [(e.id, e.notice.title, len(e.versions)) for e in before.public] == [("a", "v1", 1)]
    after = portal_folder.plan("2026-12-08T09:00+08:00")
    assert [(e.id, e.notice.title, len(e.versions)) for e in after.public] == [("b", "later", 1), ("a", "v2", 2)]


def test_a_segments_notice_reaches_the_segments_active_clients(portal_folder: PortalFolder) -> None:
    """Former clients of the segment do not see what was published after they left."""
    portal_folder.client("yunshan", CLIENT)
    portal_folder.client("former", FORMER)
    portal_folder.notice("early", "title: t\ndate: 2026-03-01\nexpires: 2026-04-01\naudience: {segments: [small]}")
    portal_folder.notice("late", "title: t\ndate: 2026-11-01\naudience: {segments: [small]}")
    assert binders(portal_folder.plan()) == {
        "former/zhao": ["early"],
        "yunshan/lin": ["late", "early"],
        "yunshan/wu": ["late"],
    }


def test_access_ends_with_its_last_day(portal_folder: PortalFolder) -> None:
    """180 days after the end a former client has no pages any more."""
    portal_folder.client("former", FORMER)
    assert set(binders(portal_folder.plan("2026-12-27T23:00+08:00"))) == {"former/zhao"}
    assert set(binders(portal_folder.plan("2026-12-28T00:00+08:00"))) == set()


def test_who_joined_later_is_not_told_but_sees_what_stands(portal_folder: PortalFolder) -> None:
    """Mail goes to those who were there; the private pages show newcomers what is in force."""
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("a", "title: t\ndate: 2026-11-01\naudience: {clients: [yunshan]}")
    plan = portal_folder.plan()
    (entry,) = plan.private
    assert [r.key for r in plan.told(entry, entry.latest)] == ["yunshan/lin"]
    assert binders(plan) == {"yunshan/lin": ["a"], "yunshan/wu": ["a"]}


def test_a_private_successor_leaves_the_public_notice_as_it_is(portal_folder: PortalFolder) -> None:
    """Public pages must not change with a private notice."""
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("old", "title: t\ndate: 2026-10-01")
    portal_folder.notice("new", "title: t\ndate: 2026-11-01\nsupersedes: old\naudience: {clients: [yunshan]}")
    (old,) = portal_folder.plan().public
    assert (old.state.value, old.successor) == ("in-force", None)


def test_a_notice_that_became_private_is_public_nowhere(portal_folder: PortalFolder) -> None:
    """Its first version, public once, goes to the sealed half with the rest."""
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("a", "title: t\ndate: 2026-11-01")
    portal_folder.commit("publish")
    portal_folder.notice(
        "a", "title: t\ndate: 2026-11-01\nrevisions: [{on: 2026-11-02, note: n}]\naudience: {clients: [yunshan]}"
    )
    portal_folder.commit("make it private")
    plan = portal_folder.plan()
    assert plan.public == ()
    assert [(e.id, [v.number for v in e.versions]) for e in plan.private] == [("a", [1, 2])]


def test_a_notice_that_became_public_keeps_its_private_version_sealed(portal_folder: PortalFolder) -> None:
    """What was written for one client stays with that client."""
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("a", "title: for one\ndate: 2026-11-01\naudience: {clients: [yunshan]}")
    portal_folder.commit("publish")
    portal_folder.notice("a", "title: for all\ndate: 2026-11-01\nrevisions: [{on: 2026-11-02, note: n}]")
    portal_folder.commit("make it public")
    plan = portal_folder.plan()
    assert [(e.id, [v.number for v in e.versions]) for e in plan.public] == [("a", [2])]
    assert [(e.id, [v.number for v in e.versions], e.notice.title) for e in plan.private] == [("a", [1], "for one")]
    assert binders(plan)["yunshan/lin"] == ["a"]


def test_a_draft_is_in_no_output(portal_folder: PortalFolder) -> None:
    """What an importer found unfinished waits for a person."""
    portal_folder.notice("a", "title: t\ndate: 2026-11-01\ndraft: true")
    assert portal_folder.plan().entries == ()
