"""What a digest says of one notice: no more than may be disclosed, and the same facts in text and HTML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup

from mailer.agenda.digest import Event, Item
from mailer.letters import passage, plaintext
from mailer.letters.letter import clean, slot
from portal import words
from portal.article import Articles
from portal.client import Recipient
from portal.filling import PLACEHOLDER
from portal.notice import Disclosure, Notice, Version
from portal.plan import Plan
from portal.prose import Prose
from portal.words import Words


class News(StrEnum):
    """Why a notice is in a digest; the templates' words are `news.…`."""

    NEW = "new"
    REVISED = "revised"
    POSTPONED = "postponed"
    """Revised, and a date lies later than in the version told before."""
    ADVANCED = "advanced"
    """Revised, and a date lies earlier."""
    REMINDER = "reminder"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"
    """The latest version does not concern this reader any more."""

    @property
    def ends(self) -> bool:
        """Whether nothing that the notice asked is to be done any more."""
        return self in (News.WITHDRAWN, News.RELEASED)


@dataclass(frozen=True, slots=True)
class Action:
    """What a notice asks of its reader."""

    needed: bool
    what: str
    by: dt.date | None
    was: dt.date | None = None
    """The date in the version told before, where it was another."""


@dataclass(frozen=True, slots=True)
class Due:
    """The day that a reminder is about."""

    on: dt.date
    left: int
    """Days to it on the reader's day; negative: since it."""
    what: str
    """What that day brings; empty for the notice's own day, and where it may not be disclosed."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One notice as the templates see it; what may not be disclosed is empty."""

    title: str
    summary: str
    kind: str
    number: str
    published: str
    news: News
    notes: tuple[str, ...]
    """What changed since the version told before, oldest first; or why it was withdrawn."""
    effective: str
    effective_was: str
    """When the version told before took effect, where that was another day."""
    action: Action | None
    """None: the notice says nothing about it, or may not be disclosed."""
    due: Due | None
    """Only of a reminder."""
    body: Markup
    """The whole text as HTML for mails; empty unless all of it may be disclosed."""
    body_text: str
    hidden: bool
    """Not even the title may be disclosed."""
    private: bool
    urgent: bool
    mandatory: bool
    """It concerns the reader by contract; who leaves voluntary notices still gets it."""
    url: str
    """The public page; empty for a private notice."""
    untranslated: str
    """That the words are not in the reader's language, as pages say it; empty where they are."""
    translated: str
    """Which version is, if an older one is and may be seen by everybody."""
    translated_url: str
    changes_url: str
    """What changed, marked in the text; empty where there is no such public page, or nothing was told before."""
    clients: tuple[str, ...]
    """Slots of the names of the clients it concerns; empty for who looks after one client."""

    @property
    def asks(self) -> bool:
        """Whether the reader must act."""
        return self.action is not None and self.action.needed


