"""The whole public site, in one list: pages, feeds, calendars, the register, the pages about them, and the search.

Only the public part of the plan is read, so that no byte of it can depend on what is private.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from portal import bundles, calendar, feeds, lookup, moved, pages, register, search, subscribe
from portal.article import Articles
from portal.bundles import Bundle
from portal.chunked import AnyFile, Derived, File
from portal.inventory import Inventory
from portal.plan import Plan
from portal.premises import Premises
from portal.press import Each
from portal.shells import Shells


def files(plan: Plan, shells: Shells, articles: Articles) -> Iterator[File]:
    """Every public file but the private pages' document, each path once."""
    for path, data in derived(plan, shells, articles, Inventory()):
        yield path, data.make() if isinstance(data, Derived) else data


def derived(
    plan: Plan, shells: Shells, articles: Articles, inventory: Inventory, each: Each = map
) -> Iterator[AnyFile]:
    """The same; what the site has of it stays unmade. A page at an old address gives way to all others."""
    taken: set[str] = set()
    made = _bundles(plan, shells, articles)
    for path, data in bundles.files(made, inventory, each, partial(pages.prepare, plan, articles)):
        taken.add(path)
        yield path, data
    for path, data in pages.attached(plan):
        taken.add(path)
        yield path, data
    yield pages.build(plan)
    yield from moved.files(plan, taken)


def _bundles(plan: Plan, shells: Shells, articles: Articles) -> Iterator[Bundle]:
    """What takes long comes first, so that processors that are done with it share the many notices that remain."""
    premises = Premises(plan, articles.circumstances[False], shells.mark)
    board, whole = premises.all_fronts, [premises.whole(entry) for entry in plan.public]
    yield Bundle(premises.of("calendars", board), partial(calendar.files, plan, articles.prose))
    yield Bundle(premises.of("register", whole), partial(register.files, plan))
    yield Bundle(premises.of("lookup", board), partial(lookup.files, plan, shells))
    yield Bundle(premises.of("subscribe"), partial(subscribe.files, plan, shells))
    yield from search.bundles(plan, shells, premises, list(search.notices(plan, articles.prose)))
    yield from feeds.bundles(plan, articles.prose, premises)
    yield from pages.bundles(plan, shells, articles, premises)
