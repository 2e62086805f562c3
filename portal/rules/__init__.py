"""The house rules: what a notice must say and may not contradict; mkdocs.yml turns each one off, down or up.

A rule is a code, a severity, a sentence and a function (`case.Rule`). To add one, write the function into the module
of its subject, list it in that module's RULES, and give it a paragraph in docs/rules.md and two golden cases.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from portal.config import CONFIG_FILE, Settings
from portal.errors import Location, Problem, Severity
from portal.memory import Memory
from portal.rules import (
    attachments,
    audiences,
    change,
    codes,
    contradictions,
    dates,
    demands,
    references,
    translations,
    wording,
)
from portal.rules.case import Case, Finding, House, Rule, meant
from portal.sources import Sources

ELSEWHERE: MappingProxyType[str, str] = MappingProxyType(
    {
        "broken-link": "a link that leads nowhere",
        "broken-anchor": "a link to a heading that is not there",
        "version-unavailable": "an older version whose text is not in the history",
        "changed-without-revision": "a published text that changed without a line in revisions",
        "changed-value": "a value of a published notice that is another one now",
        "changed-attachment": "an attachment of a published notice that is another one now",
        "revisions-rewritten": "lines of revisions that are gone or have another date",
        "removed-notice": "a published notice that is gone",
        "changed-id": "a published notice under another id",
        "lost-id": "a published notice that lost its id with its file name",
        "reused-contact": "a contact with the private code of another person",
        "lowered-epoch": "an epoch that is lower than it was",
    }
)
"""Codes that other rooms find, with what they are about: on rendered text, in the history of notices and registry,
between two commits.
"""


def _unknown_codes(house: House) -> Iterator[Finding]:
    for code in house.settings.options.rules:
        if code not in CODES:
            place = house.settings.document.place(("extra", "duenotice", "rules", code))
            yield Finding(Location(CONFIG_FILE, *place), f"no rule has the code '{code}'", meant(code, list(CODES)))


RULES: tuple[Rule, ...] = (
    *demands.RULES,
    *dates.RULES,
    *audiences.RULES,
    *references.RULES,
    *attachments.RULES,
    *translations.RULES,
    *wording.RULES,
    *contradictions.RULES,
    Rule("unknown-rule", Severity.ERROR, "a code in mkdocs.yml that no rule has", of_house=_unknown_codes),
)

CODES: MappingProxyType[str, str] = MappingProxyType({**{rule.code: rule.about for rule in RULES}, **ELSEWHERE})
"""Every code that mkdocs.yml can set, with what it is about; docs/rules.md has a paragraph on each."""


__all__ = ["CODES", "ELSEWHERE", "RULES", "Rule", "change", "check", "codes", "graded"]


def check(
    settings: Settings, sources: Sources, now: dt.datetime, memory: Memory | None = None, frame: str = ""
) -> list[Problem]:
    """Every problem that the rules find at `now` (timezone-aware), with the severities that the portal chose.

    What `memory` knows of a notice's files is not found again; `frame` names the program and the configuration.
    """
    house = House(settings, sources, now)
    cases = list(house.cases())
    rules = [rule for rule in RULES if settings.options.rules.get(rule.code) != "off"]
    alone = _alone([rule for rule in rules if rule.alone], house, cases, memory or Memory(), frame)
    found = []
    for rule in rules:
        if rule.alone:
            found += alone[rule.code]
        else:
            found += [_problem(rule, finding) for finding in _findings(rule, house, cases)]
    return graded(settings, found)


def _alone(
    rules: list[Rule], house: House, cases: list[Case], memory: Memory, frame: str
) -> Mapping[str, list[Problem]]:
    """What the rules find that look at a notice by itself, by their code; of most notices an earlier build knows it."""
    result: dict[str, list[Problem]] = {rule.code: [] for rule in rules}
    around = f"{frame} {house.today} {' '.join(result)}"
    for case in cases:
        papers = (case.filed.paper, *case.filed.translations.values())
        told = " ".join([around, *(f"{paper.shown} {paper.sha256}" for paper in papers)])
        name = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        known = memory.recall("rules", name)
        if known is None:
            problems = [_problem(rule, finding) for rule in rules for finding in _findings(rule, house, [case])]
            memory.keep("rules", name, [problem.as_json() for problem in problems])
        else:
            problems = [Problem.of_json(said) for said in known]
        for problem in problems:
            result[problem.code].append(problem)
    return result


def _problem(rule: Rule, finding: Finding) -> Problem:
    return Problem(finding.location, rule.code, finding.message, finding.hint, rule.severity)


def _findings(rule: Rule, house: House, cases: list[Case]) -> Iterator[Finding]:
    if rule.of_notice is not None:
        for case in cases:
            yield from rule.of_notice(case)
    if rule.of_house is not None:
        yield from rule.of_house(house)


def graded(settings: Settings, problems: Iterable[Problem]) -> list[Problem]:
    """Problems with the severities that the portal chose for their codes; those that are off are gone."""
    chosen = settings.options.rules
    result = []
    for problem in problems:
        level = chosen.get(problem.code) if problem.code in CODES else None
        if level != "off":
            result.append(replace(problem, severity=Severity(level)) if level else problem)
    return result
