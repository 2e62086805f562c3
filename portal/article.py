"""One version of a notice in one language, as the HTML that stands in a page's <article>."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from markupsafe import Markup, escape

from portal import dates
from portal.addresses import QR
from portal.circumstances import Circumstances
from portal.config import named
from portal.errors import Location, Problem, Severity
from portal.filling import PLACEHOLDER, Filling, Form
from portal.kinds import Handover, Kind, Responsibility
from portal.links import Links
from portal.notice import Comparison, Money, Notice, Selector, Text, Version
from portal.plan import Attachment, Entry, Plan
from portal.prose import Heading, Prose
from portal.sharing import chat, message
from portal.standing import Standing, standings
from portal.states import State, instant
from portal.stationery import Templates, Voice

FileUrl: TypeAlias = Callable[[Attachment], str]
"""Where a reader of this article finds an attachment."""

Line: TypeAlias = Callable[[str], Markup]
_Key: TypeAlias = tuple[str, bool, int, str, tuple[str, ...]]

_BLOCK = re.compile(r"<(?:p|ul|ol|dl|table|blockquote|pre|h\d|hr|div)\b")
_HEADING = re.compile(r'<h([2-6])\b[^>]*? id="([^"]+)"[^>]*>(.*?)</h\1>', re.DOTALL)
_MARKUP = re.compile(r"<[^>]*>")
_PART = Markup("\ue000part\ue001")
"""Where a part of an article will stand; no text has these characters."""
_AMOUNTS = "\ue000amounts\ue001"
"""Where the first screen will say how much."""
_FIGURES = re.compile(r"(?<![\w-])\d[\d -]{6,}\d(?![\w-])")
"""An account, or another long number that nobody should have to type."""
_GENUINE = "genuine.md"
"""The content page on telling our notices from others', where a portal has one."""
_WEB = re.compile(r"https?://[^\s\"<>]+")


class Article(NamedTuple):
    """What a page or a sealed object shows of a notice."""

    title: str
    """Plain text."""
    summary: str
    """Plain text; empty where the author wrote none."""
    html: str
    """Sanitised, self-contained, without scripts and inline styles."""
    headings: tuple[Heading, ...]
    """Those with an id, from h2 down, as they stand on the page."""
    problems: tuple[Problem, ...]


