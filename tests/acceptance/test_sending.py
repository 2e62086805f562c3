"""Domains that ask to slow down, servers with few connections, and being told to stop, through the command line."""

# ruff: noqa: ARG002, ARG005 - aiosmtpd calls handlers with everything it has

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from aiosmtpd.smtp import SMTP
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailer.cli import main
from mailer.letters import verp
from mailer.sending import dispatch, pace
from tests.acceptance.test_mailer import Desk, Sink, desk, sink
from tests.acceptance.test_smtp import Script as OneScript
from tests.conftest import NOW, REPOSITORY
from tests.unit.test_digest import client

__all__ = ["desk", "sink"]

QQ = "qq.example.com"


@pytest.fixture
def crowd(desk: Desk) -> Desk:
    """Twelve more readers, eight of them at one domain."""
    for number in range(12):
        domain = QQ if number < 8 else f"d{number}.example.com"
        desk.folder.client(f"c{number:02}", client(f"c{number:02}", "immediate", address=f"c{number}@{domain}"))
    desk.folder.commit("crowd")
    return desk


class Limited:
    """Takes so many messages for a domain, and then refuses as QQ does."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.asked = 0

    def __call__(self, server: SMTP, address: str) -> str:
        if not address.endswith(QQ):
            return "250 OK"
        self.asked += 1
        return "250 OK" if self.asked <= self.takes else "550 Connection frequency limited"


def test_a_throttled_domain_is_deferred_and_others_go_on(
    crowd: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QQ's 550 fails nobody: what it did not take waits, untried and without bothering it; others get their mail."""
    monkeypatch.setattr(dispatch, "_PATIENCE", dt.timedelta(0))
    sink.rcpt = limited = Limited(3)
    crowd.send()
    assert Counter(crowd.states().values()) == {"sent": 10, "deferred": 5}
    assert sum(recipient.endswith(QQ) for recipient, _ in sink.accepted) == 3
    assert 4 <= limited.asked <= 7, "asked no more than there are connections"
    deferred = [d for d in crowd.json("status")["digests"] if d["state"] == "deferred"]
    assert {d["reply"] for d in deferred} == {"550 Connection frequency limited", f"{QQ} takes no more for now"}
    sink.rcpt = None
    crowd.ledger("UPDATE digests SET next_try = '2020-01-01T00:00:00.000000+00:00' WHERE state = 'deferred'")
    assert crowd.send() == (0, "0 new digests; 5 sent\n")
    assert len({recipient for recipient, _ in sink.accepted}) == len(sink.accepted) == 15


def test_after_a_short_pause_the_run_goes_on(crowd: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """A domain that was too busy for a moment gets what waited for it within the same run."""
    monkeypatch.setattr(pace, "FIRST_PAUSE", dt.timedelta(seconds=0.05))
    replies: Iterator[str] = iter(["250 OK", "250 OK", "450 4.7.0 too fast", "450 4.7.0 too fast"])
    sink.rcpt = lambda server, address: next(replies, "250 OK") if address.endswith(QQ) else "250 OK"
    crowd.send()
    sent = Counter(crowd.states().values())["sent"]
    assert 11 <= sent <= 13, "seven elsewhere, two before it, and those that waited"


@dataclass
class Script(OneScript):
    """A server with room for so many connections, that takes its time after the final dot."""

    room: int = 100
    seconds: float = 0
    open: int = 0
    turned_away: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.open >= self.room:
            self.turned_away += 1
            writer.write(b"421 4.3.2 too many connections\r\n")
            writer.close()
            return
        self.open += 1
        await super().__call__(reader, writer)
        self.open -= 1

    async def queued(self) -> None:
        await asyncio.sleep(self.seconds)

    @property
    def accepted(self) -> int:
        return self.answered


@contextmanager
def in_thread(script: Script) -> Iterator[int]:
    """The script as a server on a free loopback port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(script, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def test_a_server_with_room_for_one_connection_gets_everything_over_it(
    crowd: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Further connections that are turned away stop nothing."""
    script = Script({}, room=1)
    with in_thread(script) as port:
        monkeypatch.setenv("MAILER_SMTP_URL", f"smtp://127.0.0.1:{port}")
        assert crowd.send() == (0, "15 new digests; 15 sent\n")
    assert script.accepted == 15
    assert script.turned_away > 0


@pytest.mark.parametrize(("times", "seconds"), [(1, 0.3), (2, 600)])
def test_told_to_stop(crowd: Desk, monkeypatch: pytest.MonkeyPatch, times: int, seconds: float) -> None:
    """SIGTERM: messages under way come to their end, the rest stays pending, exit code 2. Twice: at once, in doubt."""
    script = Script({}, seconds=seconds)
    with in_thread(script) as port:
        monkeypatch.setenv("MAILER_SMTP_URL", f"smtp://127.0.0.1:{port}")
        site = crowd.build()
        command = [sys.executable, "-m", "mailer", "send", "--root", str(crowd.folder.root), "--now", NOW]
        process = subprocess.Popen(
            [*command, "--site", str(site)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY
        )
        while script.begun < 1:
            assert process.poll() is None, process.stdout and process.stdout.read()
            time.sleep(0.05)
        started = time.monotonic()
        for _ in range(times):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
        said, _ = process.communicate(timeout=30)
        assert time.monotonic() - started < 15
    assert process.returncode == 2, said
    assert "what has not left is still pending" in said
    states = Counter(crowd.states().values())
    assert states["pending"] > 0
    assert states.total() == 15
    if times == 1:
        assert states["sent"] == script.accepted
        assert states["sent"] + states["pending"] == 15
    else:
        assert states["in-doubt"] == script.begun
        assert states["in-doubt"] + states["pending"] == 15


def test_signed_on_top_and_returned_to_an_address_of_its_own(
    desk: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its key nothing leaves; with it each message is signed above what was frozen, and fails to its own."""
    senders: list[str] = []

    def remember(server: SMTP, address: str) -> str:
        senders.append(address)
        return "250 OK"

    sink.mail = remember
    config = (desk.folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    mail = "    mail: {bounces: bounces@example.com, dkim: {domain: example.com, ed25519: e2026}}\n"
    desk.folder.write("mkdocs.yml", config + mail)
    desk.folder.commit("signed")
    code, said = desk.send()
    assert code == 2
    assert "MAILER_DKIM_KEY is not set" in said
    assert sink.accepted == []
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    monkeypatch.setenv("MAILER_DKIM_KEY", key.decode("ascii"))
    code, said = desk.send()
    assert (code, len(sink.accepted)) == (0, 3), said
    assert all(data.startswith(b"DKIM-Signature: v=1; a=ed25519-sha256;") for _, data in sink.accepted)
    with sqlite3.connect(desk.folder.root / "var" / "ledger.db") as ledger:
        frozen = {row[0]: row[1] for row in ledger.execute("SELECT key, sha256 FROM digests")}
    ledger.close()
    unsigned = {hashlib.sha256(data[data.index(b"\r\nDate: ") + 2 :]).hexdigest() for _, data in sink.accepted}
    assert unsigned == set(frozen.values())
    assert {verp.returned(address, desk.secret) for address in senders} == set(frozen)
    assert main(["dkim", "--root", str(desk.folder.root)]) == 0
    printed = desk.capture.readouterr().out
    assert printed.startswith('e2026._domainkey.example.com. IN TXT ( "v=DKIM1; k=ed25519; p=')
