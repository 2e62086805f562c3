"""Whom a notice is for: words that mkdocs.yml and the registry know, and somebody at the other end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal, TypeAlias

from portal import audience
from portal.errors import Location, Severity
from portal.notice import Selector
from portal.rules.case import Case, Finding, House, Rule, Scope, meant

_Group: TypeAlias = Literal["segment", "service", "region"]


def _desk(case: Case) -> Iterator[Finding]:
    owner, desks = case.notice.owner, case.settings.options.desks
    if owner is not None and owner not in desks:
        yield case.finding(f"there is no desk '{owner}' in mkdocs.yml", meant(owner, list(desks)), "owner")


def _clients(case: Case) -> Iterator[Finding]:
    selector, clients = case.notice.audience, case.house.sources.registry.clients
    if not isinstance(selector, Selector):
        return
    for i, client in enumerate(selector.clients):
        if client not in clients:
            hint = "write the name of its file in clients/, without .yml"  # a near one would name another client
            yield case.finding("the registry has no such client", hint, "audience", "clients", i)
    if any(client not in clients for client in case.filed.values):
        message = "the table of values has a row for a client that is not in the registry"
        yield case.finding(message, "correct its first column", "values")


def _unknown(group: _Group, case: Case) -> Iterator[Finding]:
    """A group in a notice that mkdocs.yml does not list; without a list any is taken."""
    known = _listed(group, case.house)
    for name, block in (("audience", case.notice.audience), ("about", case.notice.about)):
        for i, value in enumerate(getattr(block, f"{group}s", ()) if known else ()):
            if value not in known:
                message = f"mkdocs.yml has no {group} '{value}'"
                yield case.finding(message, meant(value, known), name, f"{group}s", i)


def _unknown_of_client(group: _Group, house: House) -> Iterator[Finding]:
    """The same in a client's file."""
    known = _listed(group, house)
    for identity, client in house.sources.registry.clients.items() if known else ():
        region = (client.region,) if client.region else ()
        for i, value in enumerate(region if group == "region" else getattr(client, f"{group}s")):
            if value not in known:
                key = ("region",) if group == "region" else (f"{group}s", i)
                where = _in_registry(house, identity, *key)
                yield Finding(where, f"mkdocs.yml has no {group} '{value}'", meant(value, known))


def _listed(group: _Group, house: House) -> list[str]:
    return list(getattr(house.settings.options, f"{group}s"))


def _in_registry(house: House, client: str, *key: str | int) -> Location:
    return house.sources.clients[client].at(*key)


def _nobody(case: Case) -> Iterator[Finding]:
    selector, registry = case.notice.audience, case.house.sources.registry
    if not isinstance(selector, Selector) or not registry.clients:
        return
    selected = audience.selected(selector, registry, case.published)
    first = next(selected, None)
    if first is None:
        message = "no client in the registry is meant by this audience"
        yield case.finding(message, "check it against clients/", "audience")
    elif not first.contacts and not any(client.contacts for client in selected):
        message = "no client of this audience has a contact, so nobody can read it"
        yield case.finding(message, "add contacts to their files in clients/", "audience")


def _values(case: Case) -> Iterator[Finding]:
    selector = case.notice.audience
    if case.notice.values is None or not isinstance(selector, Selector) or not case.filed.values:
        return
    for client in audience.selected(selector, case.house.sources.registry, case.published):
        if client.id not in case.filed.values:
            message = "a client of the audience has no row in the table of values"
            yield case.finding(message, "give every client of the audience a row", "values")
            break


def _contacts(house: House) -> Iterator[Finding]:
    for identity, client in house.sources.registry.clients.items():
        if not client.contacts:
            message = "this client has no contact, so nobody there is told anything"
            yield Finding(_in_registry(house, identity), message, "add contacts: with id, name and email")


def _addresses(house: House) -> Iterator[Finding]:
    """Of contacts who share an address one is written to, in one language and with one code."""
    for identity, client in house.sources.registry.clients.items():
        if len(client.contacts) < 2:
            continue
        seen: set[str] = set()
        for number, contact in enumerate(client.contacts):
            address = contact.email.casefold()
            if address in seen:
                message = "another contact of this client has the same address, and mail greets that one alone"
                hint = "give each person an address of their own, or keep one contact for the mailbox"
                yield Finding(_in_registry(house, identity, "contacts", number, "email"), message, hint)
            seen.add(address)


_GROUPS: tuple[_Group, ...] = ("segment", "service", "region")

RULES = (
    Rule("unknown-desk", Severity.ERROR, "an owner without a desk", _desk, Scope.OWN),
    Rule("unknown-client", Severity.ERROR, "a client that the registry does not have", _clients, Scope.AUDIENCE),
    *(
        Rule(
            f"unknown-{group}",
            Severity.ERROR,
            f"a {group} that mkdocs.yml does not list",
            partial(_unknown, group),
            Scope.OWN,
            partial(_unknown_of_client, group),
        )
        for group in _GROUPS
    ),
    Rule(
        "nobody", Severity.WARNING, "an audience that means no client, or none with a contact", _nobody, Scope.AUDIENCE
    ),
    Rule("values-missing", Severity.ERROR, "a client of the audience without a row of values", _values, Scope.AUDIENCE),
    Rule("no-contacts", Severity.WARNING, "a client without a contact", of_registry=_contacts),
    Rule("shared-address", Severity.WARNING, "two contacts of a client with one address", of_registry=_addresses),
)
