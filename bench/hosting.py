"""A host on this machine: a folder's files as hosts send them, compressed where that is usual, and what it sent."""

from __future__ import annotations

import functools
import gzip
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Host:
    """A folder that is served."""

    address: str
    """Ends with a slash."""
    sent: list[tuple[str, int]] = field(default_factory=list)
    """Each answer: the path that was asked for, and the bytes of its body as they went out."""


@contextmanager
def served(folder: Path) -> Iterator[Host]:
    """A folder on 127.0.0.1, as long as this lasts."""
    host = Host("")
    handler = functools.partial(_Compressing, host, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    host.address = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()


class _Compressing(http.server.SimpleHTTPRequestHandler):
    """Static files as a host sends them: compressed, and with a word on keeping them (see docs/hosting.md)."""

    protocol_version = "HTTP/1.1"

    def __init__(self, host: Host, *arguments: object, **named: object) -> None:
        self._host = host
        super().__init__(*arguments, **named)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        file = file / "index.html" if file.is_dir() else file
        if not file.is_file():
            self.send_error(404)
            return
        kind, data = self.guess_type(str(file)), file.read_bytes()
        self.send_response(200)
        if kind.startswith("text/") or kind.endswith(("javascript", "json", "xml")):
            kind, data = f"{kind}; charset=utf-8", gzip.compress(data)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(data)
        self._host.sent.append((self.path, len(data)))

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not worth a line."""
