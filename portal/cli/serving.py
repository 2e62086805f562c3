"""`serve`: builds at every change, and serves the site on loopback."""

from __future__ import annotations

import functools
import http.server
import secrets
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from portal import config, epochs, sealing, signet, words
from portal.addresses import MY
from portal.cli.access import chosen
from portal.cli.building import prepare, put_in_place
from portal.cli.console import FINE, counted, explain, now_option, root_option, say, show
from portal.cli.reading import editorial_clock, fingerprint, read
from portal.cli.seal import secret_in_use
from portal.config import Secret
from portal.errors import PortalError, errors_in


@dataclass(frozen=True, slots=True)
class _Serving:
    """What is served: a portal's site, in a folder, sealed with one secret or another."""

    root: Path
    out: Path
    now: str | None
    secret: Secret | None
    throw_away: bool = False

    def fingerprint(self) -> int:
        return fingerprint(self.root, self.out)

    def build(self) -> None:
        try:
            ready = prepare(read(self.root, self.now), self.secret)
            show(ready.problems)
            if errors_in(ready.problems):
                say(f"not built: {counted(ready.problems)}")
                return
            done = put_in_place(ready, self.out, self.secret)
            if self.secret is not None and not self.throw_away:
                signet.remember(ready.plan.settings, sealing.fingerprint(self.secret))
            say(f"built: {words.counted(done.written, 'file')} written")
        except PortalError as error:
            explain(error)


@click.command()
@root_option
@click.option("--port", type=int, default=8000)
@click.option("--as", "contact", metavar="CLIENT/CONTACT", help="Also seal, for this run only, and print their link.")
@now_option
def serve(root: Path, port: int, contact: str | None, now: str | None) -> int:
    """Build, serve the site on loopback, and build again whenever a source changes."""
    folder = root.resolve()
    if contact is None:
        settings = config.load(folder)
        _serve(_Serving(folder, folder / "site", now, secret_in_use(settings)), port, lambda _: None)
        return FINE
    secret = Secret(secrets.token_bytes(32))  # of this run: no code that opens anything elsewhere is ever shown
    path = _path(folder, contact, secret, now)
    with TemporaryDirectory(prefix="duenotice-") as out:
        serving = _Serving(folder, Path(out, "site"), now, secret, throw_away=True)
        _serve(serving, port, lambda address: say(f"as {contact}: {address}{path}"))
    return FINE


def _path(folder: Path, contact: str, secret: Secret, now: str | None) -> str:
    """The path and code that open one contact's pages. Raises PortalError where there is nothing to open."""
    settings = config.load(folder)
    found = chosen(settings, [contact])
    if len(found) > 1:
        keys = ", ".join(recipient.key for recipient in found)
        raise PortalError(f"{contact} has several contacts", f"name one of {keys}")
    (recipient,) = found
    today = editorial_clock(now, settings.zone).astimezone(settings.zone).date()
    if not recipient.client.has_access(today):
        ended = recipient.client.last_day_of_access
        raise PortalError(f"the access of {recipient.key} ended on {ended}", "choose an earlier moment with --now")
    epoch = epochs.read(settings.registry_dir).get(recipient.key, 1)
    return f"{MY}#{sealing.code(secret, recipient.key, epoch)}"


def _serve(serving: _Serving, port: int, greet: Callable[[str], None]) -> None:
    """Build and serve until told to stop; `greet` gets the address once there is one."""
    seen = serving.fingerprint()  # before building, so that nothing saved meanwhile is missed
    serving.build()
    handler = functools.partial(_Handler, directory=str(serving.out))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise PortalError(f"port {port} cannot be used: {error.strerror}", "choose another with --port") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with Ctrl-C ignored
        signal.signal(number, lambda *_: stop.set())
    address = f"http://127.0.0.1:{server.server_port}/"
    say(f"serving {address} (stop with Ctrl-C)")
    greet(address)
    while not stop.wait(0.5):
        current = serving.fingerprint()
        if current != seen:
            seen = current
            serving.build()
    server.shutdown()
    server.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Static files, with nothing kept by the browser while one is writing; 404.html where there is none."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        data = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line."""
