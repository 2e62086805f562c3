"""An SMTP conversation (RFC 5321) over an open connection: lines go out, replies come in, each in its time.

aiosmtplib greets, encrypts and logs in; from there on its transport is taken over. It cannot wait for the replies to
several commands written at once (RFC 2920), and does not say when a connection was lost.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import dataclass

_LONGEST_REPLY = 64 * 1024
"""Bytes that may come without making a reply: a server that talks without end is no mail server."""

_LINE = re.compile(rb"([2-5][0-9]{2})([ -]?)(.*)")


class Disconnected(Exception):
    """The connection is gone, or the server does not keep to the protocol, or answers too late."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said: its code, and its words in one line."""

    code: int
    words: str

    def __str__(self) -> str:
        return f"{self.code} {self.words}"[:500].rstrip()


class Conversation(asyncio.Protocol):
    """Takes over a connection on which the greeting is done."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended: str | None = None
        transport.set_protocol(self)

    @property
    def open(self) -> bool:
        """Whether nobody has hung up, and nothing was said that was not asked for."""
        return self._ended is None and not self._replies and not self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send. Raises Disconnected."""
        if self._ended is not None:
            raise Disconnected(self._ended)
        self._transport.write(data)

    async def reply(self, seconds: float) -> Reply:
        """The next reply, within so many seconds. Raises Disconnected; then the connection is closed."""
        if not self._replies:
            await self._wait(seconds)
        return self._replies.popleft()

    async def _wait(self, seconds: float) -> None:
        if self._ended is not None:
            raise Disconnected(self._ended)
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(seconds, self._end, f"no answer within {seconds:g} seconds")
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
        if not self._replies:
            raise Disconnected(self._ended or "connection lost")

    def close(self) -> None:
        """Hang up."""
        self._end("connection closed")

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = _LINE.fullmatch(bytes(self._buffer[:end]).rstrip(b"\r"))
            del self._buffer[: end + 1]
            if line is None:
                self._end("the server said something that is no reply")
                return
            self._lines.append(_readable(line[3]))
            if line[2] != b"-":
                self._replies.append(Reply(int(line[1]), " ".join(filter(None, self._lines))))
                self._lines.clear()
                self._wake()
        if len(self._buffer) + sum(map(len, self._lines)) > _LONGEST_REPLY:
            self._end("the server talks without end")

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._end(str(exc) if exc and str(exc) else "connection lost")

    def _end(self, why: str) -> None:
        """What was said before still counts: a server may well answer and hang up."""
        self._ended = self._ended or why
        self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _readable(words: bytes) -> str:
    """Text that a ledger can keep: no control characters, nothing that is not UTF-8."""
    text = words.decode("utf-8", "replace")
    return (text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)).strip()
