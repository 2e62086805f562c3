"""Writes a digest: a skeleton that everybody with the same news shares, and the letter of one person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from mailer.agenda.digest import Digest, Item
from mailer.letters import plaintext
from mailer.letters.letter import Letter, Skeleton, clean, slot
from mailer.letters.paragraph import News, Paragraph, Writer, importance, last_in
from mailer.letters.typesetting import Typesetter
from mailer.people.subscription import NO_CLIENT
from portal import addresses, words
from portal.client import Recipient
from portal.config import named
from portal.errors import PortalError
from portal.links import Links
from portal.plan import Plan

LARGEST = 90_000
"""Bytes of HTML; mail programs cut longer ones off (Gmail at 102 kB)."""

LONGEST_SUBJECT = 78
"""Columns; RFC 5322, section 2.1.1, and about what a window shows."""

_LONGEST_PREVIEW = 180
"""Characters of the hidden line that lists of mails show behind the subject."""

_GENUINE = "genuine.md"
"""The page of content/ that says how to tell the firm's notices from others."""

_TITLE, _KEPT = "\ufdd4", "{title}"
"""Stand for the title in a subject, until it is known how much room there is."""
_SHORTEST_TITLE = 24
"""Columns that a title has in a subject in any case."""

_KEPT_SKELETONS = 256
"""How many are kept at a time, of up to some 150 kB each."""

_Key = tuple[Any, ...]


