"""The whole public site, in one list: pages, feeds, calendars, the register and the pages about them.

Only the public part of the plan is read, so that no byte of it can depend on what is private.
"""

from __future__ import annotations

from collections.abc import Iterator

from portal import calendar, feeds, lookup, pages, register, subscribe
from portal.article import Articles
from portal.chunked import File
from portal.plan import Plan
from portal.shells import Shells


def files(plan: Plan, shells: Shells, articles: Articles) -> Iterator[File]:
    """Every public file but the private pages' document, each path once."""
    yield from pages.files(plan, shells, articles, _beside(plan, shells, articles))


def _beside(plan: Plan, shells: Shells, articles: Articles) -> Iterator[tuple[str, bytes]]:
    """What tells of the notices elsewhere than on their pages."""
    yield from feeds.files(plan, articles.prose)
    yield from calendar.files(plan, articles.prose)
    yield from register.files(plan)
    yield from lookup.files(plan, shells)
    yield from subscribe.files(plan, shells)
