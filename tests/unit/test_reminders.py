"""Who is reminded, of what, when, and in which thread."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from mailer.agenda.digest import Digest, Event, Past, Reason, Receipt, Told
from tests.conftest import PortalFolder
from tests.unit.test_digest import LIN, agenda, client, decisions, reasons
from tests.unit.test_timing import mail

ACT = (
    "title: 补充协议\ndate: 2026-12-01\nreminders: [30d, 7d, 1d, +3d]\n"
    "action: {needed: true, what: 签字, by: 2027-01-31}"
)
PUBLISHED = Receipt(LIN, "yunshan", "act", 1, Event.PUBLISHED)


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    """A portal with one weekly reader and a notice that asks for an action by 31 January."""
    portal_folder.client("yunshan", client("yunshan", "weekly"))
    portal_folder.notice("act", ACT)
    return portal_folder


def told(*more: Receipt, at: str = "2026-12-07T09:00+08:00", reached: bool = True) -> Past:
    """A past in which Lin was told of the notice, and of more since."""
    first = dt.datetime.fromisoformat(at)
    known = {PUBLISHED: Told("d1", "<first@example.com>", first, reached)}
    return Past({**known, **{receipt: Told("d2", "<later@example.com>", first) for receipt in more}})


def reminded(event: str, version: int = 1) -> Receipt:
    return replace(PUBLISHED, event=event, version=version)


def reminders(folder: PortalFolder, now: str, past: Past | None = None) -> list[Digest]:
    found = agenda(folder.plan(now), past or told()).digests
    assert all(item.event is Event.REMINDER for digest in found for item in digest.items)
    return list(found)


def test_the_reminder_comes_at_the_readers_hour_in_the_first_messages_thread(folder: PortalFolder) -> None:
    """Seven days before, at 9, not at 8:59 nor with the next weekly slot; in reply to what told of the notice."""
    past = told(reminded("reminder-30d-2027-01-31"))
    assert reminders(folder, "2027-01-24T08:59+08:00", past) == []
    (digest,) = reminders(folder, "2027-01-24T09:00+08:00", past)
    (item,) = digest.items
    assert (item.mark, item.reminder and item.reminder.left) == ("reminder-7d-2027-01-31", 7)
    assert (digest.thread, digest.mandatory) == (("<first@example.com>",), True)
    assert digest.slot.startswith("reminder ")
    assert reminders(folder, "2027-01-24T10:00+08:00", told(*past.told, reminded("reminder-7d-2027-01-31"))) == []


def test_a_late_reminder_says_what_is_true(folder: PortalFolder) -> None:
    """No run since before the 30th day: five days before there is one, of five days, and the other is left out."""
    (digest,) = reminders(folder, "2027-01-26T12:00+08:00")
    (item,) = digest.items
    assert item.mark == "reminder-7d-2027-01-31"
    assert item.reminder is not None
    assert item.reminder.left == 5
    found = agenda(folder.plan("2027-01-26T12:00+08:00"), told())
    assert [(one.event, one.reason, one.detail) for one in found.excluded if one.event.startswith("reminder")] == [
        ("reminder-30d-2027-01-31", Reason.SUPERSEDED, "reminder-7d-2027-01-31")
    ]


def test_after_the_deadline_only_what_comes_after_it(folder: PortalFolder) -> None:
    """Three days late the reminder for three days after comes; those for before are left out as missed."""
    (digest,) = reminders(folder, "2027-02-03T09:00+08:00")
    assert [item.mark for item in digest.items] == ["reminder+3d-2027-01-31"]
    assert digest.items[0].reminder is not None
    assert digest.items[0].reminder.left == -3
    found = agenda(folder.plan("2027-02-03T09:00+08:00"), told())
    assert sum(reason is Reason.MISSED for _, _, reason, _ in reasons(found)) == 3


def test_nobody_is_reminded_of_what_they_were_not_told(folder: PortalFolder) -> None:
    """Neither who was not told, nor whose message never arrived; and who was told on the 10th day hears of the 7th."""
    now = "2027-01-24T09:00+08:00"
    assert [item.event for d in agenda(folder.plan(now)).digests for item in d.items] == [Event.PUBLISHED]
    assert reminders(folder, now, told(reached=False)) == []
    (digest,) = reminders(folder, now, told(at="2027-01-21T09:00+08:00"))
    assert digest.items[0].instead_of == ()
    assert reminders(folder, now, told(at="2027-01-24T09:30+08:00")) == []


@pytest.mark.parametrize(
    "more",
    [
        "\nwithdrawn: {on: 2027-01-10, reason: 作废}",
        "\nexpires: 2027-01-10",
        "\nrevisions: [{on: 2027-01-10, note: 改为专属, minor: true}]\naudience: {clients: other}",
    ],
    ids=["withdrawn", "expired", "no longer concerned"],
)
def test_what_is_over_reminds_of_nothing(folder: PortalFolder, more: str) -> None:
    """A withdrawn or expired notice, or one with another audience, sends no reminder."""
    folder.client("other", client("other", "weekly", address="o@other.example.com"))
    folder.commit("one")
    folder.notice("act", ACT + more)
    found = agenda(folder.plan("2027-01-24T09:00+08:00"), told())
    assert [i.mark for d in found.digests for i in d.items if i.event is Event.REMINDER] == []


def test_when_the_date_moves_reminders_follow_it(folder: PortalFolder) -> None:
    """A date moved to 31 March: nothing on the old days; on the new ones, once the new date was told."""
    folder.commit("one")
    moved = ACT.replace("2027-01-31", "2027-03-31") + "\nrevisions: [{on: 2027-01-20, note: 延期}]"
    folder.notice("act", moved)
    folder.commit("two")
    second = replace(PUBLISHED, version=2)
    knows = Past(
        {
            **told(reminded("reminder-30d-2027-01-31")).told,
            second: Told("d3", "<second@example.com>", at_("2027-01-25T09:00+08:00")),
        }
    )
    assert reminders(folder, "2027-01-30T09:00+08:00", knows) == []
    (digest,) = reminders(
        folder,
        "2027-03-24T09:00+08:00",
        Past({**knows.told, reminded("reminder-30d-2027-03-31", 2): Told("d4", "", at_("2027-03-01T09:00+08:00"))}),
    )
    assert [item.mark for item in digest.items] == ["reminder-7d-2027-03-31"]
    assert digest.thread == ("<first@example.com>",)
    untold = decisions(folder.plan("2027-03-24T09:00+08:00"), {LIN: told()})
    assert [i.event for d in untold[0].digests for i in d.items] == [Event.PUBLISHED]


def at_(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_each_stage_is_a_day_to_remind_of(portal_folder: PortalFolder) -> None:
    """Without a deadline the day it takes effect counts, and every stage; nothing follows after it."""
    portal_folder.client("yunshan", client("yunshan", "weekly"))
    portal_folder.notice(
        "act",
        "title: 切换\ndate: 2026-12-01\neffective: 2027-02-01\nreminders: [1d, +3d]\n"
        "stages: [{on: 2027-01-10, what: 试运行}]",
    )
    (digest,) = reminders(portal_folder, "2027-01-09T09:00+08:00")
    assert [(i.mark, i.reminder and i.reminder.what) for i in digest.items] == [("reminder-1d-2027-01-10", "试运行")]
    past = told(reminded("reminder-1d-2027-01-10"))
    (digest,) = reminders(portal_folder, "2027-01-31T09:00+08:00", past)
    assert [i.mark for i in digest.items] == ["reminder-1d-2027-02-01"]
    past = told(reminded("reminder-1d-2027-01-10"), reminded("reminder-1d-2027-02-01"))
    assert reminders(portal_folder, "2027-02-10T09:00+08:00", past) == []


def test_a_reminder_on_a_day_off_comes_the_working_day_before(folder: PortalFolder) -> None:
    """31 January 2027 is a Sunday: a day before is a Saturday, so the reminder comes on Friday and says two days."""
    mail(folder, "calendar: {holidays: []}")
    past = told(reminded("reminder-30d-2027-01-31"), reminded("reminder-7d-2027-01-31"))
    (digest,) = reminders(folder, "2027-01-29T09:00+08:00", past)
    assert [(i.mark, i.reminder and i.reminder.left) for i in digest.items] == [("reminder-1d-2027-01-31", 2)]


def test_the_next_reminder_is_known(folder: PortalFolder) -> None:
    """A decision says when the next reminder falls due, so that a run can be planned for it."""
    (decision,) = decisions(folder.plan("2026-12-10T09:00+08:00"), {LIN: told()})
    assert decision.reminded_at == at_("2027-01-01T09:00+08:00")


def test_a_late_run_names_a_notice_once(portal_folder: PortalFolder) -> None:
    """A stage and the deadline both fell due before this run: the later reminder is told, the other is left out."""
    portal_folder.client("yunshan", client("yunshan", "weekly"))
    portal_folder.notice(
        "act", ACT.replace("[30d, 7d, 1d, +3d]", "[7d]") + "\nstages: [{on: 2027-01-29, what: 系统开放}]"
    )
    found = agenda(portal_folder.plan("2027-01-25T10:00+08:00"), told())
    ((item,),) = [digest.items for digest in found.digests]
    assert item.mark == "reminder-7d-2027-01-31"
    assert [receipt.event for receipt in item.instead_of] == ["reminder-7d-2027-01-29"]
    (left_out,) = [one for one in found.excluded if one.event == "reminder-7d-2027-01-29"]
    assert left_out.reason is Reason.SUPERSEDED
