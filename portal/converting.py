"""Markdown to sanitised HTML, by one explicit allow-list for markup.

portal/conversion.py imports it once there is a text to convert.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import import_module
from typing import Any
from xml.etree.ElementTree import Element

import markdown
import nh3
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from pymdownx.slugs import slugify

from portal.sparing import Contents, spare

EXTENSIONS = (
    "markdown.extensions.abbr",
    "markdown.extensions.admonition",
    "markdown.extensions.attr_list",
    "markdown.extensions.def_list",
    "markdown.extensions.footnotes",
    "markdown.extensions.md_in_html",
    "markdown.extensions.sane_lists",
    "markdown.extensions.tables",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.superfences",
    "pymdownx.tasklist",
    "pymdownx.tilde",
)
_SELDOM = {"pymdownx.details", "pymdownx.highlight", "pymdownx.superfences", "pymdownx.tilde"}
"""Few bodies need them, and to import them and make them ready takes as long as all the rest."""
_ASKS = ("~", "???", "```", "\x02", "\x03")
"""What a body has that needs them, or may have once the library takes its own marks from it; or it has code by its
margin alone, which shows when it is converted.
"""
_CODE = "<pre"
CONFIGS: dict[str, dict[str, Any]] = {
    # Alignment as an attribute: a style would not pass a Content Security Policy.
    "markdown.extensions.tables": {"use_align_attribute": True},
    "pymdownx.highlight": {"use_pygments": True, "noclasses": False, "anchor_linenums": False},
    "pymdownx.tilde": {"subscript": False},
}

TAGS = frozenset(
    """
    a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure h1 h2
    h3 h4 h5 h6 hr i img input ins kbd label li mark ol p pre q s samp section small span strong sub summary sup
    table tbody td tfoot th thead time tr u ul var
    """.split()
)
_ATTRIBUTES = {
    "*": {"class", "id", "title", "lang", "dir"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height"},
    "input": {"type", "checked", "disabled"},
    "ol": {"start", "type"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "time": {"datetime"},
    "details": {"open"},
}
_SCHEMES = {"http", "https", "mailto", "tel"}

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_HIDDEN = re.compile("\ue000([A-Za-z0-9_]+)\ue001")
_OPENED = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)")


class BelowTheTitle(Treeprocessor):
    """A page has one h1, its title; a body that uses h1 has every heading moved down a level."""

    def run(self, root: Element) -> None:
        headings = [e for e in root.iter() if e.tag in {"h1", "h2", "h3", "h4", "h5", "h6"}]
        if any(e.tag == "h1" for e in headings):
            for element in headings:
                element.tag = f"h{min(6, int(element.tag[1]) + 1)}"


def body(text: str) -> dict[str, Any]:
    """A body's HTML, headings as (level, id, text), removed tags and fault ("" for none), as JSON can hold them."""
    try:
        raw, tokens = converted(_PLACEHOLDER.sub("\ue000\\1\ue001", text))
    except (RecursionError, ValueError, IndexError, AttributeError, AssertionError):
        # Python-Markdown's own errors on hostile nesting; the text stays readable as it was written.
        return {
            "html": f"<pre>{html.escape(text)}</pre>",
            "headings": [],
            "removed": [],
            "fault": "the Markdown here cannot be converted",
        }
    return {
        "html": _HIDDEN.sub(r"{{\1}}", sanitise(raw)),
        "headings": list(_headings(tokens)),
        "removed": sorted({tag.lower() for tag in _OPENED.findall(raw)} - TAGS),
        "fault": "",
    }


def converted(text: str) -> tuple[str, list[dict[str, Any]]]:
    """What the library makes of a body, before it is sanitised, and the library's tokens of its headings."""
    if not any(mark in text for mark in _ASKS):
        raw, tokens = _converted(body_converter(whole=False), text)
        if _CODE not in raw:
            return raw, tokens
    return _converted(body_converter(whole=True), text)


def _converted(converter: markdown.Markdown, text: str) -> tuple[str, list[dict[str, Any]]]:
    raw = converter.reset().convert(text)
    return raw, getattr(converter, "toc_tokens", [])


def line(text: str) -> str:
    """A short field's HTML."""
    raw = _line_converter().reset().convert(_PLACEHOLDER.sub("\ue000\\1\ue001", text))
    return _HIDDEN.sub(r"{{\1}}", sanitise(raw))


@cache
def body_converter(*, whole: bool) -> markdown.Markdown:
    """What converts bodies, if not `whole` those that need no more; made once, as long as converting ten of them."""
    contents = Contents(permalink=False, slugify=slugify(case="lower"))
    return _converter((*(name for name in EXTENSIONS if whole or name not in _SELDOM), contents))


@lru_cache(maxsize=1)
def _line_converter() -> markdown.Markdown:
    return _converter(("markdown.extensions.sane_lists", "markdown.extensions.tables"))


class _Converter(markdown.Markdown):
    """Finds an extension by the name of its module alone: the library first asks all packages that are installed."""

    def build_extension(self, ext_name: str, configs: Mapping[str, Any]) -> Extension:
        made: Extension = import_module(ext_name).makeExtension(**configs)
        return made


def _converter(extensions: tuple[str | Extension, ...]) -> markdown.Markdown:
    converter = _Converter(
        extensions=list(extensions),
        extension_configs=CONFIGS,
        tab_length=4,
    )
    converter.treeprocessors.register(BelowTheTitle(converter), "below-the-title", 8)  # before toc, which is at 5
    spare(converter)
    return converter


def sanitise(raw: str) -> str:
    """HTML reduced to the allow-list; whatever is not on it is gone, scripts and styles with their content."""
    return _CLEANER.clean(raw)


def _filter(tag: str, name: str, value: str) -> str | None:
    if tag == "input" and name == "type":
        return value if value == "checkbox" else None
    return value


_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_filter,
    url_schemes=_SCHEMES,
    link_rel=None,
    strip_comments=True,
)


def _headings(tokens: list[Any]) -> list[tuple[int, str, str]]:
    result: list[tuple[int, str, str]] = []
    for token in tokens:
        result.append((token["level"], token["id"], html.unescape(re.sub(r"<[^>]+>", "", token["name"]))))
        result += _headings(token["children"])
    return result
