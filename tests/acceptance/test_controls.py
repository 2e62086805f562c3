"""What an operator may do before, during and after a run: try on a few, hold, cancel, decide, rehearse."""

# ruff: noqa: ARG005 - aiosmtpd calls handlers with everything it has

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.test_mailer import PEOPLE, Desk, Sink, desk, hang_up, sink

__all__ = ["desk", "sink"]

LIN, MENG, SU = PEOPLE["yunshan"], PEOPLE["lanpu"], PEOPLE["heyu"]


def arrived(sink: Sink) -> list[str]:
    return sorted(recipient for recipient, _ in sink.accepted)


def test_only_one_address(desk: Desk, sink: Sink) -> None:
    """`--only` decides and sends for that person; the others get theirs with the next run."""
    assert desk.send("--only", MENG.upper()) == (0, "1 new digest; 1 sent\n")
    assert arrived(sink) == [MENG]
    assert desk.send() == (0, "2 new digests; 2 sent\n")
    assert arrived(sink) == sorted(PEOPLE.values())
    assert desk.run("status")[0] == 0


def test_only_an_address_that_somebody_has(desk: Desk, sink: Sink) -> None:
    """A mistyped address is told, not taken for one to whom nothing is due."""
    code, said = desk.send("--only", MENG, "--only", "mengg@lanpu.example.com")
    assert (code, "--only names an address that nobody has" in said) == (2, True)
    assert sink.accepted == []


def test_the_ledger_of_another_portal_is_refused(desk: Desk, sink: Sink) -> None:
    """Its last run is of a commit that is not in this history; with `--yes` a rewritten history goes on."""
    assert desk.send("--only", MENG)[0] == 0
    shutil.rmtree(desk.folder.root / ".git")
    desk.folder.git("init", "-q", "-b", "main")
    desk.folder.commit("begun anew")
    code, said = desk.send()
    assert (code, "which is not in this history" in said) == (2, True)
    assert arrived(sink) == [MENG]
    assert desk.send("--yes") == (0, "2 new digests; 2 sent\n")
    assert desk.send() == (0, "nothing is due\n")


def test_pilot_then_resume(desk: Desk, sink: Sink) -> None:
    """`--pilot 1` sends one and holds two, also from the next run, until `resume`."""
    code, said = desk.send("--pilot", "1")
    assert (code, said) == (0, "3 new digests; 1 sent; 2 planned\nwhat is planned waits for `mailer resume`\n")
    assert desk.send()[1].startswith("0 new digests; 0 sent; 2 planned")
    assert len(sink.accepted) == 1
    assert " planned + 0 cancelled" in desk.run("status")[1]
    assert desk.run("resume", "--why", "all right")[1].startswith("2 messages released")
    assert desk.send() == (0, "0 new digests; 2 sent\n")
    assert arrived(sink) == sorted(PEOPLE.values())


def test_pause_holds_every_sender(desk: Desk, sink: Sink) -> None:
    """While paused `send` freezes and sends nothing, and says since when."""
    assert desk.run("pause", "--why", "wrong amount")[0] == 0
    code, said = desk.send()
    assert code == 0
    assert said.startswith("3 new digests; 0 sent; 3 planned\npaused since 20")
    assert sink.accepted == []
    assert set(desk.states().values()) == {"planned"}
    assert "paused since" in desk.run("status")[1]
    desk.run("resume")
    assert desk.send() == (0, "0 new digests; 3 sent\n")


def test_cancel_needs_a_reason_and_keeps_it(desk: Desk, sink: Sink) -> None:
    """What has not left is cancelled by digest or by run; who and why stay on record; what was sent stays sent."""
    desk.send("--pilot", "1")
    planned = [d["digest"] for d in desk.json("status")["digests"] if d["state"] == "planned"]
    assert desk.run("cancel", planned[0])[0] == 2
    assert desk.run("cancel", planned[0][:8], "--why", "left the firm", "--by", "Lin") == (0, "1 message cancelled\n")
    assert desk.run("cancel", planned[0], "--why", "again")[0] == 2
    assert desk.run("cancel", "--run", "7", "--why", "mistyped")[0] == 2
    assert desk.run("cancel", "--run", "1", "--why", "withdrawn") == (0, "1 message cancelled\n")
    assert sorted(desk.states().values()) == ["cancelled", "cancelled", "sent"]
    with sqlite3.connect(desk.folder.root / "var" / "ledger.db") as connection:
        kept = connection.execute("SELECT note, who FROM entries WHERE state = 'cancelled' ORDER BY id").fetchall()
    connection.close()
    assert kept[0] == ("left the firm", "Lin")
    assert kept[1][0] == "withdrawn"
    assert desk.send() == (0, "nothing is due\n")
    assert len(sink.accepted) == 1
    assert desk.run("status")[0] == 0


@pytest.mark.parametrize(
    ("verdict", "state", "copies"), [("--sent", "sent", 1), ("--failed", "failed", 1), ("--resend", "sent", 2)]
)
def test_doubt_is_resolved_by_a_person(desk: Desk, sink: Sink, verdict: str, state: str, copies: int) -> None:
    """A message in doubt stays so whatever runs, until somebody decides; sent again it is the same to the byte."""
    sink.data = hang_up  # the server has it, and its reply never comes
    code, _ = desk.send("--only", SU)
    assert (code, desk.states()) == (1, {"heyu/lin": "in-doubt"})
    sink.data = None
    assert desk.send("--only", SU) == (0, "nothing is due\n")
    assert desk.run("resolve", verdict)[0] == 2
    assert desk.run("resolve", "--all")[0] == 2
    assert desk.run("resolve", "--all", "--sent", "--resend")[0] == 2
    assert desk.run("resolve", "--all", verdict, "--why", "the server's log")[0] == 0
    assert desk.run("resolve", "--all", verdict)[1].startswith("0 messages")
    desk.send("--only", SU)
    assert desk.states() == {"heyu/lin": state}
    assert len(sink.accepted) == copies
    assert len({data for _, data in sink.accepted}) == 1
    assert desk.run("status")[0] == 0


