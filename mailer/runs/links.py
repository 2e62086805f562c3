"""Are the pages there that a message links to? Asked before anything leaves."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailer.letters.letter import Letter
from mailer.runs.answers import silence
from portal import addresses, history, sealing
from portal.config import Secret
from portal.errors import PortalError
from portal.plan import Plan

_TIMEOUT = 20
"""Seconds to wait for the site."""

_DEPLOY = "build and deploy the site first, or name the built folder with --site DIR"

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

_LARGEST = 65_536
"""Bytes of build.json that are read."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a site says of itself in build.json."""

    commit: str | None
    time: dt.datetime
    """The moment it shows, by the editorial clock."""


class Folder:
    """A built site in a folder: every linked page, and every reader's index, must lie in it."""

    def __init__(self, site: Path, plan: Plan, secret: Secret | None) -> None:
        self._site = site
        self._plan = plan
        self._secret = secret
        self._found: set[str] = set()

    async def read(self) -> Build:
        """What it was built from: the very commit of the plan. Raises PortalError."""
        file = self._site / addresses.BUILD
        try:
            build = _read(await asyncio.to_thread(file.read_bytes), str(file))
        except OSError:
            raise PortalError(
                f"{self._site} holds no built site", "run `build.py` first, and name its output with --site"
            ) from None
        if build.commit != self._plan.commit:
            raise PortalError(
                f"{self._site} was built from {_named(build.commit)}, "
                f"and the notices are at {_named(self._plan.commit)}",
                "run `build.py` again, then `mailer send`",
            )
        return build

    def check(self, build: Build, letters: Sequence[Letter]) -> None:
        """Raises PortalError where a page is missing, or older than what it is to show."""
        hint = "run `build.py` again, then `mailer send`"
        _check_time(build, letters, str(self._site / addresses.BUILD), hint)
        wanted: set[str] = set()
        for letter in letters:
            wanted.update(f"{page}index.html" for page in letter.pages)
            for key, epoch in letter.readers:
                assert self._secret is not None, "letters with readers are composed with the secret"
                wanted.add(f"{addresses.SEALED}{sealing.code(self._secret, key, epoch).index_name}")
                wanted.add(f"{addresses.MY}index.html")
        missing = sorted(page for page in wanted - self._found if not (self._site / page).is_file())
        if missing:
            sealed = all(page.startswith(addresses.SEALED) for page in missing)
            raise PortalError(
                f"{len(missing)} linked pages are not in {self._site}, the first is /{missing[0]}",
                "was it built with another PORTAL_SECRET?" if sealed else hint,
            )
        self._found |= {page for page in wanted if not page.startswith(addresses.SEALED)}


class Published:
    """The site at site_url: built from the plan's commit or a later one, and after what it is to show."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    async def read(self) -> Build:
        """What it says of itself. A scheduled notice needs no new commit, but a new build. Raises PortalError."""
        url, commit = self._url, self._plan.commit
        build = _read(await asyncio.to_thread(_fetch, url), url)
        if commit is not None and not (
            build.commit is not None and history.is_ancestor(self._plan.settings.root, commit, build.commit)
        ):
            raise PortalError(
                f"{url} names {_named(build.commit)}, which does not contain {_named(commit)} of the notices", _DEPLOY
            )
        return build

    def check(self, build: Build, letters: Sequence[Letter]) -> None:
        """Raises PortalError where the site is older than what it is to show."""
        _check_time(build, letters, self._url, _DEPLOY)

    @property
    def _url(self) -> str:
        return self._plan.settings.site_url + addresses.BUILD


def _check_time(build: Build, letters: Iterable[Letter], where: str, hint: str) -> None:
    if any(build.time < letter.newest for letter in letters):
        raise PortalError(f"{where} is of a build from before the newest notice was published", hint)


def _fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Cache-Control": "no-cache", "User-Agent": "duenotice"})  # noqa: S310 - config takes http and https only
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            data: bytes = response.read(_LARGEST)
    except urllib.error.HTTPError as error:
        raise PortalError(f"{url} answers {error.code}", _DEPLOY) from error
    except OSError as error:
        raise PortalError(f"{url} does not answer: {silence(error)}", _DEPLOY) from error
    return data


def _read(data: bytes, where: str) -> Build:
    try:
        found: Any = json.loads(data)
        commit, time = found["commit"], dt.datetime.fromisoformat(found["time"])
        if not (commit is None or _HASH.fullmatch(commit)) or time.tzinfo is None:
            raise ValueError
        return Build(commit, time)
    except (ValueError, KeyError, TypeError):
        raise PortalError(f"{where} is not what a build writes", "build the site again") from None


def _named(commit: str | None) -> str:
    return f"commit {commit[:12]}" if commit else "no commit"
