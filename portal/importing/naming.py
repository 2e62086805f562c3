"""Permanent ids from the names that posts have: lower-case ASCII, the same on every run."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePosixPath
from urllib.parse import unquote

from portal.importing.moments import NAME_DATE

_LONGEST = 100


def plain_name(path: PurePosixPath) -> str:
    """What a post is called in its path (without ending and language): the date before it is not part of the name."""
    name = path.name.removesuffix(".html")  # Middleman: title.html.md
    match = NAME_DATE.match(name)
    rest = name[match.end() :].lstrip("-_. ") if match else name
    return rest or name


def identity(name: str) -> str | None:
    """An id from a name or slug, its ASCII parts only; None where they say too little to be a name."""
    name = unquote(name)
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9._-]+", "-", folded)
    words = re.sub(r"-*([.-])[.-]*", r"\1", words).strip("-._")
    if len(words) > _LONGEST:
        words = (words[: _LONGEST + 1].rpartition("-")[0] or words[:_LONGEST]).strip("-._")
    says_something = name.isascii() or (len(words) >= 3 and re.search("[a-z]", words))
    return words if words and says_something else None


def nameless(path: PurePosixPath, day: dt.date) -> str:
    """An id for a post whose name has no ASCII to speak of."""
    return f"post-{_iso(day)}-{_short(path)}"


def apart(identity: str, path: PurePosixPath, day: dt.date, taken: Collection[str]) -> str:
    """An id that differs from those taken: with the day, or else with a mark of the path."""
    dated = f"{identity}-{_iso(day)}"
    return dated if dated not in taken else f"{identity}-{_short(path)}"


def _iso(day: dt.date) -> str:
    return day.strftime("%Y-%m-%d")


def _short(path: PurePosixPath) -> str:
    return hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:8]
