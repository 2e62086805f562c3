"""A mail server on a free loopback port that files what it accepts in a Maildir: for the demo, rehearsals and tests."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.transport import Server
from mailer.transport.outbox import file_message, make_maildir

_LARGEST = 32 * 1024 * 1024
"""Bytes a message may have."""


class _Filing:
    """Accepts every recipient and keeps the bytes as they came; aiosmtpd calls it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002
        content = envelope.original_content
        assert content is not None, "aiosmtpd calls this after the final dot"
        name = f"{time.time_ns()}.{next(self._numbers):06d}.caught"
        await asyncio.to_thread(file_message, self._folder, name, content)
        return f"250 2.0.0 kept as {name}"


@asynccontextmanager
async def catching(folder: Path) -> AsyncIterator[Server]:
    """Listen on 127.0.0.1 for as long as the context lasts; where to send to."""
    await asyncio.to_thread(make_maildir, folder)
    handler = _Filing(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="catcher.invalid", data_size_limit=_LARGEST, enable_SMTPUTF8=True, loop=loop),
        host="127.0.0.1",
        port=0,
    )
    try:
        yield Server("smtp", "127.0.0.1", server.sockets[0].getsockname()[1], None, None)
    finally:
        server.close()
        await server.wait_closed()
