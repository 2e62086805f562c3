"""What is new for whom, and what is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from mailer.agenda.bulletin import bulletin
from mailer.agenda.deciding import decide
from mailer.agenda.digest import Decision, Digest, Event, Excluded, Past, Reason, Receipt, Told, Waiting
from mailer.agenda.snapshot import Thawing, freeze
from mailer.people.person import people
from portal.plan import Plan
from tests.conftest import PortalFolder

BEGIN = dt.datetime.fromisoformat("2026-11-01T00:00+08:00")
NEXT_MONDAY = dt.datetime.fromisoformat("2026-12-14T09:00+08:00")
LIN = "lin@yunshan.example.com"


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    """A portal with one client, whose one contact hears weekly, on Mondays at 9 in Shanghai."""
    portal_folder.client("yunshan", client("yunshan", "weekly"))
    return portal_folder


def client(name: str, cadence: str, *, address: str = LIN, more: str = "", contact: str = "") -> str:
    return (
        f"id: {name}\nname: {name} Ltd\nsegments: [small]\n{more}"
        f"contacts:\n  - {{id: lin, name: 林岚, email: {address}, cadence: {cadence}{contact}}}\n"
    )


class Agenda(NamedTuple):
    """What was decided for everybody, side by side."""

    digests: tuple[Digest, ...]
    waiting: tuple[Waiting, ...]
    excluded: tuple[Excluded, ...]


def decisions(plan: Plan, pasts: Mapping[str, Past] | None = None, begin: dt.datetime = BEGIN) -> list[Decision]:
    """What is decided for everybody, given what is known of each."""
    known = bulletin(plan, begin)
    return [decide(known, person, (pasts or {}).get(person.key, Past())) for person in people(plan)]


def agenda(plan: Plan, past: Past | None = None) -> Agenda:
    """The same side by side; `past` is what is known of Lin."""
    found = decisions(plan, {LIN: past or Past()})
    return Agenda(
        tuple(digest for decision in found for digest in decision.digests),
        tuple(waiting for decision in found for waiting in decision.waiting),
        (*bulletin(plan, BEGIN).excluded, *(excluded for decision in found for excluded in decision.excluded)),
    )


def after(*receipts: Receipt, excluded: tuple[Receipt, ...] = (), slots: tuple[str, ...] = ()) -> Past:
    """A past in which these were told, each in a message of its own, one an hour from 1 December on."""
    first = dt.datetime.fromisoformat("2026-12-01T09:00+08:00")
    told = {
        receipt: Told(f"d{number}", f"<d{number}@example.com>", first + number * dt.timedelta(hours=1))
        for number, receipt in enumerate(receipts, 1)
    }
    return Past(told, frozenset(excluded), frozenset(slots))


def told(notice: str, version: int, client: str = "yunshan", event: Event = Event.PUBLISHED) -> Receipt:
    return Receipt(LIN, client, notice, version, event)


def items(digest: Digest) -> list[tuple[str, int]]:
    return [(item.entry.id, item.version.number) for item in digest.items]


def reasons(found: Agenda) -> list[tuple[str, int, Reason, str]]:
    return [(one.notice, one.version, one.reason, one.detail) for one in found.excluded]


def test_weekly_reader_gets_what_was_published_before_the_slot(folder: PortalFolder) -> None:
    """On Monday at 9:30 the slot of 9:00 takes Sunday's notice; one published at 9:15 waits for the next Monday."""
    folder.notice("sunday", "title: 周日\ndate: 2026-12-06")
    folder.notice("monday", "title: 周一\ndate: 2026-12-07T09:15:00+08:00")
    found = agenda(folder.plan("2026-12-07T09:30+08:00"))
    assert [items(d) for d in found.digests] == [[("sunday", 1)]]
    assert found.digests[0].slot == "weekly 2026-12-07T01:00Z"
    assert [(w.due, w.items[0].entry.id) for w in found.waiting] == [(NEXT_MONDAY, "monday")]


def test_slot_that_had_its_digest_takes_nothing_more(folder: PortalFolder) -> None:
    """A notice committed after the slot's digest went out, though dated before it, waits for the next slot."""
    folder.notice("late", "title: 补发\ndate: 2026-12-07")
    found = agenda(folder.plan("2026-12-07T09:30+08:00"), after(slots=("weekly 2026-12-07T01:00Z",)))
    assert not found.digests
    assert [w.due for w in found.waiting] == [NEXT_MONDAY]


def test_missed_slots_are_caught_up_once(folder: PortalFolder) -> None:
    """After three weeks without a run there is one digest, with everything."""
    folder.notice("a", "title: 甲\ndate: 2026-11-10")
    folder.notice("b", "title: 乙\ndate: 2026-11-24")
    found = agenda(folder.plan("2026-12-02T12:00+08:00"))
    assert [(d.slot, items(d)) for d in found.digests] == [("weekly 2026-11-30T01:00Z", [("b", 1), ("a", 1)])]


