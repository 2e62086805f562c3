"""Everything that shall exist: what is public, what is sealed, and for whom.

The waist of the hourglass: every output reads the plan and nothing before it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from portal import addresses, audience, states
from portal.addresses import Addresses
from portal.client import Recipient, Registry
from portal.config import Settings
from portal.history import History
from portal.memory import Memory
from portal.notice import Notice, Text, Version
from portal.paper import Paper, stem_of
from portal.sources import Sources, inside
from portal.states import State

_IMAGE_ENDING = re.compile(r"\.(?:avif|gif|jpe?g|png|svg|webp)\b", re.IGNORECASE)
_IMAGE = re.compile(rf"""[^\s()<>"'\[\]]+{_IMAGE_ENDING.pattern}""", re.IGNORECASE)
"""What may be the name of an image in a body; whether it is one, the folder says."""


HOLDERS, READERS = "holders", "readers"
"""The rooms of who has access, and of who may read what."""


class Attachment(NamedTuple):
    """A file that lies beside a notice and comes along with it: listed, or shown in its text."""

    name: str
    file: Path


@dataclass(frozen=True)
class Entry:
    """A notice as far as it may be shown now, in one half of the site: public, or sealed."""

    id: str
    private: bool
    versions: tuple[Version, ...]
    """Those published by now and shown in this half, oldest first; never empty."""
    state: State
    successor: str | None
    """The id of the notice that supersedes it; on a public entry always a public one."""
    attachments: tuple[Attachment, ...]
    values: Mapping[str, Mapping[str, str]]
    """Client id to what fills {{name}}; empty for a notice that says the same to all."""

    @cached_property
    def latest(self) -> Version:
        return self.versions[-1]

    @cached_property
    def notice(self) -> Notice:
        """The facts as they may be shown now, with the original's words."""
        text = self.latest.original
        assert text is not None, "entries are made only where the latest text is known"
        return text.notice

    @cached_property
    def published(self) -> dt.datetime:
        return self.versions[0].on

    def text(self, language: str) -> Text:
        """The latest text in a language, or else in the original's."""
        text = self.latest.text(language)
        assert text is not None, "entries are made only where the latest text is known"
        return text


class Sheet(NamedTuple):
    """A private notice on one contact's pages, with the versions this contact may read, oldest first."""

    entry: Entry
    versions: tuple[Version, ...]


class Holder(NamedTuple):
    """A contact who has access, as far as the private pages tell of it."""

    key: str
    """client/contact."""
    client: str
    """The client's id."""
    client_name: str
    contact_name: str
    epoch: int
    language: str


class Binder(NamedTuple):
    """The private pages of one contact at one client, newest notice first."""

    holder: Holder
    sheets: tuple[Sheet, ...]


class Listing(NamedTuple):
    """A list of the board: the whole (key ''), one kind, or one year; newest first."""

    key: str
    entries: tuple[Entry, ...]

    def pages(self, size: int) -> list[tuple[Entry, ...]]:
        """The list in pages of `size`; an empty list has one empty page."""
        return [self.entries[i : i + size] for i in range(0, len(self.entries), size)] or [()]


@dataclass(frozen=True, eq=False)
class Plan:
    """What the site and the mails are made of, at one moment."""

    settings: Settings
    now: dt.datetime
    commit: str | None
    registry: Registry
    public: tuple[Entry, ...]
    """Newest first."""
    private: tuple[Entry, ...]
    """Newest first."""

    @cached_property
    def binders(self) -> tuple[Binder, ...]:
        """One for every contact that has access, also where nothing is in it; made when somebody asks for them."""
        return bind(self, Memory())

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.public + self.private

    @cached_property
    def stems(self) -> Mapping[str, str]:
        """The stem of every public file, and every id, to the id of its notice: what texts may link to."""
        files = {
            stem_of(self.settings, text.path): e.id
            for e in self.public
            for v in e.versions
            for text in v.texts.values()
        }
        return {**files, **{entry.id: entry.id for entry in self.public}}

    def addresses(self, language: str) -> Addresses:
        return addresses.of(language, self.settings.default_language)

    def told(self, entry: Entry, version: Version) -> list[Recipient]:
        """The contacts to be told of a version: those it was written for, of whom the notice still speaks to."""
        text = version.original
        if text is None:
            return []
        zone = self.settings.zone
        told = audience.told(text.notice, version.on, self.registry, self.now, zone)
        if version is entry.latest:
            return told
        still = {r.key for r in audience.told(entry.notice, version.on, self.registry, self.now, zone)}
        return [r for r in told if r.key in still]

    def language_of(self, recipient: Recipient) -> str:
        """The language in which to speak to a contact."""
        return audience.language(recipient.client, recipient.contact, *self._languages)

    @cached_property
    def _languages(self) -> tuple[str, tuple[str, ...]]:
        return self.settings.default_language, self.settings.languages


