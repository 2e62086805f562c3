"""Writes a digest: a skeleton that everybody with the same news shares, and the letter of one person."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from mailer.digest import Digest, Event, Item
from mailer.letter import Letter, Skeleton, clean, slot
from portal import addresses, words
from portal.client import Recipient
from portal.errors import PortalError
from portal.notice import Disclosure, Notice
from portal.plan import Plan
from portal.words import Words

LARGEST = 90_000
"""Bytes of HTML; mail programs cut longer ones off (Gmail at 102 kB)."""

_VALUE = re.compile(r"\{\{\s*[\w-]+\s*\}\}")


@dataclass(frozen=True, slots=True)
class Action:
    """What a notice asks of its reader."""

    needed: bool
    what: str
    by: dt.date | None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One notice as the templates see it; what may not be disclosed is empty."""

    title: str
    summary: str
    kind: str
    number: str
    published: str
    news: str
    """new, revised or withdrawn."""
    note: str
    """What changed with this version, or why it was withdrawn."""
    effective: str
    action: Action | None
    """None: the notice says nothing about it, or may not be disclosed."""
    hidden: bool
    """Not even the title may be disclosed."""
    private: bool
    urgent: bool
    url: str
    """The public page; empty for a private notice."""
    clients: tuple[str, ...]
    """Slots of the names of the clients it concerns; empty for who looks after one client."""


def templates(root: Path) -> Environment:
    """The mail templates: the portal's own where it has them, else the program's."""
    folders = (root / "site_templates" / "mail", words.TEMPLATES / "mail")
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def letter(plan: Plan, digest: Digest) -> Letter:
    """What the ledger must keep to rebuild one person's message."""
    mail, person = plan.settings.options.mail, digest.person
    readers = _private_readers(digest)
    site = plan.addresses(person.language)
    public = [item for item in digest.items if not item.entry.private]
    pages = [site.notice(item.entry.id) for item in public]
    pages += [site.version(item.entry.id, item.version.number) for item in public]
    return Letter(
        key=digest.key,
        address=person.address,
        name=clean(person.name),
        language=person.language,
        date=format_datetime(plan.now.astimezone(person.zone)),
        sender=mail.sender,
        sender_name=clean(_sender_name(plan, person.language)),
        reply_to=mail.reply_to or mail.sender,
        site_url=plan.settings.site_url,
        readers=tuple((reader.key, plan.registry.epoch(reader)) for reader in readers),
        clients=tuple(clean(reader.client.name) for reader in readers),
        pages=tuple(pages),
        newest=max(max(item.version.on, item.waiting_since) for item in digest.items),
    )


def outdated(letter: Letter, plan: Plan) -> str:
    """Why a frozen letter must not leave any more, as a clause; empty where it may.

    Between freezing and sending a contact may have left, have another address, or another code.
    """
    today, address = plan.now.astimezone(plan.settings.zone).date(), letter.address.casefold()
    here = {r.key: r for r in plan.registry.recipients() if r.contact.email.casefold() == address}
    if not any(recipient.client.has_access(today) for recipient in here.values()):
        return "nobody who has access is registered with this address any more"
    for key, epoch in letter.readers:
        recipient = here.get(key)
        if recipient is None or not recipient.client.has_access(today):
            return f"{key} has no access with this address any more"
        if plan.registry.epoch(recipient) != epoch:
            return f"the code of {key} was replaced"
    return ""


def skeleton(plan: Plan, digest: Digest, environment: Environment, *, hide_private: bool = False) -> Skeleton:
    """Write a digest, with slots. With `hide_private` no private notice is named, whatever it allows.

    Raises PortalError where a portal's own template fails.
    """
    language = digest.person.language
    readers = _private_readers(digest)
    several = len({recipient.client.id for recipient in digest.person.recipients}) > 1
    paragraphs = [_paragraph(plan, digest, item, readers, several, hide_private) for item in digest.items]
    paragraphs.sort(key=_importance)
    values = {
        "w": words.load(language, "mail"),
        "day": lambda date: words.day(date, language),
        "language": language,
        "site_name": plan.settings.name_in(language),
        "site_url": plan.settings.site_url + plan.addresses(language).home,
        "my_url": plan.settings.site_url + addresses.MY,
        "sender_name": _sender_name(plan, language),
        "reply_to": plan.settings.options.mail.reply_to or plan.settings.options.mail.sender,
        "lead": _lead(paragraphs, plan.now.astimezone(digest.person.zone).date(), language),
        "name": slot("name"),
        "paragraphs": paragraphs,
        "several": several,
        "keys": [(slot("client", i), slot("code", i)) for i in range(len(readers))],
    }
    try:
        subject, text = (environment.get_template(f"digest.{part}").render(values) for part in ("subject.txt", "txt"))
        html = _fitting(environment, values, len(paragraphs))
    except (TemplateError, KeyError) as error:
        raise PortalError(f"a mail template cannot be used: {error}", "see site_templates/mail/") from error
    return Skeleton(subject=clean(subject), text=text, html=html)


