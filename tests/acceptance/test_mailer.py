"""From a committed notice to an inbox, through the command line, over TCP, with servers that misbehave."""

# ruff: noqa: ARG002, ARG005 - aiosmtpd calls handlers with everything it has

from __future__ import annotations

import asyncio
import base64
import email
import hashlib
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from mailer.agenda.digest import Digest
from mailer.cli import main
from mailer.letters import compose
from portal import sealing
from portal.config import Secret
from tests.conftest import NOW, PortalFolder
from tests.unit.test_digest import agenda, client

PEOPLE = {"yunshan": "lin@yunshan.example.com", "lanpu": "meng@lanpu.example.com", "heyu": "su@heyu.example.com"}


NO_CLOCK = ("pause", "resume", "cancel", "resolve", "migrate")
"""Commands that need no notices, and so no editorial clock."""


@dataclass
class Desk:
    """An operator at a portal: runs commands as they would be typed."""

    folder: PortalFolder
    capture: pytest.CaptureFixture[str]
    secret: Secret
    now: str = NOW

    def run(self, *arguments: str) -> tuple[int, str]:
        """A command's exit code, and everything it printed."""
        clock = [] if arguments[0] in NO_CLOCK else ["--now", self.now]
        code = main([*arguments, "--root", str(self.folder.root), *clock])
        captured = self.capture.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out + captured.err

    def json(self, *arguments: str) -> Any:
        """What a command prints with --format json."""
        main([*arguments, "--format", "json", "--root", str(self.folder.root), "--now", self.now])
        return json.loads(self.capture.readouterr().out)

    def send(self, *arguments: str) -> tuple[int, str]:
        """Build what the messages link to, and send."""
        return self.run("send", "--site", str(self.build()), *arguments)

    def build(self) -> Path:
        """The pages that all messages link to, as the builder would lay them out."""
        site, plan = self.folder.root / "site", self.folder.plan(self.now)
        found = agenda(plan)
        digests = [*found.digests, *(Digest(w.person, "next", w.due, w.items) for w in found.waiting)]
        for letter in map(compose.Composer(plan).letter, digests):
            files = [f"{page}index.html" for page in letter.pages]
            files += [f"my/s/{sealing.code(self.secret, key, epoch).index_name}" for key, epoch in letter.readers]
            for file in ["my/index.html", *files]:
                self.folder.write(f"site/{file}", "here")
        self.folder.write("site/build.json", json.dumps({"commit": plan.commit, "time": plan.now.isoformat()}))
        return site

    def states(self) -> dict[str, str]:
        """The first reader of every message, and its state."""
        return {digest["recipients"][0]: digest["state"] for digest in self.json("status")["digests"]}

    def ledger(self, statement: str) -> None:
        with sqlite3.connect(self.folder.root / "var" / "ledger.db") as connection:
            connection.execute(statement)
        connection.close()


