"""What an import did or would do, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from portal.errors import Problem, counted
from portal.importing.outcome import Import

_SHOWN = 5
"""Lines of one sort in the text report; the JSON has all of them. Refusals are never left out."""


def report_text(outcome: Import) -> str:
    """The report as lines of text: refusals first, the figures last."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Import) -> Iterator[str]:
    for problem in outcome.refused:
        yield f"{problem.location}: refused {problem.code}: {problem.message}"
        if problem.hint:
            yield f"    {problem.hint}"
    yield from _sorts("left for a person", outcome.left)
    yield from _sorts("guessed", outcome.guessed)
    if outcome.mapped:
        yield "mapped (key of the source → key of the notice, files)"
        yield from (f"    {source} → {target}, {count}" for (source, target), count in outcome.mapped.items())
    for reason, count in outcome.skipped.items():
        yield f"passed over: {count} × {reason}"
    if outcome.already:
        yield f"already imported: {len(outcome.already)}"
    drafts = f" ({outcome.drafts} of them drafts)" if outcome.drafts else ""
    yield (
        f"{counted(outcome.notices, 'notice')}{drafts} and {counted(outcome.translations, 'translation')};"
        f" {len(outcome.guessed)} guessed, {len(outcome.left)} left for a person, {len(outcome.refused)} refused"
    )


def report_json(outcome: Import) -> str:
    """The same as JSON, complete; problems have the keys that `check --format json` promises."""
    report = {
        "notices": outcome.notices,
        "translations": outcome.translations,
        "drafts": outcome.drafts,
        "imported": [
            {
                "source": plan.source,
                "file": plan.file,
                "id": plan.id,
                "language": plan.language,
                "translation": plan.translation,
                "draft": plan.draft,
                "mapped": [{"from": source, "to": target} for source, target in plan.mapped],
            }
            for plan in outcome.planned
        ],
        "already": list(outcome.already),
        "guessed": [problem.as_json() for problem in outcome.guessed],
        "left": [problem.as_json() for problem in outcome.left],
        "refused": [problem.as_json() for problem in outcome.refused],
        "skipped": dict(outcome.skipped),
    }
    return json.dumps(report, ensure_ascii=False, indent=2)


def _sorts(heading: str, problems: Iterable[Problem]) -> Iterator[str]:
    for code, same in groupby(sorted(problems, key=lambda p: (p.code, p.location)), key=lambda p: p.code):
        found = list(same)
        yield f"{heading}: {code} ({len(found)})"
        yield from (f"    {p.location}: {p.message}" for p in found[:_SHOWN])
        if len(found) > _SHOWN:
            yield f"    … and {len(found) - _SHOWN} more (--format json lists them all)"
        if found[0].hint:
            yield f"    {found[0].hint}"
