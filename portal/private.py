"""The private pages: a sealed file for whatever only some may read, beside the document that opens them."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from portal import calendar, door, sealing
from portal.addresses import SEALED
from portal.article import Articles
from portal.changes import Changes
from portal.chronicle import first_name
from portal.chunked import Chunked, File
from portal.config import Secret
from portal.errors import PortalError
from portal.filling import Filling, Form
from portal.notice import Version
from portal.plan import Attachment, Binder, Entry, Plan, Sheet
from portal.sealing import Content
from portal.standing import Standings
from portal.states import State, instant
from portal.stationery import Voice


def files(plan: Plan, secret: Secret | None, articles: Articles) -> Iterator[File]:
    """The document at /my/, which is the same whatever is private, and every sealed file. Raises PortalError."""
    if secret is None:
        if plan.binders or plan.private:
            raise PortalError(
                "PORTAL_SECRET is not set",
                "the private pages are sealed with it; `build.py keys new` makes one, once, to be kept like a seal",
            )
        return door.files(plan.settings)
    return itertools.chain(door.files(plan.settings), _Sealer(plan, secret, articles).files())


@dataclass
class _Sealer:
    """Seals what the binders need, each thing once, and hands it on at once: only keys are kept."""

    plan: Plan
    secret: Secret
    articles: Articles
    _standings: Standings = field(init=False)
    _changes: Changes = field(init=False)
    _redlines: dict[tuple[str, str, str], Form] = field(default_factory=dict)
    """What a version changed, by notice, version and language, before it is filled for a client."""
    _keys: dict[tuple[str, ...], str] = field(default_factory=dict)
    """What was sealed already, by what it is: its key as an index writes it."""
    _attached: dict[Attachment, dict[str, Any]] = field(default_factory=dict)
    """Attachments sealed already, as a notice names them."""
    _names: set[str] = field(default_factory=set)
    """Files handed on already: clients whose values are the same share one."""
    _sealed: list[File] = field(default_factory=list)
    """Files to hand on."""

    def __post_init__(self) -> None:
        self._standings = Standings(self.plan)
        self._changes = Changes(self.plan, self.articles)

    def files(self) -> Iterator[File]:
        for binder in self.plan.binders:
            code = sealing.code(self.secret, binder.recipient.key, binder.epoch)
            index = {
                "client": binder.recipient.client.name,
                "contact": binder.recipient.contact.name,
                "language": binder.language,
                "sheets": [self._listed(sheet, binder) for sheet in binder.sheets],
            }
            if binder.sheets:
                index["changed"] = max(map(self._changed, binder.sheets)).isoformat()
            yield from self._sealed
            self._sealed.clear()
            yield f"{SEALED}{code.index_name}", sealing.seal_index(code, binder.epoch, _json(index).encode())

    def _listed(self, sheet: Sheet, binder: Binder) -> dict[str, Any]:
        """What an index says of a notice: enough for the list, and the keys of its versions."""
        entry, latest = sheet.entry, sheet.versions[-1]
        text = latest.text(binder.language)
        assert text is not None, "a sheet has only versions whose text is known"
        notice = text.notice
        filling = self._filling(entry, binder)
        action = notice.action
        facts = {
            "id": entry.id,
            "number": notice.number,
            "title": filling.plain(notice.title) if filling else notice.title,
            "kind": notice.kind.value,
            "state": self._standings.of(entry).key,
            "date": self._day(sheet.versions[0].on).isoformat(),
            "action": action
            and {
                "needed": action.needed,
                "what": filling.plain(action.what or "") if filling else action.what,
                "by": action.by and action.by.isoformat(),
            },
            "versions": [
                self._version(entry, before, version, binder)
                for before, version in zip((None, *sheet.versions), sheet.versions, strict=False)
            ],
        }
        return _present(facts)

    def _version(self, entry: Entry, before: Version | None, version: Version, binder: Binder) -> dict[str, Any]:
        """A version as an index lists it; `before` is the one that this reader may read before it, if any."""
        follows = before is not None and before.number + 1 == version.number
        facts = {
            "number": version.number,
            "on": self._day(version.on).isoformat(),
            "key": self._notice(entry, version, binder),
            "changes": self._redline(entry, before, version, binder) if before is not None and follows else None,
        }
        return _present(facts)

    def _changed(self, sheet: Sheet) -> dt.date:
        """The last day on which anything that this reader sees of a notice became different."""
        day = self._day(sheet.versions[-1].on)
        withdrawn = sheet.entry.notice.withdrawn
        if withdrawn is None or sheet.entry.state is not State.WITHDRAWN:
            return day
        return max(day, self._day(instant(withdrawn.on, self.plan.settings.zone)))

    def _day(self, at: dt.datetime) -> dt.date:
        return at.astimezone(self.plan.settings.zone).date()

    def _values(self, entry: Entry, binder: Binder) -> Mapping[str, str] | None:
        return entry.values.get(binder.recipient.client.id, {}) if entry.values else None

    def _filling(self, entry: Entry, binder: Binder) -> Filling | None:
        values = self._values(entry, binder)
        if values is None:
            return None
        voice = Voice(self.plan.settings, binder.language)
        return Filling({name: voice.spoken(value) for name, value in values.items()})

    def _notice(self, entry: Entry, version: Version, binder: Binder) -> str:
        """Seal a version in a language, for all its readers or, where it has values, for one client; its key."""
        values = self._values(entry, binder)
        known = (entry.id, str(version.number), binder.language, self._own(entry, binder))
        if known not in self._keys:
            text = version.original
            assert text is not None, "a sheet has only versions whose text is known"
            bodies = [found.body for found in version.texts.values()]
            here = [
                a for a in entry.attachments if a.name in text.notice.attachments or any(a.name in b for b in bodies)
            ]
            places = {attachment: f"#file:{number}" for number, attachment in enumerate(here)}
            article = self.articles.render(
                entry, version, binder.language, values=values, file_url=lambda a: places.get(a, ""), private=True
            )
            content = {
                "title": article.title,
                "language": binder.language,
                "html": article.html,
                "files": [self._attachment(entry, attachment) for attachment in here],
                "dates": self._dates(version, binder, self._filling(entry, binder)),
                "number": text.notice.number,
                "version": version.number,
            }
            self._keys[known] = self._seal(Content.NOTICE, known[:3], _json(_present(content)).encode())
        return self._keys[known]

    def _dates(self, version: Version, binder: Binder, filling: Filling | None) -> list[dict[str, str]]:
        """What a calendar shows of a version: days, or instants with their offset; the end is the first after it."""
        text = version.text(binder.language)
        assert text is not None, "a sheet has only versions whose text is known"
        settings = self.plan.settings
        name, host = first_name(text.notice), urlsplit(settings.site_url).hostname
        found = calendar.occasions(text.notice, binder.language, settings, calendar.plain(self.articles.prose))
        return [
            {
                "uid": f"{name}/{occasion.role}@{host}",
                "summary": filling.plain(occasion.title) if filling else occasion.title,
                "start": occasion.start.isoformat(),
                **({"end": occasion.end.isoformat()} if occasion.end else {}),
            }
            for occasion in found
        ]

    def _redline(self, entry: Entry, before: Version, version: Version, binder: Binder) -> str:
        """Seal what a version changed in the one before it; for each client where the text has values."""
        filling = self._filling(entry, binder)
        known = ("redline", entry.id, str(version.number), binder.language, self._own(entry, binder))
        if known not in self._keys:
            kind = known[1:4]
            if kind not in self._redlines:
                self._redlines[kind] = self._changes.between(entry, before, version, binder.language)
            text = version.text(binder.language)
            assert text is not None, "a sheet has only versions whose text is known"
            note = text.notice.revisions[-1].note if text.notice.revisions else version.note
            content = {
                "language": binder.language,
                "html": self._redlines[kind].filled(filling),
                "note": (filling.plain(note) if filling else note) or None,
                "on": self._day(version.on).isoformat(),
            }
            self._keys[known] = self._seal(Content.REDLINE, kind, _json(_present(content)).encode())
        return self._keys[known]

    def _own(self, entry: Entry, binder: Binder) -> str:
        """The client that a text is filled for; empty where it says the same to all."""
        return binder.recipient.client.id if entry.values else ""

    def _attachment(self, entry: Entry, attachment: Attachment) -> dict[str, Any]:
        if attachment not in self._attached:
            sealed = sealing.seal_file(self.secret, (entry.id, attachment.name), attachment.file)
            key = self._handed_on(sealed.name, sealed.content, sealed.key)
            self._attached[attachment] = {"name": attachment.name, "size": sealed.size, "key": key}
        return self._attached[attachment]

    def _seal(
        self, content: Literal[Content.NOTICE, Content.REDLINE], identity: tuple[str, ...], plaintext: bytes
    ) -> str:
        sealed = sealing.seal(self.secret, content, identity, plaintext)
        return self._handed_on(sealed.name, sealed.data, sealed.key)

    def _handed_on(self, name: str, data: bytes | Chunked, key: bytes) -> str:
        """Hand a sealed file on, once; its key as an index writes it."""
        if name not in self._names:
            self._names.add(name)
            self._sealed.append((f"{SEALED}{name}", data))
        return base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")


def _present(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is not known is left out."""
    return {key: value for key, value in facts.items() if value is not None}


def _json(data: Mapping[str, Any]) -> str:
    """One way to write the same data, so that unchanged input gives unchanged bytes."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