@pytest.fixture
def desk(
    portal_folder: PortalFolder, capsys: pytest.CaptureFixture[str], secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """A portal with three immediate readers, one public and one private notice, committed, and a fresh ledger."""
    for name, address in PEOPLE.items():
        portal_folder.client(name, client(name, "immediate", address=address))
    portal_folder.notice("fees", "title: 收费调整\ndate: 2026-12-01\nsummary: 每月 240 元。")
    portal_folder.notice("own", "title: 对账单\ndate: 2026-12-02\naudience: {clients: yunshan}")
    portal_folder.write(".gitignore", "site/\nvar/\noutbox/\ncaught/\n")
    portal_folder.commit("notices")
    for name in ("CI", "MAILER_SMTP_URL", "MAILER_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORTAL_SECRET", base64.b64encode(secret.value).decode())
    desk = Desk(portal_folder, capsys, secret)
    assert desk.run("init", "--begin", "2026-11-01")[0] == 0
    return desk


def inbox(folder: Path) -> dict[str, list[EmailMessage]]:
    """What lies in a Maildir, by recipient."""
    found: dict[str, list[EmailMessage]] = {}
    for file in sorted((folder / "new").iterdir()):
        message = email.message_from_bytes(file.read_bytes(), policy=default)
        assert isinstance(message, EmailMessage)
        found.setdefault(message["To"].addresses[0].addr_spec, []).append(message)
    return found


@dataclass
class Sink:
    """A mail server that keeps what it accepts, and misbehaves on command."""

    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    mail: Callable[[SMTP, str], str] | None = None
    rcpt: Callable[[SMTP, str], str] | None = None
    data: Callable[[SMTP, str], str] | None = None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.mail(server, address) if self.mail else "250 OK"
        if reply.startswith("2"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.rcpt(server, address) if self.rcpt else "250 OK"
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (recipient,) = envelope.rcpt_tos
        reply = self.data(server, recipient) if self.data else "250 queued as 1"
        if reply.startswith("2"):
            assert envelope.original_content is not None
            self.accepted.append((recipient, envelope.original_content))
        return reply


def hang_up(server: SMTP, _: str) -> str:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()
    return "250 too late"


@contextmanager
def listening(handler: Sink, **options: Any) -> Iterator[int]:
    """An SMTP server in a thread, on a free loopback port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(handler, hostname="sink", loop=loop, **options), host="127.0.0.1", port=0)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """A server that MAILER_SMTP_URL names."""
    handler = Sink()
    with listening(handler) as port:
        monkeypatch.setenv("MAILER_SMTP_URL", f"smtp://127.0.0.1:{port}")
        yield handler


def test_demo_delivers_to_the_catcher_once(desk: Desk) -> None:
    """`send --catch` files one multipart message for each person by SMTP; a second run is a no-op."""
    caught = desk.folder.root / "caught"
    assert desk.send("--catch", str(caught)) == (0, "3 new digests; 3 sent\n")
    found = inbox(caught)
    assert sorted(found) == sorted(PEOPLE.values())
    assert [str(message["Subject"]) for message in found["lin@yunshan.example.com"]] == ["对账单 等 2 份公告"]
    plain = found["lin@yunshan.example.com"][0].get_body(("plain",))
    assert plain is not None
    code = str(sealing.code(desk.secret, "yunshan/lin", 1))
    assert f"https://notices.example.com/my/#{code}" in plain.get_content()
    assert desk.send("--catch", str(caught)) == (0, "nothing is due\n")
    assert sum(map(len, inbox(caught).values())) == 3
    code_, status = desk.run("status")
    assert code_ == 0
    assert "eligible 4 = 4 sent + 0 excluded + 0 failed + 0 in doubt + 0 pending + 0 cancelled" in status


def test_default_is_a_folder_that_reaches_nobody(desk: Desk) -> None:
    """Without MAILER_SMTP_URL messages go to outbox/."""
    assert desk.send()[0] == 0
    assert sorted(inbox(desk.folder.root / "outbox")) == sorted(PEOPLE.values())


def test_bytes_on_the_wire_are_those_frozen(desk: Desk, sink: Sink) -> None:
    """What the server gets hashes to what was frozen; one recipient each; few connections; no code in the ledger."""
    assert desk.send()[0] == 0
    assert sorted(recipient for recipient, _ in sink.accepted) == sorted(PEOPLE.values())
    assert sink.connections <= 4
    with sqlite3.connect(desk.folder.root / "var" / "ledger.db") as connection:
        frozen = {row[0] for row in connection.execute("SELECT sha256 FROM digests")}
        everything = "\n".join(connection.iterdump())
    connection.close()
    assert {hashlib.sha256(data).hexdigest() for _, data in sink.accepted} == frozen
    code = str(sealing.code(desk.secret, "yunshan/lin", 1))
    assert not any(group in everything for group in code.split("-"))


def test_no_ledger_no_mail(desk: Desk) -> None:
    """Without its ledger `send` refuses: it would mail the archive again."""
    (desk.folder.root / "var" / "ledger.db").unlink()
    code, said = desk.send()
    assert code == 2
    assert "there is no ledger at var/ledger.db" in said
    assert "mailer init" in said


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("site/build.json", "holds no built site"),
        ("site/notices/fees/v1/index.html", "1 linked pages are not in"),
        ("site/my/s/*", "was it built with another PORTAL_SECRET?"),
    ],
)
def test_no_pages_no_mail(desk: Desk, damage: str, said: str) -> None:
    """`send` refuses until every page it links to is in the site, the reader's sealed index too; nothing is frozen."""
    desk.build()
    for file in desk.folder.root.glob(damage):
        file.unlink()
    code, printed = desk.run("send", "--site", str(desk.folder.root / "site"))
    assert code == 2
    assert said in printed
    assert desk.json("status")["digests"] == []


def test_site_of_another_commit_is_refused(desk: Desk) -> None:
    """A site in a folder must be of the very commit."""
    site = desk.build()
    desk.folder.commit("later")
    code, printed = desk.run("send", "--site", str(site))
    assert code == 2
    assert "was built from commit" in printed


def test_published_site_may_be_of_a_later_commit(
    desk: Desk, serve: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --site the site at site_url is asked: an older commit or build is refused, a later one will do."""
    first = desk.folder.git("rev-parse", "HEAD").strip()
    url = serve(desk.folder.root / "site")
    text = (desk.folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    desk.folder.write("mkdocs.yml", text.replace("https://notices.example.com/", url))
    second = desk.folder.commit("address")
    assert "answers 404" in desk.run("send")[1]
    desk.folder.write("site/build.json", json.dumps({"commit": first, "time": NOW}))
    assert "does not contain commit" in desk.run("send")[1]
    desk.folder.write("site/build.json", json.dumps({"commit": second, "time": "2026-12-01T00:00+08:00"}))
    assert "before the newest notice was published" in desk.run("send")[1]
    third = desk.folder.commit("later")
    desk.folder.git("checkout", "-q", second)
    desk.folder.write("site/build.json", json.dumps({"commit": third, "time": NOW}))
    assert desk.run("send") == (0, "3 new digests; 3 sent\n")


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_server_without_tls_is_told_by_its_address(
    desk: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """The wrong scheme for a port: one line says which is for which, and nothing leaves."""
    monkeypatch.setenv("MAILER_SMTP_URL", os.environ["MAILER_SMTP_URL"].replace("smtp", scheme, 1))
    code, said = desk.send()
    assert (code, sink.accepted) == (2, [])
    assert "_ssl.c" not in said
    assert "smtps:// speaks TLS at once (port 465), smtp+starttls:// later (587)" in said
    assert set(desk.states().values()) == {"pending"}


def test_refused_connection_leaves_everything_pending(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server: one clear line, exit code 2, everything pending; the next run delivers."""
    monkeypatch.setenv("MAILER_SMTP_URL", "smtp://127.0.0.1:1")
    code, said = desk.send()
    assert code == 2
    assert said.startswith("error: no connection to smtp://127.0.0.1:1: ")
    assert set(desk.states().values()) == {"pending"}
    monkeypatch.delenv("MAILER_SMTP_URL")
    assert desk.send() == (0, "0 new digests; 3 sent\n")


def test_refusals_and_losses_each_have_their_state(desk: Desk, sink: Sink) -> None:
    """4yz is deferred, 5yz failed, a connection lost after the final dot in doubt; none is sent again at once."""
    replies = {"lin@yunshan.example.com": "450 4.2.1 later", "meng@lanpu.example.com": "550 5.1.1 unknown"}
    sink.rcpt = lambda server, address: replies.get(address, "250 OK")
    sink.data = hang_up
    code, said = desk.send()
    assert code == 1
    assert said.startswith("3 new digests; 0 sent, 1 deferred, 1 failed, 1 in doubt")
    expected = {"yunshan/lin": "deferred", "lanpu/lin": "failed", "heyu/lin": "in-doubt"}
    assert desk.states() == expected
    code, status = desk.run("status")
    assert code == 0
    assert "eligible 4 = 0 sent + 0 excluded + 1 failed + 1 in doubt + 2 pending + 0 cancelled" in status
    sink.rcpt = sink.data = None
    assert desk.send() == (0, "nothing is due\n")
    assert desk.states() == expected
    assert [recipient for recipient, _ in sink.accepted] == ["su@heyu.example.com"]
    desk.ledger("UPDATE digests SET next_try = '2020-01-01T00:00:00.000000+00:00' WHERE state = 'deferred'")
    assert desk.send() == (0, "0 new digests; 1 sent\n")
    assert [recipient for recipient, _ in sink.accepted] == ["su@heyu.example.com", "lin@yunshan.example.com"]


@pytest.mark.parametrize("phase", ["mail", "rcpt"])
def test_connection_lost_before_the_data_loses_nothing(desk: Desk, sink: Sink, phase: str) -> None:
    """A server that hangs up before DATA is tried once more, then the run stops and everything is pending."""
    setattr(sink, phase, hang_up)
    code, said = desk.send()
    assert code == 2
    assert "broke off" in said
    assert set(desk.states().values()) == {"pending"}
    setattr(sink, phase, None)
    assert desk.send() == (0, "0 new digests; 3 sent\n")


def test_server_that_hangs_up_between_messages_is_called_again(desk: Desk, sink: Sink) -> None:
    """Every second MAIL breaks the connection: all messages arrive, each once."""
    calls = iter(range(1000))
    sink.mail = lambda server, address: hang_up(server, address) if next(calls) % 2 else "250 OK"
    for name in ("a", "b", "c", "d", "e"):
        desk.folder.client(name, client(name, "immediate", address=f"{name}@many.example.com"))
    desk.folder.commit("more")
    code, said = desk.send()
    while code == 2:
        assert "broke off" in said
        code, said = desk.send()
    assert sorted(recipient for recipient, _ in sink.accepted) == sorted(
        [*PEOPLE.values(), *(f"{name}@many.example.com" for name in "abcde")]
    )


def test_address_beyond_ascii_needs_a_server_that_takes_it(
    desk: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such an address is failed where the server offers no SMTPUTF8; where it does, the message arrives."""
    desk.folder.client("heyu", client("heyu", "immediate", address="苏@heyu.example.com"))
    desk.folder.commit("address")
    assert desk.send()[0] == 1
    assert desk.states()["heyu/lin"] == "failed"
    desk.ledger("UPDATE digests SET state = 'pending' WHERE state = 'failed'")
    handler = Sink()
    with listening(handler, enable_SMTPUTF8=True) as port:
        monkeypatch.setenv("MAILER_SMTP_URL", f"smtp://127.0.0.1:{port}")
        assert desk.send()[0] == 0
    ((recipient, data),) = handler.accepted
    assert recipient == "苏@heyu.example.com"
    to = email.message_from_string(data.decode("utf-8"), policy=default)["To"].addresses[0]
    assert (to.display_name, to.addr_spec) == ("林岚", "苏@heyu.example.com")


def test_refused_sender_condemns_nobody(desk: Desk, sink: Sink) -> None:
    """A server that refuses the sender says nothing of the recipients: they stay pending."""
    sink.mail = lambda server, address: "550 5.7.1 not you"
    code, said = desk.send()
    assert code == 2
    assert "does not take mail from notices@example.com: 550 5.7.1 not you" in said
    assert set(desk.states().values()) == {"pending"}


def test_limit(desk: Desk, sink: Sink) -> None:
    """`--limit 2` freezes everything and sends two; the next run sends the rest."""
    assert desk.send("--limit", "2") == (0, "3 new digests; 2 sent; 1 still pending\n")
    assert desk.send() == (0, "0 new digests; 1 sent\n")
    assert sorted(recipient for recipient, _ in sink.accepted) == sorted(PEOPLE.values())


def test_killed_after_the_data_began_is_in_doubt(desk: Desk, sink: Sink) -> None:
    """A claim whose lease ran out goes back to pending if no data had begun, else it is in doubt, and stays so."""
    assert desk.send("--limit", "1")[0] == 0
    expired = "state = 'sending', token = 'x', lease_until = '2020-01-01T00:00:00.000000+00:00'"
    desk.ledger(f"UPDATE digests SET {expired}, data_begun = (letter LIKE '%meng@%') WHERE state = 'pending'")
    first = {recipient for recipient, _ in sink.accepted}
    assert desk.send()[0] == 0
    meng = "in-doubt" if "meng@lanpu.example.com" not in first else "sent"
    assert desk.states()["lanpu/lin"] == meng
    assert [state for reader, state in desk.states().items() if reader != "lanpu/lin"] == ["sent", "sent"]
    assert len(sink.accepted) == len({recipient for recipient, _ in sink.accepted})


def test_changed_secret_sends_no_other_message_than_frozen(
    desk: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that cannot be rebuilt byte for byte stays pending."""
    sink.mail = lambda server, address: "550 no"
    desk.send()
    sink.mail = None
    other = Secret(bytes(range(50, 82)))
    monkeypatch.setenv("PORTAL_SECRET", base64.b64encode(other.value).decode())
    desk.secret = other
    code, said = desk.send()
    assert code == 2
    assert "is not what was frozen" in said
    assert desk.states()["yunshan/lin"] == "pending"


def test_secret_is_needed_for_private_links(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PORTAL_SECRET nothing is frozen, because a message would lack its link."""
    site = desk.build()
    monkeypatch.delenv("PORTAL_SECRET")
    code, said = desk.run("send", "--site", str(site))
    assert code == 2
    assert "PORTAL_SECRET is not set" in said
    assert desk.json("status")["digests"] == []


def test_status_finds_a_lost_recipient(desk: Desk, sink: Sink) -> None:
    """Eligible is computed from what was frozen, so a receipt that vanished shows, with exit code 1."""
    desk.send()
    desk.ledger("DELETE FROM receipts WHERE client = 'heyu'")
    code, said = desk.run("status")
    assert code == 1
    assert "eligible 4 ≠ 3 sent" in said


def test_plan_says_who_what_when_and_why(desk: Desk) -> None:
    """`plan` lists due and waiting digests and everybody left out, as a table and as JSON."""
    desk.folder.client("tanxi", client("tanxi", "weekly", more="status: terminated\nended: 2026-03-31\n"))
    desk.folder.client("weekly", client("weekly", "monthly", address="w@weekly.example.com"))
    desk.folder.notice("fresh", "title: 新\ndate: 2026-12-05")
    desk.folder.commit("more")
    data = desk.json("plan")
    (lin,) = [due for due in data["due"] if "yunshan/lin" in due["recipients"]]
    assert (lin["address"], lin["cadence"], lin["language"]) == ("lin@yunshan.example.com", "immediate", "zh")
    assert [(item["notice"], item["title"], item["why"]) for item in lin["items"]] == [
        ("fresh", "新", "public"),
        ("own", "对账单", "client yunshan"),
        ("fees", "收费调整", "public"),
    ]
    assert [(one["recipients"], one["due"]) for one in data["waiting"]] == [
        (["weekly/lin"], "2027-01-01T09:00:00+08:00")
    ]
    assert [(one["recipients"], one["reason"]) for one in data["excluded"]] == [(["tanxi/lin"], "access-ended")]
    code, table = desk.run("plan")
    assert code == 0
    for words in ("now, immediate", "yunshan/lin", "own v1 对账单", "client yunshan", "access ended on 2026-09-27"):
        assert words in table
    assert "4 digests due now, 1 later" in table


def test_ci_sees_no_private_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CI=true, plan and preview name no private title, no person, no address and no code."""
    code = str(sealing.code(desk.secret, "yunshan/lin", 1))
    assert code in desk.run("preview", "yunshan/lin")[1]
    monkeypatch.setenv("CI", "true")
    for command in (("plan",), ("preview", "yunshan/lin"), ("plan", "--format", "json")):
        printed = desk.run(*command)[1]
        assert "收费调整" in printed
        assert not any(private in printed for private in ("对账单", "林岚", "lin@yunshan", code[:9]))
    assert "对账单" in desk.run("plan", "--show-private")[1]


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "said"),
    [
        (["init"], {}, 0, "the ledger is there, and begins at 2026-11-01T00:00+08:00"),
        (["init", "--begin", "2026-11-01"], {}, 0, "the ledger is there"),
        (["init", "--begin", "2025-01-01"], {}, 2, "there is a ledger already"),
        (["init", "--begin", "soon"], {}, 2, "--begin soon is not a moment"),
        (["preview", "nobody/here"], {}, 2, "nobody is addressed as nobody/here"),
        (
            ["plan"],
            {"MAILER_LEDGER_URL": "postgresql://u:hunter2@127.0.0.1:1/x"},
            2,
            "the ledger x at 127.0.0.1:1 cannot be used: ",
        ),
        (["plan"], {"MAILER_LEDGER_URL": "mysql://u:hunter2@db/x"}, 2, "ledgers are kept in SQLite or PostgreSQL"),
        (["plan"], {"MAILER_LEDGER_URL": "hunter2"}, 2, "this is not the address of a database"),
        (["plan"], {"MAILER_LEDGER_URL": "sqlite:///mkdocs.yml"}, 2, "the ledger mkdocs.yml cannot be used"),
        (["send"], {"MAILER_SMTP_URL": "smtp://u:hunter2@mail.example.com"}, 2, "would travel unencrypted"),
        (["send"], {"MAILER_SMTP_URL": "hunter2"}, 2, "this is not the address of a mail server"),
        (["send"], {"PORTAL_SECRET": "hunter2"}, 2, "PORTAL_SECRET"),
        (["fly"], {}, 2, "No such command"),
    ],
)
def test_mistakes_get_one_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str], code: int, said: str
) -> None:
    """Whatever an operator gets wrong is said in a line, without a traceback and without repeating a secret."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found, printed = desk.run(*arguments)
    assert (found, said in printed) == (code, True), printed
    assert "hunter2" not in printed


def test_broken_notice_mails_nobody(desk: Desk) -> None:
    """A portal with errors is not mailed: every error is shown with its place, exit code 1."""
    desk.folder.notice("bad", "title: 坏\ndate: 2026-13-40\nunknwon: x")
    code, said = desk.run("send")
    assert code == 1
    assert "notices/2026/bad.zh.md:3" in said
    assert "nothing is mailed" in said


def test_two_senders_at_once_send_each_message_once(desk: Desk, sink: Sink) -> None:
    """Two processes that start together share the work."""
    for number in range(12):
        desk.folder.client(f"c{number}", client(f"c{number}", "immediate", address=f"c{number}@many.example.com"))
    desk.folder.commit("many")
    site = desk.build()
    command = [
        sys.executable,
        "-m",
        "mailer",
        "send",
        "--root",
        str(desk.folder.root),
        "--now",
        NOW,
        "--site",
        str(site),
    ]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert len(sink.accepted) == len({recipient for recipient, _ in sink.accepted}) == 15
    assert set(desk.states().values()) == {"sent"}


def knows_password(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture
def authority() -> trustme.CA:
    """A throw-away certificate authority."""
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[tuple[Sink, str]]:
    """A server that offers STARTTLS with a certificate for localhost, and then asks for a password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    handler = Sink()
    options = {"tls_context": context, "require_starttls": True, "authenticator": knows_password, "auth_required": True}
    with listening(handler, **options) as port:
        yield handler, f"localhost:{port}"


def test_tls_is_verified_and_the_password_is_used(
    desk: Desk, secure: tuple[Sink, str], authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An unknown authority and a wrong password each give one line and leave everything pending; then it works."""
    handler, place = secure
    monkeypatch.setenv("MAILER_SMTP_URL", f"smtp+starttls://me:wrong@{place}")
    code, said = desk.send()
    assert code == 2
    assert "certificate verify failed" in said
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    code, said = desk.send()
    assert code == 2
    assert "535" in said
    assert "check user and password" in said
    assert "wrong" not in said
    assert set(desk.states().values()) == {"pending"}
    monkeypatch.setenv("MAILER_SMTP_URL", f"smtp+starttls://me:right@{place}")
    assert desk.send() == (0, "0 new digests; 3 sent\n")
    assert len(handler.accepted) == 3


def test_planning_hundreds_of_recipients_is_quick(desk: Desk) -> None:
    """Three hundred clients with one notice are planned and shown within a few seconds."""
    for number in range(300):
        desk.folder.client(f"c{number}", client(f"c{number}", "immediate", address=f"c{number}@many.example.com"))
    started = time.monotonic()
    assert len(desk.json("plan")["due"]) == 303
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("more", "address", "epochs", "reason"),
    [
        ("status: terminated\nended: 2026-01-01\n", PEOPLE["yunshan"], "{}", "nobody who has access"),
        ("", "other@yunshan.example.com", "{}", "nobody who has access"),
        ("", PEOPLE["yunshan"], '{"yunshan/lin": 2}', "the code of yunshan/lin was replaced"),
    ],
    ids=["ended", "moved", "code replaced"],
)
def test_who_lost_access_is_not_sent_what_was_frozen_before(
    desk: Desk, sink: Sink, more: str, address: str, epochs: str, reason: str
) -> None:
    """The registry changes between freezing and sending: that message is cancelled, with the reason; the others go."""
    sink.rcpt = lambda server, recipient: "450 4.2.1 later"
    desk.send()
    desk.ledger("UPDATE digests SET next_try = '2020-01-01T00:00:00.000000+00:00'")
    sink.rcpt = None
    desk.folder.client("yunshan", client("yunshan", "immediate", address=address, more=more))
    desk.folder.write("clients/epochs.json", epochs)
    desk.folder.commit("access changed")
    shutil.rmtree(desk.folder.root / "site")
    _, said = desk.send()
    assert "; 1 cancelled" in said
    assert PEOPLE["yunshan"] not in [recipient for recipient, _ in sink.accepted]
    assert {PEOPLE["lanpu"], PEOPLE["heyu"]} <= {recipient for recipient, _ in sink.accepted}
    told = [d["reply"] for d in desk.json("status")["digests"] if d["state"] == "cancelled"]
    assert [reply.startswith(reason) for reply in told] == [True]
    assert desk.run("status")[0] == 0


def test_ci_sees_no_client_s_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks after several clients is told for which; where CI=true, by their ids."""
    address = "both@example.com"
    for name in ("aaa", "bbb"):
        desk.folder.client(name, client(name, "immediate", address=address))
    desk.folder.notice("two", "title: 两家\ndate: 2026-12-02\naudience: {clients: [aaa, bbb]}")
    desk.folder.commit("two clients")
    assert "aaa Ltd" in desk.run("preview", "aaa/lin")[1]
    monkeypatch.setenv("CI", "true")
    printed = desk.run("preview", "aaa/lin")[1]
    assert "bbb" in printed
    assert "Ltd" not in printed


def test_no_text_speaks_to_the_terminal(desk: Desk) -> None:
    """A title with escape sequences, or a server's reply, is shown and not obeyed."""
    desk.folder.notice("loud", 'title: "a\\e[31mb\\n::error::c"\ndate: 2026-12-02')
    desk.folder.commit("loud")
    _, printed = desk.run("plan")
    assert "a\\u001b[31mb\\u000a::error::c" in printed
    assert "\x1b" not in printed
    desk.send()
    desk.ledger("UPDATE digests SET state = 'failed', reply = '550 ' || char(27) || '[2J'")
    assert "550 \\u001b[2J" in desk.run("status")[1]


def test_a_password_with_an_unescaped_sign_is_not_taken_for_a_host(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """In smtps://user:12#34@host the password would end the host's name, and be printed as a port."""
    monkeypatch.setenv("MAILER_SMTP_URL", "smtps://user:12#34@mail.example.com")
    code, said = desk.send()
    assert code == 2
    assert "this is not the address of a mail server" in said
    assert "12" not in said.replace("MAILER_SMTP_URL:1:1", "").replace("587", "")
