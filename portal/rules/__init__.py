"""The house rules: what a notice must say and may not contradict; mkdocs.yml turns each one off, down or up.

A rule is a code, a severity, a sentence and a function (`case.Rule`). To add one, write the function into the module
of its subject, list it in that module's RULES, and give it a paragraph in docs/rules.md and two golden cases.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Any

from portal import parallel
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
from portal.rules.case import Case, Finding, House, Rule, Scope, meant
from portal.sources import Sources

_ROOM = "rules"
"""Where the memory has what rules found."""

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

OWN = frozenset(rule.code for rule in RULES if rule.scope is Scope.OWN)
"""The codes of what follows from nothing but a notice's own files."""

__all__ = ["CODES", "ELSEWHERE", "OWN", "RULES", "Rule", "change", "check", "codes", "graded", "of_their_own"]


def check(
    settings: Settings, sources: Sources, now: dt.datetime, memory: Memory | None = None, frame: str = ""
) -> list[Problem]:
    """Every problem that the rules find at `now` (timezone-aware), with the severities that the portal chose.

    What `memory` knows of a notice's files is not found again; `frame` names the program and the configuration.
    """
    house, memory = House(settings, sources, now), memory or Memory()
    rules = [rule for rule in RULES if settings.options.rules.get(rule.code) != "off"]
    frame = f"{frame} {house.today} {' '.join(rule.code for rule in rules)}"
    known = _of_notices(rules, house, memory, frame)
    for code, problems in _of_registry(rules, house, memory, frame).items():
        known.setdefault(code, []).extend(problems)
    found = []
    for rule in rules:
        if rule.scope is Scope.HOUSE and rule.of_notice is not None:
            found += [_problem(rule, finding) for case in house.cases() for finding in rule.of_notice(case)]
        if rule.of_house is not None:
            found += [_problem(rule, finding) for finding in rule.of_house(house)]
        found += known.get(rule.code, [])
    return graded(settings, found)


def of_their_own(settings: Settings, sources: Sources, now: dt.datetime) -> list[Problem]:
    """What the rules find in notices that follows from nothing but their own files, at `now` (timezone-aware)."""
    rules = [rule for rule in RULES if rule.code in OWN and settings.options.rules.get(rule.code) != "off"]
    found = [
        Problem.of_json(said) for case in House(settings, sources, now).cases() for said in _in_notice((rules, case))
    ]
    return graded(settings, found)


def _of_notices(rules: list[Rule], house: House, memory: Memory, frame: str) -> dict[str, list[Problem]]:
    """What follows from a notice's own files, or from these and the registry, by the code of the rule.

    Of most notices an earlier build knows it; the others are looked at on all processors.
    """
    scopes = {scope: [rule for rule in rules if rule.scope is scope] for scope in (Scope.OWN, Scope.AUDIENCE)}
    asked = list(_questions(house, frame))
    known = [memory.recall(_ROOM, name) if name else None for _, _, name in asked]
    unknown = [(scopes[scope], case) for (case, scope, _), told in zip(asked, known, strict=True) if told is None]
    new = parallel.each(_in_notice, unknown)
    result: dict[str, list[Problem]] = {}
    for (_, _, name), told in zip(asked, known, strict=True):
        _collect(result, memory, name, next(new) if told is None else told)
    return result


def _questions(house: House, frame: str) -> Iterator[tuple[Case, Scope, str]]:
    """Which notice is looked at in which scope, and a hash of all that the answer follows from; '' if not known."""
    mark = house.sources.registry.mark
    for case in house.cases():
        papers = (case.filed.paper, *case.filed.translations.values())
        yield case, Scope.OWN, _hash(" ".join([frame, *(f"{paper.shown} {paper.sha256}" for paper in papers)]))
        if not case.notice.public:
            front = f"{frame} {case.filed.paper.shown} {case.filed.paper.front}"
            values = json.dumps(case.filed.values, ensure_ascii=False)
            yield case, Scope.AUDIENCE, _hash(f"{front} {mark} {values}") if mark else ""


def _of_registry(rules: list[Rule], house: House, memory: Memory, frame: str) -> dict[str, list[Problem]]:
    """What is wrong with clients, by the code of the rule."""
    mark = house.sources.registry.mark
    name = _hash(f"{frame} {mark}") if mark else ""
    told = memory.recall(_ROOM, name) if name else None
    if told is None:
        told = [
            _problem(rule, finding).as_json()
            for rule in rules
            if rule.of_registry is not None
            for finding in rule.of_registry(house)
        ]
    result: dict[str, list[Problem]] = {}
    _collect(result, memory, name, told)
    return result


def _collect(result: dict[str, list[Problem]], memory: Memory, name: str, told: list[dict[str, Any]]) -> None:
    """Add what was found, and know it from now on by this name, if it has one."""
    if name:
        memory.keep(_ROOM, name, told)
    for problem in map(Problem.of_json, told):
        result.setdefault(problem.code, []).append(problem)


def _in_notice(question: tuple[list[Rule], Case]) -> list[dict[str, Any]]:
    """What rules find in a notice, as JSON can hold it."""
    rules, case = question
    return [
        _problem(rule, finding).as_json()
        for rule in rules
        if rule.of_notice is not None
        for finding in rule.of_notice(case)
    ]


def _problem(rule: Rule, finding: Finding) -> Problem:
    return Problem(finding.location, rule.code, finding.message, finding.hint, rule.severity)


def _hash(follows: str) -> str:
    return hashlib.sha256(follows.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def graded(settings: Settings, problems: Iterable[Problem]) -> list[Problem]:
    """Problems with the severities that the portal chose for their codes; those that are off are gone."""
    chosen = settings.options.rules
    result = []
    for problem in problems:
        level = chosen.get(problem.code) if problem.code in CODES else None
        if level != "off":
            result.append(problem._replace(severity=Severity(level)) if level else problem)
    return result