class Composer:
    """Composes the digests of one plan; what many share is written once.

    With `hide_private` no private notice is named, whatever it allows.
    """

    def __init__(self, plan: Plan, *, hide_private: bool = False) -> None:
        self._plan = plan
        self._writer = Writer(plan, hide_private=hide_private)
        self._typesetter = Typesetter(plan.settings.root)
        self._links = Links(plan)
        self._skeletons: dict[_Key, Skeleton] = {}
        self._paragraphs: dict[_Key, Paragraph] = {}
        self._dates: dict[ZoneInfo, str] = {}
        self._pages: dict[_Key, tuple[str, ...]] = {}
        self._imprints: dict[str, dict[str, object]] = {}

    def letter(self, digest: Digest) -> Letter:
        """What the ledger must keep to rebuild one person's message."""
        plan, person = self._plan, digest.person
        mail = plan.settings.options.mail
        readers = _private_readers(digest)
        return Letter(
            key=digest.key,
            address=person.address,
            name=clean(person.name),
            language=person.language,
            date=self._date(person.zone),
            sender=mail.sender,
            sender_name=clean(_sender_name(plan, person.language)),
            reply_to=mail.reply_to or mail.sender,
            site_url=plan.settings.site_url,
            readers=tuple((reader.key, plan.registry.epoch(reader)) for reader in readers),
            clients=tuple(clean(reader.client.name) for reader in readers),
            pages=self._linked(digest),
            newest=max(max(item.version.on, item.waiting_since) for item in digest.items),
            thread=digest.thread,
        )

    def skeleton(self, digest: Digest) -> Skeleton:
        """Write a digest, with slots. Raises PortalError where a portal's own template fails."""
        readers = _private_readers(digest)
        several = _clients(digest) > 1
        today = self._plan.now.astimezone(digest.person.zone).date()
        of_items = tuple(_identity(item, readers if several else ()) for item in digest.items)
        key = (digest.person.language, today, several, len(readers), _clients(digest) == 0, of_items)
        if key not in self._skeletons:
            if len(self._skeletons) >= _KEPT_SKELETONS:  # where everybody's news differ, memory must not grow
                self._skeletons.clear()
            self._skeletons[key] = self._write(digest, readers, several, today)
        return self._skeletons[key]

    def _write(self, digest: Digest, readers: Sequence[Recipient], several: bool, today: dt.date) -> Skeleton:
        language = digest.person.language
        w = words.load(language, "mail")
        named_readers = readers if several else ()
        written = (self._paragraph(item, language, named_readers) for item in digest.items)
        paragraphs = sorted(written, key=lambda paragraph: importance(paragraph, today))
        lead = _lead(paragraphs, today, language, subscriber=_clients(digest) == 0)
        values = {
            **self._imprint(language),
            "lead": lead,
            "preview": _preview(lead, paragraphs, w("joint_titles")),
            "name": slot("name"),
            "today": today,
            "paragraphs": paragraphs,
            "several": several,
            "subscriber": _clients(digest) == 0,
            "mandatory": digest.mandatory,
            "voluntary": any(not item.mandatory for item in digest.items),
            "keys": [(slot("client", i), slot("code", i)) for i in range(len(readers))],
            "left": lambda days: _left(days, language),
        }
        brief = {"brief": lambda day: words.brief_day(day, language), "title": _TITLE}
        around = clean(self._typesetter.text("digest.subject.txt", {**values, **brief}).replace(_TITLE, _KEPT))
        room = LONGEST_SUBJECT - plaintext.columns(around.replace(_KEPT, ""))
        subject = around.replace(_KEPT, plaintext.shortened(paragraphs[0].title, max(room, _SHORTEST_TITLE)))
        html, whole = self._fitting(values, len(paragraphs))
        text = self._typesetter.text("digest.txt", {**values, "whole": whole})
        return Skeleton(subject=clean(subject), text=plaintext.wrap(text), html=html)

    def _fitting(self, values: Mapping[str, object], count: int) -> tuple[str, bool]:
        """The HTML of a digest, and whether it holds the whole texts that it may.

        So that it fits, whole texts give way to summaries; of very many notices the first are written in full, then
        titles only, then a number.
        """
        whole, full, shown = True, count, count
        while True:
            html = self._typesetter.html("digest.mjml", {**values, "whole": whole, "full": full, "named": shown})
            if len(html.encode()) <= LARGEST:
                return html, whole
            if shown == 0:
                raise PortalError("a digest makes too much HTML even without its notices", "shorten digest.mjml")
            if whole:
                whole = False
            elif full > 0:
                full //= 2
            else:
                shown //= 2

    def _paragraph(self, item: Item, language: str, readers: Sequence[Recipient]) -> Paragraph:
        key = (language, _identity(item, readers))
        if key not in self._paragraphs:
            self._paragraphs[key] = self._writer.paragraph(item, language, readers)
        return self._paragraphs[key]

    def _date(self, zone: ZoneInfo) -> str:
        """The run's moment as a header field has it (RFC 5322, section 3.3)."""
        if zone not in self._dates:
            self._dates[zone] = format_datetime(self._plan.now.astimezone(zone))
        return self._dates[zone]

    def _linked(self, digest: Digest) -> tuple[str, ...]:
        """Paths below the site that the message links to."""
        language = digest.person.language
        public = [item for item in digest.items if not item.entry.private]
        key = (language, *((item.entry.id, item.version.number, item.event, item.told) for item in public))
        if key not in self._pages:
            site = self._plan.addresses(language)
            pages = [site.home]
            for item in public:
                paragraph, rendered = self._paragraph(item, language, ()), last_in(item, language)
                pages += (site.notice(item.entry.id), site.version(item.entry.id, item.version.number))
                if rendered and paragraph.translated_url:
                    pages.append(site.version(item.entry.id, rendered.number))
                if paragraph.changes_url:
                    pages.append(site.changes(item.entry.id))
            genuine = self._genuine(language)
            self._pages[key] = (*pages, *([genuine.removeprefix(self._plan.settings.base)] if genuine else []))
        return self._pages[key]

    def _genuine(self, language: str) -> str:
        """The absolute path of the page on telling genuine mails; empty where the site has none."""
        return self._links.resolver({}, language)(_GENUINE) or ""

    def _imprint(self, language: str) -> dict[str, object]:
        """What is the same in every digest of a language."""
        if language not in self._imprints:
            settings = self._plan.settings
            mail, issuer, genuine = settings.options.mail, settings.options.issuer, self._genuine(language)
            self._imprints[language] = {
                "w": words.load(language, "mail"),
                "day": lambda date: words.day(date, language),
                "language": language,
                "site_name": settings.name_in(language),
                "site_url": settings.site_url + self._plan.addresses(language).home,
                "my_url": settings.site_url + addresses.MY,
                "sender_name": _sender_name(self._plan, language),
                "firm": named(issuer, language) if issuer else "",
                "imprint": named(mail.imprint, language) if mail.imprint else "",
                "genuine_url": urljoin(settings.site_url, genuine) if genuine else "",
                "reply_to": mail.reply_to or mail.sender,
                "sender": mail.sender,
            }
        return self._imprints[language]


