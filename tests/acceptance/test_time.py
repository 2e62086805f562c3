"""Months of a portal through the command line: slots, corrections, reminders; each told once, and the account holds."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from tests.acceptance.test_mailer import Desk, inbox
from tests.acceptance.test_mailer import desk as desk
from tests.unit.test_digest import client

LIN = "lin@yunshan.example.com"
ASKS = "title: 补充协议\ndate: 2026-12-05\nreminders: [7d, 1d]\naction: {needed: true, what: 签字, by: 2027-01-31}"


def received(desk: Desk, address: str = LIN) -> list[EmailMessage]:
    """What lies in somebody's inbox, by its own date."""
    messages = inbox(desk.folder.root / "outbox").get(address, [])
    return sorted(messages, key=lambda message: message["Date"].datetime)


def at(desk: Desk, now: str) -> str:
    """Build and send at a moment, twice: the second run has nothing to do; then the account is read."""
    desk.now = now
    said = desk.send()[1]
    assert desk.send()[1].startswith("nothing is due")
    code, account = desk.run("status")
    assert code == 0, account
    return said


def test_a_reminder_follows_the_message_that_first_told(desk: Desk) -> None:
    """Seven days and one day before the deadline a message replies to the first; between and after none."""
    desk.folder.notice("act", ASKS)
    desk.folder.commit("act")
    at(desk, "2026-12-07T09:30+08:00")
    (first,) = received(desk)
    at(desk, "2027-01-20T09:30+08:00")
    at(desk, "2027-01-24T09:30+08:00")
    at(desk, "2027-01-26T09:30+08:00")
    at(desk, "2027-01-30T09:30+08:00")
    at(desk, "2027-02-05T09:30+08:00")
    messages = received(desk)
    assert [str(m["Date"].datetime.date()) for m in messages] == ["2026-12-07", "2027-01-24", "2027-01-30"]
    for message in messages[1:]:
        assert message["In-Reply-To"] == first["Message-ID"]
        assert str(first["Message-ID"]) in str(message["References"])
        assert "提醒" in message["Subject"]
    text = messages[1].get_body(("plain",))
    assert text is not None
    assert "7 天" in text.get_content()


def test_who_is_no_longer_concerned_is_told_so_without_the_new_text(desk: Desk) -> None:
    """Version 2 goes to another client only: the first reader gets a word with nothing of its text."""
    front = "title: 旧标题\ndate: 2026-12-05\nsummary: 旧摘要\naudience: {clients: yunshan}"
    desk.folder.notice("own2", front)
    desk.folder.commit("one")
    at(desk, "2026-12-07T09:30+08:00")
    changed = front.replace("旧标题", "新标题").replace("旧摘要", "新摘要").replace("yunshan", "lanpu")
    desk.folder.notice("own2", f"{changed}\nrevisions: [{{on: 2026-12-08, note: 改为兰浦}}]")
    desk.folder.commit("two")
    at(desk, "2026-12-09T09:30+08:00")
    _, last = received(desk)
    said = f"{last['Subject']} {last.get_body(('plain',))} {last.get_body(('html',))}"
    parts = "".join(part.get_content() for part in last.walk() if part.get_content_maintype() == "text")
    assert "旧标题" in parts
    assert not any(new in parts + said for new in ("新标题", "新摘要", "改为兰浦"))
    assert "新标题" in "".join(
        part.get_content() for part in received(desk, "meng@lanpu.example.com")[-1].walk() if not part.is_multipart()
    )


def test_weekly_digests_over_months_with_holidays_and_a_missed_run(desk: Desk) -> None:
    """Each week's news come once: on the first working day, together after a run that failed, and never empty."""
    config = desk.folder.root / "mkdocs.yml"
    options = "    mail:\n      calendar: {holidays: [2026-12-14]}\n      window: {from: 8, until: 20}\n"
    config.write_text(config.read_text("utf-8") + options, encoding="utf-8")
    desk.folder.client("yunshan", client("yunshan", "weekly"))
    for day in (8, 16, 23):
        desk.folder.notice(f"n{day}", f"title: 第{day}日\ndate: 2026-12-{day:02}")
    desk.folder.commit("month")
    for now in (
        "2026-12-07T09:30+08:00",
        "2026-12-14T10:00+08:00",
        "2026-12-15T07:00+08:00",
        "2026-12-15T21:00+08:00",
        "2026-12-16T08:00+08:00",
        "2026-12-28T08:30+08:00",
        "2026-12-29T09:00+08:00",
        "2027-01-05T10:00+08:00",
    ):
        at(desk, now)
    told = [
        (
            str(m["Date"].datetime.date()),
            sorted(n for n in ("第8日", "第16日", "第23日") if n in m.as_string() or n in body(m)),
        )
        for m in received(desk)
    ]
    assert told == [
        ("2026-12-07", []),
        ("2026-12-16", ["第8日"]),
        ("2026-12-28", ["第16日"]),
        ("2026-12-29", ["第23日"]),
    ]


def body(message: EmailMessage) -> str:
    text = message.get_body(("plain",))
    assert text is not None
    return str(text.get_content())


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_withdrawal_goes_to_those_whom_the_notice_reached(desk: Desk, state: str) -> None:
    """One of three messages did not arrive: two hear of the withdrawal, the third is left out; all adds up."""
    at(desk, "2026-12-07T09:30+08:00")
    key = next(d["digest"] for d in desk.json("status")["digests"] if d["recipients"] == ["heyu/lin"])
    desk.ledger(f"UPDATE digests SET state = '{state}' WHERE key = '{key}'")
    desk.ledger(
        "INSERT INTO entries (digest, state, note, at) "
        f"VALUES ('{key}', '{state}', '550', '2026-12-07T02:00:00.000000+00:00')"
    )
    front = "title: 收费调整\ndate: 2026-12-01\nsummary: 每月 240 元。"
    desk.folder.notice("fees", f"{front}\nwithdrawn: {{on: 2026-12-08, reason: 暂缓}}")
    desk.folder.commit("withdrawn")
    at(desk, "2026-12-09T09:30+08:00")
    assert {to: len(found) for to, found in inbox(desk.folder.root / "outbox").items()} == {
        LIN: 2,
        "meng@lanpu.example.com": 2,
        "su@heyu.example.com": 1,
    }
