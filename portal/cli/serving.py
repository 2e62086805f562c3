"""`serve`: builds at every change, and serves the site on loopback."""

from __future__ import annotations

import gc
import secrets
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from portal import config, epochs, errors, sealing
from portal.addresses import MY
from portal.cli.access import chosen
from portal.cli.clock import editorial_clock
from portal.cli.console import FINE, counted, explain, now_option, root_option, say, show
from portal.cli.preview import News, Server
from portal.cli.resident import Resident
from portal.cli.seal import cache_key, secret_in_use
from portal.cli.watching import Watch
from portal.config import Secret, Settings
from portal.errors import PortalError


@click.command()
@root_option
@click.option("--port", type=int, default=8000)
@click.option("--as", "contact", metavar="CLIENT/CONTACT", help="Also seal, for this run only, and print their link.")
@now_option
def serve(root: Path, port: int, contact: str | None, now: str | None) -> int:
    """Build, serve the site on loopback, and build again whenever a source changes."""
    gc.set_threshold(200_000)  # nearly all that a build makes lives to its end
    folder = root.resolve()
    settings = config.load(folder)
    if contact is None:
        secret = secret_in_use(settings)
        resident = Resident(folder, folder / "site", now, secret, cache_key(secret))
        _serve(resident, settings.base, port, lambda _: None)
        return FINE
    secret = Secret(secrets.token_bytes(32))  # of this run: no code that opens anything elsewhere is ever shown
    path = _path(settings, contact, secret, now)
    with TemporaryDirectory(prefix="duenotice-") as out:
        resident = Resident(folder, Path(out, "site"), now, secret)
        _serve(resident, settings.base, port, lambda address: say(f"as {contact}: {address}{path}"))
    return FINE


def _path(settings: Settings, contact: str, secret: Secret, now: str | None) -> str:
    """The path and code that open one contact's pages. Raises PortalError where there is nothing to open."""
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


def _serve(resident: Resident, base: str, port: int, greet: Callable[[str], None]) -> None:
    """Build and serve until told to stop; `greet` gets the address once there is one."""
    watch = Watch(resident.root, resident.out)  # before building, so that nothing saved meanwhile is missed
    news = News()
    _build(resident, news)
    server = Server(port, resident.out, base, news)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with Ctrl-C ignored
        signal.signal(number, lambda *_: stop.set())
    address = f"http://127.0.0.1:{server.server_port}{base}"
    say(f"serving {address} (stop with Ctrl-C)")
    greet(address)
    try:
        while not stop.wait(watch.pause):
            changed = watch.changed()
            if changed:
                ahead = resident.preview(changed)
                if ahead:
                    news.show(ahead)
                _build(resident, news)
    finally:  # also where nobody reads any more what is said
        news.end()
        server.shutdown()
        server.server_close()
        resident.remember()


def _build(resident: Resident, news: News) -> None:
    """Build, tell the pages that are open, and say on the terminal what became of it."""
    outcome = resident.build()
    news.tell(outcome, resident.papers)
    if outcome.failure is not None:
        explain(outcome.failure)
        return
    show(list(outcome.problems))
    if outcome.published is None:
        say(f"not built: {counted(list(outcome.problems))}")
    else:
        say(f"built: {errors.counted(outcome.published.written, 'file')} written")