class Writer:
    """Writes paragraphs for the readers of one plan."""

    def __init__(self, plan: Plan, *, hide_private: bool = False) -> None:
        self._plan = plan
        self._hide_private = hide_private
        self._articles: Articles | None = None
        self._prose = Prose(plan.settings)

    def paragraph(self, item: Item, language: str, readers: Sequence[Recipient]) -> Paragraph:
        """One notice for readers of a language.

        `readers` are those whose names are slots of the digest, in their order; empty where none need be named.
        """
        text = item.version.text(language)
        assert text is not None, "only versions whose text is known are told"
        notice, private = text.notice, item.entry.private
        w = words.load(language, "mail")
        allowed = self._allowed(item, private)
        title = "" if allowed is Disclosure.NOTHING else self._said(notice.title)
        open_text = title != "" and allowed in (Disclosure.SUMMARY, Disclosure.FULL)
        before = self._told_before(item)
        news = _news(item, notice, before)
        said = open_text and not news.ends
        body = self._body(item, language, w) if said and allowed is Disclosure.FULL else ""
        site, settings = self._plan.addresses(language), self._plan.settings
        effective, was = _effective(notice), _effective(before) if before else None
        page, foreign = words.load(language), text.language != language and title != ""
        rendered = last_in(item, language) if foreign and not private else None
        return Paragraph(
            title=title or w("hidden"),
            summary=self._said(notice.summary or "") if said else "",
            kind=page(f"kind.{notice.kind}") if title else "",
            number=clean(notice.number or "") if title else "",
            published=words.day(item.version.on.astimezone(settings.zone).date(), language),
            news=news,
            notes=tuple(filter(None, map(self._said, _notes(item, notice)))) if open_text else (),
            effective=words.day(effective, language) if said and effective else "",
            effective_was=words.day(was, language) if said and effective and was and was != effective else "",
            action=self._action(notice, before, open_text, w) if title and not news.ends else None,
            due=self._due(item, open_text) if title else None,
            body=Markup(body),  # noqa: S704 - sanitised by passage.for_mail
            body_text=plaintext.of_html(body),
            hidden=title == "",
            private=private,
            urgent=item.urgent,
            mandatory=item.mandatory,
            url="" if private else settings.site_url + site.notice(item.entry.id),
            untranslated=page("banner.untranslated", language=page(f"language.{text.language}")) if foreign else "",
            translated=page("banner.translated_version", number=rendered.number) if rendered else "",
            translated_url=settings.site_url + site.version(item.entry.id, rendered.number) if rendered else "",
            changes_url="" if private or before is None else settings.site_url + site.changes(item.entry.id),
            clients=_clients(item, readers) if private else (),
        )

    def _allowed(self, item: Item, private: bool) -> Disclosure:
        """What a mail may say. Of a public notice its summary at least, and all of it only where the author says so."""
        disclose = item.text.notice.mail.disclose
        if private:
            return Disclosure.NOTHING if self._hide_private else disclose
        return Disclosure.FULL if disclose is Disclosure.FULL else Disclosure.SUMMARY

    def _told_before(self, item: Item) -> Notice | None:
        """The facts of the version that this person was told of, if it was an earlier one and they are known."""
        if item.event is not Event.PUBLISHED or item.told is None or item.told >= item.version.number:
            return None
        version: Version | None = next((v for v in item.entry.versions if v.number == item.told), None)
        return version.original.notice if version and version.original else None

    def _action(self, notice: Notice, before: Notice | None, with_words: bool, w: Words) -> Action | None:
        """What is asked. Of a private notice that discloses its title, whether and by when, in no words of its own."""
        by, was = _deadline(notice), _deadline(before) if before else None
        moved = was if was and by and was != by else None
        if notice.action is not None and notice.action.needed:
            what = self._said(notice.action.what or "") if with_words else ""
            return Action(True, what, by, moved)
        if notice.ack is not None:
            return Action(True, w(f"ack.{notice.ack.level}"), by, moved)
        return Action(False, "", None) if notice.action is not None else None

    def _due(self, item: Item, with_words: bool) -> Due | None:
        reminder = item.reminder
        if reminder is None:
            return None
        return Due(reminder.on, reminder.left, self._said(reminder.what) if with_words else "")

    def _said(self, text: str) -> str:
        """A field as one plain line; empty where per-client values belong into it: those stand on sealed pages only."""
        return "" if PLACEHOLDER.search(text) else clean(plaintext.of_line(self._prose.line(text)))

    def _body(self, item: Item, language: str, w: Words) -> str:
        if self._articles is None:
            self._articles = Articles(self._plan, self._prose)
        text = item.version.text(language)
        assert text is not None, "only versions whose text is known are told"
        page = self._articles.readable(item.entry, item.version, text, language, file_url=lambda _: "#attached")
        if item.entry.private:
            page = PLACEHOLDER.sub(w("value"), page)  # no mail has anybody's values; in public texts they are braces
        return passage.for_mail(page, self._plan.settings.site_url)


def last_in(item: Item, language: str) -> Version | None:
    """The last version that has a text in a language, up to the one that is told."""
    versions = (v for v in reversed(item.entry.versions) if v.number <= item.version.number)
    return next((v for v in versions if language in v.texts), None)


def importance(paragraph: Paragraph, today: dt.date) -> tuple[bool, bool, bool, dt.date]:
    """Sort key: urgent first, then what must be done, the nearest date first, past ones last; then newest first."""
    by = paragraph.action.by if paragraph.action and paragraph.asks else None
    return (not paragraph.urgent, not paragraph.asks, by is not None and by < today, by or dt.date.max)


def _news(item: Item, notice: Notice, before: Notice | None) -> News:
    match item.event:
        case Event.WITHDRAWN | Event.RELEASED | Event.REMINDER:
            return News(item.event.value)
        case Event.PUBLISHED if item.told is None:
            return News.NEW
    if before is None:
        return News.REVISED
    dates = [(get(before), get(notice)) for get in (_deadline, _effective)]
    if any(was and now and now > was for was, now in dates):
        return News.POSTPONED
    return News.ADVANCED if any(was and now and now < was for was, now in dates) else News.REVISED


def _notes(item: Item, notice: Notice) -> Sequence[str]:
    """Why it was withdrawn; or what each version since the one told before changed."""
    if item.event is Event.WITHDRAWN:
        return (notice.withdrawn.reason,) if notice.withdrawn else ()
    if item.told is None or item.event is not Event.PUBLISHED:
        return ()
    return [revision.note for revision in notice.revisions[item.told - 1 : item.version.number - 1]]


def _deadline(notice: Notice) -> dt.date | None:
    if notice.action is not None and notice.action.needed:
        return notice.action.by
    return notice.ack.by if notice.ack else None


def _effective(notice: Notice) -> dt.date | None:
    return notice.effective.start if notice.effective else None


def _clients(item: Item, readers: Sequence[Recipient]) -> tuple[str, ...]:
    return tuple(slot("client", readers.index(reader)) for reader in item.readers if reader in readers)
