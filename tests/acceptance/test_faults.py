"""What goes wrong around a sender: servers that break off, full disks, locked ledgers, frozen processes."""

from __future__ import annotations

import asyncio
import os
import resource
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.acceptance.test_mailer import Desk, Sink, client, desk, sink
from tests.conftest import NOW, need
from tests.killing import LEASE, Field

__all__ = ["desk", "sink"]


@contextmanager
def smtp_sink(*options: str) -> Iterator[int]:
    """Postfix's own test server, misbehaving as asked; its port."""
    program = need("smtp-sink", "postfix")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it does not run as root
    process = subprocess.Popen([program, *user, *options, f"127.0.0.1:{port}", "64"], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 15
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            assert time.monotonic() < end
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


PENDING, DEFERRED, FAILED, DOUBT = ({name} for name in ("pending", "deferred", "failed", "in-doubt"))

PHASES = {
    # Breaks off without a word (-q): nothing has left until the final dot, after it nobody knows.
    ("-q", "EHLO"): (2, PENDING),
    ("-q", "MAIL"): (2, PENDING),
    ("-q", "RCPT"): (2, PENDING),
    ("-q", "DATA"): (2, PENDING),
    ("-q", "."): (1, DOUBT),
    # Says 421 and breaks off (-Q): after the final dot that is an answer.
    ("-Q", "."): (0, DEFERRED),
    # Refuses for good (-f): about the sender it stops everything, about a recipient or a message it is final.
    ("-f", "MAIL"): (2, PENDING),
    ("-f", "RCPT"): (1, FAILED),
    ("-f", "DATA"): (1, FAILED),
    ("-f", "."): (1, FAILED),
    # Refuses for now (-r).
    ("-r", "RCPT"): (0, DEFERRED),
    ("-r", "DATA"): (0, DEFERRED),
    ("-r", "."): (0, DEFERRED),
}


@pytest.mark.parametrize(("option", "phase"), PHASES)
def test_a_server_that_breaks_off_or_refuses_at_each_phase(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, option: str, phase: str
) -> None:
    """Each leaves every message in the one state that is true, with its exit code; the next run goes on from there."""
    code, states = PHASES[(option, phase)]
    with smtp_sink(option, phase) as port:
        monkeypatch.setenv("MAILER_SMTP_URL", f"smtp://127.0.0.1:{port}")
        found, said = desk.send()
    assert (found, set(desk.states().values())) == (code, states), said
    assert desk.run("status")[0] == 0
    with smtp_sink() as port:
        monkeypatch.setenv("MAILER_SMTP_URL", f"smtp://127.0.0.1:{port}")
        desk.send()
    assert set(desk.states().values()) == ({"sent"} if states == PENDING else states)


def test_a_locked_ledger_is_said_in_a_line(desk: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds the ledger: one line and exit code 2 after the time to wait, and nothing is lost."""
    monkeypatch.setattr("mailer.ledger.opening._PATIENCE", 0.2)
    with closing(sqlite3.connect(desk.folder.root / "var" / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        code, said = desk.send()
        other.execute("ROLLBACK")
    assert code == 2
    assert "the ledger var/ledger.db cannot be used: database is locked" in said
    assert sink.accepted == []
    assert desk.send() == (0, "3 new digests; 3 sent\n")


def limited(desk: Desk, size: int) -> subprocess.CompletedProcess[str]:
    """`send` in a process whose files may not grow beyond `size` bytes, as on a full disk."""
    command = [sys.executable, "-m", "mailer", "send", "--root", str(desk.folder.root), "--now", NOW]
    return subprocess.run(
        [*command, "--site", str(desk.build())],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_full_disk_while_freezing_leaves_nothing(desk: Desk, sink: Sink) -> None:
    """No room for the run: one line, exit code 2, no message frozen or sent; with room again all goes its way."""
    done = limited(desk, 40_000)
    assert done.returncode == 2, done.stderr
    assert "the ledger var/ledger.db cannot be used: " in done.stderr
    assert "Traceback" not in done.stderr
    assert sink.accepted == []
    assert desk.json("status")["runs"] == []
    assert desk.send() == (0, "3 new digests; 3 sent\n")


def test_a_full_disk_while_sending_costs_no_message(desk: Desk, sink: Sink) -> None:
    """No room half way: what was accepted and could not be recorded is in doubt, one for each connection at most."""
    for number in range(60):
        desk.folder.client(f"c{number}", client(f"c{number}", "immediate", address=f"c{number}@many.example.com"))
    desk.folder.commit("many")
    assert desk.send("--pilot", "0")[0] == 0
    desk.run("resume")
    with closing(sqlite3.connect(desk.folder.root / "var" / "ledger.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = (desk.folder.root / "var" / "ledger.db").stat().st_size
    done = limited(desk, size + 20_000)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    desk.send()
    states = Counter(desk.states().values())
    assert states["in-doubt"] <= 4
    assert states["sent"] + states["in-doubt"] == 63
    came = Counter(recipient for recipient, _ in sink.accepted)
    assert set(came.values()) == {1}
    assert desk.run("status")[0] == 0


def test_a_sender_frozen_past_its_lease_sends_nothing_twice(tmp_path: Path) -> None:
    """Stopped in the middle and continued after another has done its work: nothing comes twice, nothing is lost."""
    field = Field(tmp_path, f"sqlite:///{tmp_path}/ledger.db", readers=40, forked=True)
    with field.open():
        field.tell()
        frozen = field.start()
        while len(field.accepted()) < 5:
            assert not frozen.ended
            time.sleep(0.002)
        os.kill(frozen.pid, signal.SIGSTOP)
        time.sleep(LEASE + 0.2)
        for _ in range(3):
            select.select([field.start().handle], [], [])
            time.sleep(LEASE / 2)
        os.kill(frozen.pid, signal.SIGCONT)
        select.select([frozen.handle], [], [])
        asyncio.run(field.resolve())
        select.select([field.start().handle], [], [])
        came = Counter(field.accepted())
        assert set(came.values()) == {1}
        assert len(came) == 40
        assert asyncio.run(field.account()) == []
        assert asyncio.run(field.states()) == {"sent": 40}
        assert "Traceback" not in field.said
