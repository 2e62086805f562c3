"""The default way out: a Maildir folder, which can reach nobody."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mailer.transport.interface import Connection, DataBegins, Envelope, Lost
from mailer.transport.outcome import Outcome, Sent


@dataclass(frozen=True, slots=True)
class Outbox:
    """Files every message under its digest's key, so that filing one twice leaves one."""

    folder: Path
    name: str
    most_connections: int = 1

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        try:
            await asyncio.to_thread(make_maildir, self.folder)
        except OSError as error:
            raise Lost(f"the folder {self.name} cannot be used: {error.strerror}") from error
        yield self

    async def deliver(self, envelope: Envelope, message: bytes, data_begins: DataBegins) -> Outcome:
        await data_begins()
        file = await asyncio.to_thread(file_message, self.folder, f"{envelope.key}.duenotice", message)
        return Sent(f"filed as {file.parent.name}/{file.name} in {self.name}")


def make_maildir(folder: Path) -> None:
    """Make a Maildir (maildir(5)) where there is none."""
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True, exist_ok=True)


def file_message(folder: Path, name: str, message: bytes) -> Path:
    """Put a message into a Maildir: written whole and synced in tmp/, then renamed into new/."""
    partial, file = folder / "tmp" / name, folder / "new" / name
    with partial.open("wb") as stream:
        stream.write(message)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)
    return file