def test_urgent_goes_at_once_in_a_digest_of_its_own(folder: PortalFolder) -> None:
    """An urgent notice waits for no slot, and does not drag along what does."""
    folder.notice("leak", "title: 故障\ndate: 2026-12-08T08:00:00+08:00\nurgency: urgent")
    folder.notice("news", "title: 消息\ndate: 2026-12-08T08:00:00+08:00")
    found = agenda(folder.plan("2026-12-08T08:01+08:00"))
    assert [items(d) for d in found.digests] == [[("leak", 1)]]
    assert found.digests[0].slot.startswith("urgent ")
    assert [w.items[0].entry.id for w in found.waiting] == ["news"]


def test_one_digest_for_a_person_at_two_clients(folder: PortalFolder) -> None:
    """The same address, in whatever case, at two clients gets one digest, at the more frequent cadence, with a
    receipt for each client; a private notice concerns only its own client."""
    folder.client("lanpu", client("lanpu", "immediate", address="Lin@Yunshan.example.com"))
    folder.notice("all", "title: 公开\ndate: 2026-12-06")
    folder.notice("own", "title: 专属\ndate: 2026-12-06\naudience: {clients: lanpu}")
    (digest,) = agenda(folder.plan()).digests
    assert digest.person.recipients[0].key == "lanpu/lin"
    assert {(r.notice, r.client) for r in digest.receipts} == {("all", "lanpu"), ("all", "yunshan"), ("own", "lanpu")}


def test_only_the_newest_of_several_new_versions_is_told(folder: PortalFolder) -> None:
    """Versions 1 and 2 both new: 2 is told, 1 is left out because of it, and both are decided."""
    front = "title: 费用\ndate: 2026-12-01"
    folder.notice("fees", front)
    folder.commit("one")
    folder.notice("fees", front + "\nrevisions: [{on: 2026-12-03, note: 推迟}]")
    folder.commit("two")
    found = agenda(folder.plan())
    assert [items(d) for d in found.digests] == [[("fees", 2)]]
    assert ("fees", 1, Reason.SUPERSEDED, "2") in reasons(found)
    assert sorted(r.version for decision in decisions(folder.plan()) for r in decision.receipts()) == [1, 2]


def test_minor_revision_is_not_told(folder: PortalFolder) -> None:
    """Who was told of version 1 hears nothing of a minor version 2."""
    folder.notice("fees", "title: 费用\ndate: 2026-12-01")
    folder.commit("one")
    folder.notice("fees", "title: 费用\ndate: 2026-12-01\nrevisions: [{on: 2026-12-03, note: 错字, minor: true}]")
    found = agenda(folder.plan(), after(told("fees", 1)))
    assert not found.digests
    assert not found.waiting
    assert ("fees", 2, Reason.MINOR, "") in reasons(found)
    assert ("fees", 1, Reason.TOLD, "d1") in reasons(found)


def test_withdrawal_is_told_to_those_who_were_told(folder: PortalFolder) -> None:
    """A notice withdrawn after it was told is told again, as withdrawn, once, and to nobody else."""
    folder.client("lanpu", client("lanpu", "weekly", address="other@lanpu.example.com"))
    folder.notice("fees", "title: 费用\ndate: 2026-12-01\nwithdrawn: {on: 2026-12-05, reason: 作废}")
    plan = folder.plan()
    found = agenda(plan, after(told("fees", 1)))
    (digest,) = found.digests
    assert [(r.person, r.event) for r in digest.receipts] == [(LIN, Event.WITHDRAWN)]
    assert ("fees", 1, Reason.NO_LONGER_STANDS, "withdrawn") in reasons(found)
    again = agenda(plan, after(told("fees", 1), told("fees", 1, event=Event.WITHDRAWN)))
    assert not again.digests


def test_what_no_longer_stands_is_not_told_as_news(folder: PortalFolder) -> None:
    """An expired notice that nobody was told of is left out with the reason, and there is no empty digest."""
    folder.notice("sale", "title: 活动\ndate: 2026-12-01\nexpires: 2026-12-05")
    found = agenda(folder.plan())
    assert not found.digests
    assert ("sale", 1, Reason.NO_LONGER_STANDS, "expired") in reasons(found)
    assert [r.notice for decision in decisions(folder.plan()) for r in decision.receipts()] == ["sale"]


def test_correction_of_something_told_is_told_though_it_expired(folder: PortalFolder) -> None:
    """Who was told of version 1 learns of version 2 even where that says the matter is over."""
    folder.notice("sale", "title: 活动\ndate: 2026-12-01")
    folder.commit("one")
    front = "title: 活动\ndate: 2026-12-01\nexpires: 2026-12-05\nrevisions: [{on: 2026-12-04, note: 提前结束}]"
    folder.notice("sale", front)
    (digest,) = agenda(folder.plan(), after(told("sale", 1))).digests
    assert (items(digest), digest.items[0].told) == ([("sale", 2)], 1)


