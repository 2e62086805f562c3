"""The board as Atom (RFC 4287) and JSON Feed 1.1: the whole, and each kind, in each language.

An entry keeps its id whatever becomes of the notice; corrections, supersession and withdrawal update it. A feed holds
the notices that changed last, so a withdrawal reaches those who read the notice long ago.
"""

from __future__ import annotations

import datetime as dt
import json
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urljoin

from markupsafe import Markup

from portal import patterns, words
from portal.article import facts
from portal.bundles import Bundle
from portal.chronicle import Chronicle, chronicle_of
from portal.config import named
from portal.kinds import Kind
from portal.links import Links
from portal.notice import Comparison, Money
from portal.plan import Attachment, Entry, Plan
from portal.premises import Premises
from portal.prose import Prose
from portal.states import instant
from portal.stationery import Templates, Voice

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NEWEST = 50
"""Entries in a feed: those that changed last."""

_NOT_XML = patterns.later("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0, production 2 leaves out; a quoted YAML text may well hold it."""
_TO_FRAGMENT = re.compile(r'(<a href=")#')
_MEDIA_TYPES = mimetypes.MimeTypes()
"""Python's own table: what a machine knows besides would make its feeds differ from another's."""
_NOTHING_YET = dt.datetime.fromtimestamp(0, dt.UTC)
"""Atom wants to know when a feed changed, also one in which nothing ever stood."""


class Item(NamedTuple):
    """A notice as both formats tell of it in one language."""

    id: str
    url: str
    title: str
    summary: str
    content: str
    """HTML with whole addresses."""
    language: str
    author: str
    published: dt.datetime
    updated: dt.datetime
    kind: str
    """The kind's name for readers."""
    term: str
    """Withdrawn or superseded, for readers; else empty."""
    enclosures: tuple[tuple[str, str, int], ...]
    """Address, media type, and size in bytes of each attachment."""


def files(plan: Plan, prose: Prose) -> Iterator[tuple[str, bytes]]:
    """Every feed: (path below the site's root, bytes). Kinds without a notice have theirs, for those who wait."""
    chronicle = chronicle_of(plan)
    return _told(plan, _reporters(plan, chronicle, prose), chosen(plan))


def bundles(plan: Plan, prose: Prose, premises: Premises) -> Iterator[Bundle]:
    """The feeds of the whole board and of each kind, each in all languages and both formats."""
    return bundles_of(plan, prose, premises, chosen(plan))


def bundles_of(plan: Plan, prose: Prose, premises: Premises, feeds: Mapping[str, Sequence[Entry]]) -> Iterator[Bundle]:
    """Those of some feeds, by key, of which it is known what they hold."""
    chronicle = chronicle_of(plan)
    reporters = _reporters(plan, chronicle, prose)
    for key, entries in feeds.items():
        facts = [
            (
                premises.whole(entry),
                chronicle.name(entry),
                chronicle.updated(entry).isoformat(),
                _turned(chronicle, entry),
            )
            for entry in entries
        ]
        yield Bundle(premises.of("feed", key, facts), partial(_told, plan, reporters, {key: entries}))


def chosen(plan: Plan) -> dict[str, list[Entry]]:
    """What each feed holds: the whole board (key ''), and each kind."""
    chronicle = chronicle_of(plan)
    newest = sorted(plan.public, key=lambda e: (chronicle.updated(e), e.id), reverse=True)
    chosen: dict[str, list[Entry]] = {"": newest[:NEWEST], **{kind.value: [] for kind in Kind}}
    for entry in newest:
        of_kind = chosen[entry.notice.kind.value]
        if len(of_kind) < NEWEST:
            of_kind.append(entry)
    return chosen


def _turned(chronicle: Chronicle, entry: Entry) -> list[str]:
    """What became of a notice through others, in a few words."""
    successor = chronicle.successor(entry)
    follower = [successor[0].id, *(t.notice.title for t in successor[0].latest.texts.values())] if successor else []
    return [*(f"{turn.at.isoformat()} {turn.reason}" for turn in chronicle.turns(entry)), *follower]


def _reporters(plan: Plan, chronicle: Chronicle, prose: Prose) -> list[_Reporter]:
    templates, links = Templates(plan.settings), Links(plan)
    return [_Reporter(plan, chronicle, prose, links, templates, language) for language in plan.settings.languages]


def _told(
    plan: Plan, reporters: Iterable[_Reporter], chosen: Mapping[str, Sequence[Entry]]
) -> Iterator[tuple[str, bytes]]:
    for reporter in reporters:
        address = plan.addresses(reporter.language)
        for key, entries in chosen.items():
            told = [reporter.item(entry) for entry in entries]
            yield address.feed(key, "atom"), _atom(plan, key, reporter.language, told)
            yield address.feed(key, "json"), _json(plan, key, reporter.language, told)


def title(plan: Plan, key: str, language: str) -> str:
    """What a feed or a calendar is called: the site, and the kind if it is of one kind."""
    spoken, site = words.load(language, "feeds"), plan.settings.name_in(language)
    return spoken("title_kind", site=site, kind=words.load(language)(f"kind.{key}")) if key else site


class _Reporter:
    """Tells of notices in one language, of each once."""

    def __init__(
        self, plan: Plan, chronicle: Chronicle, prose: Prose, links: Links, templates: Templates, language: str
    ) -> None:
        self.language = language
        self._plan = plan
        self._chronicle = chronicle
        self._prose = prose
        self._links = links
        self._templates = templates
        self._voice = Voice(plan.settings, language)
        self._spoken = words.load(language, "feeds")
        self._addresses = plan.addresses(language)
        self._items: dict[str, Item] = {}

    def item(self, entry: Entry) -> Item:
        """What both formats say of a notice."""
        if entry.id not in self._items:
            self._items[entry.id] = self._item(entry)
        return self._items[entry.id]

    def _item(self, entry: Entry) -> Item:
        settings, chronicle = self._plan.settings, self._chronicle
        text = entry.text(self.language)
        turns = chronicle.turns(entry)
        withdrawn = chronicle.withdrawn(entry)
        superseded = bool(turns) and turns[-1].reason == "superseded"
        fate = "withdrawn" if withdrawn else "superseded" if superseded else ""
        heading = text.notice.title
        return Item(
            # The language is a fragment, since a reader of two languages has two entries, and the address one meaning.
            id=f"{settings.site_url}notices/{chronicle.name(entry)}/#{self.language}",
            url=settings.site_url + self._addresses.notice(entry.id),
            title=self._spoken(fate, title=heading) if fate else heading,
            summary=text.notice.summary or "",
            content=self._content(entry, withdrawn, superseded=superseded),
            language=text.language,
            author=self._issuer(entry),
            published=entry.published.astimezone(settings.zone),
            updated=chronicle.updated(entry).astimezone(settings.zone),
            kind=self._voice.words(f"kind.{text.notice.kind}"),
            term=self._spoken(f"term.{fate}") if fate else "",
            enclosures=tuple(
                (self._file(entry, file), _media_type(file.name), file.file.stat().st_size)
                for file in entry.attachments
                if file.name in text.notice.attachments
            ),
        )

    def _issuer(self, entry: Entry) -> str:
        settings = self._plan.settings
        own = entry.text(self.language).notice.issuer
        return own or named(settings.options.issuer or settings.name_in(self.language), self.language)

    def _file(self, entry: Entry, file: Attachment) -> str:
        return self._plan.settings.site_url + quote(self._addresses.attachment(entry.id, file.name))

    def _content(self, entry: Entry, withdrawn: dt.datetime | None, *, superseded: bool) -> str:
        settings, text = self._plan.settings, entry.text(self.language)
        notice = text.notice
        page = settings.site_url + self._addresses.notice(entry.id)
        urls = {file.name: self._file(entry, file) for file in entry.attachments}
        resolve = self._links.resolver(urls, self.language)

        def whole(target: str) -> str | None:
            found = resolve(target)
            return None if found is None else urljoin(page, found)

        def line(markdown: str) -> Markup:
            return Markup(self._prose.line(markdown))  # noqa: S704 - prose has reduced it to its allow-list

        successor = self._chronicle.successor(entry) if superseded else None
        body = _TO_FRAGMENT.sub(rf"\g<1>{page}#", self._prose.body(text, whole).html)
        made = self._templates.get_template("feed.html").render(
            w=self._voice.words,
            voice=self._voice,
            line=line,
            notice=notice,
            latest=entry.latest,
            changes=entry.versions[:0:-1],
            withdrawn=withdrawn,
            successor=self._successor(successor[0]) if successor else None,
            foreign=text.language if text.language != self.language else "",
            updates=sorted(notice.updates, key=lambda u: instant(u.at, settings.zone), reverse=True),
            desk=settings.options.desks.get(notice.owner or ""),
            rows=[self._row(row, line(row.old), line(row.new)) for row in notice.comparison],
            facts=list(facts(notice, self._voice, line)),
            body=Markup(body),  # noqa: S704 - from prose
            files=[(name, urls[name]) for name in notice.attachments if name in urls],
            issuer=self._issuer(entry),
            permanent=settings.site_url + self._addresses.version(entry.id, entry.latest.number),
        )
        return _NOT_XML().sub("", made)

    def _successor(self, entry: Entry) -> Mapping[str, str]:
        address = self._plan.settings.site_url + self._addresses.notice(entry.id)
        return {"title": entry.text(self.language).notice.title, "url": address}

    def _row(self, row: Comparison, old: Markup, new: Markup) -> Mapping[str, object]:
        before, after, difference = Money.parse(row.old), Money.parse(row.new), row.difference
        return {
            "item": row.item,
            "note": row.note,
            "old": self._voice.money(before) if before else old,
            "new": self._voice.money(after) if after else new,
            "difference": "" if difference is None else self._difference(difference),
        }

    def _difference(self, money: Money) -> str:
        return self._voice.change(money) if money.amount else self._voice.words("comparison.same")


def _media_type(name: str) -> str:
    return _MEDIA_TYPES.guess_type(name)[0] or "application/octet-stream"


def _atom(plan: Plan, key: str, language: str, items: list[Item]) -> bytes:
    from xml.etree import ElementTree  # only what is made needs it

    settings, addresses = plan.settings, plan.addresses(language)
    own = settings.site_url + addresses.feed(key, "atom")
    # A plain `xmlns` on the root: ElementTree's own way would put a prefix before every name.
    feed = ElementTree.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": language})
    _add(feed, "id", own)
    _add(feed, "title", title(plan, key, language))
    _add(feed, "updated", max((item.updated for item in items), default=_NOTHING_YET).isoformat())
    author = _add(feed, "author")
    _add(author, "name", named(settings.options.issuer or settings.name_in(language), language))
    _add(feed, "generator", "Duenotice")
    _add(feed, "link", rel="self", type="application/atom+xml", href=own)
    page = settings.site_url + addresses.listing(key) if not key or items else settings.site_url + addresses.home
    _add(feed, "link", rel="alternate", type="text/html", hreflang=language, href=page)
    for item in items:
        entry = _add(feed, "entry", **({} if item.language == language else {"xml:lang": item.language}))
        _add(entry, "id", item.id)
        _add(entry, "title", item.title)
        _add(entry, "link", rel="alternate", type="text/html", href=item.url)
        for url, media, size in item.enclosures:
            _add(entry, "link", rel="enclosure", type=media, length=str(size), href=url)
        _add(entry, "published", item.published.isoformat())
        _add(entry, "updated", item.updated.isoformat())
        _add(_add(entry, "author"), "name", item.author)
        for term in _terms(item):
            _add(entry, "category", term=term)
        if item.summary:
            _add(entry, "summary", item.summary)
        _add(entry, "content", item.content, type="html")
    ElementTree.indent(feed, "")
    made: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _add(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    clean = {key: _NOT_XML().sub("", value) for key, value in attributes.items()}
    element = parent.makeelement(name, clean)
    parent.append(element)
    element.text = _NOT_XML().sub("", text) or None
    return element


def _terms(item: Item) -> list[str]:
    return [item.kind, item.term] if item.term else [item.kind]


def _json(plan: Plan, key: str, language: str, items: list[Item]) -> bytes:
    settings, addresses = plan.settings, plan.addresses(language)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title(plan, key, language),
        "home_page_url": settings.site_url + (addresses.listing(key) if not key or items else addresses.home),
        "feed_url": settings.site_url + addresses.feed(key, "json"),
        "language": language,
        "authors": [{"name": named(settings.options.issuer or settings.name_in(language), language)}],
        "items": [_item(item) for item in items],
    }
    return (json.dumps(feed, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _item(item: Item) -> dict[str, Any]:
    told = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": item.content,
        "summary": item.summary,
        "date_published": item.published.isoformat(),
        "date_modified": item.updated.isoformat(),
        "authors": [{"name": item.author}],
        "language": item.language,
        "tags": _terms(item),
        "attachments": [
            {"url": url, "mime_type": media, "size_in_bytes": size} for url, media, size in item.enclosures
        ],
    }
    return {key: value for key, value in told.items() if value}
