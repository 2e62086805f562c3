"""The house rules: what a notice must say and may not contradict; mkdocs.yml turns each one off, down or up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from portal import audience, explain, states
from portal.config import CONFIG_FILE, Settings
from portal.errors import Location, Problem, Severity
from portal.kinds import Kind
from portal.notice import Notice, Selector
from portal.sources import Filed, Sources


@dataclass(frozen=True, slots=True)
class Case:
    """One notice under examination, with everything around it."""

    filed: Filed
    settings: Settings
    sources: Sources

    @property
    def notice(self) -> Notice:
        return self.filed.notice

    def problem(
        self, code: str, message: str, hint: str, *key: str | int, severity: Severity = Severity.ERROR
    ) -> Problem:
        """A problem at a key of this notice's file, or at its first line where the key is missing."""
        return Problem(self.filed.paper.at(*key), code, message, hint, severity)


Rule = Callable[[Case], Iterator[Problem]]


def check(settings: Settings, sources: Sources) -> list[Problem]:
    """Every problem that the rules find, with the severities that the portal chose."""
    found: list[Problem] = []
    for filed in sources.notices.values():
        if not filed.notice.draft:
            case = Case(filed, settings, sources)
            for rule in _RULES:
                found += rule(case)
    found += _registry(settings, sources)
    found += _unknown_codes(settings)
    chosen = settings.options.rules
    result = []
    for problem in found:
        level = chosen.get(problem.code)
        if level != "off":
            result.append(replace(problem, severity=Severity(level)) if level else problem)
    return result


def _value(notice: Notice, key: str) -> Any:
    """What stands at a dotted key; None where nothing does."""
    value: Any = notice
    for step in key.split("."):
        value = getattr(value, step, None)
    return value


def _missing(value: Any) -> bool:
    return value is None or value == () or value == ""


_NEEDLESS = MappingProxyType({"details.next_update": "details.closed_at"})
"""A demanded key, and the key whose presence makes it needless: a closed incident has no next update."""


def _required(case: Case) -> Iterator[Problem]:
    """missing-required: a key that the kind demands."""
    kind = case.notice.kind
    for key in case.settings.demand(kind).required:
        if _missing(_value(case.notice, key)) and _missing(_value(case.notice, _NEEDLESS.get(key, ""))):
            yield case.problem("missing-required", f"a notice of kind {kind} must have '{key}'", f"add '{key}'", "kind")


def _recommended(case: Case) -> Iterator[Problem]:
    """missing-recommended: a key that the kind is better for."""
    kind = case.notice.kind
    missing = [key for key in case.settings.demand(kind).recommended if _missing(_value(case.notice, key))]
    if missing:
        names = ", ".join(missing)
        message = f"a notice of kind {kind} is better with {names}"
        yield case.problem("missing-recommended", message, "add what applies", "kind", severity=Severity.WARNING)


def _lead_time(case: Case) -> Iterator[Problem]:
    """lead-time: too few days between publication and the date in force."""
    window, days = case.notice.effective, case.settings.demand(case.notice.kind).lead_days
    if not days or window is None or window.start is None or case.notice.urgency == "urgent":
        return
    published = states.instant(case.notice.date, case.settings.zone).astimezone(case.settings.zone).date()
    given = (window.start - published).days
    if given < days:
        message = f"{given} days from publication to the date in force; {case.notice.kind} asks for {days}"
        hint = "publish earlier, let it take effect later, or mark it urgent"
        yield case.problem("lead-time", message, hint, "effective", severity=Severity.WARNING)


def _dates(case: Case) -> Iterator[Problem]:
    """dates-order: a deadline before publication; revisions that run backwards."""
    zone, notice = case.settings.zone, case.notice
    published = states.instant(notice.date, zone)
    day = published.astimezone(zone).date()
    deadlines = {
        ("action", "by"): notice.action.by if notice.action else None,
        ("ack", "by"): notice.ack.by if notice.ack else None,
        ("objection", "until"): notice.objection.until if notice.objection else None,
        ("expires",): notice.expires,
    }
    for key, deadline in deadlines.items():
        if deadline is not None and deadline < day:
            yield case.problem(
                "dates-order", f"'{'.'.join(key)}' lies before publication", "correct one of the two dates", *key
            )
    last = published
    for i, revision in enumerate(notice.revisions):
        at = states.instant(revision.on, zone)
        if at < last:
            message = (
                "this revision is dated before the one above it" if i else "this revision is dated before publication"
            )
            yield case.problem("dates-order", message, "list revisions oldest first", "revisions", i, "on")
        last = at