def test_a_policy_sends_voluntary_mail_again(desk: Desk, sink: Sink) -> None:
    """With `in_doubt: {voluntary: resend}` a voluntary digest in doubt is deferred, and a mandatory one is held."""
    text = (desk.folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    desk.folder.write("mkdocs.yml", f"{text}    mail: {{in_doubt: {{voluntary: resend}}}}\n")
    desk.folder.commit("policy")
    sink.data = hang_up
    code, said = desk.send()
    assert code == 1
    assert "2 deferred, 1 in doubt" in said
    assert desk.states() == {"yunshan/lin": "in-doubt", "lanpu/lin": "deferred", "heyu/lin": "deferred"}


def test_rehearsal_reaches_only_those_listed(desk: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """With MAILER_ALLOW mail goes to that address and that domain; what is for others is held until `resume`."""
    monkeypatch.setenv("MAILER_ALLOW", f"{LIN}, heyu.example.com")
    code, said = desk.send()
    assert (code, said.splitlines()[0]) == (0, "3 new digests; 2 sent; 1 planned")
    assert arrived(sink) == sorted([LIN, SU])
    monkeypatch.delenv("MAILER_ALLOW")
    assert desk.send()[1].startswith("0 new digests; 0 sent; 1 planned")
    assert "planned (rehearsal)" in desk.run("status")[1]
    desk.run("resume")
    assert desk.send() == (0, "0 new digests; 1 sent\n")
    assert arrived(sink) == sorted(PEOPLE.values())


def test_rehearsal_in_the_configuration(desk: Desk, sink: Sink) -> None:
    """`mail.rehearsal` does the same for who forgets the environment."""
    text = (desk.folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    desk.folder.write("mkdocs.yml", f"{text}    mail: {{rehearsal: [lanpu.example.com]}}\n")
    desk.folder.commit("rehearsal")
    desk.send()
    assert arrived(sink) == [MENG]


def test_a_large_run_asks(desk: Desk, sink: Sink) -> None:
    """More than `large_run`, and than twice the largest run before: exit code 2 with the number, until --yes."""
    text = (desk.folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    desk.folder.write("mkdocs.yml", f"{text}    mail: {{large_run: 2}}\n")
    desk.folder.commit("careful")
    code, said = desk.send()
    assert code == 2
    assert "3 people would get mail now" in said
    assert "--yes" in said
    assert desk.json("status")["runs"] == []
    assert sink.accepted == []
    assert desk.send("--yes") == (0, "3 new digests; 3 sent\n")
    desk.folder.notice("more", "title: 补充\ndate: 2026-12-03")
    desk.folder.commit("more")
    assert desk.send()[0] == 0


def test_json_says_what_became_of_everything(desk: Desk, sink: Sink) -> None:
    """`send --format json` has a number for each end; `status --format json` each message with reply and queue id."""
    sink.data = lambda server, recipient: "250 2.0.0 Ok: queued as 4F2B3C1D2E"
    site = desk.build()
    sent = desk.json("send", "--site", str(site))
    assert sent == {
        "frozen": 3,
        "sent": 3,
        "deferred": 0,
        "failed": 0,
        "in_doubt": 0,
        "cancelled": 0,
        "planned": 0,
        "pending": 0,
        "paused": None,
    }
    status = desk.json("status")
    assert (status["holds"], status["contradictions"]) == (True, [])
    assert {digest["queue_id"] for digest in status["digests"]} == {"4F2B3C1D2E"}
    assert json.dumps(status)


def test_a_deferral_is_no_failure(desk: Desk, sink: Sink) -> None:
    """What a server asks to have later is told, and the exit code is 0."""
    sink.rcpt = lambda server, address: "451 4.7.1 greylisted"
    code, said = desk.send()
    assert code == 0
    assert "0 sent, 3 deferred" in said


@pytest.mark.parametrize("lease", ["0", "soon", "3601", "-5"])
def test_a_lease_is_a_number_of_seconds(desk: Desk, monkeypatch: pytest.MonkeyPatch, lease: str) -> None:
    """Anything else in MAILER_LEASE is said in one line before anything is frozen."""
    monkeypatch.setenv("MAILER_LEASE", lease)
    code, said = desk.send()
    assert code == 2
    assert "MAILER_LEASE" in said
    assert desk.json("status")["runs"] == []


def test_migrate_brings_an_older_ledger_up_to_date_once(desk: Desk) -> None:
    """It says which format the ledger had; a second time there is nothing to do, and no ledger is an error."""
    file = desk.folder.root / "var/ledger.db"
    file.unlink()
    assert desk.run("migrate")[0] == 2
    at = "2026-12-01T00:00:00.000000+00:00"
    with sqlite3.connect(file) as old:
        old.executescript((Path(__file__).parents[1] / "conformance/format-1.sql").read_text(encoding="utf-8"))
        old.execute("INSERT INTO opening VALUES (1, 1, ?, ?)", (at, at))
    old.close()
    done = "the ledger var/ledger.db is up to date\n"
    code, said = desk.run("migrate")
    assert (code, "of format 1 and has been brought up to date" in said, done in said) == (0, True, True)
    assert desk.run("migrate") == (0, done)
