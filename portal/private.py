"""The private pages: a sealed file for whatever only some may read, beside the document that opens them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from portal import calendar, chunked, door, sealing
from portal.addresses import SEALED
from portal.article import Articles
from portal.changes import Changes
from portal.chronicle import first_name
from portal.chunked import Chunked, FileOrKnown, Known
from portal.circumstances import Circumstances, program
from portal.config import Secret
from portal.errors import PortalError
from portal.filling import Filling, Form
from portal.keeping import PLACED
from portal.memory import Memory
from portal.notice import Version
from portal.plan import Attachment, Binder, Entry, Plan, Sheet
from portal.sealing import Content, Sealed, SealedFile
from portal.standing import Standings
from portal.states import State, instant
from portal.stationery import Voice

_Kind: TypeAlias = Literal[Content.NOTICE, Content.REDLINE]


def files(plan: Plan, secret: Secret | None, articles: Articles, memory: Memory | None = None) -> Iterator[FileOrKnown]:
    """The document at /my/, which is the same whatever is private, and every sealed file. Raises PortalError.

    What `memory` knows of an earlier build is handed on without being made.
    """
    if secret is None:
        if plan.binders or plan.private:
            raise PortalError(
                "PORTAL_SECRET is not set",
                "the private pages are sealed with it; `build.py keys new` makes one, once, to be kept like a seal",
            )
        return door.files(plan.settings)
    return itertools.chain(door.files(plan.settings), _Sealer(plan, secret, articles, memory or Memory()).files())


@dataclass(frozen=True, slots=True)
class _Listed:
    """A notice in an index: the same for all whose language, versions and values are the same."""

    text: str
    """JSON."""
    changed: dt.date
    """The last day on which anything that these readers see of it became different."""


@dataclass
class _Sealer:
    """Seals what the binders need, each thing once, and hands it on at once: only keys are kept."""

    plan: Plan
    secret: Secret
    articles: Articles
    memory: Memory
    _standings: Standings = field(init=False)
    _circumstances: Circumstances = field(init=False)
    _changes: Changes = field(init=False)
    _voices: dict[str, Voice] = field(init=False)
    _redlines: dict[tuple[str, str, str], Form] = field(default_factory=dict)
    """What a version changed, by notice, version and language, before it is filled for a client."""
    _lists: dict[tuple[str, ...], _Listed] = field(default_factory=dict)
    _keys: dict[tuple[str, ...], str] = field(default_factory=dict)
    """What was sealed already, by what it is: its key as an index writes it."""
    _attached: dict[Attachment, dict[str, Any]] = field(default_factory=dict)
    """Attachments sealed already, as a notice names them."""
    _names: set[str] = field(default_factory=set)
    """Files handed on already: clients whose values are the same share one."""
    _sealed: list[FileOrKnown] = field(default_factory=list)
    """Files to hand on."""

    def __post_init__(self) -> None:
        self._standings = Standings(self.plan)
        self._circumstances = Circumstances(self.plan, self._standings)
        self._changes = Changes(self.plan, self.articles)
        self._voices = {language: Voice(self.plan.settings, language) for language in self.plan.settings.languages}

    def files(self) -> Iterator[FileOrKnown]:
        for binder in self.plan.binders:
            text = self._index(binder)
            yield from self._sealed
            self._sealed.clear()
            yield self._index_file(binder, text.encode())

    def _index(self, binder: Binder) -> str:
        """What a contact's index says, as JSON with sorted keys; its last part is put together from the notices'."""
        sheets = [self._listed(sheet, binder) for sheet in binder.sheets]
        recipient = binder.recipient
        facts = {
            "changed": max(sheet.changed for sheet in sheets).isoformat() if sheets else None,
            "client": recipient.client.name,
            "contact": recipient.contact.name,
            "language": binder.language,
        }
        return f'{_json(_present(facts))[:-1]},"sheets":[{",".join(sheet.text for sheet in sheets)}]}}'

    def _index_file(self, binder: Binder, text: bytes) -> FileOrKnown:
        """The file of an index: known where this contact's last one said the same."""
        holder, epoch = binder.recipient.key, binder.epoch
        said = hashlib.sha256(text + program().encode()).hexdigest()

        def make() -> bytes:
            return sealing.seal_index(sealing.code(self.secret, holder, epoch), epoch, text)

        known = self.memory.recall("indexes", f"{holder} {epoch}")
        if known is not None and known[1] == said:
            name = known[0]
            return f"{SEALED}{name}", self._as_known(name, make)
        code = sealing.code(self.secret, holder, epoch)
        name = code.index_name
        self.memory.keep("indexes", f"{holder} {epoch}", [name, said])
        return f"{SEALED}{name}", self._placed(name, sealing.seal_index(code, epoch, text))

    def _listed(self, sheet: Sheet, binder: Binder) -> _Listed:
        """What an index says of a notice: enough for the list, and the keys of its versions."""
        entry, latest = sheet.entry, sheet.versions[-1]
        same = (entry.id, binder.language, self._own(entry, binder), *(str(v.number) for v in sheet.versions))
        if same in self._lists:
            return self._lists[same]
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
        listed = _Listed(_json(_present(facts)), self._changed(sheet))
        self._lists[same] = listed
        return listed

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
        voice = self._voices[binder.language]
        return Filling({name: voice.spoken(value) for name, value in values.items()})

    def _notice(self, entry: Entry, version: Version, binder: Binder) -> str:
        """Seal a version in a language, for all its readers or, where it has values, for one client; its key."""
        values = self._values(entry, binder)
        known = (entry.id, str(version.number), binder.language, self._own(entry, binder))
        if known not in self._keys:
            here = _attachments(entry, version)
            files = [self._attachment(entry, attachment) for attachment in here]

            def content() -> dict[str, Any]:
                text = version.original
                assert text is not None, "a sheet has only versions whose text is known"
                places = {attachment: f"#file:{number}" for number, attachment in enumerate(here)}
                article = self.articles.render(
                    entry, version, binder.language, values=values, file_url=lambda a: places.get(a, ""), private=True
                )
                return {
                    "title": article.title,
                    "language": binder.language,
                    "html": article.html,
                    "files": files,
                    "dates": self._dates(version, binder, self._filling(entry, binder)),
                    "number": text.notice.number,
                    "version": version.number,
                }

            follows = self._circumstances.of("notice", entry, version, binder.language, values, _json({"files": files}))
            self._keys[known] = self._object(Content.NOTICE, known[:3], follows, content)
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
        known = ("redline", entry.id, str(version.number), binder.language, self._own(entry, binder))
        if known not in self._keys:
            kind = known[1:4]

            def content() -> dict[str, Any]:
                filling = self._filling(entry, binder)
                if kind not in self._redlines:
                    self._redlines[kind] = self._changes.between(entry, before, version, binder.language)
                text = version.text(binder.language)
                assert text is not None, "a sheet has only versions whose text is known"
                note = text.notice.revisions[-1].note if text.notice.revisions else version.note
                return {
                    "language": binder.language,
                    "html": self._redlines[kind].filled(filling),
                    "note": (filling.plain(note) if filling else note) or None,
                    "on": self._day(version.on).isoformat(),
                }

            values = self._values(entry, binder)
            follows = self._circumstances.of("changes", entry, version, binder.language, values)
            self._keys[known] = self._object(Content.REDLINE, kind, follows, content)
        return self._keys[known]

    def _own(self, entry: Entry, binder: Binder) -> str:
        """The client that a text is filled for; empty where it says the same to all."""
        return binder.recipient.client.id if entry.values else ""

    def _attachment(self, entry: Entry, attachment: Attachment) -> dict[str, Any]:
        if attachment not in self._attached:
            same = f"{entry.id}/{attachment.name} {chunked.digest(attachment.file)} {program()}"
            known = self.memory.recall("attachments", same)
            if known is None:
                sealed = sealing.seal_file(self.secret, (entry.id, attachment.name), attachment.file)
                known = [sealed.name, sealed.size, _written(sealed.key)]
                self.memory.keep("attachments", same, known)
                self.memory.keep(PLACED, sealed.name, [sealed.content.size, "", None])
                self._hand_on(sealed.name, sealed.content)
            else:
                name = known[0]
                self._hand_on(
                    name,
                    self._as_known(
                        name,
                        lambda: (
                            _same(
                                sealing.seal_file(self.secret, (entry.id, attachment.name), attachment.file), name
                            ).content
                        ),
                    ),
                )
            self._attached[attachment] = {"name": attachment.name, "size": known[1], "key": known[2]}
        return self._attached[attachment]

    def _object(
        self, kind: _Kind, identity: tuple[str, ...], follows: str, content: Callable[[], dict[str, Any]]
    ) -> str:
        """Seal what `content` gives, unless an earlier build did so from all the same; its key."""

        def make() -> Sealed:
            return sealing.seal(self.secret, kind, identity, _json(_present(content())).encode())

        known = self.memory.recall("objects", follows)
        if known is None:
            sealed = make()
            self.memory.keep("objects", follows, [sealed.name, _written(sealed.key)])
            self._hand_on(sealed.name, self._placed(sealed.name, sealed.data))
            return _written(sealed.key)
        name, key = known
        self._hand_on(name, self._as_known(name, lambda: _same(make(), name).data))
        return str(key)

    def _hand_on(self, name: str, data: bytes | Chunked | Known) -> None:
        """Hand a sealed file on, once."""
        if name not in self._names:
            self._names.add(name)
            self._sealed.append((f"{SEALED}{name}", data))

    def _placed(self, name: str, data: bytes) -> bytes:
        """A file just made; how it will stand on the disk is noted once it does."""
        self.memory.keep(PLACED, name, [len(data), hashlib.sha256(data).hexdigest(), None])
        return data

    def _as_known(self, name: str, make: Callable[[], bytes | Chunked]) -> bytes | Chunked | Known:
        """A file made by an earlier build, if that was ever put in place."""
        placed = self.memory.recall(PLACED, name)
        return make() if placed is None else Known(placed[0], placed[1], placed[2], make)


_AnySealed = TypeVar("_AnySealed", Sealed, SealedFile)


def _same(sealed: _AnySealed, name: str) -> _AnySealed:
    """What was made again; under another name it followed from something that its hash does not know."""
    if sealed.name != name:
        raise PortalError("what an earlier build remembered is not true any more", "build once with --clean")
    return sealed


def _attachments(entry: Entry, version: Version) -> list[Attachment]:
    """The files that a version lists or shows."""
    text = version.original
    assert text is not None, "a sheet has only versions whose text is known"
    bodies = [found.body for found in version.texts.values()]
    return [a for a in entry.attachments if a.name in text.notice.attachments or any(a.name in b for b in bodies)]


def _written(key: bytes) -> str:
    """A key as an index writes it."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")


def _present(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is not known is left out."""
    return {key: value for key, value in facts.items() if value is not None}


def _json(data: Mapping[str, Any]) -> str:
    """One way to write the same data, so that unchanged input gives unchanged bytes."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
