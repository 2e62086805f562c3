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

from mailer.letter import Letter
from portal import addresses, history, sealing
from portal.config import Secret
from portal.errors import PortalError
from portal.plan import Plan

_TIMEOUT = 20
"""Seconds to wait for the site."""

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

_LARGEST = 65_536
"""Bytes of build.json that are read."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a site says of itself in build.json."""

    commit: str | None
    time: dt.datetime
    """The moment it shows, by the editorial clock."""


def check_folder(site: Path, plan: Plan, letters: Sequence[Letter], secret: Secret | None) -> None:
    """Every linked page, and every reader's index, must lie in a site built from the plan's commit.

    Raises PortalError.
    """
    file = site / addresses.BUILD
    try:
        build = _read(file.read_bytes(), str(file))
    except OSError:
        raise PortalError(
            f"{site} holds no built site", "run `build.py` first, and name its output with --site"
        ) from None
    if build.commit != plan.commit:
        raise PortalError(
            f"{site} was built from {_named(build.commit)}, and the notices are at {_named(plan.commit)}",
            "run `build.py` again, then `mailer send`",
        )
    _check_time(build, letters, str(file), "run `build.py` again, then `mailer send`")
    wanted: set[str] = set()
    for letter in letters:
        wanted.update(f"{page}index.html" for page in letter.pages)
        for key, epoch in letter.readers:
            assert secret is not None, "letters with readers are composed with the secret"
            wanted.add(f"{addresses.SEALED}{sealing.code(secret, key, epoch).index_name}")
            wanted.add(f"{addresses.MY}index.html")
    missing = sorted(page for page in wanted if not (site / page).is_file())
    if missing:
        sealed = all(page.startswith(addresses.SEALED) for page in missing)
        raise PortalError(
            f"{len(missing)} linked pages are not in {site}, the first is /{missing[0]}",
            "was it built with another PORTAL_SECRET?" if sealed else "run `build.py` again, then `mailer send`",
        )


async def check_published(plan: Plan, letters: Iterable[Letter]) -> None:
    """The site at site_url must be built from the plan's commit or a later one, and after what it is to show.

    A scheduled notice needs no new commit, but a new build; without a repository that alone decides. Raises
    PortalError.
    """
    url = plan.settings.site_url + addresses.BUILD
    build = _read(await asyncio.to_thread(_fetch, url), url)
    hint = "build and deploy the site first, or name the built folder with --site DIR"
    if plan.commit is not None and not (
        build.commit is not None and history.is_ancestor(plan.settings.root, plan.commit, build.commit)
    ):
        raise PortalError(
            f"{url} names {_named(build.commit)}, which does not contain {_named(plan.commit)} of the notices", hint
        )
    _check_time(build, letters, url, hint)


def _check_time(build: Build, letters: Iterable[Letter], where: str, hint: str) -> None:
    if any(build.time < letter.newest for letter in letters):
        raise PortalError(f"{where} is of a build from before the newest notice was published", hint)


def _fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Cache-Control": "no-cache", "User-Agent": "duenotice"})  # noqa: S310 - config takes http and https only
    hint = "build and deploy the site first, or name the built folder with --site DIR"
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            data: bytes = response.read(_LARGEST)
    except urllib.error.HTTPError as error:
        raise PortalError(f"{url} answers {error.code}", hint) from error
    except OSError as error:
        raise PortalError(f"{url} does not answer: {getattr(error, 'reason', error)}", hint) from error
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
