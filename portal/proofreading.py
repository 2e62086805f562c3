"""Reads every notice once as its readers will, for the problems that only rendering shows."""

from __future__ import annotations

from collections.abc import Iterator

from portal.article import Articles
from portal.errors import Problem
from portal.plan import Entry, Plan


def proofread(plan: Plan, entry: Entry, articles: Articles) -> Iterator[Problem]:
    """What is wrong with the latest text of a notice in each language that it has: links, markup, placeholders."""
    values = next(iter(entry.values.values()), None)
    for language in plan.settings.languages:
        if language in entry.latest.texts:
            article = articles.render(
                entry, entry.latest, language, values=values, file_url=lambda found: found.name, private=entry.private
            )
            yield from article.problems
