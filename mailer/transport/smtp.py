"""SMTP: MAIL, RCPT and DATA one by one, so that at every moment it is known what the server can have."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from mailer.letters.mailbox import travelling
from mailer.transport import throttling
from mailer.transport.conversation import Conversation, Disconnected, Reply
from mailer.transport.interface import Connection, DataBegins, Envelope, Lost
from mailer.transport.outcome import Deferred, Failed, InDoubt, Outcome, Sent
from portal.errors import Location, PortalError


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, in seconds (RFC 5321, section 4.5.3.2)."""

    greeting: float = 300
    mail: float = 300
    """Also for EHLO, STARTTLS, AUTH and RSET."""
    rcpt: float = 300
    data: float = 120
    dot: float = 600
    """From the first byte of the message on: it is short, and a server that answers too late has it all the same."""
    quit: float = 5
    """Nothing depends on the farewell."""


_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as MAILER_SMTP_URL names it."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Server:
        """Read smtp://host:port, smtps://user:password@host:465 or smtp+starttls://…

        Raises PortalError, which never repeats the address: it may hold a password.
        """
        where = Location("MAILER_SMTP_URL")
        form = "write it like smtp+starttls://user:password@mail.example.com:587"
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            raise PortalError("this is not the address of a mail server", form, where) from None
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or "#" in url:
            raise PortalError("this is not the address of a mail server", form, where)
        if parts.scheme == "smtp" and not _is_loopback(parts.hostname):
            raise PortalError(
                f"mail to {parts.hostname} would travel unencrypted", "use smtp+starttls:// or smtps://", where
            )
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Sign = Callable[[bytes], bytes]
"""A message to the same with a signature in front (DKIM)."""


class Smtp:
    """Connections to one server; certificates are always verified: by the system's authorities, or SSL_CERT_FILE's."""

    def __init__(
        self, server: Server, *, most_connections: int = 10, sign: Sign | None = None, patience: Patience | None = None
    ) -> None:
        self.server = server
        self.most_connections = most_connections
        self._sign = sign
        self._patience = patience or Patience()
        self._context = None if server.scheme == "smtp" else ssl.create_default_context()

    @property
    def name(self) -> str:
        """See `Transport`."""
        return str(self.server)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """See `Transport`."""
        session = _Session(self.server, self._sign, self._patience, self._context)
        await session.connect()
        try:
            yield session
        finally:
            await session.close()