class Articles:
    """Renders the notices of a plan."""

    def __init__(self, plan: Plan, prose: Prose) -> None:
        self._plan = plan
        self.prose = prose
        self._links = Links(plan)
        self._standings = standings(plan)
        self.circumstances = {private: Circumstances(plan, self._standings) for private in (False, True)}
        """What articles follow from, by the half of the site: a notice can have an entry in both."""
        self._templates = Templates(plan.settings)
        self._public = {entry.id: entry for entry in plan.public}
        self._today = plan.now.astimezone(plan.settings.zone).date()
        self._genuine = {code: self._links.resolver({}, code)(_GENUINE) or "" for code in plan.settings.languages}
        self._spoken: dict[str, Markup] = {}
        self._badges: dict[tuple[str, Standing | None], Markup] = {}
        self._drafts: dict[_Key, _Draft] = {}

    def prepare(self) -> None:
        """Compile what every article is poured into, and have days at hand, so that processes that render need not."""
        self._templates.get_template("whole.html")
        for language in self._plan.settings.languages:
            Voice(self._plan.settings, language).day(self._today)

    def render(
        self,
        entry: Entry,
        version: Version,
        language: str,
        *,
        values: Mapping[str, str] | None = None,
        file_url: FileUrl,
        private: bool,
    ) -> Article:
        """The article of `version` in `language`, or else in the original's with a banner that says so.

        `values` are what one client's {{name}} are filled with. A private article is converted once and then filled
        for each of its readers; public ones are not kept, for each is asked for once.
        """
        files = tuple((attachment, file_url(attachment)) for attachment in entry.attachments)
        key = (entry.id, private, version.number, language, tuple(url for _, url in files))
        draft = self._drafts.get(key)
        if draft is None:
            draft = self._draft(entry, version, language, files, private)
            if private:
                self._drafts[key] = draft
        return self._fill(draft, values)

    def problems(self, entry: Entry, language: str, *, file_url: FileUrl) -> tuple[Problem, ...]:
        """What is wrong with the latest text's body alone, in a language that it has."""
        files = {attachment.name: file_url(attachment) for attachment in entry.attachments}
        return self.prose.problems(entry.text(language), self._links.resolver(files, language))

    def readable(self, entry: Entry, version: Version, text: Text, language: str, *, file_url: FileUrl) -> str:
        """All that a version says in one of its texts, without what depends on the day it is read or on the client.

        Of two such, a redline shows what changed. `language` is that of the labels.
        """
        files = tuple((attachment, file_url(attachment)) for attachment in entry.attachments)
        around = self._around(entry, version, text, language, entry.private)._replace(earlier=True)
        context, _ = self._contents(entry, version, text, around, Voice(self._plan.settings, language), files)
        line, voice = context["line"], context["voice"]
        rows = [_Row.of(row, line).cells({}, None, voice) for row in text.notice.comparison]
        page = self._templates.get_template("readable.html").render(context, desk=None, rows=rows)
        return page.replace(" data-dn-relative>", ">")

    def _draft(
        self, entry: Entry, version: Version, language: str, files: tuple[tuple[Attachment, str], ...], private: bool
    ) -> _Draft:
        voice = Voice(self._plan.settings, language)
        text = version.text(language)
        around = self._around(entry, version, text or entry.text(language), language, private)
        if text is None:
            context = self._frame(entry, version, None, around, voice)
            gone = Form.of(self._templates.get_template("unavailable.html").render(context))
            frame = self._templates.get_template("article.html").render(context).split(_PART)
            return _Draft(entry.text(language), voice, context, frame, gone)
        context, problems = self._contents(entry, version, text, around, voice, files)
        top, rest, *frame = self._templates.get_template("whole.html").render(context).split(_PART)
        rows = tuple(_Row.of(row, context["line"]) for row in text.notice.comparison)
        return _Draft(text, voice, context, frame, Form.of(top), rows, Form.of(rest), problems, around.earlier)

    def _frame(
        self, entry: Entry, version: Version, text: Text | None, around: _Around, voice: Voice
    ) -> dict[str, Any]:
        """What the templates know of a version, whether or not its text is known."""

        def line(markdown: str) -> Markup:
            return _said(self.prose.line(markdown), around.foreign)

        return {
            "w": voice.words,
            "voice": voice,
            "badge": self._badge(around, voice),
            "patterns": self._patterns(voice),
            "part": _PART,
            "parts": (_PART,) * 3,
            "line": line,
            "own": Markup(' lang="{}"').format(around.foreign) if around.foreign else "",
            "entry": entry,
            "version": version,
            "notice": (text or entry.text(voice.language)).notice,
            "around": around,
            "text": text,
        }

    def _badge(self, around: _Around, voice: Voice) -> Markup:
        """The word for how a version stands, which stands in three places, and is the same for most notices."""
        key = voice.language, None if around.earlier else around.standing
        if key not in self._badges:
            macros: Any = self._templates.get_template("macros.html").module
            self._badges[key] = macros.badge(voice, around.standing) if key[1] else macros.earlier(voice.words)
        return self._badges[key]

    def _patterns(self, voice: Voice) -> Markup:
        """What every article has for duenotice.js."""
        if voice.language not in self._spoken:
            macros: Any = self._templates.get_template("macros.html").module
            self._spoken[voice.language] = macros.relative(voice.relative)
        return self._spoken[voice.language]

    def _contents(
        self,
        entry: Entry,
        version: Version,
        text: Text,
        around: _Around,
        voice: Voice,
        files: tuple[tuple[Attachment, str], ...],
    ) -> tuple[dict[str, Any], tuple[Problem, ...]]:
        """What the templates know of a version whose text is known, and what is wrong with its body."""
        context = self._frame(entry, version, text, around, voice)
        line = context["line"]
        body = self.prose.body(text, self._links.resolver({a.name: url for a, url in files}, voice.language))
        context |= {
            "today": self._today,
            "desk": self._plan.settings.options.desks.get(text.notice.owner or ""),
            "updates": sorted(text.notice.updates, key=lambda u: instant(u.at, voice.settings.zone), reverse=True),
            "facts": tuple(f for f in facts(text.notice, voice, line) if f.name not in _TOLD_FIRST[text.notice.kind]),
            "body": Markup(body.html),  # noqa: S704 - prose has reduced it to its allow-list
            "files": _files(text.notice, files, voice),
            "amounts": escape(_AMOUNTS) if text.notice.comparison else "",
        }
        return context, body.problems

    def _fill(self, draft: _Draft, values: Mapping[str, str] | None) -> Article:
        notice, voice = draft.text.notice, draft.voice
        personal = bool(values) or notice.values is not None  # otherwise braces are only braces
        filling = Filling({name: voice.spoken(value) for name, value in (values or {}).items()}) if personal else None
        top, comparison = draft.top.filled(filling), ""
        if draft.rows:
            rows = [row.cells(values or {}, filling, voice) for row in draft.rows]
            comparison = self._templates.get_template("comparison.html").render(draft.context, rows=rows)
            top = top.replace(_AMOUNTS, _how_much(rows, voice))
        parts = (top, comparison, draft.rest.filled(filling))
        page = draft.frame[0] + "".join(map("".join, zip(parts, draft.frame[1:], strict=True)))
        return Article(
            title=filling.plain(notice.title) if filling else notice.title,
            summary=filling.plain(notice.summary or "") if filling else notice.summary or "",
            html=page,
            headings=tuple(_headings(page)),
            problems=draft.problems + (tuple(draft.unfilled(filling)) if filling else ()),
        )

    def _around(self, entry: Entry, version: Version, text: Text, language: str, private: bool) -> _Around:
        settings, addresses, notice = self._plan.settings, self._plan.addresses(language), text.notice

        def link(identity: str | None) -> _Link | None:
            other = self._public.get(identity or "")
            if other is None:
                return None
            words = other.text(language)
            own = "" if words.language == language else words.language
            return _Link(words.notice.title, settings.base + addresses.notice(other.id), own)

        def edition(of: Version) -> _Edition:
            return _Edition(of, "" if private else settings.base + addresses.version(entry.id, of.number))

        def own_address(of: Text) -> str:
            return self._plan.addresses(of.language).version(entry.id, version.number)

        standing = self._standings.of(entry)
        successor = link(self._last_successor(entry))
        replaced = self._standings.replaced_at(entry)
        latest_url = settings.site_url + addresses.notice(entry.id)
        shared = not private and version is entry.latest and not standing.over

        ahead = shared and dates.ahead(entry.notice, entry.state, self._plan.now, settings.zone)
        foreign = text.language != language
        rendered = next((v for v in reversed(entry.versions) if language in v.texts), None) if foreign else None
        return _Around(
            earlier=version.number != entry.latest.number,
            standing=standing,
            foreign=text.language if foreign else "",
            rendered=edition(rendered) if rendered and not private else None,
            editions=() if private else tuple(edition(v) for v in entry.versions),
            changes="" if private or len(entry.versions) == 1 else settings.base + addresses.changes(entry.id),
            latest="" if private else settings.base + addresses.notice(entry.id),
            permanent="" if private else settings.site_url + addresses.version(entry.id, version.number),
            code="" if private or not version.texts else settings.base + own_address(text) + QR,
            dates=settings.base + addresses.dates(entry.id) if ahead else "",
            share=_Share(chat(notice.title, notice.summary or "", latest_url), message(notice.title, latest_url))
            if shared
            else None,
            successor=successor,
            replaced=replaced.astimezone(settings.zone) if successor and replaced and entry.state.stands else None,
            current="" if private or successor else settings.base + addresses.listing("in-force"),
            changed=_changed(version, language),
            replaces=link(notice.supersedes),
            answers=tuple(found for found in map(link, notice.answers) if found),
            issuer=notice.issuer or named(settings.options.issuer or settings.name_in(language), language),
            audience=_audience(notice),
            genuine="" if private else self._genuine[language],
            lookup="" if private else f"{settings.base}{addresses.lookup}?q={quote(entry.notice.number or entry.id)}",
        )

    def _last_successor(self, entry: Entry) -> str | None:
        """The notice that holds now: of one superseded in its turn, its successor."""
        seen, identity = {entry.id}, entry.successor
        while identity is not None and identity not in seen:
            seen.add(identity)
            other = self._public.get(identity)
            if other is None or other.state is not State.SUPERSEDED or other.successor not in self._public:
                break
            identity = other.successor
        return identity


