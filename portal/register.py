"""notices.json: every public notice with its number, dates and versions, from which anybody can tell where it stands.

It holds dates rather than states, so it stays the same from day to day while nothing happens. The model below is its
schema too.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import Any

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


PATHS = (REGISTER, REGISTER_SCHEMA)
"""Where the register and its schema lie."""


def files(plan: Plan) -> Iterator[tuple[str, bytes]]:
    """The register and its schema: (path below the site's root, bytes)."""
    chronicle = chronicle_of(plan)
    yield REGISTER, _written(_register(plan, ()), (_listed(plan, chronicle, entry) for entry in plan.public))
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


def register(plan: Plan) -> Register:
    """What the public part of a plan says; nothing private can change it."""
    chronicle = chronicle_of(plan)
    return _register(plan, tuple(_listed(plan, chronicle, entry) for entry in plan.public))


def _register(plan: Plan, notices: tuple[Listed, ...]) -> Register:
    settings = plan.settings
    return Register(
        schema_address=settings.site_url + REGISTER_SCHEMA,
        site=settings.site_url,
        timezone=settings.options.timezone,
        language=settings.default_language,
        notices=notices,
    )


def _written(empty: Register, notices: Iterable[Listed]) -> bytes:
    """A register as JSON: its notices are written one after another, for all at once are forty times their text."""
    frame = _json(empty)
    pieces = [_piece(notice) for notice in notices]
    if not pieces:
        return f"{frame}\n".encode()
    head = frame.removesuffix("[]\n}")
    return b"".join([head.encode(), b"[\n  ", b",\n  ".join(pieces), b"\n ]\n}\n"])


def _piece(notice: Listed) -> bytes:
    return _json(notice).replace("\n", "\n  ").encode()


def _json(model: _Block) -> str:
    return model.model_dump_json(by_alias=True, exclude_defaults=True, indent=1)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the register."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Register.model_json_schema(by_alias=True),
    }


def _listed(plan: Plan, chronicle: Chronicle, entry: Entry) -> Listed:
    settings, notice = plan.settings, entry.notice
    window, successor, withdrawn = notice.effective, chronicle.successor(entry), chronicle.withdrawn(entry)

    def local(at: dt.datetime) -> dt.datetime:
        return at.astimezone(settings.zone)

    return Listed(
        id=entry.id,
        number=notice.number,
        kind=notice.kind,
        titles={language: text.notice.title for language, text in sorted(entry.latest.texts.items())},
        language=entry.latest.language,
        urls={code: settings.site_url + plan.addresses(code).notice(entry.id) for code in settings.languages},
        redirects=notice.redirects,
        published=local(entry.published),
        effective=Effective(start=window.start, transition_until=window.transition_until, until=window.until)
        if window
        else None,
        expires=notice.expires,
        withdrawn=local(withdrawn) if withdrawn else None,
        superseded_by=Succession(id=successor[0].id, since=local(successor[1])) if successor else None,
        versions=tuple(_edition(plan, entry, version) for version in entry.versions),
    )


def _edition(plan: Plan, entry: Entry, version: Version) -> Edition:
    settings, original = plan.settings, version.original
    addresses = {code: plan.addresses(code).version(entry.id, version.number) for code in settings.languages}
    return Edition(
        version=version.number,
        on=version.on.astimezone(settings.zone),
        note=version.note or None,
        minor=version.minor,
        languages=tuple(sorted(version.texts)),
        urls={code: settings.site_url + path for code, path in addresses.items()},
        sha256=original.sha256 if original and original.sha256 else None,
    )