class _Session:
    """One connection, which is made anew when the server closed it between messages."""

    def __init__(self, server: Server, sign: Sign | None, patience: Patience, context: ssl.SSLContext | None) -> None:
        self._server = server
        self._sign = sign
        self._patience = patience
        self._context = context
        self._conversation: Conversation | None = None
        self._offers: frozenset[str] = frozenset()
        self._unclean = False
        """Whether the server remembers a sender or recipient that it refused something about."""

    async def connect(self) -> None:
        """Greet, encrypt and log in. Raises Lost."""
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            timeout=self._patience.mail,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp+starttls",  # never None: an attacker could strip what is only offered
            tls_context=self._context,
        )
        try:
            await client.connect(timeout=self._patience.greeting)
            if client.is_ehlo_or_helo_needed:
                await _greet(client)
        except (SMTPException, OSError) as error:
            client.close()
            raise Lost(f"no connection to {server}: {_said(error)}", _hint(error)) from error
        transport = client.transport
        if not isinstance(transport, asyncio.Transport):
            raise Lost(f"no connection to {server}: the server hung up", _hint(OSError()))
        self._offers = frozenset(name for name in _USED if client.supports_extension(name))
        self._conversation = Conversation(transport)
        self._unclean = False

    async def close(self) -> None:
        """Say goodbye, if anybody is listening."""
        if self._conversation is None:
            return
        with suppress(Disconnected):
            if self._conversation.open:
                self._conversation.write(b"QUIT\r\n")
                await self._conversation.reply(self._patience.quit)
        self._hang_up()

    async def deliver(self, envelope: Envelope, message: bytes, data_begins: DataBegins) -> Outcome:
        """See `Connection`. A server that hung up or pauses between two messages is called once more."""
        if self._sign is not None:
            message = self._sign(message)
        try:
            refusal = await self._opened(envelope, message)
            if refusal is not None:
                return refusal
            await data_begins()
        except BaseException:
            self._hang_up()  # the server may wait for a message that will not come
            raise
        try:
            reply = await self._hand_over(message)
        except Disconnected as error:
            self._hang_up()
            return InDoubt(f"after the data had begun: {error}")
        except BaseException:
            self._hang_up()
            raise
        if reply.code == 421:
            self._hang_up()
        return _outcome(reply)

    async def _opened(self, envelope: Envelope, message: bytes) -> Outcome | None:
        """None once the server waits for the message, else its refusal. Raises Lost."""
        for last in (False, True):
            try:
                if self._conversation is None or not self._conversation.open:
                    self._hang_up()
                    await self.connect()
                commands = self._commands(envelope, message)
                if isinstance(commands, Failed):
                    return commands
                at, reply = await self._asked(commands)
            except Disconnected as error:
                self._hang_up()
                if last:
                    raise Lost(f"{self._server} broke off: {error}", "what has not left is still pending") from error
                continue
            if reply.code == 354:
                return None
            if reply.code == 421 or (at == "MAIL" and reply.code // 100 == 4):
                self._hang_up()
                if not last:
                    continue
            return self._refused(at, reply, envelope)
        raise AssertionError("the second time ends it")

    def _commands(self, envelope: Envelope, message: bytes) -> tuple[tuple[str, bytes], ...] | Failed:
        sender, recipient = travelling(envelope.sender), travelling(envelope.recipient)
        if _NO_PATH.search(sender) or _NO_PATH.search(recipient):
            return Failed("this is not an address")
        options = f" SIZE={len(message)}" if "size" in self._offers else ""
        if not (sender.isascii() and recipient.isascii() and message.isascii()):  # in headers only: bodies are encoded
            if "smtputf8" not in self._offers:
                return Failed("the server does not take addresses beyond ASCII (SMTPUTF8, RFC 6531)")
            options += " BODY=8BITMIME SMTPUTF8"
        return (
            ("MAIL", f"MAIL FROM:<{sender}>{options}\r\n".encode()),
            ("RCPT", f"RCPT TO:<{recipient}>\r\n".encode()),
            ("DATA", b"DATA\r\n"),
        )

    async def _asked(self, commands: tuple[tuple[str, bytes], ...]) -> tuple[str, Reply]:
        """Where MAIL, RCPT, DATA ended, and with what reply. Raises Disconnected."""
        conversation = self._conversation
        assert conversation is not None, "_opened has connected"
        times = {"RSET": self._patience.mail, "MAIL": self._patience.mail, "RCPT": self._patience.rcpt}
        if self._unclean:
            commands = (("RSET", b"RSET\r\n"), *commands)
        together = "pipelining" in self._offers
        if together:
            conversation.write(b"".join(line for _, line in commands))
        refused: tuple[str, Reply] | None = None
        for name, line in commands:
            if not together:
                conversation.write(line)
            try:
                reply = await conversation.reply(times.get(name, self._patience.data))
                if refused is not None and reply.code == 354:
                    conversation.write(b".\r\n")  # nobody is left to get it (RFC 2920, section 3.1)
                    await conversation.reply(self._patience.dot)
            except Disconnected:
                if refused is None:
                    raise
                return refused  # a server may refuse and hang up
            if name == "RSET" and reply.code // 100 != 2:
                raise Disconnected(f"RSET: {reply}")
            self._unclean = True
            if refused is None and reply.code // 100 != (3 if name == "DATA" else 2):
                refused = name, reply
                if not together or reply.code == 421:
                    break
        return refused or ("DATA", reply)

    def _refused(self, at: str, reply: Reply, envelope: Envelope) -> Outcome:
        """What a refusal before the data means. Raises Lost where it is about the sender, and so about all messages."""
        outcome = _outcome(reply)
        if at == "MAIL" and isinstance(outcome, Failed) and not reply.words.startswith("5.3.4"):  # too large: RFC 1870
            raise Lost(
                f"{self._server} does not take mail from {envelope.sender}: {reply}",
                "correct mail.from in mkdocs.yml or the server; what has not left is still pending",
            )
        if isinstance(outcome, (Sent, InDoubt)):
            self._hang_up()
            raise Lost(f"{self._server} answers {at} with {reply}", "this is no mail server as RFC 5321 knows it")
        return outcome

    async def _hand_over(self, message: bytes) -> Reply:
        """The message, dot-stuffed (RFC 5321, section 4.5.2), and the final dot. Raises Disconnected."""
        assert self._conversation is not None, "_opened has connected"
        stuffed = message.replace(b"\r\n.", b"\r\n..")
        start, end = b"." if message.startswith(b".") else b"", b"" if message.endswith(b"\r\n") else b"\r\n"
        self._conversation.write(b"".join((start, stuffed, end, b".\r\n")))
        reply = await self._conversation.reply(self._patience.dot)
        self._unclean = False  # the transaction has ended, whatever the reply (RFC 5321, section 4.1.1.4)
        return reply

    def _hang_up(self) -> None:
        if self._conversation is not None:
            self._conversation.close()
            self._conversation = None


_USED = ("pipelining", "size", "smtputf8")
_NO_PATH = re.compile(r"[\x00-\x20\x7f-\xa0<>]|^$|^@|@$")
"""What must not stand in an address between < and >."""


async def _greet(client: SMTP) -> None:
    """EHLO, or HELO for servers of another age."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError as error:
        if error.code // 100 != 5:
            raise
        await client.helo()


def _outcome(reply: Reply) -> Outcome:
    """The outcome that a reply to RCPT, DATA or the final dot stands for (RFC 5321, section 4.2.1)."""
    match reply.code // 100:
        case 2:
            return Sent(str(reply))
        case 4:
            return Deferred(str(reply), throttled=throttling.asks_to_slow_down(reply.code, reply.words))
        case 5 if throttling.asks_to_slow_down(reply.code, reply.words):
            return Deferred(str(reply), throttled=True)
        case 5:
            return Failed(str(reply))
        case _:
            return InDoubt(f"a reply that means nothing here: {reply}")


def _said(error: Exception) -> str:
    """What went wrong in one line; a server's reply with its code."""
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}".replace("\n", " ")
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    match cause:
        case ssl.SSLCertVerificationError():
            return f"certificate verify failed: {cause.verify_message}"
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return "what answers there does not speak TLS"
        case socket.gaierror():
            return "its name is not known (DNS)"
        case ConnectionRefusedError():
            return "nobody listens there (connection refused)"
    text = str(cause).strip() or type(cause).__name__
    return text.splitlines()[0]


def _hint(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return "check user and password in MAILER_SMTP_URL (percent-encoded); what has not left is still pending"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "use the server's own name, or name your authority's file in SSL_CERT_FILE; nothing has left"
    if isinstance(cause, ssl.SSLError) or "STARTTLS" in str(error):
        return "smtps:// speaks TLS at once (port 465), smtp+starttls:// later (587); the rest is still pending"
    return "check MAILER_SMTP_URL and that the server answers; what has not left is still pending"
