"""The page that answers whether a number is still current: a table of dates, and a script that asks the register."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence

from markupsafe import escape

from portal import words
from portal.addresses import REGISTER
from portal.chronicle import Chronicle, chronicle_of
from portal.moulds import Moulds, mark, poured
from portal.plan import Plan
from portal.shells import Page, Shells
from portal.states import State
from portal.stationery import Templates, Voice

_SCRIPT = "assets/lookup.js"
_ANSWERS = """
upcoming in-transition in-force expired superseded withdrawn successor ahead version earlier unknown similar failed
""".split()


def files(plan: Plan, shells: Shells) -> Iterator[tuple[str, bytes]]:
    """The page in every language: (path below the site's root, bytes)."""
    settings = plan.settings
    chronicle = chronicle_of(plan)
    paths = {code: plan.addresses(code).lookup for code in settings.languages}
    templates = Templates(settings)
    for language in settings.languages:
        voice, spoken = Voice(settings, language), words.load(language, "lookup")
        said = {name: spoken(f"answer.{name}") for name in _ANSWERS}
        states = {state.value: voice.words(f"state.{state}") for state in State}
        labels = tuple(spoken(key) for key in ("number", "notice", "published", "holds", "remark"))
        page = Page(
            path=paths[language],
            title=spoken("title"),
            description=spoken("description"),
            body=poured(
                templates.get_template("lookup.html").render(
                    w=voice.words,
                    spoken=spoken,
                    labels=labels,
                    register=settings.base + REGISTER,
                    answers=json.dumps({"said": said, "states": states}, ensure_ascii=False),
                    rows=mark("rows") if plan.public else "",
                    script=settings.base + _SCRIPT + _mark(shells),
                ),
                {"rows": "\n".join(_rows(plan, chronicle, templates, labels, voice)).encode()},
            ),
            switch=paths,
            translations=settings.languages,
        )
        yield f"{paths[language]}index.html", shells.pour(language, page)


def _rows(plan: Plan, chronicle: Chronicle, templates: Templates, labels: Sequence[str], voice: Voice) -> Iterator[str]:
    """The notices in the table, with dates instead of states: it stays true without a script."""
    spoken, base, addresses = words.load(voice.language, "lookup"), plan.settings.base, plan.addresses(voice.language)
    moulds = Moulds(templates.get_template("lookup-row.html"), labels=labels)
    said = {key: str(escape(spoken(key))) for key in ("from", "until", "withdrawn", "superseded")}

    def dated(key: str, moment: dt.date) -> str:
        return said[key].replace("{date}", voice.date(moment))

    for entry in plan.public:
        text = entry.text(voice.language)
        notice, window = text.notice, text.notice.effective
        withdrawn, successor = chronicle.withdrawn(entry), chronicle.successor(entry)
        start = window.start if window and window.start else entry.published
        last = min((day for day in (notice.expires, window.until if window else None) if day), default=None)
        yield moulds.cast(
            {"own": "" if text.language == voice.language else text.language},
            {
                "number": escape(notice.number or ""),
                "id": escape(entry.id),
                "url": escape(base + addresses.notice(entry.id)),
                "title": escape(notice.title),
                "published": voice.date(entry.published),
                "holds": dated("from", start) + (f" {dated('until', last)}" if last else ""),
                "remark": dated("withdrawn", withdrawn)
                if withdrawn
                else dated("superseded", successor[1])
                if successor
                else "",
            },
        )


def _mark(shells: Shells) -> str:
    """A query that changes when the script does, for browsers keep files."""
    file = shells.files.get(_SCRIPT)
    return f"?{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}" if file else ""