_TOLD_FIRST: Mapping[Kind, frozenset[str]] = {
    **{kind: frozenset() for kind in Kind},
    Kind.INCIDENT: frozenset({"found_at", "state", "next_update", "closed_at", "cause", "remedy", "prevention"}),
}
"""The details that stand above the glance, and so not once more below it."""


class _Share(NamedTuple):
    """What people paste when they pass the notice on."""

    chat: str
    message: str


class _Link(NamedTuple):
    title: str
    url: str
    language: str
    """The language of the title where it is not the reader's, else empty."""


class _Edition(NamedTuple):
    """A version and its page; private ones have none."""

    version: Version
    url: str


class _Around(NamedTuple):
    """What a page says about a notice that does not stand in the notice."""

    earlier: bool
    """Whether a later version may be shown instead of this one."""
    standing: Standing
    foreign: str
    """The language of the text where it is not the reader's, else empty."""
    rendered: _Edition | None
    """The last version that has a translation, where this one has none."""
    editions: tuple[_Edition, ...]
    """Oldest first; empty on private pages, whose readers may not all have read every version."""
    changes: str
    """The page that shows what changed from version to version; empty where there is none."""
    latest: str
    permanent: str
    code: str
    """The QR code of the permanent address; empty on private pages."""
    dates: str
    """The calendar of the dates that are still to come; empty where there are none, and on private pages."""
    share: _Share | None
    successor: _Link | None
    """The notice that holds instead, or will."""
    replaced: dt.datetime | None
    """When the successor takes effect, where that is still to come."""
    current: str
    """The list of what is in force, for readers who have no successor to go to."""
    changed: Markup
    """What this version changed, in the author's words; empty for the first."""
    replaces: _Link | None
    answers: tuple[_Link, ...]
    issuer: str
    audience: str
    """The key of the words that say whom the notice was written for."""
    genuine: str
    """The page on telling our notices from others'; empty where there is none."""
    lookup: str
    """The page that says whether this notice's number is still current."""


