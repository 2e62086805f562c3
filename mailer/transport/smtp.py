"""SMTP: MAIL, RCPT and DATA one by one, so that at every moment it is known what the server can have."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponse, SMTPResponseException

from mailer.outcome import Deferred, Failed, InDoubt, Outcome, Sent
from mailer.transport.interface import Connection, DataBegins, Envelope, Lost
from portal.errors import Location, PortalError

_GREETING_TIMEOUT = 60
_COMMAND_TIMEOUT = 300
_DOT_TIMEOUT = 600
"""Seconds; RFC 5321, section 4.5.3.2 asks for 5 minutes a command and 10 after the dot. A greeting people wait for."""

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


@dataclass(frozen=True, slots=True)
class Smtp:
    """Connections to one server; certificates are always verified, against the system's authorities."""

    server: Server
    most_connections: int = 4

    @property
    def name(self) -> str:
        return str(self.server)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        session = _Session(self.server)
        await session.connect()
        try:
            yield session
        finally:
            await session.close()


class _Session:
    """One connection, which is made anew when the server closed it between messages."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client = self._make()

    def _make(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            timeout=_COMMAND_TIMEOUT,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp+starttls",  # never None: an attacker could strip what is only offered
        )

    async def connect(self) -> None:
        """Greet, encrypt and log in. Raises Lost."""
        self._client = self._make()
        try:
            await self._client.connect(timeout=_GREETING_TIMEOUT)
            if self._client.is_ehlo_or_helo_needed:
                await self._client.ehlo(timeout=_GREETING_TIMEOUT)
        except (SMTPException, OSError) as error:
            self._client.close()
            raise Lost(f"no connection to {self._server}: {_said(error)}", _hint(error)) from error
        self._client.timeout = _COMMAND_TIMEOUT

    async def close(self) -> None:
        """Say goodbye, if anybody is listening."""
        with suppress(SMTPException, OSError):
            if self._client.is_connected:
                await self._client.quit(timeout=_GREETING_TIMEOUT)
        self._client.close()

    async def deliver(self, envelope: Envelope, message: bytes, data_begins: DataBegins) -> Outcome:
        """See `Connection`. A server that hung up or pauses between two messages is called once more."""
        try:
            refusal = await self._open_data(envelope)
        except (SMTPException, OSError) as error:
            if isinstance(error, SMTPResponseException) and error.code // 100 != 4:
                raise Lost(
                    f"{self._server} does not take mail from {envelope.sender}: {_said(error)}",
                    "correct mail.from in mkdocs.yml or the server; what has not left is still pending",
                ) from error
            refusal = await self._open_data_again(envelope)
        if refusal is not None:
            await self._reset()
            return refusal
        try:
            await data_begins()
        except BaseException:
            self._client.close()  # the server waits for a message that will not come
            raise
        try:
            return _outcome(await self._hand_over(message))
        except (SMTPException, OSError) as error:
            self._client.close()
            return InDoubt(f"after the data had begun: {_said(error)}")

    async def _open_data_again(self, envelope: Envelope) -> Outcome | None:
        await self.connect()
        try:
            return await self._open_data(envelope)
        except (SMTPException, OSError) as error:
            self._client.close()
            raise Lost(f"{self._server} broke off: {_said(error)}", "what has not left is still pending") from error

    async def _open_data(self, envelope: Envelope) -> Outcome | None:
        """MAIL, RCPT, DATA: None once the server waits for the message, else its refusal.

        Raises SMTPSenderRefused, or whatever shows that the connection is gone.
        """
        options, encoding = [], "ascii"
        if not (envelope.recipient.isascii() and envelope.sender.isascii()):
            if not self._client.supports_extension("smtputf8"):
                return Failed("the server does not take addresses beyond ASCII (SMTPUTF8, RFC 6531)")
            options, encoding = ["SMTPUTF8"], "utf-8"
        await self._client.mail(envelope.sender, options=options, encoding=encoding)
        try:
            await self._client.rcpt(envelope.recipient, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as error:
            if error.code == 421:
                raise
            return _outcome(SMTPResponse(error.code, error.message))
        response = await self._client.execute_command(b"DATA")
        if response.code == 421:
            raise SMTPResponseException(response.code, response.message)
        return None if response.code == 354 else _outcome(response)

    async def _hand_over(self, message: bytes) -> SMTPResponse:
        """The message, dot-stuffed (RFC 5321, section 4.5.2), and the final dot."""
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("connection lost")
        stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]
        protocol.write(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return await protocol.read_response(timeout=_DOT_TIMEOUT)

    async def _reset(self) -> None:
        """Forget a refused recipient; a server that does not even take RSET is called anew for the next message."""
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self._client.close()


def _outcome(response: SMTPResponse) -> Outcome:
    """The outcome that a reply to RCPT, DATA or the final dot stands for (RFC 5321, section 4.2.1)."""
    reply = f"{response.code} {response.message}".replace("\n", " ")[:500]
    match response.code // 100:
        case 2:
            return Sent(reply)
        case 4:
            return Deferred(reply)
        case 5:
            return Failed(reply)
        case _:
            return InDoubt(f"a reply that means nothing here: {reply}")


def _said(error: Exception) -> str:
    """What went wrong in one line; a server's reply with its code."""
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}".replace("\n", " ")
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    text = str(cause).strip() or type(cause).__name__
    return text.splitlines()[0]


def _hint(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return "check user and password in MAILER_SMTP_URL (percent-encoded); what has not left is still pending"
    return "check MAILER_SMTP_URL and that the server answers; what has not left is still pending"
