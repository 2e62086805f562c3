"""The private pages: a sealed file for whatever only some may read, beside the document that opens them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from portal import calendar, door, sealing
from portal.addresses import SEALED
from portal.article import Articles
from portal.changes import Changes
from portal.chronicle import first_name
from portal.chunked import AnyFile, Chunked, Derived
from portal.circumstances import Circumstances, hashed, program
from portal.config import Secret
from portal.digests import Digests
from portal.errors import PortalError
from portal.filling import Filling, Form
from portal.memory import Memory
from portal.notice import Version
from portal.plan import Attachment, Binder, Entry, Plan, Sheet, bind
from portal.press import Each, Made
from portal.sealing import Content, Sealed, SealedFile
from portal.standing import Standings, standings
from portal.states import State, instant
from portal.stationery import Voice

_Kind: TypeAlias = Literal[Content.NOTICE, Content.REDLINE]


def files(
    plan: Plan, secret: Secret | None, articles: Articles, memory: Memory | None = None, each: Each = map
) -> Iterator[AnyFile]:
    """The document at /my/, which is the same whatever is private, and every sealed file. Raises PortalError.

    What `memory` knows of an earlier build is not looked at again: its files are handed on by what they follow from.
    The others `each` seals.
    """
    if secret is None:
        if plan.binders or plan.private:
            raise PortalError(
                "PORTAL_SECRET is not set",
                "the private pages are sealed with it; `build.py keys new` makes one, once, to be kept like a seal",
            )
        return door.files(plan.settings)
    return itertools.chain(door.files(plan.settings), _Sealer(plan, secret, articles, memory or Memory()).files(each))


_Part: TypeAlias = list[str]
"""[a room of the memory, a name there]: where it says which sealed file this is."""


@dataclass(frozen=True, slots=True)
class _Made:
    """Something sealed: its key as an index writes it, and the files that come with it."""

    key: str
    parts: list[_Part]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A notice in an index: the same for all whose language, versions and values are the same."""

    text: str
    """JSON."""
    changed: dt.date
    """The last day on which anything that these readers see of it became different."""
    parts: list[_Part]


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
    _grounds: dict[tuple[int, str], str] = field(default_factory=dict)
    """The hash of what a notice is to readers of a language and of certain versions, where it is the same to all."""
    _unfilled: dict[tuple[int, str], str] = field(default_factory=dict)
    """The same of one that says something else to each client, before it is filled."""
    _lists: dict[str, _Listed] = field(default_factory=dict)
    _sealed_already: dict[tuple[str, ...], _Made] = field(default_factory=dict)
    _attached: dict[Attachment, tuple[dict[str, Any], _Part]] = field(default_factory=dict)
    """Attachments sealed already, as a notice names them."""
    _names: set[str] = field(default_factory=set)
    """Paths of files handed on already: clients whose values are the same share one."""
    _sealed: list[tuple[str, Derived]] = field(default_factory=list)
    """Files to hand on."""
    _digests: Digests = field(init=False)
    _program: str = field(init=False)
    _again: dict[str, Derived] = field(default_factory=dict)
    """Files that the memory knows, made all the same because the site does not have them."""

    def __post_init__(self) -> None:
        self._digests = Digests(self.memory)
        self._program = program()
        self._standings = standings(self.plan)
        self._circumstances = Circumstances(self.plan, self._standings)
        self._changes = Changes(self.plan, self.articles)
        self._voices = {language: Voice(self.plan.settings, language) for language in self.plan.settings.languages}

    def files(self, each: Each) -> Iterator[AnyFile]:
        binders = bind(self.plan, self.memory)
        known = self._grounds
        grounds = [
            [known.get((id(sheet), binder.holder.language)) or self._ground(sheet, binder) for sheet in binder.sheets]
            for binder in binders
        ]
        first: dict[str, tuple[Sheet, Binder]] = {}
        for binder, own in zip(binders, grounds, strict=True):
            first.update(
                (ground, (sheet, binder))
                for sheet, ground in zip(binder.sheets, own, strict=True)
                if ground not in first
            )
        new = [(ground, *of) for ground, of in first.items() if not self._remembers(ground)]
        yield from self._make_all(new, each)
        made = {ground for ground, *_ in new}
        for ground, of in first.items():
            if ground not in made:
                yield from self._remembered(ground, *of)
        for binder, own in zip(binders, grounds, strict=True):
            yield self._index_file(binder, own)

    def _make_all(self, new: list[tuple[str, Sheet, Binder]], each: Each) -> Iterator[AnyFile]:
        """The sealed files of notices that no earlier build sealed for such readers."""
        for entry in {sheet.entry.id: sheet.entry for _, sheet, _ in new}.values():
            for version in entry.versions:
                for attachment in _attachments(entry, version) if version.original else ():
                    self._attachment(entry, attachment)  # each once, wherever it comes along
        attached, self._sealed = self._sealed, []
        yield from attached
        handed_on: set[str] = set()
        for (ground, *_), ((listed, known), files) in zip(new, each(self._make, new), strict=True):
            self._lists[ground] = listed
            self.memory.keep("sheets", ground, listed.parts)
            for (room, name), value in zip(listed.parts, known, strict=True):
                self.memory.keep(room, name, value)
            for path, data in files:
                if path not in handed_on:  # readers of different versions may share one, and not know of each other
                    handed_on.add(path)
                    yield path, data
        self._names |= handed_on

    def _make(self, new: tuple[str, Sheet, Binder]) -> Made[tuple[_Listed, list[Any]]]:
        """How an index lists a notice, what the memory shall know of its parts, and the files made for it."""
        _, sheet, binder = new
        listed = self._listed(sheet, binder)
        files, self._sealed = self._sealed, []
        return (listed, [self.memory.recall(room, name) for room, name in listed.parts]), files

    def _ground(self, sheet: Sheet, binder: Binder) -> str:
        """The hash of everything that the sealed files of a notice follow from, for a reader."""
        entry = sheet.entry
        known = (id(sheet), binder.holder.language)  # one sheet lies in the binders of all who may read the same
        ground = self._grounds.get(known) or self._unfilled.get(known)
        if ground is None:
            attached = [f"{found.name} {self._digests.of(found.file)}" for found in entry.attachments]
            numbers = [str(version.number) for version in sheet.versions]
            ground = hashed(self._circumstances.around(entry), binder.holder.language, *numbers, *attached)
            (self._unfilled if entry.values else self._grounds)[known] = ground
        if not entry.values:
            return ground
        return hashlib.sha256(f"{ground} {self._values(entry, binder)!r}".encode()).hexdigest()[:32]

    def _remembers(self, ground: str) -> bool:
        parts: list[_Part] | None = self.memory.recall("sheets", ground)
        return parts is not None and all(self.memory.recall(room, name) is not None for room, name in parts)

    def _remembered(self, ground: str, sheet: Sheet, binder: Binder) -> Iterator[AnyFile]:
        """The sealed files of a notice that the memory knows, as far as they were not handed on."""
        for room, known in self.memory.recall("sheets", ground):
            name = self.memory.recall(room, known)[0]
            path = f"{SEALED}{name}"
            if path not in self._names:
                self._names.add(path)
                yield path, Derived(name, partial(self._made_again, sheet, binder, path))

    def _made_again(self, sheet: Sheet, binder: Binder, path: str) -> bytes | Chunked:
        """A file that the memory knows; not there now, it followed from something that its hash does not know."""
        if path not in self._again:
            self._forgetful._listed(sheet, binder)
            self._again.update(self._forgetful._sealed)
            self._forgetful._sealed.clear()
        if path not in self._again:
            raise PortalError("what an earlier build remembered is not true any more", "build once with --clean")
        return self._again.pop(path).make()

    @cached_property
    def _forgetful(self) -> _Sealer:
        return _Sealer(self.plan, self.secret, self.articles, Memory())

    def _index(self, binder: Binder) -> str:
        """What a contact's index says, as JSON with sorted keys; its last part is put together from the notices'."""
        sheets = [self._listed(sheet, binder) for sheet in binder.sheets]
        holder = binder.holder
        facts = {
            "changed": max(sheet.changed for sheet in sheets).isoformat() if sheets else None,
            "client": holder.client_name,
            "contact": holder.contact_name,
            "language": holder.language,
        }
        return f'{_json(_present(facts))[:-1]},"sheets":[{",".join(sheet.text for sheet in sheets)}]}}'

    def _index_file(self, binder: Binder, grounds: list[str]) -> AnyFile:
        """The file of an index, by what this contact and the notices listed in it are."""
        holder = binder.holder
        key, epoch = holder.key, holder.epoch
        named = f"{key} {epoch}"

        def make() -> bytes:
            return sealing.seal_index(sealing.code(self.secret, key, epoch), epoch, self._index(binder).encode())

        name = self.memory.recall("indexes", named)
        if name is None:
            name = sealing.code(self.secret, key, epoch).index_name
            self.memory.keep("indexes", named, name)
        about = repr([self._program, named, holder.client_name, holder.contact_name, holder.language, *grounds])
        return f"{SEALED}{name}", Derived(hashlib.sha256(about.encode()).hexdigest()[:32], make)

    def _listed(self, sheet: Sheet, binder: Binder) -> _Listed:
        """What an index says of a notice: enough for the list, and the keys of its versions."""
        ground = self._ground(sheet, binder)
        if ground in self._lists:
            return self._lists[ground]
        entry, latest = sheet.entry, sheet.versions[-1]
        text = latest.text(binder.holder.language)
        assert text is not None, "a sheet has only versions whose text is known"
        notice = text.notice
        filling = self._filling(entry, binder)
        action = notice.action
        parts: list[_Part] = []
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
                self._version(entry, before, version, binder, parts)
                for before, version in zip((None, *sheet.versions), sheet.versions, strict=False)
            ],
        }
        listed = _Listed(_json(_present(facts)), self._changed(sheet), parts)
        self._lists[ground] = listed
        return listed

    def _version(
        self, entry: Entry, before: Version | None, version: Version, binder: Binder, parts: list[_Part]
    ) -> dict[str, Any]:
        """A version as an index lists it; `before` is the one that this reader may read before it, if any.

        The files that come with it are added to `parts`.
        """
        text = self._notice(entry, version, binder)
        parts += text.parts
        changes = None
        if before is not None and before.number + 1 == version.number:
            changes = self._redline(entry, before, version, binder)
            parts += changes.parts
        facts = {
            "number": version.number,
            "on": self._day(version.on).isoformat(),
            "key": text.key,
            "changes": changes and changes.key,
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
        return entry.values.get(binder.holder.client, {}) if entry.values else None

    def _filling(self, entry: Entry, binder: Binder) -> Filling | None:
        values = self._values(entry, binder)
        if values is None:
            return None
        voice = self._voices[binder.holder.language]
        return Filling({name: voice.spoken(value) for name, value in values.items()})

    def _notice(self, entry: Entry, version: Version, binder: Binder) -> _Made:
        """Seal a version in a language, for all its readers or, where it has values, for one client."""
        values = self._values(entry, binder)
        known = (entry.id, str(version.number), binder.holder.language, self._own(entry, binder))
        if known not in self._sealed_already:
            here = _attachments(entry, version)
            attached = [self._attachment(entry, attachment) for attachment in here]
            files = [said for said, _ in attached]

            def content() -> dict[str, Any]:
                text = version.original
                assert text is not None, "a sheet has only versions whose text is known"
                places = {attachment: f"#file:{number}" for number, attachment in enumerate(here)}
                article = self.articles.render(
                    entry,
                    version,
                    binder.holder.language,
                    values=values,
                    file_url=lambda a: places.get(a, ""),
                    private=True,
                )
                return {
                    "title": article.title,
                    "language": binder.holder.language,
                    "html": article.html,
                    "files": files,
                    "dates": self._dates(version, binder, self._filling(entry, binder)),
                    "number": text.notice.number,
                    "version": version.number,
                }

            follows = self._circumstances.of(
                "notice", entry, version, binder.holder.language, values, _json({"files": files})
            )
            key = self._object(Content.NOTICE, known[:3], follows, content)
            self._sealed_already[known] = _Made(key, [*(part for _, part in attached), ["objects", follows]])
        return self._sealed_already[known]

    def _dates(self, version: Version, binder: Binder, filling: Filling | None) -> list[dict[str, str]]:
        """What a calendar shows of a version: days, or instants with their offset; the end is the first after it."""
        text = version.text(binder.holder.language)
        assert text is not None, "a sheet has only versions whose text is known"
        settings = self.plan.settings
        name, host = first_name(text.notice), urlsplit(settings.site_url).hostname
        found = calendar.occasions(text.notice, binder.holder.language, settings, calendar.plain(self.articles.prose))
        return [
            {
                "uid": f"{name}/{occasion.role}@{host}",
                "summary": filling.plain(occasion.title) if filling else occasion.title,
                "start": occasion.start.isoformat(),
                **({"end": occasion.end.isoformat()} if occasion.end else {}),
            }
            for occasion in found
        ]

    def _redline(self, entry: Entry, before: Version, version: Version, binder: Binder) -> _Made:
        """Seal what a version changed in the one before it; for each client where the text has values."""
        known = ("redline", entry.id, str(version.number), binder.holder.language, self._own(entry, binder))
        if known not in self._sealed_already:
            kind = known[1:4]

            def content() -> dict[str, Any]:
                filling = self._filling(entry, binder)
                if kind not in self._redlines:
                    self._redlines[kind] = self._changes.between(entry, before, version, binder.holder.language)
                text = version.text(binder.holder.language)
                assert text is not None, "a sheet has only versions whose text is known"
                note = text.notice.revisions[-1].note if text.notice.revisions else version.note
                return {
                    "language": binder.holder.language,
                    "html": self._redlines[kind].filled(filling),
                    "note": (filling.plain(note) if filling else note) or None,
                    "on": self._day(version.on).isoformat(),
                }

            values = self._values(entry, binder)
            follows = self._circumstances.of("changes", entry, version, binder.holder.language, values)
            key = self._object(Content.REDLINE, kind, follows, content)
            self._sealed_already[known] = _Made(key, [["objects", follows]])
        return self._sealed_already[known]

    def _own(self, entry: Entry, binder: Binder) -> str:
        """The client that a text is filled for; empty where it says the same to all."""
        return binder.holder.client if entry.values else ""

    def _attachment(self, entry: Entry, attachment: Attachment) -> tuple[dict[str, Any], _Part]:
        """An attachment as a notice names it."""
        if attachment not in self._attached:
            same = f"{entry.id}/{attachment.name} {self._digests.of(attachment.file)} {program()}"

            def make() -> SealedFile:
                return sealing.seal_file(self.secret, (entry.id, attachment.name), attachment.file)

            known = self.memory.recall("attachments", same)
            if known is None:
                sealed = make()
                known = [sealed.name, sealed.size, _written(sealed.key)]
                self.memory.keep("attachments", same, known)
                self._hand_on(sealed.name, lambda: sealed.content)
            else:
                self._hand_on(known[0], lambda: _same(make(), known[0]).content)
            said = {"name": attachment.name, "size": known[1], "key": known[2]}
            self._attached[attachment] = said, ["attachments", same]
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
            known = [sealed.name, _written(sealed.key)]
            self.memory.keep("objects", follows, known)
            self._hand_on(sealed.name, lambda: sealed.data)
        else:
            self._hand_on(known[0], lambda: _same(make(), known[0]).data)
        return str(known[1])

    def _hand_on(self, name: str, make: Callable[[], bytes | Chunked]) -> None:
        """Hand a sealed file on, once."""
        path = f"{SEALED}{name}"
        if path not in self._names:
            self._names.add(path)
            self._sealed.append((path, Derived(name, make)))


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
