"""`serve`: builds at every change, and serves the site on loopback."""

from __future__ import annotations

import functools
import http.server
import signal
import threading
from pathlib import Path
from typing import Any

import click

from portal.cli.building import prepare, put_in_place
from portal.cli.console import FINE, counted, explain, now_option, root_option, say, show
from portal.cli.reading import fingerprint, read
from portal.errors import PortalError, errors_in


@click.command()
@root_option
@click.option("--port", type=int, default=8000)
@now_option
def serve(root: Path, port: int, now: str | None) -> int:
    """Build, serve the site on loopback, and build again whenever a source changes."""
    folder = root.resolve()
    out = folder / "site"
    seen = fingerprint(folder, out)  # before building, so that nothing saved meanwhile is missed
    _rebuild(folder, out, now)
    handler = functools.partial(_Handler, directory=str(out))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise PortalError(f"port {port} cannot be used: {error.strerror}", "choose another with --port") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with Ctrl-C ignored
        signal.signal(number, lambda *_: stop.set())
    say(f"serving http://127.0.0.1:{server.server_port}/ (stop with Ctrl-C)")
    while not stop.wait(0.5):
        current = fingerprint(folder, out)
        if current != seen:
            seen = current
            _rebuild(folder, out, now)
    server.shutdown()
    server.server_close()
    return FINE


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Static files, with nothing kept by the browser while one is writing."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line."""


def _rebuild(root: Path, out: Path, now: str | None) -> None:
    try:
        ready = prepare(read(root, now))
        show(ready.problems)
        if errors_in(ready.problems):
            say(f"not built: {counted(ready.problems)}")
            return
        done = put_in_place(ready, out)
        say(f"built: {done.written} files written")
    except PortalError as error:
        explain(error)