def make(settings: Settings, sources: Sources, history: History, now: dt.datetime) -> Plan:
    """Decide what exists at `now` (timezone-aware): no version published later is in the plan, in any form."""
    out = {dossier.id: tuple([v for v in dossier.versions if v.on <= now]) for dossier in history.dossiers.values()}
    shown = {identity: versions for identity, versions in out.items() if versions and versions[-1].original is not None}
    facts = {identity: _facts(versions[-1]) for identity, versions in shown.items()}
    superseding = [notice for notice in facts.values() if notice.supersedes and not notice.draft]
    open_successors = _successors(superseding, settings, now, public_only=True)
    all_successors = _successors(superseding, settings, now, public_only=False)
    public: list[Entry] = []
    private: list[Entry] = []
    for identity, published in shown.items():
        latest = facts[identity]
        if latest.draft:
            continue
        filed = sources.notices[identity]
        hidden = tuple([v for v in published if _is_private(v, latest)])
        open_ones = tuple([v for v in published if not _is_private(v, latest)]) if hidden else published
        for versions in (open_ones, hidden):
            if not versions or versions[-1].original is None:
                continue
            successor, at = (all_successors if versions is hidden else open_successors).get(identity, (None, None))
            entry = Entry(
                id=identity,
                private=versions is hidden,
                versions=versions,
                state=states.state(latest, now, settings.zone, superseded_at=at),
                successor=successor,
                attachments=_attachments(filed.paper, versions),
                values=filed.values if versions is hidden else {},
            )
            (private if versions is hidden else public).append(entry)
    for half in (public, private):
        half.sort(key=lambda e: (e.published, e.id), reverse=True)
    return Plan(settings, now, history.commit, sources.registry, tuple(public), tuple(private))


def _facts(version: Version) -> Notice:
    assert version.original is not None
    return version.original.notice


def _is_private(version: Version, latest: Notice) -> bool:
    """A version is public only if it was, and the notice still is. One whose text is lost follows the latest."""
    return not latest.public or (version.original is not None and not version.original.notice.public)


def _successors(
    superseding: Iterable[Notice], settings: Settings, now: dt.datetime, *, public_only: bool
) -> dict[str, tuple[str, dt.datetime]]:
    """For each superseded id, the notice that supersedes it and when that takes effect.

    Public pages must not change with a private notice, so for them only public successors count.
    """
    result: dict[str, tuple[str, dt.datetime]] = {}
    for notice in superseding:
        withdrawn = notice.withdrawn and states.instant(notice.withdrawn.on, settings.zone) <= now
        if notice.supersedes and not withdrawn and (notice.public or not public_only):
            result[notice.supersedes] = (notice.id, states.takes_effect(notice, settings.zone))
    return result


def _attachments(paper: Paper, versions: tuple[Version, ...]) -> tuple[Attachment, ...]:
    """The files that come along: those the latest version lists, and the images that any version's text shows."""
    names = dict.fromkeys(_facts(versions[-1]).attachments)
    for version in versions:
        for text in version.texts.values():
            if text.links and _IMAGE_ENDING.search(text.body):  # most show none, and looking for names is dear
                names.update(dict.fromkeys(_IMAGE.findall(text.body)))
    if not names:
        return ()
    folder = paper.file.parent
    found = ((name, inside(folder, unquote(name))) for name in names)
    return tuple(Attachment(name, file) for name, file in found if file is not None and file.is_file())


