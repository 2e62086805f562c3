"""What HTML and CSS mail programs do not show, as far as it would hurt the reader.

From the test results of Can I email (https://www.caniemail.com/features/<key>/), whose data are in the repository
hteumeuleu/caniemail; looked up in November 2026. Left out is what programs that lack it replace without harm: rounded
corners, media queries, `max-width` beside tables. QQ Mail and other Chinese webmail are not tested there; what is
written for Gmail without style sheets and for Outlook's Word engine is the least that any of them shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.errors import Severity

_GMAIL, _OUTLOOK, _OUTLOOK_COM = "Gmail", "Outlook for Windows", "Outlook.com"
_OUTLOOK_APPS, _YAHOO, _SAMSUNG = "Outlook for iOS and Android", "Yahoo and AOL", "Samsung Email"
_MOST = (_GMAIL, _OUTLOOK, _OUTLOOK_COM, _OUTLOOK_APPS, _YAHOO)


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that a mail should not rely on."""

    key: str
    """Of its page at Can I email."""
    name: str
    lacking: tuple[str, ...]
    """The programs that do not show it."""
    instead: str
    severity: Severity = Severity.ERROR


CSS: tuple[tuple[re.Pattern[str], Feature], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), feature)
    for pattern, feature in (
        (
            r"\bdisplay\s*:\s*(?:inline-)?flex",
            Feature("css-display-flex", "display: flex", (_OUTLOOK, "GMX"), "a table"),
        ),
        (
            r"\bdisplay\s*:\s*(?:inline-)?grid",
            Feature("css-display-grid", "display: grid", (_GMAIL, _OUTLOOK, _OUTLOOK_APPS, _YAHOO), "a table"),
        ),
        (
            r"\bposition\s*:\s*(?:absolute|fixed|relative|sticky)",
            Feature("css-position", "position", (_GMAIL, _OUTLOOK, _OUTLOOK_APPS), "the order of the text"),
        ),
        (r"\bfloat\s*:\s*(?:left|right)", Feature("css-float", "float", (_OUTLOOK,), "the align attribute of a table")),
        (
            r"\bbackground(?:-image)?\s*:[^;}]*url\(",
            Feature("css-background-image", "background images", (_OUTLOOK,), "a background colour"),
        ),
        (
            r"(?:linear|radial|conic)-gradient\(",
            Feature("css-linear-gradient", "gradients", (_OUTLOOK, _OUTLOOK_COM, _OUTLOOK_APPS, _YAHOO), "one colour"),
        ),
        (
            r"\bvar\(\s*--|(?:^|[;{\s])--[\w-]+\s*:",
            Feature("css-variables", "CSS variables", _MOST, "the value itself"),
        ),
        (
            r"\bcalc\(",
            Feature("css-unit-calc", "calc()", (_OUTLOOK, _OUTLOOK_COM, _OUTLOOK_APPS, _YAHOO), "a width in per cent"),
        ),
        (
            r"\b(?:clamp|min|max)\(",
            Feature("css-function-clamp", "clamp()", (_OUTLOOK, _OUTLOOK_COM, _OUTLOOK_APPS, _YAHOO), "one size"),
        ),
        (
            r"@font-face",
            Feature(
                "css-at-font-face",
                "fonts from elsewhere",
                (_GMAIL, _OUTLOOK_COM, _OUTLOOK_APPS, _YAHOO),
                "fonts that devices have",
            ),
        ),
        (
            r"@import",
            Feature(
                "css-at-import", "@import", (_GMAIL, _OUTLOOK_COM, _OUTLOOK_APPS, _YAHOO, _SAMSUNG), "inline styles"
            ),
        ),
        (r"(?:^|[;{\s\"'])animation(?:-name)?\s*:", Feature("css-animation", "animation", _MOST, "a still")),
        (r"(?:^|[;{\s\"'])transform\s*:", Feature("css-transform", "transform", _MOST, "plain text")),
        (r"(?:^|[;{\s\"'])filter\s*:", Feature("css-filter", "filter", _MOST, "another colour", Severity.WARNING)),
        (r"\bclip-path\s*:", Feature("css-clip-path", "clip-path", _MOST, "a plain box")),
        (
            r"\bobject-fit\s*:",
            Feature("css-object-fit", "object-fit", (_OUTLOOK, _YAHOO), "width and height", Severity.WARNING),
        ),
        (
            r"(?:^|[;{\s\"'])(?:row-|column-)?gap\s*:",
            Feature("css-gap", "gap", (_OUTLOOK, _YAHOO), "padding", Severity.WARNING),
        ),
        (
            r"\bcolumns?(?:-count)?\s*:\s*\d",
            Feature("css-column-count", "columns of text", (_OUTLOOK, _YAHOO), "one column"),
        ),
        (
            r"\bmargin(?:-\w+)?\s*:[^;}]*-\d",
            Feature("css-margin", "negative margins", (_GMAIL, _OUTLOOK, _OUTLOOK_COM), "padding elsewhere"),
        ),
    )
)
"""Patterns of declarations, as they stand in a style attribute or a style sheet."""

HTML: dict[str, Feature] = {
    **dict.fromkeys(
        ("form", "input", "select", "textarea", "button"),
        Feature("html-form", "forms", (_OUTLOOK, "Outlook for macOS", "Yahoo on iOS"), "a link to a page"),
    ),
    "svg": Feature("html-svg", "embedded SVG", _MOST, "words"),
    **dict.fromkeys(("video", "source"), Feature("html-video", "video", _MOST, "a link")),
    "audio": Feature("html-audio", "audio", _MOST, "a link"),
    **dict.fromkeys(
        ("object", "embed", "iframe", "applet"), Feature("html-object", "embedded documents", _MOST, "a link")
    ),
    "link": Feature(
        "html-link", "style sheets from elsewhere", (_GMAIL, _OUTLOOK_COM, _OUTLOOK_APPS, _YAHOO), "inline styles"
    ),
}
"""By element."""

BODY_STYLE = Feature("html-style", "a style sheet in the body", (_GMAIL, _OUTLOOK), "mj-style in the head")
EMBEDDED_IMAGE = Feature("image-base64", "images as data: addresses", (_GMAIL, _OUTLOOK), "words")

FEATURES: tuple[Feature, ...] = tuple(
    dict.fromkeys([*(feature for _, feature in CSS), *HTML.values(), BODY_STYLE, EMBEDDED_IMAGE])
)
