"""notices.json: every public notice with its number, dates and versions, from which anybody can tell where it stands.

It holds dates rather than states, so it stays the same from day to day while nothing happens. The model below is its
schema too.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from portal.addresses import REGISTER, REGISTER_SCHEMA
from portal.chronicle import Chronicle, chronicle_of
from portal.kinds import Kind
from portal.notice import Version
from portal.plan import Entry, Plan


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


class Effective(_Block):
    """The days between which a notice holds; each may be missing."""

    start: dt.date | None = Field(None, alias="from", description="The first day on which it holds.")
    transition_until: dt.date | None = Field(None, description="The last day on which the old way is still accepted.")
    until: dt.date | None = Field(None, description="The last day on which it holds.")


class Succession(_Block):
    """The notice that takes another's place."""

    id: str
    since: dt.datetime = Field(description="From when on; until then the older notice stands.")


class Edition(_Block):
    """One version of a notice."""

    version: int = Field(ge=1)
    on: dt.datetime = Field(description="When it was published.")
    note: str | None = Field(None, description="What changed, in the language of the original.")
    minor: bool = Field(False, description="A correction that changes no meaning.")
    languages: tuple[str, ...] = Field(description="The languages in which its text is kept; none if it was lost.")
    urls: dict[str, str] = Field(description="Its permanent address, by the language of the page.")
    sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="Of the bytes of the original's file as it was committed."
    )


class Listed(_Block):
    """One notice."""

    id: str
    number: str | None = Field(None, description="The firm's own reference, as printed.")
    kind: Kind
    titles: dict[str, str] = Field(description="By language.")
    language: str = Field(description="The language of the original.")
    urls: dict[str, str] = Field(description="The address of the latest version, by the language of the page.")
    redirects: tuple[str, ...] = Field((), description="Former ids, and paths of former pages: both lead here.")
    published: dt.datetime
    effective: Effective | None = None
    expires: dt.date | None = Field(None, description="The last day on which it applies.")
    withdrawn: dt.datetime | None = Field(None, description="Since when it no longer holds.")
    superseded_by: Succession | None = None
    versions: tuple[Edition, ...] = Field(min_length=1, description="Oldest first.")


class Register(_Block):
    """The public notices of a firm, newest first. Days are days in `timezone`."""

    schema_address: str = Field(alias="$schema")
    site: str = Field(description="The address of the notice board.")
    timezone: str = Field(description="The firm's zone, by its name in the IANA database.")
    language: str = Field(description="The board's first language.")
    notices: tuple[Listed, ...]


_Said: TypeAlias = dict[str, Any]
"""What one of these describes as JSON has it, without what is as it is by default. Ten thousand models would take as
long as all else of a register; a test validates by them what is written.
"""

PATHS = (REGISTER, REGISTER_SCHEMA)
"""Where the register and its schema lie."""


def files(plan: Plan) -> Iterator[tuple[str, bytes]]:
    """The register and its schema: (path below the site's root, bytes)."""
    chronicle = chronicle_of(plan)
    yield REGISTER, _register(plan, (_listed(plan, chronicle, entry) for entry in plan.public))
    yield REGISTER_SCHEMA, (json.dumps(schema(), ensure_ascii=False, indent=2) + "\n").encode()


def corrected(plan: Plan, was: bytes, before: Iterable[Entry]) -> bytes | None:
    """The register that `was`, with what it says of the notices of `plan` now; `before` are the same as they were.

    None where it does not say of each of them, once, what it should have said.
    """
    chronicle = chronicle_of(plan)
    for old, new in zip(before, plan.public, strict=True):
        said = _piece(_listed(plan, chronicle, old))
        at = was.find(said)
        end = at + len(said)
        if at < 0 or was.find(said, end) >= 0:
            return None
        rest = memoryview(was)  # it is the largest file of a site
        was = b"".join((rest[:at], _piece(_listed(plan, chronicle, new)), rest[end:]))
    return was


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the register."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Register.model_json_schema(by_alias=True),
    }