class _Draft(NamedTuple):
    """An article but for what differs from client to client."""

    text: Text
    voice: Voice
    context: dict[str, Any]
    frame: list[str]
    """Four pieces of HTML, around and between the parts."""
    top: Form
    rows: tuple[_Row, ...] = ()
    rest: Form = Form.of("")
    problems: tuple[Problem, ...] = ()
    earlier: bool = False

    def unfilled(self, filling: Filling) -> Iterator[Problem]:
        """The placeholders that stay empty. In an earlier version they are a warning: nobody can mend it any more."""
        notice = self.text.notice
        severity = Severity.WARNING if self.earlier else Severity.ERROR
        forms = (self.top, self.rest, *(form for row in self.rows for form in row.forms))
        plain = {name for text in (notice.title, notice.summary or "") for name in PLACEHOLDER.findall(text)}
        for name in sorted(plain.union(*(form.names for form in forms)) - filling.texts.keys()):
            message = f"nothing fills {{{{{name}}}}} for a client who reads this"
            hint = (
                f"give {notice.values} the column '{name}', and every client a row"
                if notice.values
                else "name the table of values in 'values'"
            )
            yield Problem(_where(self.text, name), "unknown-placeholder", message, hint, severity)
        for name in sorted(frozenset().union(*(form.misplaced for form in forms))):
            message = f"{{{{{name}}}}} stands in a link's address, where nothing is filled in"
            yield Problem(_where(self.text, name), "misplaced-placeholder", message, "put it into the text", severity)


class _Cells(NamedTuple):
    """One row of the comparison as it is shown."""

    item: Markup
    note: Markup | None
    old: Markup
    new: Markup
    difference: str | None
    per_cent: str | None
    change: Money | None
    """The difference where both are amounts, also of nothing."""

    @property
    def same(self) -> bool:
        """Whether both are the same amount."""
        return self.change is not None and not self.change.amount


class _Row(NamedTuple):
    """One row of the comparison, before its placeholders are filled."""

    row: Comparison
    item: Form
    note: Form | None
    old: Form
    new: Form

    @classmethod
    def of(cls, row: Comparison, line: Line) -> _Row:
        note = Form.of(line(row.note)) if row.note else None
        return cls(row, Form.of(line(row.item)), note, Form.of(line(row.old)), Form.of(line(row.new)))

    @property
    def forms(self) -> tuple[Form, ...]:
        return tuple(form for form in (self.item, self.note, self.old, self.new) if form)

    def cells(self, values: Mapping[str, str], filling: Filling | None, voice: Voice) -> _Cells:
        """The row for one client: what became an amount is compared."""
        raw = Filling(values)
        row = (
            self.row.model_copy(update={"old": raw.plain(self.row.old), "new": raw.plain(self.row.new)})
            if filling
            else self.row
        )

        def cell(text: str, form: Form) -> Markup:
            money = Money.parse(text)
            if money is None:
                return _safe(form.filled(filling))
            return Markup('<span class="dn-amount">{}</span>').format(voice.money(money))

        difference, per_cent = row.difference, row.per_cent
        return _Cells(
            item=_safe(self.item.filled(filling)),
            note=_safe(self.note.filled(filling)) if self.note else None,
            old=cell(row.old, self.old),
            new=cell(row.new, self.new),
            difference=voice.change(difference) if difference and difference.amount else None,
            per_cent=voice.per_cent(per_cent) if per_cent else None,
            change=difference,
        )


