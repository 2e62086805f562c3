"""A notice's own text inside a mail: its HTML cut down to what mail programs show alike, with links that leave it."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin

import nh3

_TITLE = re.compile(r'<p class="dn-redline__title"[^>]*>.*?</p>', re.DOTALL)
_HEADING = re.compile(r"<(/?)h([1-6])\b")
_OPENED = re.compile(r"<(p|ul|ol|li|dl|dt|dd|table|th|td|caption|blockquote|pre|code|h[3-6]|hr|a|div)(?=[ >])")
_TAGS = frozenset(
    """
    a b blockquote br caption code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins li ol p pre s strong sub sup table
    tbody td th thead tr u ul
    """.split()
)
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}}

_CELL = "padding:4px 8px;border:1px solid #8a9a9c;text-align:left;vertical-align:top;font-size:14px;line-height:21px"
_STYLES = {
    "p": "margin:0 0 10px",
    "div": "margin:0 0 4px",
    "ul": "margin:0 0 10px;padding:0 0 0 22px",
    "ol": "margin:0 0 10px;padding:0 0 0 22px",
    "li": "margin:0 0 4px",
    "dl": "margin:0 0 10px",
    "dt": "margin:8px 0 0;font-weight:bold",
    "dd": "margin:0",
    "table": "border-collapse:collapse;margin:0 0 12px",
    "th": _CELL,
    "td": _CELL,
    "caption": "text-align:left;font-weight:bold;padding:0 0 4px",
    "blockquote": "margin:0 0 10px;padding:0 0 0 12px;border-left:3px solid #8a9a9c",
    "pre": "margin:0 0 10px;white-space:pre-wrap;font-family:Consolas,Menlo,monospace;font-size:13px",
    "code": "font-family:Consolas,Menlo,monospace;font-size:13px",
    "h3": "margin:18px 0 6px;font-size:16px;line-height:24px",
    "h4": "margin:14px 0 4px;font-size:15px;line-height:23px",
    "h5": "margin:12px 0 4px;font-size:15px;line-height:23px",
    "h6": "margin:12px 0 4px;font-size:15px;line-height:23px",
    "hr": "border:0;border-top:1px solid #8a9a9c;margin:14px 0",
    "a": "color:#00695c;text-decoration:underline",
}
"""Inline, for programs that drop style sheets; the colours are readable on white and, turned round, on black."""


def for_mail(page: str, site_url: str) -> str:
    """A notice as `Articles.readable` gives it, without images, scripts, classes and its title; headings from h3 down.

    Links on the site become whole addresses; those inside the page, and to attachments, become plain words.
    """
    moved = _HEADING.sub(lambda m: f"<{m[1]}h{min(6, int(m[2]) + 1)}", _TITLE.sub("", page, count=1))
    done = nh3.clean(
        moved,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=lambda _, name, value: _address(value, site_url) if name == "href" else value,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    plain = re.sub(r"<a>(.*?)</a>", r"\1", done, flags=re.DOTALL)
    return _OPENED.sub(lambda m: f'<{m[1]} style="{_STYLES[m[1]]}"', " ".join(plain.split("\n"))).strip()


def _address(target: str, site_url: str) -> str | None:
    if target.startswith("#"):
        return None
    return quote(urljoin(site_url, target), safe="%/:=&?~#+!$,;'@()*[]")
