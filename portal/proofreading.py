"""Reads every notice once as its readers will, for the problems that only rendering shows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from portal.article import Article, Articles
from portal.circumstances import hashed
from portal.errors import Location, Problem, Severity
from portal.memory import Memory
from portal.notice import Text
from portal.plan import Entry, Plan

_LINK = re.compile(r'href="([^"#]*)#([^"]+)"')
_MAY_LEAD = re.compile(r"\]\([^)]*#|\]:\s*\S*#|href\s*=[^>]*#", re.IGNORECASE)
"""Without any of these, no Markdown leads to a heading."""
_ANCHOR = re.compile(r'\bid="([^"]+)"')


class Proofreader:
    """Renders the latest text of notices in each language that it has, and says what is wrong with it."""

    def __init__(self, plan: Plan, articles: Articles, memory: Memory | None = None) -> None:
        self._plan = plan
        self._memory = memory or Memory()
        self._hashes: dict[tuple[bool, str, str], str] = {}
        self._articles = articles
        self._anchors: dict[tuple[str, str], frozenset[str]] = {}
        base = plan.settings.base
        self._pages = {
            (language, f"{base}{plan.addresses(language).notice(entry.id)}"): entry
            for language in plan.settings.languages
            for entry in plan.public
        }

    def read(self, entry: Entry) -> Iterator[Problem]:
        """Links, anchors, markup and placeholders of one notice."""
        for language in self._plan.settings.languages:
            if language in entry.latest.texts:
                yield from self._known(entry, language)

    def unread(self, entries: Iterable[Entry]) -> list[Text]:
        """The texts that must be converted before these notices are read, as far as no earlier build read them."""
        return [
            entry.latest.texts[language]
            for entry in entries
            for language in self._plan.settings.languages
            if language in entry.latest.texts and self._memory.recall("read", self._follows(entry, language)) is None
        ]

    def _known(self, entry: Entry, language: str) -> list[Problem]:
        """The problems of a notice, as far as they follow from it alone; an earlier build may have read it."""
        if may_lead(entry.text(language)):
            return list(self._read(entry, language))
        follows = self._follows(entry, language)
        known = self._memory.recall("read", follows)
        if known is None:
            known = [problem.as_json() for problem in self._read(entry, language)]
            self._memory.keep("read", follows, known)
        return [Problem.of_json(said) for said in known]

    def _follows(self, entry: Entry, language: str) -> str:
        key = (entry.private, entry.id, language)
        if key not in self._hashes:
            values = next(iter(entry.values.values()), None)
            around = self._articles.circumstances[entry.private].around(entry)
            self._hashes[key] = f"{around} {language}" + (f" {hashed(repr(values))}" if values else "")
        return self._hashes[key]

    def _read(self, entry: Entry, language: str) -> Iterator[Problem]:
        if entry.notice.values is None and not may_lead(entry.text(language)):
            yield from self._articles.problems(entry, language, file_url=lambda found: found.name)
            return
        article = self._render(entry, language)
        yield from article.problems
        yield from self._lost_anchors(entry, language, article)

    def _render(self, entry: Entry, language: str) -> Article:
        values = next(iter(entry.values.values()), None)
        return self._articles.render(
            entry, entry.latest, language, values=values, file_url=lambda found: found.name, private=entry.private
        )

    def _lost_anchors(self, entry: Entry, language: str, article: Article) -> Iterator[Problem]:
        """Links from the body to a place on this page or on another notice's that is not there."""
        text = entry.text(language)
        if "#" not in text.body:
            return
        for page, fragment in dict.fromkeys(_LINK.findall(article.html)):
            written = html.unescape(fragment)
            line = _line_of(text.body, f"#{written}")
            target = entry if not page else self._pages.get((language, html.unescape(page)))
            if line is None or target is None:
                continue
            anchors = frozenset(map(html.unescape, _ANCHOR.findall(article.html)))
            if target is not entry:
                anchors = self._anchors_of(target, language)
            if written not in anchors and unquote(written) not in anchors:
                where = Location(text.path, text.body_line + line)
                message = "the page that this links to has no such heading"
                hint = "open that page, and copy the address from the mark behind the heading"
                yield Problem(where, "broken-anchor", message, hint, Severity.WARNING)

    def _anchors_of(self, entry: Entry, language: str) -> frozenset[str]:
        key = (entry.id, language)
        if key not in self._anchors:
            found = _ANCHOR.findall(self._render(entry, language).html)
            self._anchors[key] = frozenset(map(html.unescape, found))
        return self._anchors[key]


def may_lead(text: Text) -> bool:
    """Whether a text may lead to a heading, perhaps of another notice."""
    return text.links and _MAY_LEAD.search(text.body) is not None


def _line_of(body: str, needle: str) -> int | None:
    at = body.find(needle)
    return body.count("\n", 0, at) if at >= 0 else None
