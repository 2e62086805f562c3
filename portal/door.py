"""The document at /my/, with its scripts and styles: public, and the same whatever is private."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from markupsafe import Markup

from portal import words
from portal.addresses import MY, Addresses
from portal.chunked import AnyFile, Derived
from portal.circumstances import configured, hashed
from portal.config import Settings
from portal.kinds import Kind
from portal.standing import CLOSED
from portal.states import State
from portal.stationery import Voice

_SHARED = {"article.css": "duenotice.css", "moment.js": "duenotice.js"}
"""What the public pages use too, from the theme's assets."""
_STYLES = ("article.css", "my.css")
_MODULES = (
    "address.js",
    "wording.js",
    "elements.js",
    "message.js",
    "unseal.js",
    "fetching.js",
    "binders.js",
    "remembering.js",
    "reasons.js",
    "saving.js",
    "inert.js",
    "finding.js",
    "searching.js",
    "icalendar.js",
    "door.js",
    "list.js",
    "notice.js",
    "my.js",
)
"""A module imports only from those before it: a name ends in a hash of the content, other modules' names included."""


def files(settings: Settings) -> Iterator[AnyFile]:
    """The page that opens sealed files, and what it loads, by path below the site's root."""
    names: dict[str, str] = {}
    for name in (*_STYLES, "moment.js", *_MODULES):
        text = _source(name)
        for other, renamed in names.items():
            text = text.replace(f'"./{other}"', f'"./{renamed}"')
        data = text.encode()
        stem, _, ending = name.rpartition(".")
        names[name] = f"{stem}.{hashlib.sha256(data).hexdigest()[:10]}.{ending}"
        yield f"{MY}{names[name]}", data
    yield f"{MY}index.html", Derived(hashed("door", configured(settings)), partial(_page, settings, names))


def _source(name: str) -> str:
    shared = _SHARED.get(name)
    folder = words.TEMPLATES / "theme" / "assets" if shared else words.TEMPLATES / MY
    return (folder / (shared or name)).read_text(encoding="utf-8")


def _page(settings: Settings, assets: dict[str, str]) -> bytes:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # most sites have the page as it shall be

    templates = Environment(
        loader=FileSystemLoader(words.TEMPLATES / MY),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    spoken = {language: _words(settings, language) for language in settings.languages}
    firms = {language: settings.name_in(language) for language in settings.languages}
    homes = {language: "../" + Addresses(language, settings.default_language).home for language in settings.languages}
    data = {"languages": settings.languages, "words": spoken, "firms": firms, "homes": homes}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    page = templates.get_template("index.html").render(
        languages=settings.languages,
        names=settings.options.languages,
        words=spoken,
        firms=firms,
        homes=homes,
        filing=settings.options.filing.links(),
        assets=assets,
        modules=[assets[name] for name in _MODULES],
        # Inside <script> only "</" and "<!" could end or bend the JSON.
        data=Markup(text.replace("<", "\\u003c")),  # noqa: S704
    )
    return page.encode()


def _words(settings: Settings, language: str) -> dict[str, Any]:
    """What the page says in a language: its own words, and those that it has in common with the public pages."""
    own, common = words.load(language, "my"), words.load(language)
    return {
        **{key: own(key) for key in sorted(own.keys)},
        "kinds": {kind.value: common(f"kind.{kind.value}") for kind in Kind},
        "states": {key: common(f"state.{key}") for key in (*(state.value for state in State), CLOSED)},
        "relative": Voice(settings, language).relative,
    }
