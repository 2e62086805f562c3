"""What can be found: the latest version of each public notice in each of its languages, and the hand-written pages."""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from pydantic import BaseModel

from portal import patterns, words
from portal.notice import TEXT_KEYS, Money, Text
from portal.plan import Entry, Plan
from portal.prose import Prose
from portal.shells import Shells

PAGE = "page"
"""Stands for the kind of what is no notice."""

_PATHS = [key.split(".") for key in sorted(TEXT_KEYS - {"title", "summary", "issuer"})]
_HAN = "〇々\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff65"
_WRAPPED = patterns.later(rf"(?<=[{_HAN}])[ \t]*\n[ \t]*(?=[{_HAN}])")
"""A line that ends between two Chinese characters, where nobody reads a space."""
_MAY_BE_WRAPPED = patterns.later(rf"\n[ \t]*[{_HAN}]")
"""Without it no line is wrapped; it is found ten times as fast."""
_DROPPED = re.compile(r'<(style|script|svg)\b.*?</\1>|<a class="headerlink".*?</a>', re.DOTALL)
_CELL = re.compile(r"<t[dh]\b[^<>]*>|<br\b[^<>]*>")
_BLOCK = patterns.later(
    r"</?(?:address|article|aside|blockquote|caption|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]"
    r"|header|hr|li|main|nav|ol|p|pre|section|summary|table|tbody|tfoot|thead|tr|ul)\b[^<>]*>"
)
_TAG = re.compile(r"<[^<>]*>")
_ARTICLE = re.compile(r"<article\b[^<>]*>(.*?)</article>|<main\b[^<>]*>(.*?)</main>", re.DOTALL)
_HEADING = re.compile(r"<h1\b[^<>]*>(.*?)</h1>", re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


class Document(NamedTuple):
    """One text that a reader may be led to."""

    path: str
    """Below the site's root."""
    title: str
    number: str
    """The firm's own reference; empty where it has none."""
    kind: str
    language: str
    published: dt.date | None
    text: str
    """All that it says besides, in lines: its summary first."""


class Source(NamedTuple):
    """A notice or a page in all its languages; what it says is read only when somebody asks."""

    name: str
    """Stays the same however the text changes."""
    follows: str
    """A hash of everything that its documents follow from, but for the program."""
    documents: Callable[[], list[Document]]


def notices(plan: Plan, prose: Prose) -> Iterator[Source]:
    """Every public notice, oldest first."""
    for entry in reversed(plan.public):
        yield Source(entry.id, follows(plan, entry), lambda entry=entry: list(_of(plan, prose, entry)))  # type: ignore[misc]


def pages(shells: Shells) -> Iterator[Source]:
    """The portal's own pages, home among them without its board."""
    for name, paths in sorted(shells.contents.items()):
        shown = {language: (path, _shown(shells, path, language)) for language, path in sorted(paths.items())}
        follows = digest(part for language, both in shown.items() for part in (language, *both))
        yield Source(f"page {name}", follows, partial(_pages, shown))


def _pages(shown: dict[str, tuple[str, str]]) -> list[Document]:
    return [_page(path, language, page) for language, (path, page) in shown.items()]


def _shown(shells: Shells, path: str, language: str) -> str:
    """A page as the engine rendered it."""
    page = shells.files.get(f"{path}index.html")
    return page.read_text(encoding="utf-8") if page else shells.home(language, "", "").decode("utf-8")


def plain(markup: str) -> str:
    """HTML as the lines that a reader sees."""
    text = _DROPPED.sub("", markup)
    if _MAY_BE_WRAPPED().search(text):
        text = _WRAPPED().sub("", text)
    lines = html.unescape(_TAG.sub("", _BLOCK().sub("\n", _CELL.sub(" ", text.replace("\n", " "))))).split("\n")
    return "\n".join([" ".join(parts) for line in lines if (parts := line.split())])


def _of(plan: Plan, prose: Prose, entry: Entry) -> Iterator[Document]:
    notice, published = entry.notice, entry.published.astimezone(plan.settings.zone).date()
    for language in plan.settings.languages:
        text = entry.latest.texts.get(language)
        if text is None:
            continue
        body = prose.body(text, lambda target: target).html
        parts = [text.notice.summary or "", plain(body), *_said(text, language)]
        yield Document(
            path=plan.addresses(language).notice(entry.id),
            title=text.notice.title,
            number=notice.number or "",
            kind=notice.kind.value,
            language=language,
            published=published,
            text="\n".join(part for part in parts if part),
        )


def _said(text: Text, language: str) -> Iterator[str]:
    """What a notice says outside its body, as its page shows it."""
    for first, *path in _PATHS:
        if owner := getattr(text.notice, first):  # most have few of them
            for value in _values(owner, path):
                yield from _strings(value, language)
    yield from _strings(text.notice.details, language)
    yield from text.notice.attachments


def _values(owner: Any, path: list[str]) -> Iterator[Any]:
    """What stands at a path of front matter, where * is every item of a list."""
    if owner is None:
        return
    if not path:
        yield owner
    elif path[0] == "*":
        for item in owner:
            yield from _values(item, path[1:])
    else:
        yield from _values(getattr(owner, path[0]), path[1:])


def _strings(value: Any, language: str) -> Iterator[str]:
    """The words in a value, amounts as the language writes them; days are not looked for."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Money):
        yield words.money(value, language)
    elif isinstance(value, BaseModel):
        yield from _strings(list(value.__dict__.values()), language)
    elif isinstance(value, dict):
        yield from _strings(list(value.values()), language)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner, language)


def _page(path: str, language: str, shown: str) -> Document:
    article = _ARTICLE.search(shown)
    inner = (article[1] or article[2] or "") if article else ""
    heading = _HEADING.search(inner)
    name = heading or _TITLE.search(shown)
    title = plain(name[1]).replace("\n", " ") if name else path
    text = plain(_HEADING.sub("", inner, count=1))
    return Document(path, title, "", PAGE, language, None, text)


def follows(plan: Plan, entry: Entry) -> str:
    """A hash of everything that is found of a notice, but for the program."""
    texts = entry.latest.texts.values()
    marks = [text.sha256 or digest([text.body, repr(text.notice)]) for text in texts]
    published = f"{entry.published.timestamp()} {plan.settings.options.timezone}"  # a third of what isoformat() costs
    return digest([entry.id, published, *entry.latest.texts, *marks])


def digest(parts: Iterable[str]) -> str:
    """SHA-256, in hexadecimal, of parts that hold no NUL."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
