"""The search of the site: its index and words as bundles of files, and the page to search on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial

from portal import words
from portal.addresses import SEARCH
from portal.bundles import Bundle
from portal.plan import Plan
from portal.premises import Premises
from portal.search import documents
from portal.search.documents import Source
from portal.search.index import KINDS, Index
from portal.search.shelf import Shelf
from portal.shells import Page, Shells
from portal.stationery import Templates


def bundles(plan: Plan, shells: Shells, premises: Premises, notices: Sequence[Source]) -> Iterator[Bundle]:
    """Every file of the search among these notices, which come oldest first, and the portal's own pages.

    Segments that no earlier build kept are made at once.
    """
    settings = plan.settings
    index = Index(list(documents.pages(shells)), notices, settings.languages, Shelf(settings.cache_dir))
    index.prepare()
    yield Bundle(premises.of("search"), partial(_pages, plan, shells))
    yield from index.bundles()


def _pages(plan: Plan, shells: Shells) -> Iterator[tuple[str, bytes]]:
    """In every language the page to search on, and the words that the script needs."""
    settings = plan.settings
    paths = {code: plan.addresses(code).search for code in settings.languages}
    template = Templates(settings).get_template("search.html")
    for language in settings.languages:
        spoken, common = words.load(language, "search"), words.load(language)
        page = Page(
            path=paths[language],
            title=spoken("title"),
            description=spoken("description"),
            body=template.render(
                spoken=spoken,
                board=settings.base + plan.addresses(language).home,
                lookup=settings.base + plan.addresses(language).lookup,
            ).encode(),
            switch=paths,
            translations=settings.languages,
            listed=False,
        )
        yield f"{page.path}index.html", shells.pour(language, page)
        said = {
            "said": {key.removeprefix("said."): spoken(key) for key in sorted(spoken.keys) if key.startswith("said.")},
            "kinds": {kind: common(f"kind.{kind}") for kind in KINDS[:-1]} | {KINDS[-1]: spoken("page")},
            "languages": dict(settings.options.languages),
        }
        yield f"{SEARCH}words.{language}.json", (json.dumps(said, ensure_ascii=False) + "\n").encode()