def _fitting(environment: Environment, values: Mapping[str, object], count: int) -> str:
    """The HTML of a digest: of very many notices the first in full, then titles, then a number, so that it fits."""
    template = environment.get_template("digest.html")
    full = named = count
    while True:
        html = template.render(values, full=full, named=named)
        if len(html.encode()) <= LARGEST:
            return html
        if named == 0:
            raise PortalError("a digest makes too much HTML even without its notices", "shorten digest.html")
        if full > 0:
            full //= 2
        else:
            named //= 2


def _sender_name(plan: Plan, language: str) -> str:
    """The configured name, which is in the portal's first language; in others, the site's name if it has one."""
    settings = plan.settings
    own = None if language in settings.options.site_names else settings.options.mail.sender_name
    return own or settings.name_in(language)


def _private_readers(digest: Digest) -> list[Recipient]:
    """For whose private pages the message needs links, each once, in the order of the person's contacts."""
    wanted = {reader.key for item in digest.items if item.entry.private for reader in item.readers}
    return [recipient for recipient in digest.person.recipients if recipient.key in wanted]


def _paragraph(
    plan: Plan, digest: Digest, item: Item, readers: list[Recipient], several: bool, hide_private: bool
) -> Paragraph:
    language = digest.person.language
    text = item.version.text(language)
    assert text is not None, "only versions whose text is known are told"
    notice, private = text.notice, item.entry.private
    w = words.load(language, "mail")
    allowed = _allowed(item.text.notice, private, hide_private)
    title = "" if allowed is Disclosure.NOTHING else _unfilled(notice.title)
    open_text = title != "" and (not private or allowed in (Disclosure.SUMMARY, Disclosure.FULL))
    withdrawn = item.event is Event.WITHDRAWN
    number = item.version.number
    note = notice.revisions[number - 2].note if number > 1 else ""
    if withdrawn and notice.withdrawn:
        note = notice.withdrawn.reason
    return Paragraph(
        title=title or w("hidden"),
        summary=_unfilled(notice.summary or "") if open_text and not withdrawn else "",
        kind=words.load(language)(f"kind.{notice.kind}") if title else "",
        number=clean(notice.number or "") if title else "",
        published=words.day(item.version.on.astimezone(plan.settings.zone).date(), language),
        news="withdrawn" if withdrawn else "revised" if item.told else "new",
        note=_unfilled(note) if open_text else "",
        effective=_effective(notice, language) if open_text and not withdrawn else "",
        action=_action(notice, open_text, w) if title and not withdrawn else None,
        hidden=title == "",
        private=private,
        urgent=item.urgent,
        url="" if private else plan.settings.site_url + plan.addresses(language).notice(item.entry.id),
        clients=tuple(slot("client", readers.index(r)) for r in item.readers) if private and several else (),
    )


def _allowed(notice: Notice, private: bool, hide_private: bool) -> Disclosure:
    if not private:
        return Disclosure.FULL
    return Disclosure.NOTHING if hide_private else notice.mail.disclose


def _action(notice: Notice, with_words: bool, w: Words) -> Action | None:
    """What is asked. Of a private notice that discloses its title, whether and by when, in no words of its own."""
    action, ack = notice.action, notice.ack
    if action is not None and action.needed:
        return Action(True, _unfilled(action.what or "") if with_words else "", action.by)
    if ack is not None:
        return Action(True, w(f"ack.{ack.level}"), ack.by)
    return Action(False, "", None) if action is not None else None


def _effective(notice: Notice, language: str) -> str:
    start = notice.effective.start if notice.effective else None
    return words.day(start, language) if start else ""


def _importance(paragraph: Paragraph) -> tuple[bool, bool, dt.date]:
    """Urgent first, then what must be done, the nearest date first; the rest stays newest first."""
    needed = paragraph.action is not None and paragraph.action.needed
    by = paragraph.action.by if paragraph.action and needed else None
    return (not paragraph.urgent, not needed, by or dt.date.max)


def _lead(paragraphs: list[Paragraph], today: dt.date, language: str) -> str:
    """The first line: how many notices concern the reader, whether to act, and by when."""
    w = words.load(language, "mail")
    concern = w("lead.one") if len(paragraphs) == 1 else w("lead.many", n=len(paragraphs))
    asked = [p.action for p in paragraphs if p.action is not None and p.action.needed]
    if not asked:
        return concern + w("lead.hidden" if any(p.hidden for p in paragraphs) else "lead.none")
    dates = sorted(action.by for action in asked if action.by is not None and action.by >= today)
    if len(paragraphs) == 1:
        act = w("lead.act")
    elif len(asked) == len(paragraphs):
        act = w("lead.all_act")
    else:
        act = w("lead.one_acts") if len(asked) == 1 else w("lead.some_act", n=len(asked))
    by = w("lead.by" if len(asked) == 1 else "lead.first_by", date=words.day(dates[0], language)) if dates else ""
    hidden = sum(1 for p in paragraphs if p.hidden)
    return f"{concern}{act}{by}{w('lead.stop')}" + (w("lead.hidden_too", n=hidden) if hidden else "")


def _unfilled(text: str) -> str:
    """As `clean`, but empty where per-client values belong into it: those stand in the sealed pages only."""
    return "" if _VALUE.search(text) else clean(text)