def _identity(item: Item, readers: Sequence[Recipient]) -> _Key:
    """What the words on a notice depend on, beside the language."""
    where = tuple(readers.index(reader) for reader in item.readers if reader in readers) if item.entry.private else ()
    return (item.entry.id, item.version.number, item.event, item.told, item.mandatory, item.reminder, where)


def _clients(digest: Digest) -> int:
    """For how many clients the person reads; none: a subscriber."""
    return len({recipient.client.id for recipient in digest.person.recipients} - {""})


def _sender_name(plan: Plan, language: str) -> str:
    """The configured name, which is in the portal's first language; in others, the site's name if it has one."""
    settings = plan.settings
    own = None if language in settings.options.site_names else settings.options.mail.sender_name
    return own or settings.name_in(language)


def _private_readers(digest: Digest) -> list[Recipient]:
    """For whose private pages the message needs links, each once, in the order of the person's contacts.

    A subscriber has none, also of a notice that was public when it was told and is private now.
    """
    readers = (reader for item in digest.items if item.entry.private for reader in item.readers)
    wanted = {reader.key for reader in readers if reader.client is not NO_CLIENT}
    return [recipient for recipient in digest.person.recipients if recipient.key in wanted]


def _lead(paragraphs: Sequence[Paragraph], today: dt.date, language: str, *, subscriber: bool) -> str:
    """The first line: how many notices concern the reader, whether to act, and by when."""
    w = words.load(language, "mail")
    count = len(paragraphs)
    whose = "news" if subscriber else "lead"
    concern = w(f"{whose}.one") if count == 1 else w(f"{whose}.many", n=count)
    asked = [p.action for p in paragraphs if p.action is not None and p.action.needed]
    if all(p.news.ends for p in paragraphs):
        how = "ended.withdrawn_" if all(p.news is News.WITHDRAWN for p in paragraphs) else "ended."
        return w(f"{how}one") if count == 1 else w(f"{how}many", n=count)
    if not asked:
        return concern + w("lead.hidden" if any(p.hidden for p in paragraphs) else "lead.none")
    dates = sorted(action.by for action in asked if action.by is not None and action.by >= today)
    if count == 1:
        act = w("lead.act")
    elif len(asked) == count:
        act = w("lead.all_act")
    else:
        act = w("lead.one_acts") if len(asked) == 1 else w("lead.some_act", n=len(asked))
    by = w("lead.by" if len(asked) == 1 else "lead.first_by", date=words.day(dates[0], language)) if dates else ""
    hidden = sum(1 for p in paragraphs if p.hidden)
    return f"{concern}{act}{by}{w('lead.stop')}" + (w("lead.hidden_too", n=hidden) if hidden else "")


def _preview(lead: str, paragraphs: Sequence[Paragraph], joint: str) -> str:
    """What lists of mails show behind the subject, which has the first title already."""
    return plaintext.shortened(" ".join((lead, joint.join(p.title for p in paragraphs[1:]))).strip(), _LONGEST_PREVIEW)


def _left(days: int, language: str) -> str:
    """How long it is until a day: today, tomorrow, in 7 days; or since it."""
    w = words.load(language, "mail")
    if days in (0, 1):
        return w("left.today" if days == 0 else "left.tomorrow")
    return w("left.days", n=days) if days > 0 else w("left.over", n=-days)
