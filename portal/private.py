"""The private pages: one public document for everybody, and a sealed file for whatever only some may read."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from portal import sealing, words
from portal.addresses import MY, SEALED, Addresses
from portal.article import Articles
from portal.config import Secret, Settings
from portal.errors import PortalError
from portal.filling import Filling
from portal.kinds import Kind
from portal.notice import Version
from portal.plan import Attachment, Binder, Entry, Plan, Sheet
from portal.sealing import Content
from portal.standing import CLOSED, Standings
from portal.states import State
from portal.stationery import Voice

File: TypeAlias = tuple[str, bytes]
"""A path below the site's root, and what stands there."""


def files(plan: Plan, secret: Secret | None, articles: Articles) -> Iterator[File]:
    """The document at /my/, which is the same whatever is private, and every sealed file. Raises PortalError."""
    if secret is None:
        if plan.binders or plan.private:
            raise PortalError(
                "PORTAL_SECRET is not set",
                "the private pages are sealed with it; `build.py keys new` makes one, once, to be kept like a seal",
            )
        return document(plan.settings)
    return itertools.chain(document(plan.settings), _Sealer(plan, secret, articles).files())


def document(settings: Settings) -> Iterator[File]:
    """The page that opens sealed files, with its script and style: public, and free of anything private."""
    names: dict[str, str] = {}
    folder = words.TEMPLATES / MY
    sources = {
        "article.css": words.TEMPLATES / "theme" / "assets" / "duenotice.css",
        "my.css": folder / "my.css",
        "unseal.js": folder / "unseal.js",
        "my.js": folder / "my.js",
    }
    for name, file in sources.items():
        text = file.read_text(encoding="utf-8")
        for other, hashed in names.items():
            text = text.replace(f'"./{other}"', f'"./{hashed}"')
        data = text.encode()
        stem, _, ending = name.rpartition(".")
        names[name] = f"{stem}.{hashlib.sha256(data).hexdigest()[:10]}.{ending}"
        yield f"{MY}{names[name]}", data
    yield f"{MY}index.html", _page(settings, names).encode()


def _page(settings: Settings, assets: dict[str, str]) -> str:
    templates = Environment(
        loader=FileSystemLoader(words.TEMPLATES / MY),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    spoken = {language: _words(language) for language in settings.languages}
    firms = {language: settings.name_in(language) for language in settings.languages}
    homes = {language: "../" + Addresses(language, settings.default_language).home for language in settings.languages}
    data = {"languages": settings.languages, "words": spoken, "firms": firms, "homes": homes}
    return templates.get_template("index.html").render(
        languages=settings.languages,
        names=settings.options.languages,
        words=spoken,
        firms=firms,
        homes=homes,
        assets=assets,
        # Inside <script> only "</" and "<!" could end or bend the JSON.
        data=Markup(_json(data).replace("<", "\\u003c")),  # noqa: S704
    )


def _words(language: str) -> dict[str, Any]:
    """What the page says in a language: its own words, and what kinds and states of notices are called."""
    own, common = words.load(language, "my"), words.load(language)
    return {
        **{key: own(key) for key in sorted(own.keys)},
        "kinds": {kind.value: common(f"kind.{kind.value}") for kind in Kind},
        "states": {key: common(f"state.{key}") for key in (*(state.value for state in State), CLOSED)},
    }


@dataclass
class _Sealer:
    """Seals what the binders need, each thing once, and hands it on at once: only keys are kept."""

    plan: Plan
    secret: Secret
    articles: Articles
    _standings: Standings = field(init=False)
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

    def files(self) -> Iterator[File]:
        for binder in self.plan.binders:
            code = sealing.code(self.secret, binder.recipient.key, binder.epoch)
            index = {
                "client": binder.recipient.client.name,
                "contact": binder.recipient.contact.name,
                "language": binder.language,
                "sheets": [self._listed(sheet, binder) for sheet in binder.sheets],
            }
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
            "date": self._day(sheet.versions[0].on),
            "action": action
            and {
                "needed": action.needed,
                "what": filling.plain(action.what or "") if filling else action.what,
                "by": action.by and action.by.isoformat(),
            },
            "versions": [
                {"number": v.number, "on": self._day(v.on), "key": self._notice(entry, v, binder)}
                for v in sheet.versions
            ],
        }
        return {key: value for key, value in facts.items() if value is not None}

    def _day(self, at: dt.datetime) -> str:
        return at.astimezone(self.plan.settings.zone).date().isoformat()

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
        known = (
            entry.id,
            str(version.number),
            binder.language,
            binder.recipient.client.id if values is not None else "",
        )
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
            }
            self._keys[known] = self._seal(Content.NOTICE, known[:3], _json(content).encode())
        return self._keys[known]

    def _attachment(self, entry: Entry, attachment: Attachment) -> dict[str, Any]:
        if attachment not in self._attached:
            data = attachment.file.read_bytes()
            key = self._seal(Content.ATTACHMENT, (entry.id, attachment.name), data)
            self._attached[attachment] = {"name": attachment.name, "size": len(data), "key": key}
        return self._attached[attachment]

    def _seal(self, content: Content, identity: tuple[str, ...], plaintext: bytes) -> str:
        sealed = sealing.seal(self.secret, content, identity, plaintext)
        if sealed.name not in self._names:
            self._names.add(sealed.name)
            self._sealed.append((f"{SEALED}{sealed.name}", sealed.data))
        return base64.urlsafe_b64encode(sealed.key).rstrip(b"=").decode("ascii")


def _json(data: Mapping[str, Any]) -> str:
    """One way to write the same data, so that unchanged input gives unchanged bytes."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
