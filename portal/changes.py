"""What changed from version to version of a notice: the facts that differ, and the text with its marks.

What compares texts (portal/redline) is imported when two are compared: a build does that for few notices, if any.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from portal.article import Article, Articles, FileUrl
from portal.config import Settings
from portal.filling import Form
from portal.kinds import Kind
from portal.notice import Notice, Text, Version
from portal.plan import Entry, Plan
from portal.prose import Heading
from portal.stationery import Templates, Voice

if TYPE_CHECKING:
    from portal.redline import Fact, Redline

_LONG = 40
"""Characters from which on a text is only named as reworded: the marked text below shows it better."""

_HEADED = (
    *("glance.title", "details.title", "comparison.title", "evidence.title", "faq.title", "attachments.title"),
    *("updates.title", "incident.open", "incident.closed", "details.contract-termination.responsibility"),
    "details.contract-termination.handover",
)
"""The headings under which a version says what its front matter has."""

_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r'\s(?:id|aria-labelledby)="[^"]*"')
_LEVEL = re.compile(r"(?<=[</]h)[1-5]\b")


class _Line(NamedTuple):
    """A version in the list."""

    version: Version
    url: str
    note: Markup


class _Told(NamedTuple):
    """A changed fact in the reader's words."""

    label: str | Markup
    old: Markup
    new: Markup


class _Step(NamedTuple):
    """What one version changed in the one before it."""

    new: Version
    heading: str
    note: Markup
    lost: Version | None = None
    """The one of the two whose text is not known."""
    changed: bool = False
    facts: tuple[_Told, ...] = ()
    reworded: tuple[str | Markup, ...] = ()
    """The labels of longer texts that differ."""
    language: str = ""
    """The language of the text where it is not the page's, else empty."""
    redline: Markup | None = None


class Changes:
    """Renders what changed in the notices of a plan that have more than one version."""

    def __init__(self, plan: Plan, articles: Articles) -> None:
        self._plan = plan
        self._articles = articles
        self._templates = Templates(plan.settings)

    def render(self, entry: Entry, language: str, *, file_url: FileUrl) -> Article:
        """The page of a public notice, newest change first."""
        settings, voice = self._plan.settings, Voice(self._plan.settings, language)
        addresses = self._plan.addresses(language)
        text = entry.text(language)
        pairs = list(zip(entry.versions, entry.versions[1:], strict=False))
        read = _Reader(self._articles, entry, language, file_url)
        steps = [self._step(old, new, voice, read) for old, new in reversed(pairs)]
        page = self._templates.get_template("changes.html").render(
            w=voice.words,
            voice=voice,
            title=text.notice.title,
            own="" if text.language == language else Markup(' lang="{}"').format(text.language),
            number=text.notice.number or entry.id,
            latest=entry.latest,
            notice_url=settings.base + addresses.notice(entry.id),
            lines=[
                _Line(v, settings.base + addresses.version(entry.id, v.number), _note(v, language))
                for v in reversed(entry.versions)
            ],
            steps=steps,
        )
        headings = (
            Heading(2, "dn-versions", voice.words("changes.versions")),
            *(Heading(2, f"v{step.new.number}", step.heading) for step in steps),
        )
        return Article(text.notice.title, voice.words("changes.about", title=text.notice.title), page, headings, ())

    def between(self, entry: Entry, old: Version, new: Version, language: str) -> Form:
        """What one version of a private notice changed in another, both of known text; no link in it leads to a file.

        The same for every client: what fills {{name}} is the same in both versions, and is filled in afterwards.
        """
        voice = Voice(self._plan.settings, language)
        step = self._step(old, new, voice, _Reader(self._articles, entry, language, lambda _: ""))
        return Form.of(self._templates.get_template("redline.html").render(w=voice.words, voice=voice, step=step))

    def _step(self, old: Version, new: Version, voice: Voice, read: _Reader) -> _Step:
        w = voice.words
        step = _Step(new, w("changes.step", old=old.number, new=new.number), _note(new, voice.language))
        lost = next((version for version in (old, new) if version.original is None), None)
        if lost is not None:
            return _Step(new, step.heading, step.note, lost)
        before, after = _same_language(old, new, voice.language)
        marked = self._marked(
            read(old, before),
            read(new, after),
            w("changes.inserted"),
            w("changes.deleted"),
            private=read.private,
        )
        own = {f"text.{w(key)}" for key in _HEADED} | {"text"}  # what stands there is among the facts already
        from portal import redline

        facts = (*redline.facts(before.notice, after.notice), *(f for f in marked.figures if f.key not in own))
        return _Step(
            new,
            step.heading,
            step.note,
            changed=marked.changed or bool(facts),
            facts=tuple(_worded([f for f in facts if not _long(f)], after.notice, voice)),
            reworded=tuple(dict.fromkeys(_label(f.key, after.notice.kind, voice) for f in facts if _long(f))),
            language="" if after.language == voice.language else after.language,
            redline=Markup(marked.html),  # noqa: S704 - made of what prose and the templates escaped
        )

    def _marked(self, old: str, new: str, inserted: str, deleted: str, *, private: bool) -> Redline:
        """The redline of two texts, those of public ones made once however often the site is built."""
        from portal import redline

        def made() -> dict[str, Any]:
            found = redline.redline(old, new, inserted=inserted, deleted=deleted)
            figures = [(fact.key, fact.old, fact.new) for fact in found.figures]
            return {"html": found.html, "changed": found.changed, "figures": figures}

        key = "\0".join(("redline", _making(), inserted, deleted, old, new))
        found = made() if private else self._articles.prose.remembered(key, made)
        figures = tuple(redline.Fact(*figure) for figure in found["figures"])
        return redline.Redline(found["html"], found["changed"], figures)