def _owner(case: Case) -> Iterator[Problem]:
    """unknown-desk: an owner that mkdocs.yml has no desk for."""
    owner, desks = case.notice.owner, case.settings.options.desks
    if owner is not None and owner not in desks:
        yield case.problem(
            "unknown-desk", f"there is no desk '{owner}' in mkdocs.yml", _meant(owner, list(desks)), "owner"
        )


def _audience(case: Case) -> Iterator[Problem]:
    """unknown-client, unknown-segment, unknown-service, unknown-region, nobody: an audience that misses its aim."""
    selector, options = case.notice.audience, case.settings.options
    if not isinstance(selector, Selector):
        return
    clients = case.sources.registry.clients
    for i, client in enumerate(selector.clients):
        if client not in clients:
            hint = "write the name of its file in clients/, without .yml"  # a near one would name another client
            yield case.problem("unknown-client", "the registry has no such client", hint, "audience", "clients", i)
    for name, chosen, known in (
        ("segment", selector.segments, options.segments),
        ("service", selector.services, options.services),
        ("region", selector.regions, options.regions),
    ):
        for i, value in enumerate(chosen):
            if known and value not in known:
                message = f"mkdocs.yml has no {name} '{value}'"
                yield case.problem(f"unknown-{name}", message, _meant(value, list(known)), "audience", f"{name}s", i)
    day = states.instant(case.notice.date, case.settings.zone).astimezone(case.settings.zone).date()
    if clients and not any(audience.selects(selector, client, day) for client in clients.values()):
        message = "no client in the registry is meant by this audience"
        yield case.problem("nobody", message, "check it against clients/", "audience", severity=Severity.WARNING)


def _values(case: Case) -> Iterator[Problem]:
    """values-missing, unknown-client: a table of values with a hole, or with a stranger in it."""
    selector = case.notice.audience
    if case.notice.values is None or not isinstance(selector, Selector) or not case.filed.values:
        return
    zone = case.settings.zone
    day = states.instant(case.notice.date, zone).astimezone(zone).date()
    for client in case.sources.registry.clients.values():
        if audience.selects(selector, client, day) and client.id not in case.filed.values:
            message = "a client of the audience has no row in the table of values"
            yield case.problem("values-missing", message, "give every client of the audience a row", "values")
            break
    for client_id in case.filed.values:
        if client_id not in case.sources.registry.clients:
            message = "the table of values has a row for a client that is not in the registry"
            yield case.problem("unknown-client", message, "correct its first column", "values")
            break


def _references(case: Case) -> Iterator[Problem]:
    """unknown-notice, refers-to-private: what a notice supersedes or answers."""
    notices = case.sources.notices
    named = [(("supersedes",), case.notice.supersedes)] if case.notice.supersedes else []
    references: list[tuple[tuple[str | int, ...], str]] = [
        *named,
        *((("answers", i), a) for i, a in enumerate(case.notice.answers)),
    ]
    for key, identity in references:
        other = notices.get(identity)
        if other is None:
            hint = explain.nearest(identity, notices)
            yield case.problem(
                "unknown-notice",
                "there is no notice with this id",
                f"did you mean '{hint}'?" if hint and notices[hint].notice.public else "check the id",
                *key,
            )
        elif identity == case.notice.id:
            yield case.problem("unknown-notice", "a notice cannot refer to itself", "name the other notice", *key)
        elif case.notice.public and not other.notice.public:
            message = "a public notice refers to a private one"
            yield case.problem(
                "refers-to-private", message, "remove the reference, or give this notice an audience", *key
            )


