"""The page that lists what can be subscribed to: calendars and feeds, of the whole board and of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal import words
from portal.feeds import NEWEST
from portal.kinds import Kind
from portal.plan import Plan
from portal.shells import Page, Shells
from portal.stationery import Templates


@dataclass(frozen=True, slots=True)
class _Row:
    """The addresses of a kind, whole."""

    name: str
    calendar: str
    webcal: str
    """The same, as calendar programs are opened with it."""
    atom: str
    json: str


def files(plan: Plan, shells: Shells) -> Iterator[tuple[str, bytes]]:
    """The page in every language: (path below the site's root, bytes)."""
    paths = {code: plan.addresses(code).subscribe for code in plan.settings.languages}
    template = Templates(plan.settings).get_template("subscribe.html")
    for language in plan.settings.languages:
        spoken, common = words.load(language, "feeds"), words.load(language)
        whole = _row(plan, language, "", spoken("subscribe.all"))
        kinds = [_row(plan, language, kind.value, common(f"kind.{kind}")) for kind in Kind]
        page = Page(
            path=paths[language],
            title=spoken("subscribe.title"),
            description=spoken("subscribe.description"),
            body=template.render(spoken=spoken, whole=whole, rows=[whole, *kinds], newest=NEWEST).encode(),
            switch=paths,
            translations=plan.settings.languages,
        )
        yield f"{paths[language]}index.html", shells.pour(language, page)


def _row(plan: Plan, language: str, key: str, name: str) -> _Row:
    site, addresses = plan.settings.site_url, plan.addresses(language)
    calendar = site + addresses.calendar(key)
    return _Row(
        name=name,
        calendar=calendar,
        webcal="webcal:" + calendar.partition(":")[2],
        atom=site + addresses.feed(key, "atom"),
        json=site + addresses.feed(key, "json"),
    )