def bind(plan: Plan, memory: Memory) -> tuple[Binder, ...]:
    """The binders of a plan; of notices for whom nothing became different an earlier build knows who may read them."""
    frame = _frame(plan)
    sheets: dict[str, list[Sheet]] = {}
    for entry in plan.private:
        for sheet, keys in _known_readers(plan, entry, memory, frame):
            for key in keys:
                sheets.setdefault(key, []).append(sheet)
    return tuple(Binder(holder, tuple(sheets.get(holder.key, ()))) for holder in holders(plan, memory))


def holders(plan: Plan, memory: Memory) -> list[Holder]:
    """Everybody who has access, in the order of ids; of a registry that stayed as it was an earlier build knows it."""
    name = " ".join(_frame(plan))
    known = memory.recall(HOLDERS, name) if name else None
    if known is not None:
        return [Holder(*said) for said in known]
    registry, today = plan.registry, plan.now.astimezone(plan.settings.zone).date()
    found = [
        Holder(
            recipient.key,
            recipient.client.id,
            recipient.client.name,
            recipient.contact.name,
            registry.epoch(recipient),
            plan.language_of(recipient),
        )
        for recipient in registry.recipients()
        if recipient.client.has_access(today)
    ]
    if name:
        memory.keep(
            HOLDERS, name, [[h.key, h.client, h.client_name, h.contact_name, h.epoch, h.language] for h in found]
        )
    return found


def _frame(plan: Plan) -> list[str]:
    """What it follows from who may read what, but for the notices; nothing where the registry has no mark."""
    registry, settings = plan.registry, plan.settings
    day = plan.now.astimezone(settings.zone).date()
    return [registry.mark, day.isoformat(), str(settings.zone), *settings.languages] if registry.mark else []


def _known_readers(plan: Plan, entry: Entry, memory: Memory, frame: list[str]) -> Iterable[tuple[Sheet, Iterable[str]]]:
    """The same as `_readers`, which follows from the registry, the day, and what the front matter of versions says."""
    if not frame:
        return _readers(plan.settings, plan.registry, entry, plan.now)
    said = [
        (v.number, v.on.isoformat(), (v.original.front or v.original.sha256) if v.original else None)
        for v in entry.versions
    ]
    told = json.dumps([frame, entry.id, entry.state.stands, said])
    name = hashlib.sha256(told.encode()).hexdigest()[:32]
    known = memory.recall(READERS, name)
    if known is None:
        found = _readers(plan.settings, plan.registry, entry, plan.now)
        kept = [[[v.number for v in sheet.versions], " ".join(keys)] for sheet, keys in found]
        memory.keep(READERS, name, kept)
        return found
    versions = {version.number: version for version in entry.versions}
    return [(Sheet(entry, tuple([versions[n] for n in numbers])), keys.split()) for numbers, keys in known]


def _readers(
    settings: Settings, registry: Registry, entry: Entry, now: dt.datetime
) -> list[tuple[Sheet, Iterable[str]]]:
    """The sheets of a notice, each with the keys of the contacts who may read just those versions.

    They are those that it was written for, of a notice that still speaks to them.
    """

    def keys(notice: Notice, version: Version) -> list[str]:
        stands = entry.state.stands and version is entry.latest
        return audience.shown(notice, version.on, stands, registry, now, settings.zone)

    readable: list[tuple[Version, list[str]]] = []
    for version in entry.versions:
        if version.original is None:
            continue
        own = version.original.notice
        allowed = keys(own if not own.public else entry.notice, version)
        if not entry.notice.public and version is not entry.latest:
            still = set(keys(entry.notice, version))
            allowed = [key for key in allowed if key in still]
        readable.append((version, allowed))
    if len(readable) == 1:
        version, allowed = readable[0]
        return [(Sheet(entry, (version,)), allowed)]
    versions: dict[str, tuple[Version, ...]] = {}
    for version, allowed in readable:
        for key in allowed:
            versions[key] = (*versions.get(key, ()), version)
    sheets: dict[tuple[int, ...], tuple[Sheet, list[str]]] = {}
    for key, found in versions.items():
        numbers = tuple([version.number for version in found])
        sheets.setdefault(numbers, (Sheet(entry, found), []))[1].append(key)
    return list(sheets.values())