def test_what_came_before_is_not_told(folder: PortalFolder) -> None:
    """Neither what was published before the ledger began, nor what came before a contact joined."""
    folder.client("lanpu", client("lanpu", "weekly", address="new@lanpu.example.com", more="since: 2026-12-05\n"))
    folder.notice("old", "title: 旧\ndate: 2026-10-31")
    folder.notice("mid", "title: 中\ndate: 2026-12-01")
    found = agenda(folder.plan())
    assert [(d.person.key, items(d)) for d in found.digests] == [(LIN, [("mid", 1)])]
    assert ("old", 1, Reason.BEFORE_BEGIN, "") in reasons(found)
    (late,) = [one for one in found.excluded if one.reason is Reason.JOINED_AFTER]
    assert [r.key for r in late.recipients] == ["lanpu/lin"]


def test_ended_access_and_duplicates_are_named(folder: PortalFolder) -> None:
    """A client whose access ended, and a second contact with the same address, get nothing, and `plan` says why."""
    folder.client(
        "tanxi",
        client("tanxi", "weekly", address="qiao@tanxi.example.com", more="status: terminated\nended: 2026-03-31\n"),
    )
    text = client("yunshan", "weekly") + f"  - {{id: lin2, name: 林岚, email: {LIN.upper()}}}\n"
    folder.client("yunshan", text)
    folder.notice("a", "title: 甲\ndate: 2026-12-01")
    found = agenda(folder.plan())
    assert [d.person.key for d in found.digests] == [LIN]
    assert [(one.reason, one.recipients[0].key, one.detail) for one in found.excluded] == [
        (Reason.ACCESS_ENDED, "tanxi/lin", "2026-09-27"),
        (Reason.DUPLICATE, "yunshan/lin2", "yunshan/lin"),
    ]


def test_public_text_is_not_told_twice_for_another_client(folder: PortalFolder) -> None:
    """When a person comes to look after a second client, what was public and told stays told."""
    folder.client("lanpu", client("lanpu", "weekly"))
    folder.notice("a", "title: 甲\ndate: 2026-12-01")
    found = agenda(folder.plan(), after(told("a", 1)))
    assert not found.digests
    (again,) = [one for one in found.excluded if one.reason is Reason.TOLD_ELSEWHERE]
    assert again.receipts == (told("a", 1, "lanpu"),)


def test_agenda_decides_nothing_twice(folder: PortalFolder) -> None:
    """Feeding an agenda's decisions back leaves nothing due at the same moment."""
    folder.client("lanpu", client("lanpu", "immediate", address="x@lanpu.example.com"))
    folder.notice("a", "title: 甲\ndate: 2026-12-01")
    folder.notice("b", "title: 乙\ndate: 2026-12-02\nurgency: urgent")
    folder.notice("c", "title: 丙\ndate: 2026-12-02\nexpires: 2026-12-03")
    plan = folder.plan()
    first = decisions(plan)
    pasts = {
        decision.person.key: Past(
            {r: Told(d.key, "", plan.now) for d in decision.digests for r in d.receipts},
            frozenset(r for one in decision.excluded for r in one.receipts),
            frozenset(digest.slot for digest in decision.digests),
        )
        for decision in first
    }
    assert sum(len(decision.digests) for decision in first) == 4
    assert [receipt for decision in decisions(plan, pasts) for receipt in decision.receipts()] == []


def test_frozen_plan_decides_as_the_original_did(folder: PortalFolder) -> None:
    """Registry and plan, frozen to JSON and thawed, give the same receipts: that is what `status` counts against."""
    folder.client(
        "lanpu", client("lanpu", "daily", address="x@lanpu.example.com", more="region: suzhou\nsince: 2026-11-20\n")
    )
    folder.client(
        "tanxi",
        client("tanxi", "monthly", address="q@tanxi.example.com", more="status: terminated\nended: 2026-10-01\n"),
    )
    folder.notice("a", "title: 甲\ndate: 2026-11-15")
    folder.notice("b", "title: 乙\ndate: 2026-11-21 09:00:00+08:00\naudience: {regions: [suzhou], status: active}")
    folder.notice("c", "title: 丙\ndate: 2026-11-22\naudience: {ended_within: 180d}\nurgency: urgent")
    folder.notice("d", "title: 丁\ndate: 2026-11-23\nwithdrawn: {on: 2026-11-24, reason: 误发}")
    folder.notice("e", "title: 戊\ndate: 2026-11-23\nexpires: 2026-11-25")
    plan = folder.plan()
    known = {LIN: after(told("d", 1))}
    snapshot = freeze(plan)
    thawing = Thawing(snapshot.plan)
    for part in snapshot.registry:
        thawing.add(part)
    original, again = decisions(plan, known), decisions(thawing.plan(), known)
    assert [decision.receipts() for decision in again] == [decision.receipts() for decision in original]
    assert [[(d.slot, d.mandatory) for d in decision.digests] for decision in again] == [
        [(d.slot, d.mandatory) for d in decision.digests] for decision in original
    ]
    assert {receipt.notice for decision in again for receipt in decision.receipts()} == {"a", "b", "c", "d", "e"}
    assert "林岚" not in freeze(plan).registry