def _how_much(rows: Sequence[_Cells], voice: Voice) -> Markup:
    """One line of the first screen: what the amounts of a comparison come to; nothing where it has none."""
    w = voice.words
    changes = [(row, row.change) for row in rows if row.change is not None]
    moved = [(row, change) for row, change in changes if change.amount]
    if not changes:
        return Markup()
    if not moved:
        said = escape(w("brief.same"))
    elif len(moved) == 1:
        row, change = moved[0]
        said = escape(w("brief.one")).format(old=row.old, new=row.new, difference=voice.change(change))
    elif len({(change.currency, change.period) for _, change in moved}) > 1:  # amounts that have no order
        told = dict.fromkeys(voice.change(change) for _, change in moved)
        said = escape(" · ".join(told) if len(told) <= 3 else w("brief.items", count=len(moved)))
    else:
        least, *_, most = sorted((change for _, change in moved), key=lambda change: change.amount)
        said = escape(w("brief.between", count=len(moved), least=voice.change(least), most=voice.change(most)))
    return Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(w("brief.much"), said)


class Fact(NamedTuple):
    """One field of a kind's details: a label, and what stands beside it."""

    name: str
    label: str
    value: Markup


class _File(NamedTuple):
    name: str
    url: str
    """Empty where the file of an earlier version is not kept any more."""
    size: str


def facts(notice: Notice, voice: Voice, line: Line) -> Iterator[Fact]:
    """The details that fit beside a label; lists of blocks have tables of their own."""
    for name in type(notice.details).model_fields:
        value = getattr(notice.details, name)
        if value is None or value is False or value == ():
            continue
        match value:
            case True if name == "bank_account":  # has a warning of its own
                continue
            case True:
                shown = Markup("{}").format(voice.words("details.affirmed"))
            case dt.date():
                shown = voice.when(value)
            case str() if _WEB.fullmatch(value):
                shown = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(value)
            case str():
                shown = line(value)
                if notice.kind is Kind.CONTACT_CHANGE and name == "new":
                    shown = _copyable(shown, voice)
            case (Handover(), *_) | (Responsibility(), *_):
                continue
            case _:
                shown = Markup("<ul>{}</ul>").format(
                    Markup("").join(Markup("<li>{}</li>").format(line(v)) for v in value)
                )
        yield Fact(name, voice.words(f"details.{notice.kind}.{name}"), shown)


def _copyable(shown: Markup, voice: Voice) -> Markup:
    """A text whose long numbers can be copied one by one; one with markup in it stays as it is."""
    if "<" in shown:
        return shown
    words = (voice.words("signature.copy_value"), voice.words("signature.copied"))
    mark = Markup('<span data-dn-copy="{}" data-dn-copied="{}">{}</span>')
    return Markup(_FIGURES.sub(lambda found: mark.format(*words, found[0]), shown))  # noqa: S704 - escaped by line


def _files(notice: Notice, files: tuple[tuple[Attachment, str], ...], voice: Voice) -> tuple[_File, ...]:
    here = {attachment.name: (attachment.file.stat().st_size, url) for attachment, url in files}
    return tuple(
        _File(name, here[name][1], voice.size(here[name][0])) if name in here else _File(name, "", "")
        for name in notice.attachments
    )


def _changed(version: Version, language: str) -> Markup:
    text = version.texts.get(language)
    if text is not None and text.notice.revisions:
        return Markup("{}").format(text.notice.revisions[-1].note)
    return Markup('<span lang="{}">{}</span>').format(version.language, version.note) if version.note else Markup()


def _audience(notice: Notice) -> str:
    match notice.audience:
        case Selector(clients=clients) if len(clients) == 1:
            return "only_you"
        case Selector() if notice.values:
            return "own_figures"
        case Selector():
            return "like_you"
        case _:
            return "everyone"


def _said(markup: str, language: str) -> Markup:
    """A field's HTML, marked with its language where the page is in another."""
    if not language:
        return _safe(markup)
    element = "div" if _BLOCK.match(markup) else "span"
    return Markup('<{0} lang="{1}">{2}</{0}>').format(element, language, _safe(markup))


def _safe(markup: str) -> Markup:
    return Markup(markup)  # noqa: S704 - from prose, or escaped by a form


def _headings(page: str) -> Iterator[Heading]:
    for match in _HEADING.finditer(page):
        yield Heading(int(match[1]), html.unescape(match[2]), html.unescape(_MARKUP.sub("", match[3])).strip())


def _where(text: Text, name: str) -> Location:
    """Where a placeholder stands: its line in the body, or the file."""
    found = next((m for m in PLACEHOLDER.finditer(text.body) if m[1] == name), None)
    return (
        Location(text.path, text.body_line + text.body.count("\n", 0, found.start())) if found else Location(text.path)
    )
