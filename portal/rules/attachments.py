"""The rule on files that come along: on this site none may run a program of its own.

Where "remember this device" was ticked, the key to somebody's private pages lies in the storage of the site's origin,
and whatever runs in that origin may use it. A file that a browser shows as a page runs there like the site's own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from portal.errors import Severity
from portal.rules.case import Case, Finding, Rule
from portal.sources import inside

_PAGES = (".htm", ".html", ".mht", ".mhtml", ".shtml", ".svgz", ".xht", ".xhtml", ".xml", ".xsl", ".xslt")
_DRAWING = re.compile(r"""[^\s()<>"'\[\]]+\.svg\b""", re.IGNORECASE)
"""What may be the name of an image in a body; of images, browsers run only these."""
_PROGRAM = re.compile(
    r"<\s*(?:[\w.-]+:)?(?:script|foreignobject|handler|iframe)\b|\son[a-z]+\s*=|javascript:|<\?xml-stylesheet|<!entity"
)
"""What an SVG image runs where it is opened by itself; inside a page's <img> it runs nothing."""


def _active(case: Case) -> Iterator[Finding]:
    if not case.notice.public:
        return  # sealed, and handed to the reader's disk as a download of no type
    for i, name in enumerate(case.notice.attachments):
        if _runs(case, name):
            yield _finding(case, name, "attachments", i)
    for paper in (case.filed.paper, *case.filed.translations.values()):
        if not paper.links or ".svg" not in paper.body.lower():  # nearly always, and looking for names is dear
            continue
        for name in dict.fromkeys(map(unquote, _DRAWING.findall(paper.body))):
            if name not in case.notice.attachments and _runs(case, name):
                yield _finding(case, name)


def _finding(case: Case, name: str, *key: str | int) -> Finding:
    hint = "attach it as a PDF, an image or inside a ZIP file; take scripts and links to scripts out of an SVG"
    return case.finding(f"a browser would run what is in {name}, with the rights of this site", hint, *key)


def _runs(case: Case, name: str) -> bool:
    ending = name.lower()
    if ending.endswith(_PAGES):
        return True
    file = inside(case.filed.paper.file.parent, name) if ending.endswith(".svg") else None
    if file is None or not file.is_file():
        return False
    data = file.read_bytes()
    return b"\0" in data or _PROGRAM.search(html.unescape(data.decode("utf-8", "replace")).lower()) is not None


RULES = (Rule("active-attachment", Severity.ERROR, "a file that would run in a reader's browser", _active),)
