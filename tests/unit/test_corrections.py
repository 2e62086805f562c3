"""Corrections, postponements and withdrawals reach exactly those who got the earlier version, and nobody twice."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.agenda.bulletin import bulletin
from mailer.agenda.deciding import decide
from mailer.agenda.digest import Decision, Event, Past, Reason, Receipt, Told
from mailer.agenda.snapshot import Thawing, freeze
from mailer.people.person import people
from mailer.people.subscription import Consent, Scope, Subscribers, Subscription, Suppression, mark
from portal.client import Cadence, Registry, as_client
from portal.kinds import Kind
from portal.notice import Notice, Selector, Text, Version
from portal.plan import Entry, Plan
from portal.states import State
from tests.conftest import MKDOCS, REPOSITORY, PortalFolder
from tests.unit.test_digest import BEGIN, LIN, after, agenda, client, decisions, items, told

ZONE = dt.timezone(dt.timedelta(hours=8))
PEPPER = bytes(range(32))


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    """Two clients with one immediate reader each, in different segments."""
    portal_folder.client("yunshan", client("yunshan", "immediate"))
    other = client("lanpu", "immediate", address="meng@lanpu.example.com").replace("[small]", "[big]")
    portal_folder.client("lanpu", other)
    return portal_folder


def versions(folder: PortalFolder, *fronts: str) -> None:
    """Commit the versions of one private notice, one a day from 1 December on."""
    lines: list[str] = []
    for number, front in enumerate(fronts, 1):
        if number > 1:
            lines.append(f"{{on: 2026-12-0{number}, note: 第{number}版}}")
        revisions = f"\nrevisions: [{', '.join(lines)}]" if lines else ""
        folder.notice("fees", f"title: 费用\ndate: 2026-12-01\n{front}{revisions}")
        folder.commit(f"version {number}")


def test_who_left_the_audience_is_told_that_it_no_longer_concerns_them(folder: PortalFolder) -> None:
    """Version 2 is for others: readers of version 1 get a plain word with the text they know, the others the notice."""
    versions(folder, "audience: {segments: small}", "audience: {segments: big}")
    plan = folder.plan()
    found = agenda(plan, after(told("fees", 1)))
    assert {d.person.key: [(i.event, i.version.number, i.told) for i in d.items] for d in found.digests} == {
        LIN: [(Event.RELEASED, 1, 1)],
        "meng@lanpu.example.com": [(Event.PUBLISHED, 2, None)],
    }
    again = agenda(plan, after(told("fees", 1), told("fees", 1, event=Event.RELEASED)))
    assert [d.person.key for d in again.digests] == ["meng@lanpu.example.com"]


def test_who_comes_back_into_the_audience_is_told_of_a_revision(folder: PortalFolder) -> None:
    """Version 3 is for the first readers again: it is a revision of what they know, once."""
    versions(folder, "audience: {segments: small}", "audience: {segments: big}", "audience: {segments: small}")
    found = agenda(folder.plan(), after(told("fees", 1), told("fees", 1, event=Event.RELEASED)))
    (digest,) = [d for d in found.digests if d.person.key == LIN]
    assert [(i.event, i.version.number, i.told) for i in digest.items] == [(Event.PUBLISHED, 3, 1)]


def test_a_message_that_never_arrived_is_not_taken_back(folder: PortalFolder) -> None:
    """Whose first message failed hears nothing of the withdrawal, and the ledger is told why."""
    folder.notice("fees", "title: 费用\ndate: 2026-12-01\nwithdrawn: {on: 2026-12-05, reason: 作废}")
    past = Past({told("fees", 1): Told("d1", "<d1@example.com>", BEGIN, reached=False)})
    found = agenda(folder.plan(), past)
    assert not found.digests
    (missing,) = [one for one in found.excluded if one.reason is Reason.NOT_REACHED]
    assert missing.receipts == (told("fees", 1, event=Event.WITHDRAWN),)
    assert not agenda(folder.plan(), replace(past, excluded=frozenset(missing.receipts))).digests


def test_what_will_be_left_out_is_not_announced(folder: PortalFolder) -> None:
    """A withdrawal that waits for the slot of somebody whom the notice never reached is not announced: it is shown as
    left out, and decided when its time comes; what else waits there waits alone."""
    folder.client("yunshan", client("yunshan", "weekly"))
    folder.notice("fees", "title: 费用\ndate: 2026-12-01\nwithdrawn: {on: 2026-12-08, reason: 作废}")
    past = Past({told("fees", 1): Told("d1", "<d1@example.com>", BEGIN, reached=False)})

    def lin(now: str) -> Decision:
        everybody = decisions(folder.plan(now), {LIN: past})
        return next(decision for decision in everybody if decision.person.key == LIN)

    before = lin("2026-12-09T09:30+08:00")
    assert (before.digests, before.waiting) == ((), ())
    assert [(one.notice, one.event, one.reason) for one in before.excluded if one.notice == "fees"][-1] == (
        "fees",
        Event.WITHDRAWN,
        Reason.NOT_REACHED,
    )
    assert before.receipts() == []
    assert lin("2026-12-14T09:30+08:00").receipts() == [told("fees", 1, event=Event.WITHDRAWN)]
    folder.notice("news", "title: 消息\ndate: 2026-12-08")
    (waiting,) = lin("2026-12-09T09:30+08:00").waiting
    assert [item.entry.id for item in waiting.items] == ["news"]


def test_what_never_arrived_is_no_earlier_version(folder: PortalFolder) -> None:
    """Version 2 is new, not revised, to whom version 1 did not reach."""
    versions(folder, "", "")
    past = Past({told("fees", 1): Told("d1", "<d1@example.com>", BEGIN, reached=False)})
    (digest,) = [d for d in agenda(folder.plan(), past).digests if d.person.key == LIN]
    assert [(i.version.number, i.told) for i in digest.items] == [(2, None)]


def test_a_withdrawal_shows_no_text_that_the_reader_may_not_see(folder: PortalFolder) -> None:
    """Told of version 1, not in the audience of version 2, then withdrawn: the word goes out with version 1."""
    versions(
        folder, "audience: {segments: small}", "audience: {segments: big}\nwithdrawn: {on: 2026-12-04, reason: 机密}"
    )
    (digest,) = agenda(folder.plan(), after(told("fees", 1))).digests
    assert [(i.event, i.version.number) for i in digest.items] == [(Event.WITHDRAWN, 1)]
    assert digest.items[0].text.notice.withdrawn is None


def test_withdrawn_again_is_told_again(folder: PortalFolder) -> None:
    """Withdrawn, reinstated with version 2, withdrawn again: each withdrawal is told to those who knew what it ends."""
    versions(folder, "", "withdrawn: {on: 2026-12-04, reason: 作废}")
    known = after(told("fees", 1), told("fees", 1, event=Event.WITHDRAWN), told("fees", 2))
    (digest,) = [d for d in agenda(folder.plan(), known).digests if d.person.key == LIN]
    assert [(i.event, i.version.number) for i in digest.items] == [(Event.WITHDRAWN, 2)]


def test_leaving_stops_voluntary_mail_only(folder: PortalFolder) -> None:
    """Who left gets the fee change and not the news, which is left out when its time comes; with `all`, neither."""
    folder.notice("news", "title: 消息\ndate: 2026-12-02")
    folder.notice("fees", "title: 费用\ndate: 2026-12-02\nkind: fee-change")
    plan = folder.plan()
    for scope, expected, reason in (
        (Scope.VOLUNTARY, [[("fees", 1)]], [("news", Reason.LEFT)]),
        (Scope.ALL, [], [("news", Reason.SUPPRESSED), ("fees", Reason.SUPPRESSED)]),
    ):
        subscribers = Subscribers.of([], [Suppression(mark(LIN.upper(), PEPPER), scope, "reply", BEGIN)], PEPPER)
        person = next(person for person in people(plan, subscribers) if person.key == LIN)
        decision = decide(bulletin(plan, BEGIN), person, Past())
        assert [items(d) for d in decision.digests] == expected
        assert [(one.notice, one.reason) for one in decision.excluded] == reason
        assert len(decision.receipts()) == 2


def subscription(address: str = "reader@example.org", **more: object) -> Subscription:
    consent = Consent(dt.datetime(2026, 11, 20, 12, tzinfo=ZONE), "form")
    return replace(Subscription("00ff", address, consent, cadence=Cadence.IMMEDIATE), **more)


def for_subscriber(plan: Plan, subscribed: Subscription, past: Past | None = None) -> Decision:
    persons = people(plan, Subscribers.of([subscribed], []))
    person = next(person for person in persons if person.key == subscribed.key)
    return decide(bulletin(plan, BEGIN), person, past or Past())


def test_subscribers_get_public_notices_on_their_topics(folder: PortalFolder) -> None:
    """Nothing private, nothing from before the consent, no other kind; a correction though, of what was told."""
    folder.notice("old", "title: 旧\ndate: 2026-11-19\nkind: policy")
    folder.notice("law", "title: 政策\ndate: 2026-12-02\nkind: policy")
    folder.notice("news", "title: 消息\ndate: 2026-12-02")
    folder.notice("own", "title: 专属\ndate: 2026-12-02\nkind: policy\naudience: {status: active}")
    plan = folder.plan()
    decision = for_subscriber(plan, subscription(topics=(Kind.POLICY,)))
    (digest,) = decision.digests
    assert (items(digest), digest.mandatory) == ([("law", 1)], False)
    assert digest.receipts == (Receipt("reader@example.org", "", "law", 1, Event.PUBLISHED),)
    assert {one.notice for one in decision.excluded} == {"old"}


def test_an_address_in_both_gets_one_digest(folder: PortalFolder) -> None:
    """A contact who subscribed too gets a public notice once, with a receipt for each."""
    folder.notice("news", "title: 消息\ndate: 2026-12-02")
    decision = for_subscriber(folder.plan(), subscription(LIN.upper()))
    (digest,) = decision.digests
    assert items(digest) == [("news", 1)]
    assert [receipt.client for receipt in digest.receipts] == ["yunshan", ""]


def test_frozen_subscribers_decide_as_the_original_did(folder: PortalFolder) -> None:
    """Subscriptions, wishes and suppressions, frozen to JSON and thawed, give the same receipts, without names."""
    folder.notice("law", "title: 政策\ndate: 2026-12-02\nkind: policy")
    folder.notice("news", "title: 消息\ndate: 2026-12-02")
    plan = folder.plan()
    subscribers = Subscribers.of(
        [subscription(topics=(Kind.POLICY,), name="王读者"), subscription("b@example.org", timezone="Asia/Tokyo")],
        [Suppression(mark("b@example.org", PEPPER), Scope.ALL, "550 王", BEGIN)],
        PEPPER,
    )
    snapshot = freeze(plan, subscribers)
    thawing = Thawing(snapshot.plan)
    for part in snapshot.registry:
        thawing.add(part)
    again, thawed = thawing.plan(), thawing.subscribers(PEPPER)

    def receipts(made: Plan, known: Subscribers) -> list[list[Receipt]]:
        told_of = bulletin(made, BEGIN, known)
        return [decide(told_of, person, Past()).receipts() for person in people(made, known)]

    assert receipts(again, thawed) == receipts(plan, subscribers)
    assert [len(found) for found in receipts(plan, subscribers)] == [2, 2, 2, 1]
    assert "王" not in "".join(snapshot.registry)


# --- random histories ------------------------------------------------------------------------------------------


@dataclass
class History:
    """A portal that changes from day to day, and a ledger that remembers."""

    plan: Plan
    told: dict[str, dict[Receipt, Told]] = field(default_factory=dict)
    excluded: dict[str, set[Receipt]] = field(default_factory=dict)
    slots: dict[str, set[str]] = field(default_factory=dict)
    sent: dict[str, list[dt.datetime]] = field(default_factory=dict)
    everything: Counter[Receipt] = field(default_factory=Counter)

    def run(self, plan: Plan) -> list[Decision]:
        found = []
        for person in people(plan):
            key = person.key
            past = Past(
                dict(self.told.get(key, {})),
                frozenset(self.excluded.get(key, ())),
                frozenset(self.slots.get(key, ())),
                tuple(self.sent.get(key, ())),
            )
            decision = decide(bulletin(plan, BEGIN), person, past)
            found.append(decision)
            self.everything.update(decision.receipts())
            for digest in decision.digests:
                assert digest.items
                assert digest.slot not in past.slots
                self.slots.setdefault(key, set()).add(digest.slot)
                self.sent.setdefault(key, []).append(plan.now)
                told_now = {receipt: Told(digest.key, f"<{digest.key}>", plan.now) for receipt in digest.receipts}
                self.told.setdefault(key, {}).update(told_now)
            for one in decision.excluded:
                self.excluded.setdefault(key, set()).update(one.receipts)
        return found


AUDIENCES = st.sampled_from(["public", Selector(segments=("a",)), Selector(segments=("b",)), Selector(clients=("c1",))])
STEPS = st.lists(
    st.tuples(st.sampled_from(["run", "revise", "minor", "withdraw", "restore", "move"]), st.integers(0, 2), AUDIENCES),
    min_size=3,
    max_size=25,
)
CADENCES = st.lists(st.sampled_from(list(Cadence)), min_size=3, max_size=3)


def at_day(number: int) -> dt.datetime:
    return dt.datetime(2026, 11, 2, 9, 30, tzinfo=ZONE) + dt.timedelta(days=number)


def entry(number: int, versions_: list[tuple[dt.datetime, object, bool]], withdrawn: dt.datetime | None) -> Entry:
    made = []
    for index, (on, audience, minor) in enumerate(versions_):
        last = index == len(versions_) - 1
        facts = Notice(
            id=f"n{number}",
            title="x",
            date=versions_[0][0],
            audience=audience,  # type: ignore[arg-type]
            withdrawn={"on": withdrawn, "reason": "y"} if withdrawn and last else None,  # type: ignore[arg-type]
            reminders=("7d", "1d", "+3d"),  # type: ignore[arg-type]
            action={"needed": True, "what": "z", "by": dt.date(2026, 11, 25)} if number else None,  # type: ignore[arg-type]
        )
        made.append(Version(index + 1, on, "", minor, {"zh": Text("zh", facts, "", "")}, "zh"))
    private = made[-1].original is not None and not made[-1].original.notice.public
    state = State.WITHDRAWN if withdrawn else State.IN_FORCE
    return Entry(f"n{number}", private, tuple(made), state, None, (), {})


@settings(max_examples=60)
@given(STEPS, CADENCES)
def test_random_histories_tell_nobody_twice_and_leave_nobody_out(
    portal: Plan, steps: list[tuple[str, int, object]], cadences: list[Cadence]
) -> None:
    """Whatever is revised, withdrawn, restored or moved between runs: every receipt is decided once, and in the end
    everybody whom a notice concerns knows its latest version, or waits for it, or is left out with a reason."""
    segments = ["a", "b", "a"]
    notices: dict[int, tuple[list[tuple[dt.datetime, object, bool]], dt.datetime | None]] = {}
    history = History(portal)

    def planned(day: int) -> Plan:
        clients = [
            as_client(
                {
                    "id": f"c{n}",
                    "name": "x",
                    "segments": [segments[n]],
                    "contacts": [{"id": "p", "name": "p", "email": f"p{n // 2}@example.com", "cadence": cadences[n]}],
                }
            )
            for n in range(3)
        ]
        entries = [entry(number, *state) for number, state in notices.items()]
        return replace(
            portal,
            now=at_day(day),
            registry=Registry({c.id: c for c in clients}, {}),
            public=tuple(e for e in entries if not e.private),
            private=tuple(e for e in entries if e.private),
        )

    day = 0
    for what, number, audience in steps:
        day += 1
        versions_, withdrawn = notices.get(number, ([], None))
        match what:
            case "run":
                history.run(planned(day))
            case "move":
                segments[number] = "b" if segments[number] == "a" else "a"
            case "withdraw" if versions_:
                notices[number] = (versions_, at_day(day))
            case "restore" if versions_ and withdrawn:
                notices[number] = ([*versions_, (at_day(day), versions_[-1][1], False)], None)
            case _:
                minor = what == "minor" and bool(versions_)
                chosen = versions_[-1][1] if minor else audience
                notices[number] = ([*versions_, (at_day(day), chosen, minor)], withdrawn)
    final = planned(day + 1)
    found = history.run(final)
    assert max(history.everything.values(), default=1) == 1
    known = bulletin(final, BEGIN)
    for decision in found:
        waiting = {
            (i.entry.id, i.version.number, r.client.id) for w in decision.waiting for i in w.items for r in i.readers
        }
        person = decision.person.key
        for story in known.stories:
            for reader in decision.person.readers:
                if story.latest and story.concerns(reader.client):
                    receipt = Receipt(person, reader.client.id, story.entry.id, story.version.number, Event.PUBLISHED)
                    assert (
                        receipt in history.told.get(person, {})
                        or receipt in history.excluded.get(person, set())
                        or (receipt.notice, receipt.version, receipt.client) in waiting
                    )


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """An empty portal's plan."""
    folder = PortalFolder(tmp_path_factory.mktemp("empty"))
    folder.write("mkdocs.yml", MKDOCS.format(theme=REPOSITORY / "site_templates" / "theme"))
    return folder.plan()