def _translations(case: Case) -> Iterator[Problem]:
    """translation-missing, translation-behind: what readers of the other languages get."""
    for language in case.settings.languages:
        paper = case.filed.translations.get(language)
        if language == case.filed.paper.language:
            continue
        if paper is None:
            if case.notice.public and case.notice.kind is not Kind.GENERAL:
                message = f"there is no translation into '{language}'"
                hint = f"add {case.filed.paper.stem}.{language}.md with translates: {case.notice.version}"
                yield case.problem("translation-missing", message, hint, severity=Severity.WARNING)
        elif paper.translates is not None and paper.translates < case.notice.version:
            message = f"this renders version {paper.translates}; the original is at version {case.notice.version}"
            hint = "bring the words up to date and count 'translates' up"
            yield Problem(paper.at("translates"), "translation-behind", message, hint, Severity.WARNING)


def _bank_account(case: Case) -> Iterator[Problem]:
    """two-approvers: a changed bank account is what fraudsters announce, so two people vouch for it."""
    if getattr(case.notice.details, "bank_account", False) and len({a.by for a in case.notice.approvals}) < 2:
        message = "a changed bank account needs two approvals by different people"
        yield case.problem("two-approvers", message, "add them to 'approvals'", "details", "bank_account")


def _registry(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """no-contacts, unknown-segment, unknown-service, unknown-region: clients nobody can tell anything."""
    options = settings.options
    for identity, client in sources.registry.clients.items():
        document, file = sources.clients[identity], f"{options.registry}/{identity}.yml"

        def at(*key: str | int, document: Any = document, file: str = file) -> Location:
            return Location(file, *document.place(key))

        if not client.contacts:
            message = "this client has no contact, so nobody there is told anything"
            yield Problem(at(), "no-contacts", message, "add contacts: with id, name and email", Severity.WARNING)
        for name, chosen, known in (
            ("segment", client.segments, options.segments),
            ("service", client.services, options.services),
            ("region", (client.region,) if client.region else (), options.regions),
        ):
            for i, value in enumerate(chosen):
                if known and value not in known:
                    key = ("region",) if name == "region" else (f"{name}s", i)
                    message = f"mkdocs.yml has no {name} '{value}'"
                    yield Problem(at(*key), f"unknown-{name}", message, _meant(value, list(known)))


def _unknown_codes(settings: Settings) -> Iterator[Problem]:
    """unknown-rule: a code in mkdocs.yml that no rule has."""
    for code in settings.options.rules:
        if code not in CODES:
            place = settings.document.place(("extra", "duenotice", "rules", code))
            yield Problem(
                Location(CONFIG_FILE, *place),
                "unknown-rule",
                f"no rule has the code '{code}'",
                _meant(code, list(CODES)),
            )


def _meant(word: str, words: list[str]) -> str:
    near = explain.nearest(word, words)
    if near:
        return f"did you mean '{near}'?"
    return f"one of {', '.join(sorted(words)[:8])}" if words else "add it there first"


_RULES: tuple[Rule, ...] = (
    _required,
    _recommended,
    _lead_time,
    _dates,
    _owner,
    _audience,
    _values,
    _references,
    _translations,
    _bank_account,
)

CODES: MappingProxyType[str, str] = MappingProxyType(
    {
        "missing-required": "a key that the kind demands is missing",
        "missing-recommended": "a key that the kind is better for is missing",
        "lead-time": "too few days between publication and the date in force",
        "dates-order": "dates that contradict one another",
        "unknown-desk": "an owner without a desk",
        "unknown-client": "a client that the registry does not have",
        "unknown-segment": "a segment that mkdocs.yml does not list",
        "unknown-service": "a service that mkdocs.yml does not list",
        "unknown-region": "a region that mkdocs.yml does not list",
        "nobody": "an audience that means no client",
        "values-missing": "a client of the audience without a row of values",
        "unknown-notice": "a reference to a notice that is not there",
        "refers-to-private": "a public notice that names a private one",
        "translation-missing": "a public notice without a translation",
        "translation-behind": "a translation of an older version",
        "two-approvers": "a changed bank account with fewer than two approvals",
        "no-contacts": "a client without a contact",
        "unknown-rule": "a code in mkdocs.yml that no rule has",
    }
)
"""Every rule's code with what it is about; docs/rules.md has a paragraph on each."""
