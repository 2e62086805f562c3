"""Do the pages that a message links to answer? In a built folder, or on the published site."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from portal import addresses
from portal.errors import PortalError

_TIMEOUT = 20
"""Seconds to wait for a page."""
_SILENT = "does not answer"
_LARGEST = 4_000_000
"""Bytes of a page that are searched for an anchor."""


@dataclass
class Folder:
    """Looks below a built site. Addresses elsewhere are nobody's to ask, and answered with silence."""

    site: Path
    site_url: str
    _known: dict[str, str] = field(default_factory=dict)

    def __call__(self, address: str) -> str:
        """See `linting.Answers`."""
        if not address.startswith(self.site_url):
            return ""
        if address not in self._known:
            self._known[address] = self._look(address.removeprefix(self.site_url))
        return self._known[address]

    def _look(self, path: str) -> str:
        path, _, anchor = path.partition("#")
        name = unquote(path.partition("?")[0])
        file = self.site / (f"{name}index.html" if not name or name.endswith("/") else name)
        if not file.resolve().is_relative_to(self.site.resolve()) or not file.is_file():
            return "is not in the built site"
        return "" if name == addresses.MY else _anchored(file.read_bytes(), anchor)


@dataclass
class Published:
    """Asks the site itself, each page once."""

    site_url: str
    _known: dict[str, bytes | str] = field(default_factory=dict)

    def reach(self) -> None:
        """Raises PortalError where nothing answers at all: then it is not the links that are broken."""
        why = self(self.site_url)
        if why.startswith(_SILENT):
            raise PortalError(f"{self.site_url} {why}", "name the built folder with --site DIR, or look at the network")

    def __call__(self, address: str) -> str:
        """See `linting.Answers`. Blocks until the site answers; the fragment is never sent."""
        if not address.startswith(self.site_url):
            return ""
        page, _, anchor = address.partition("#")
        if page not in self._known:
            self._known[page] = _fetch(page)
        found = self._known[page]
        if isinstance(found, str):
            return found
        return "" if page == self.site_url + addresses.MY else _anchored(found, anchor)


def _fetch(page: str) -> bytes | str:
    request = urllib.request.Request(page, headers={"User-Agent": "duenotice"})  # noqa: S310 - site_url is http or https
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            data: bytes = response.read(_LARGEST)
            return data
    except urllib.error.HTTPError as error:
        return f"answers {error.code}"
    except OSError as error:
        return f"{_SILENT}: {silence(error)}"


def silence(error: OSError) -> str:
    """Why nobody answers, without the operating system's numbers."""
    cause = getattr(error, "reason", error)
    return getattr(cause, "strerror", None) or str(cause)


def _anchored(page: bytes, anchor: str) -> str:
    if not anchor:
        return ""
    names = {unquote(anchor), anchor}
    found = re.findall(r"""\b(?:id|name)=["']?([^"'\s>]+)""", page.decode("utf-8", "replace"))
    return "" if names & set(found) else f"has no place named #{anchor}"
