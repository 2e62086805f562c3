"""Serves a site on loopback to its author: pages that load again when they were built, and the problems beside them.

The files of the site are as they were published. A script and a style of the server's own are named in each page as it
goes out; both are of the same origin, so the page's own policy holds. What they say comes as server-sent events (HTML
Living Standard, section 9.2).
"""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from portal.addresses import MY, SEALED
from portal.cli.resident import Outcome
from portal.errors import PortalError, Problem, Severity, order, printable
from portal.words import TEMPLATES

OWN = "/-/serve/"
"""Where the server's own files are; a site has nothing there."""
_FILES = {"serve.js": "text/javascript; charset=utf-8", "serve.css": "text/css; charset=utf-8"}
_SHOWN = 50
"""Problems that a page shows; the others are on the terminal."""
_ALIVE = 15.0
"""Seconds after which something is sent, so that a connection nobody listens to is noticed."""


class News:
    """How the last build ended; whoever waits for the next one is woken by it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._problems: tuple[Problem, ...] = ()
        self._built = True
        self._papers: Mapping[str, frozenset[str]] = {}
        self._over = False
        self.pages: Mapping[str, bytes] = {}
        """Pages that are shown ahead of the build that will write them."""

    def show(self, pages: Mapping[str, bytes]) -> None:
        """Show these pages, by path, until the build that was begun has ended."""
        with self._changed:
            self._number += 1
            self.pages = pages
            self._changed.notify_all()

    def tell(self, outcome: Outcome, papers: Mapping[str, frozenset[str]]) -> None:
        """A build has ended; `papers` are the files of each notice, by its address."""
        with self._changed:
            self._number += 1
            self.pages = {}
            self._problems, self._built, self._papers = outcome.problems, outcome.published is not None, papers
            self._changed.notify_all()

    def end(self) -> None:
        """There will be no more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def after(self, number: int, seconds: float) -> int | None:
        """The number of the last build, once it is another than `number` or the time is over; None: there is no more"""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._number != number, seconds)
            return None if self._over else self._number

    def of(self, address: str) -> dict[str, Any]:
        """What a page is told: whether its site is of the last build, and the problems, its own notice's first."""
        with self._changed:
            problems, built, papers = self._problems, self._built, self._papers
        own = _own(address, papers)
        ordered = sorted(problems, key=lambda p: (not own(p.location.file), p.severity is not Severity.ERROR, order(p)))
        errors = sum(1 for p in problems if p.severity is Severity.ERROR)
        told = [{**p.as_json(), "own": own(p.location.file)} for p in ordered[:_SHOWN]]
        for fact in told:
            fact.update({key: printable(str(fact[key])) for key in ("file", "message", "hint")})
        return {"built": built, "errors": errors, "warnings": len(problems) - errors, "problems": told}


def _own(address: str, papers: Mapping[str, frozenset[str]]) -> Callable[[str], bool]:
    """Whether a file is one that the notice at an address is made of."""
    parts = address.strip("/").split("/")
    for end in range(len(parts), 0, -1):
        found = papers.get("/".join(parts[:end]) + "/")
        if found is not None:
            return found.__contains__
    return lambda _: False


class Server(http.server.ThreadingHTTPServer):
    """Serves `folder` on 127.0.0.1. Raises PortalError where the port cannot be used."""

    def __init__(self, port: int, folder: Path, base: str, news: News) -> None:
        """`base` is the path that the site's own addresses begin with; port 0: any that is free."""
        self.news, self.base = news, base
        try:
            super().__init__(("127.0.0.1", port), partial(_Handler, directory=str(folder)))
        except OSError as error:
            raise PortalError(f"port {port} cannot be used: {error.strerror}", "choose another with --port") from error

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is no news."""


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Static files, with nothing kept by the browser while one is writing; 404.html where there is none."""

    server: Server

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if place.path == f"{OWN}news":
            self._news(parse_qs(place.query).get("page", ["/"])[0])
            return
        if place.path.startswith(OWN):
            self._own(place.path.removeprefix(OWN))
            return
        data = self._page()
        if data is None:
            super().do_GET()
        else:
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self._told(data))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        self._answer(HTTPStatus.NOT_FOUND, "text/html; charset=utf-8", self._told(page.read_bytes(), "none"))

    def translate_path(self, path: str) -> str:
        base = self.server.base
        return super().translate_path("/" + path.removeprefix(base) if path.startswith(base) else path)

    def _page(self) -> bytes | None:
        """The HTML that is asked for; None where it is something else, or nothing."""
        place = Path(self.translate_path(self.path))
        if urlsplit(self.path).path.endswith("/"):
            place /= "index.html"
        if place.suffix != ".html":
            return None
        ahead = self.server.news.pages.get(place.relative_to(self.directory).as_posix())
        try:
            return place.read_bytes() if ahead is None else ahead
        except OSError:
            return None

    def _told(self, data: bytes, mark: str = "") -> bytes:
        """A page that names the server's script and style, and by which mark it is known again."""
        head = (
            f'<link rel="stylesheet" href="{OWN}serve.css">'
            f'<script src="{OWN}serve.js" data-mark="{mark or self._mark(data)}" defer></script>'
        )
        before, found, after = data.partition(b"</head>")
        return b"".join([before, head.encode(), found, after]) if found else data

    def _mark(self, data: bytes | None) -> str:
        """What changes when a page does; for one that a script fills, also when what it is filled with does."""
        if data is None:
            return "none"
        mark = hashlib.sha256(data)
        sealed = Path(self.directory, SEALED)
        if self._asked().startswith(MY) and sealed.is_dir():
            mark.update(str(sealed.stat().st_mtime_ns).encode())
        return mark.hexdigest()[:16]

    def _asked(self) -> str:
        """The address that is asked for, below the site's root."""
        return unquote(urlsplit(self.path).path).removeprefix(self.server.base)

    def _news(self, address: str) -> None:
        """Tell a page about each build, from now until it is closed."""
        self.path = address
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        told = -1
        try:
            while (number := self.server.news.after(told, _ALIVE)) is not None:
                if number == told:
                    self.wfile.write(b": still here\n\n")
                else:
                    facts = {**self.server.news.of(self._asked()), "mark": self._mark(self._page())}
                    self.wfile.write(f"data: {json.dumps(facts, ensure_ascii=False)}\n\n".encode())
                self.wfile.flush()
                told = number
        except OSError:
            return  # the page was closed

    def _own(self, name: str) -> None:
        kind = _FILES.get(name)
        if kind is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._answer(HTTPStatus.OK, kind, (TEMPLATES / "serve" / name).read_bytes())

    def _answer(self, status: HTTPStatus, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line."""