def _register(plan: Plan, notices: Iterable[_Said]) -> bytes:
    """The register as JSON, a notice after another: all at once would take forty times their text."""
    settings = plan.settings
    frame = {
        "$schema": settings.site_url + REGISTER_SCHEMA,
        "site": settings.site_url,
        "timezone": settings.options.timezone,
        "language": settings.default_language,
        "notices": [],
    }
    pieces = [_piece(notice) for notice in notices]
    if not pieces:
        return f"{_json(frame)}\n".encode()
    head = _json(frame).removesuffix("[]\n}")
    return b"".join([head.encode(), b"[\n  ", b",\n  ".join(pieces), b"\n ]\n}\n"])


def _piece(notice: _Said) -> bytes:
    return _json(notice, "\n   ").encode()


def _json(value: Any, line: str = "\n ") -> str:
    """Said as `json.dumps(value, indent=1)` says it, in a fifth of the time; `line` begins each line of it."""
    if isinstance(value, str):
        return _QUOTED(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    inner = f"{line} "
    if isinstance(value, dict):
        said = f",{line}".join([f"{_QUOTED(key)}: {_json(each, inner)}" for key, each in value.items()])
        return f"{{{line}{said}{line[:-1]}}}"
    said = f",{line}".join([_json(each, inner) for each in value])
    return f"[{line}{said}{line[:-1]}]"


_QUOTED: Callable[[str], str] = json.JSONEncoder(ensure_ascii=False).encode


def _listed(plan: Plan, chronicle: Chronicle, entry: Entry) -> _Said:
    """What Listed describes."""
    settings, notice = plan.settings, entry.notice
    window, successor, withdrawn = notice.effective, chronicle.successor(entry), chronicle.withdrawn(entry)
    said: _Said = {"id": entry.id}
    if notice.number is not None:
        said["number"] = notice.number
    said["kind"] = notice.kind.value
    said["titles"] = {language: text.notice.title for language, text in sorted(entry.latest.texts.items())}
    said["language"] = entry.latest.language
    said["urls"] = {code: settings.site_url + plan.addresses(code).notice(entry.id) for code in settings.languages}
    if notice.redirects:
        said["redirects"] = notice.redirects
    said["published"] = _moment(entry.published, plan)
    if window:
        days = {"from": window.start, "transition_until": window.transition_until, "until": window.until}
        said["effective"] = {name: day.isoformat() for name, day in days.items() if day}
    if notice.expires:
        said["expires"] = notice.expires.isoformat()
    if withdrawn:
        said["withdrawn"] = _moment(withdrawn, plan)
    if successor:
        said["superseded_by"] = {"id": successor[0].id, "since": _moment(successor[1], plan)}
    said["versions"] = [_edition(plan, entry, version) for version in entry.versions]
    return said


def _edition(plan: Plan, entry: Entry, version: Version) -> _Said:
    """What Edition describes."""
    settings, original = plan.settings, version.original
    said: _Said = {"version": version.number, "on": _moment(version.on, plan)}
    if version.note:
        said["note"] = version.note
    if version.minor:
        said["minor"] = True
    said["languages"] = sorted(version.texts)
    addresses = {code: plan.addresses(code).version(entry.id, version.number) for code in settings.languages}
    said["urls"] = {code: settings.site_url + path for code, path in addresses.items()}
    if original and original.sha256:
        said["sha256"] = original.sha256
    return said


def _moment(at: dt.datetime, plan: Plan) -> str:
    """A moment by the firm's clock, in RFC 3339."""
    local = at.astimezone(plan.settings.zone)
    told, offset = local.replace(tzinfo=None).isoformat(), local.utcoffset() or dt.timedelta()
    hours, minutes = divmod(int(abs(offset).total_seconds()) // 60, 60)  # it has no seconds, as clocks of 1900 had
    return f"{told}{'-' if offset < dt.timedelta() else '+'}{hours:02}:{minutes:02}" if offset else f"{told}Z"
