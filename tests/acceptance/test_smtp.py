"""The way out over SMTP, message by message, with real servers and with servers that misbehave."""

# ruff: noqa: ARG002 - aiosmtpd calls handlers with everything it has

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from mailer import transport
from mailer.transport import Lost, Server, Smtp
from mailer.transport.outcome import Deferred, Failed, InDoubt, Outcome, Sent
from mailer.transport.smtp import Patience
from portal.errors import PortalError

MESSAGE = b"Subject: x\r\n\r\n.a line with a dot\r\n..two\r\nend\r\n"
LIN = transport.Envelope("d1", "notices@example.com", "lin@example.com")


async def nothing() -> None:
    """What happens when the data begins, where a test does not care."""


@dataclass
class Script:
    """A server that answers each line by its first word, and remembers what it was told.

    None hangs up, and an empty reply is silence from then on.
    """

    replies: dict[str, str | None]
    heard: list[str] = field(default_factory=list)
    chunks: list[str] = field(default_factory=list)
    connections: int = 0
    begun: int = 0
    """Messages whose text came."""
    answered: int = 0
    """Messages whose final dot was answered."""

    async def queued(self) -> None:
        """What happens between the final dot and the reply to it."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        words = {"EHLO": "250-script\r\n250 PIPELINING", "DATA": "354 go", "QUIT": "221 bye", "": "250 queued"}
        words |= self.replies
        if words.get("greeting") == "":
            await reader.read()
        writer.write(b"220 script\r\n")
        in_message = False
        buffer = b""
        while data := await reader.read(65536):
            self.chunks.append(data.decode())
            buffer += data
            while b"\r\n" in buffer:
                line, _, buffer = buffer.partition(b"\r\n")
                said = line.decode()
                if in_message and said != ".":
                    continue
                self.heard.append(said)
                word = "" if said == "." else said.split(" ")[0].split(":")[0]
                reply = words.get(word, "250 fine")
                if said == ".":
                    self.begun += 1
                    await self.queued()
                    self.answered += 1
                in_message = word == "DATA" and (reply or "").startswith("354")
                if reply is None:
                    writer.close()
                    return
                if reply == "":
                    await reader.read()
                writer.write(f"{reply}\r\n".encode())
        writer.close()


@asynccontextmanager
async def served(script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    server = await asyncio.start_server(script, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def delivered(
    script: Script, envelopes: Sequence[transport.Envelope] = (LIN,), begins: Callable[[], Awaitable[None]] = nothing
) -> list[Outcome]:
    """What becomes of messages sent one after the other over one connection to a script."""

    async def run() -> list[Outcome]:
        patience = Patience(greeting=0.5, mail=0.5, rcpt=0.5, data=0.5, dot=0.5)
        async with served(script) as port:
            smtp = Smtp(Server("smtp", "127.0.0.1", port, None, None), patience=patience)
            async with smtp.connection() as connection:
                return [await connection.deliver(envelope, MESSAGE, begins) for envelope in envelopes]

    return asyncio.run(run())


def test_three_commands_travel_together_and_the_message_waits() -> None:
    """Where the server offers PIPELINING, MAIL, RCPT and DATA are one write; the text follows once that is recorded."""
    script = Script({"EHLO": "250-script\r\n250-SIZE 1000000\r\n250 PIPELINING"})
    recorded: list[list[str]] = []

    async def begins() -> None:
        recorded.append(list(script.chunks))

    assert delivered(script, begins=begins) == [Sent("250 queued")]
    together = "MAIL FROM:<notices@example.com> SIZE=46\r\nRCPT TO:<lin@example.com>\r\nDATA\r\n"
    assert recorded == [[script.chunks[0], together]]
    assert script.chunks[2] == "Subject: x\r\n\r\n..a line with a dot\r\n...two\r\nend\r\n.\r\n"
    assert script.heard[-1] == "QUIT"


def test_without_pipelining_each_command_waits_for_its_reply() -> None:
    """A server that does not offer PIPELINING hears one command at a time, and none after a refusal but RSET."""
    replies: dict[str, str | None] = {"EHLO": "250 script", "RCPT": "550 5.1.1 unknown"}
    script = Script(replies)
    assert delivered(script, [LIN, LIN]) == [Failed("550 5.1.1 unknown")] * 2
    one = ["MAIL FROM:<notices@example.com>", "RCPT TO:<lin@example.com>"]
    assert script.heard[1:] == [*one, "RSET", *one, "QUIT"]


@pytest.mark.parametrize("data", ["354 go", "503 no recipients"])
def test_a_refused_recipient_gets_no_message_whatever_data_says(data: str) -> None:
    """In a pipeline DATA may be accepted although RCPT was not: then a lone dot ends it, and no text has left."""
    script = Script({"RCPT": "450 4.2.1 later", "DATA": data, "": "554 no valid recipients"})
    assert delivered(script, [LIN, LIN]) == [Deferred("450 4.2.1 later")] * 2
    assert script.connections == 1
    assert not any("Subject" in chunk for chunk in script.chunks)
    assert script.heard.count("RSET") == 1


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ({"": "421 4.3.0 closing"}, Deferred("421 4.3.0 closing", throttled=True)),
        ({"": "451 4.7.1 greylisted"}, Deferred("451 4.7.1 greylisted")),
        ({"": "554 5.7.1 spam"}, Failed("554 5.7.1 spam")),
        ({"": None}, InDoubt("after the data had begun: connection lost")),
        ({"": "what?"}, InDoubt("after the data had begun: the server said something that is no reply")),
        ({"DATA": "451 4.3.0 busy"}, Deferred("451 4.3.0 busy")),
        ({"DATA": "554 5.7.1 no"}, Failed("554 5.7.1 no")),
        ({"MAIL": "552 5.3.4 too big"}, Failed("552 5.3.4 too big")),
        ({"RCPT": "550 Connection frequency limited"}, Deferred("550 Connection frequency limited", throttled=True)),
        ({"": "550-one\r\n550-\r\n550 two\x1b[2J"}, Failed("550 one two [2J")),
    ],
)
def test_each_reply_has_its_outcome(replies: dict[str, str | None], outcome: Outcome) -> None:
    """Refusals for now and for good, throttling, and silence after the dot are told apart."""
    assert delivered(Script(replies)) == [outcome]


@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_hangs_up_before_the_data_has_nothing(word: str) -> None:
    """It is called once more, and then there is no connection; the data has not begun."""
    script = Script({word: None})
    begun: list[bool] = []

    async def begins() -> None:
        begun.append(True)

    with pytest.raises(Lost, match="broke off: connection lost"):
        delivered(script, begins=begins)
    assert script.connections == 2
    assert begun == []


@pytest.mark.parametrize("word", ["greeting", "EHLO", "MAIL", "DATA", ""])
def test_a_server_that_stalls_is_left(word: str) -> None:
    """A server that does not answer is waited for as long as it may take, and no longer."""

    script = Script({word: ""})
    if word:
        with pytest.raises(Lost):
            delivered(script)
    else:
        assert delivered(script) == [InDoubt("after the data had begun: no answer within 0.5 seconds")]


def test_a_server_may_limit_the_messages_of_a_connection() -> None:
    """After 421 in place of the next message the server is called anew, and every message arrives once."""
    handler = Sink(most=2)
    envelopes = [transport.Envelope(f"d{n}", "notices@example.com", f"c{n}@example.com") for n in range(5)]
    assert [type(outcome) for outcome in with_aiosmtpd(handler, envelopes)] == [Sent] * 5
    assert [recipient for recipient, _ in handler.accepted] == [f"c{n}@example.com" for n in range(5)]
    assert handler.connections == 3


@dataclass
class Sink:
    """A mail server that keeps what it accepts, and takes only so many messages over one connection."""

    most: int = 1000
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        if session.ssl is None or session.host_name is None:
            self.connections += 1
        session.host_name = hostname
        session.taken = 0  # type: ignore[attr-defined]
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if session.taken >= self.most:  # type: ignore[attr-defined]
            return "421 4.7.0 too many messages, call again"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        session.taken += 1  # type: ignore[attr-defined]
        assert envelope.original_content is not None
        self.accepted.append((envelope.rcpt_tos[0], envelope.original_content))
        return "250 OK"


def with_aiosmtpd(
    handler: Sink, envelopes: Sequence[transport.Envelope] = (LIN,), url: str = "smtp://127.0.0.1:{}", **options: Any
) -> list[Outcome]:
    """What becomes of messages at an aiosmtpd."""

    async def run() -> list[Outcome]:
        loop = asyncio.get_running_loop()
        arguments = {"enable_SMTPUTF8": True, "hostname": "sink"} | options
        context = arguments.pop("ssl", None)
        server = await loop.create_server(lambda: SMTP(handler, loop=loop, **arguments), "127.0.0.1", 0, ssl=context)
        try:
            smtp = Smtp(Server.parse(url.format(server.sockets[0].getsockname()[1])))
            async with smtp.connection() as connection:
                return [await connection.deliver(envelope, MESSAGE, nothing) for envelope in envelopes]
        finally:
            server.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("address", "heard"),
    [
        ("lin@例子.公司", "lin@xn--fsqu00a.xn--55qx5d"),
        ("用户@例子.公司", "用户@xn--fsqu00a.xn--55qx5d"),
        ("é@example.com", "é@example.com"),
    ],
)
@pytest.mark.parametrize("knows", [True, False])
def test_addresses_beyond_ascii(address: str, heard: str, knows: bool) -> None:
    """A domain travels in ASCII, so any server takes it; a local part needs SMTPUTF8, and without fails clearly."""
    handler = Sink()
    envelope = transport.Envelope("d1", "notices@example.com", address)
    outcome = with_aiosmtpd(handler, [envelope], enable_SMTPUTF8=knows)
    if knows or heard.isascii():
        assert outcome == [Sent("250 OK")]
        assert [recipient for recipient, _ in handler.accepted] == [heard]
    else:
        assert outcome == [Failed("the server does not take addresses beyond ASCII (SMTPUTF8, RFC 6531)")]


@pytest.mark.parametrize("address", ["a@example.com>\r\nRCPT TO:<b@example.com", "a b@example.com", "a@b>", "", "x@"])
def test_no_address_speaks_to_the_server(address: str) -> None:
    """Whatever an address holds, it is one address or none."""
    script = Script({})
    assert delivered(script, [transport.Envelope("d1", "n@example.com", address)]) == [Failed("this is not an address")]
    assert script.heard[1:] == ["QUIT"]


# --- encryption ------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A throw-away certificate authority, which SSL_CERT_FILE makes known."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_private_authority_is_named_in_the_environment(authority: trustme.CA, scheme: str) -> None:
    """With SSL_CERT_FILE naming the authority's file a server with its certificate is trusted, both ways to encrypt."""
    handler = Sink()
    context = context_of(authority.issue_cert("localhost"))
    secured = {"ssl": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    assert with_aiosmtpd(handler, [LIN, LIN], f"{scheme}://localhost:{{}}", **secured) == [Sent("250 OK")] * 2
    assert [data for _, data in handler.accepted] == [MESSAGE.replace(b"\r\n.", b"\r\n.")] * 2


LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        (lambda ca: ca.issue_cert("localhost", not_after=LONG_AGO), "certificate has expired"),
        (lambda ca: ca.issue_cert("mail.example.com"), "Hostname mismatch"),
        (lambda _: trustme.CA().issue_cert("localhost"), "unable to get local issuer certificate"),
    ],
    ids=["expired", "another name", "unknown authority"],
)
def test_a_wrong_certificate_is_refused(
    authority: trustme.CA, certificate: Callable[[trustme.CA], trustme.LeafCert], said: str, scheme: str
) -> None:
    """Expired, for another name or from nobody known: no connection, in one clear line, and nothing was said before."""
    handler = Sink()
    context = context_of(certificate(authority))
    secured = {"ssl": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    with pytest.raises(Lost, match=f"certificate verify failed: {said}") as caught:
        with_aiosmtpd(handler, [LIN], f"{scheme}://me:hunter2@localhost:{{}}", **secured)
    assert "hunter2" not in str(caught.value)
    assert handler.accepted == []


def test_stripped_starttls_is_refused() -> None:
    """Where a server that must encrypt does not offer it, an attacker may have cut it out: nothing is said there."""
    script = Script({})

    async def run() -> None:
        async with served(script) as port:
            smtp = Smtp(Server.parse(f"smtp+starttls://me:hunter2@localhost:{port}"))
            async with smtp.connection():
                raise AssertionError("connected")

    with pytest.raises(Lost, match="STARTTLS"):
        asyncio.run(run())
    assert [line.split(" ")[0] for line in script.heard] == ["EHLO"]


def test_what_is_injected_before_the_encryption_is_not_heard(authority: trustme.CA) -> None:
    """Replies smuggled in after the reply to STARTTLS (RFC 3207, section 4.2) are not taken for the server's own."""
    context = context_of(authority.issue_cert("localhost"))
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        await reader.readline()
        writer.write(b"250-here\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go on\r\n250-here\r\n250 AUTH PLAIN\r\n235 welcome\r\n")
        await writer.start_tls(context)
        while line := await reader.readline():
            heard.append(line.strip())
            writer.write(b"550 no\r\n" if line.startswith(b"MAIL") else b"250 encrypted\r\n")

    async def run() -> None:
        async with served(serve) as port:
            smtp = Smtp(Server.parse(f"smtp+starttls://localhost:{port}"))
            async with smtp.connection() as connection:
                await connection.deliver(LIN, MESSAGE, nothing)

    with pytest.raises(Lost, match=r"does not take mail from notices@example\.com: 550 no"):
        asyncio.run(run())
    assert heard[0].startswith(b"EHLO")
    assert heard[1] == b"MAIL FROM:<notices@example.com>"


def test_a_wrong_password_is_told_without_it(authority: trustme.CA) -> None:
    """The server's refusal is shown, the password is not."""

    def knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    context = context_of(authority.issue_cert("localhost"))
    with pytest.raises(Lost, match="535") as caught:
        with_aiosmtpd(
            Sink(),
            [LIN],
            "smtp+starttls://me:hunter2@localhost:{}",
            tls_context=context,
            require_starttls=True,
            authenticator=knows,
            auth_required=True,
        )
    assert "check user and password" in (caught.value.hint or "")
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://127.0.0.1:1", "nobody listens there"),
        ("smtps://no-such-host.invalid", "its name is not known"),
    ],
)
def test_no_server_in_one_line(url: str, said: str) -> None:
    """A refused connection and an unknown name are told as such."""

    async def run() -> None:
        async with Smtp(Server.parse(url)).connection():
            raise AssertionError("connected")

    with pytest.raises(PortalError, match=said) as caught:
        asyncio.run(run())
    assert "\n" not in str(caught.value)


def test_many_connections_to_a_slow_server_all_end() -> None:
    """Connections do not wait for each other: twenty at once to a server that takes its time deliver everything."""

    class Slow(Script):
        async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.02)
            await super().__call__(reader, writer)

    script = Slow({})

    async def run() -> int:
        async with served(script) as port, AsyncExitStack() as stack:
            smtp = Smtp(Server("smtp", "127.0.0.1", port, None, None))
            connections = await asyncio.gather(*(stack.enter_async_context(smtp.connection()) for _ in range(20)))
            for _ in range(5):
                outcomes = await asyncio.gather(*(one.deliver(LIN, MESSAGE, nothing) for one in connections))
                assert outcomes == [Sent("250 queued")] * 20
        return script.connections

    assert asyncio.run(run()) == 20
