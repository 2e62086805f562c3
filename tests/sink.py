"""A mail server that keeps every message it accepts: written and synced before it says 250. `python sink.py FOLDER`."""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
from pathlib import Path

_SLOWEST = 0.006
"""Seconds before and after a message is kept: the moments in which a kill is most interesting."""


class Sink:
    """Says yes to everything. A line `recipient Message-ID` in `accepted` for each message."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "accepted", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._random = random.Random(1)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as long as it lasts."""
        try:
            writer.write(b"220 sink\r\n")
            await self._commands(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # killed
        finally:
            writer.close()

    async def _commands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = b""
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            if verb == b"EHLO":
                writer.write(b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                message = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self._random.uniform(0, _SLOWEST))
                await self._keep(recipient, message)
                await asyncio.sleep(self._random.uniform(0, _SLOWEST))
                writer.write(b"250 2.0.0 Ok: queued as SINK0001\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                if verb == b"RCPT":
                    recipient = line.partition(b"<")[2].partition(b">")[0]
                writer.write(b"250 ok\r\n")

    async def _keep(self, recipient: bytes, message: bytes) -> None:
        named = re.search(rb"^Message-ID: (<[^>]+>)", message, re.MULTILINE | re.IGNORECASE)
        assert named is not None
        os.write(self._file, recipient + b" " + named[1] + b"\n")
        await asyncio.to_thread(os.fsync, self._file)


async def main(folder: Path) -> None:
    """Listen on a free port of loopback, which is written to `port`."""
    server = await asyncio.start_server(Sink(folder).converse, "127.0.0.1", 0, limit=1 << 22)
    partial = folder / "port.partial"
    partial.write_text(str(server.sockets[0].getsockname()[1]))
    partial.rename(folder / "port")
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