@cache
def _making() -> str:
    """How redlines are made now; what was made otherwise is made anew."""
    files = sorted(Path(__file__).with_name("redline").glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class _Reader:
    """All that the versions of one notice say, for one reader: each is asked for as the new text and as the old."""

    def __init__(self, articles: Articles, entry: Entry, language: str, file_url: FileUrl) -> None:
        self._articles, self._entry, self._language, self._file_url = articles, entry, language, file_url
        self.private = entry.private
        self._read: dict[tuple[int, str], str] = {}

    def __call__(self, version: Version, text: Text) -> str:
        key = (version.number, text.language)
        if key not in self._read:
            page = self._articles.readable(self._entry, version, text, self._language, file_url=self._file_url)
            self._read[key] = _plain(page)
        return self._read[key]


def _same_language(old: Version, new: Version, language: str) -> tuple[Text, Text]:
    """Both texts in one language: the reader's if both have it, else the original's."""
    assert old.original is not None
    assert new.original is not None
    if language in old.texts and language in new.texts:
        return old.texts[language], new.texts[language]
    return old.original, new.original


def _plain(page: str) -> str:
    """A text fit to stand several times on one page: without ids, its headings a level down."""
    return _TAG.sub(lambda tag: _LEVEL.sub(lambda level: str(int(level[0]) + 1), _ID.sub("", tag[0])), page)


def _note(version: Version, language: str) -> Markup:
    text = version.texts.get(language)
    if text is not None and text.notice.revisions and version.note:
        return Markup("{}").format(text.notice.revisions[-1].note)
    return Markup('<span lang="{}">{}</span>').format(version.language, version.note) if version.note else Markup()


def _long(fact: Fact) -> bool:
    return max(len(fact.old or ""), len(fact.new or "")) > _LONG


def _worded(facts: Iterable[Fact], notice: Notice, voice: Voice) -> Iterator[_Told]:
    """Facts with their labels and values as the reader's language has them; each is told once."""
    seen: set[tuple[str, str, str]] = set()
    for fact in facts:
        told = _Told(
            _label(fact.key, notice.kind, voice),
            _value(fact.key, fact.old, voice),
            _value(fact.key, fact.new, voice),
        )
        identity = (str(told.label), str(told.old), str(told.new))
        if identity not in seen:
            seen.add(identity)
            yield told


def _label(key: str, kind: Kind, voice: Voice) -> str | Markup:
    """What a key is called: `effective.from`, `details.ends_on`, `comparison.代账.new`, `text.何时付款`."""
    w = voice.words
    head, _, rest = key.partition(".")
    if head == "text":
        return rest or w("changes.text")
    for known in (f"fact.{key}", f"details.{kind}.{rest}" if head == "details" else ""):
        if known in w:
            return w(known)
    if head == "details":
        head, _, rest = rest.partition(".")
        first = w(f"details.{kind}.{head}") if f"details.{kind}.{head}" in w else head
    else:
        first = w(f"fact.{head}") if f"fact.{head}" in w else head
    row, _, field = rest.rpartition(".")
    row = _moment(row, voice) or row
    last = f"field.{field}"
    if head == "comparison" and row:  # the table's item says enough of where
        return w("changes.joined", first=row, last=w(last) if last in w else field)
    parts = [first, *([row] if row else []), w(last) if last in w else field]
    return Markup(" · ").join(part for part in parts if part)


def _value(key: str, value: str | None, voice: Voice) -> Markup:
    w = voice.words
    if value is None:
        return Markup('<span class="dn-quiet">{}</span>').format(w("changes.nothing"))
    last = key.rpartition(".")[2]
    if value in ("true", "false") and (key.startswith("details.") or last == "needed"):
        return Markup("{}").format(w(f"changes.{value}"))
    for words in (f"{last}.{value}", f"changes.{last}.{value}"):
        if key == last and words in w:
            return Markup("{}").format(w(words))
    if key == "owner":
        return Markup("{}").format(_desk(voice.settings, value, voice.language))
    if key in ("about.services", "about.regions"):
        return Markup("{}").format(voice.group(key.removeprefix("about."), value))
    if moment := _moment(value, voice):
        return moment
    return Markup("{}").format(voice.spoken(value))


def _moment(text: str, voice: Voice) -> Markup | None:
    """A day or an instant in ISO 8601 as the reader's language has it; None for any other text."""
    for read in (dt.date.fromisoformat, dt.datetime.fromisoformat):
        try:
            return voice.when(read(text))
        except ValueError:
            continue
    return None


def _desk(settings: Settings, name: str, language: str) -> str:
    desk = settings.options.desks.get(name)
    return desk.called(language) if desk else name
