"""What readers of the other languages get."""

from __future__ import annotations

from collections.abc import Iterator

from portal.errors import Severity
from portal.kinds import Kind
from portal.rules.case import Case, Finding, Rule, Scope


def _missing(case: Case) -> Iterator[Finding]:
    if not case.notice.public or case.notice.kind is Kind.GENERAL:
        return
    for language in case.settings.languages:
        if language != case.filed.paper.language and language not in case.filed.translations:
            hint = f"add {case.filed.paper.stem}.{language}.md with translates: {case.notice.version}"
            yield case.finding(f"there is no translation into '{language}'", hint)


def _behind(case: Case) -> Iterator[Finding]:
    for paper in case.filed.translations.values():
        if paper.translates is not None and paper.translates < case.notice.version:
            message = f"this renders version {paper.translates}; the original is at version {case.notice.version}"
            hint = "bring the words up to date and count 'translates' up"
            yield Finding(paper.at("translates"), message, hint)


RULES = (
    Rule("translation-missing", Severity.WARNING, "a public notice without a translation", _missing, scope=Scope.OWN),
    Rule("translation-behind", Severity.WARNING, "a translation of an older version", _behind, scope=Scope.OWN),
)
