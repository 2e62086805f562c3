"""The page that answers whether a number is still current: a table of dates, and a script that asks the register."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from portal import words
from portal.addresses import REGISTER
from portal.chronicle import Chronicle
from portal.plan import Entry, Plan
from portal.shells import Page, Shells
from portal.states import State
from portal.stationery import Voice, environment

_SCRIPT = "assets/lookup.js"
_ANSWERS = """
upcoming in-transition in-force expired superseded withdrawn successor ahead version earlier unknown similar failed
""".split()


@dataclass(frozen=True, slots=True)
class _Row:
    """A notice in the table, with dates instead of states: it stays true without a script."""

    id: str
    number: str | None
    title: str
    url: str
    language: str
    """The language of its title where it is not the reader's, else empty."""
    published: dt.datetime
    holds: list[Markup]
    remark: Markup


def files(plan: Plan, shells: Shells) -> Iterator[tuple[str, bytes]]:
    """The page in every language: (path below the site's root, bytes)."""
    settings = plan.settings
    chronicle = Chronicle(plan)
    paths = {code: plan.addresses(code).lookup for code in settings.languages}
    template = environment(settings).get_template("lookup.html")
    for language in settings.languages:
        voice, spoken = Voice(settings, language), words.load(language, "lookup")
        said = {name: spoken(f"answer.{name}") for name in _ANSWERS}
        states = {state.value: voice.words(f"state.{state}") for state in State}
        page = Page(
            path=paths[language],
            title=spoken("title"),
            description=spoken("description"),
            body=template.render(
                w=voice.words,
                voice=voice,
                spoken=spoken,
                register=settings.base + REGISTER,
                answers=json.dumps({"said": said, "states": states}, ensure_ascii=False),
                rows=[_row(plan, chronicle, entry, voice) for entry in plan.public],
                script=settings.base + _SCRIPT + _mark(shells),
            ).encode(),
            switch=paths,
            translations=settings.languages,
        )
        yield f"{paths[language]}index.html", shells.pour(language, page)


def _row(plan: Plan, chronicle: Chronicle, entry: Entry, voice: Voice) -> _Row:
    spoken, text = words.load(voice.language, "lookup"), entry.text(voice.language)
    notice = text.notice
    window, withdrawn, successor = notice.effective, chronicle.withdrawn(entry), chronicle.successor(entry)
    last = min((day for day in (notice.expires, window.until if window else None) if day), default=None)

    def dated(key: str, moment: dt.date) -> Markup:
        return Markup.escape(spoken(key)).format(date=voice.date(moment))

    remark = (
        dated("withdrawn", withdrawn) if withdrawn else dated("superseded", successor[1]) if successor else Markup()
    )
    start = window.start if window and window.start else None
    return _Row(
        id=entry.id,
        number=notice.number,
        title=notice.title,
        url=plan.settings.base + plan.addresses(voice.language).notice(entry.id),
        language="" if text.language == voice.language else text.language,
        published=entry.published,
        holds=[dated("from", start or entry.published), *([dated("until", last)] if last else [])],
        remark=remark,
    )


def _mark(shells: Shells) -> str:
    """A query that changes when the script does, for browsers keep files."""
    file = shells.files.get(_SCRIPT)
    return f"?{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}" if file else ""
