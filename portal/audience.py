"""Who is told: the one answer, for pages and mail alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from portal.client import By, Client, Contact, Recipient, Registry, Status
from portal.notice import Notice, Selector
from portal.states import instant


def selects(selector: Selector, client: Client, day: dt.date) -> bool:
    """Whether a client is among those a notice published on `day` speaks to.

    Every key given must hold. Without `status`, `clients` or `ended_within` only active clients are meant.
    """
    status = client.status_on(day)
    if selector.clients and client.id not in selector.clients:
        return False
    if selector.segments and not any(name in client.segments for name in selector.segments):
        return False
    if selector.services and not any(name in client.services for name in selector.services):
        return False
    if selector.regions and client.region not in selector.regions:
        return False
    if selector.status and status not in selector.status:
        return False
    if selector.ended_within is not None:
        return client.ended is not None and client.ended <= day <= client.ended + selector.ended_within
    return bool(selector.clients or selector.status) or status is Status.ACTIVE


def concerns(notice: Notice, client: Client, day: dt.date) -> bool:
    """Whether a notice published on `day` concerns a client; a public one concerns all but former clients."""
    if isinstance(notice.audience, Selector):
        return selects(notice.audience, client, day)
    return client.status_on(day) is not Status.TERMINATED


def joined(recipient: Recipient, zone: ZoneInfo) -> dt.datetime | None:
    """From when on a contact is told of what is published; None: always was."""
    days = [day for day in (recipient.client.since, recipient.contact.since) if day]
    return instant(max(days), zone) if days else None


def selected(selector: Selector, registry: Registry, day: dt.date) -> Iterator[Client]:
    """The clients a notice published on `day` speaks to, in the order of ids."""
    return (client for client in _possible(selector, registry) if selects(selector, client, day))


def tells(notice: Notice, published: dt.datetime, recipient: Recipient, now: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether a contact is to be told of a notice published at `published`, as the registry stands at `now`."""
    client = recipient.client
    return (
        client.has_access(now.astimezone(zone).date())
        and concerns(notice, client, published.astimezone(zone).date())
        and _was_there(recipient, published, zone)
    )


def shows(
    notice: Notice, published: dt.datetime, stands: bool, recipient: Recipient, now: dt.datetime, zone: ZoneInfo
) -> bool:
    """Whether a notice appears on a contact's private pages.

    As `tells`, and also for those who joined later while the notice still stands.
    """
    client, day, today = recipient.client, published.astimezone(zone).date(), now.astimezone(zone).date()
    since = max(day, client.since) if client.since and client.since <= today else day
    return (
        client.has_access(today)
        and concerns(notice, client, since)
        and ((stands and _was_there(recipient, now, zone)) or _was_there(recipient, published, zone))
    )


def told(
    notice: Notice, published: dt.datetime, registry: Registry, now: dt.datetime, zone: ZoneInfo
) -> list[Recipient]:
    """The contacts to tell of a notice published at `published`, as the registry stands at `now`: see `tells`."""
    day, today = published.astimezone(zone).date(), now.astimezone(zone).date()
    clients = _concerned(notice, registry, today, lambda _: day)
    return [Recipient(client, contact) for client, contact in _there(clients, published, zone)]


def shown(
    notice: Notice, published: dt.datetime, stands: bool, registry: Registry, now: dt.datetime, zone: ZoneInfo
) -> list[str]:
    """The keys of the contacts on whose private pages a notice appears: see `shows`."""
    day, today = published.astimezone(zone).date(), now.astimezone(zone).date()

    def known_from(client: Client) -> dt.date:
        return client.since if client.since is not None and day < client.since <= today else day

    clients = _concerned(notice, registry, today, known_from)
    there = _there(clients, max(published, now) if stands else published, zone)
    return [f"{client.id}/{contact.id}" for client, contact in there]


def _concerned(
    notice: Notice, registry: Registry, today: dt.date, day_of: Callable[[Client], dt.date]
) -> Iterator[Client]:
    """The clients that have access and whom a notice concerns on a day of their own, in the order of ids."""
    selector = notice.audience
    possible = _possible(selector, registry)
    if isinstance(selector, Selector) and _says_one_thing(selector):
        for client in possible:
            if client.ended is None and client.access_until is None:  # so its status is the same on every day
                if selector.clients or client.status is Status.ACTIVE:
                    yield client
            elif client.has_access(today) and selects(selector, client, day_of(client)):
                yield client
        return
    for client in possible:
        if client.has_access(today) and concerns(notice, client, day_of(client)):
            yield client


def _says_one_thing(selector: Selector) -> bool:
    """Whether a client that `_possible` leaves need only be looked at for its status."""
    said = sum(map(bool, (selector.clients, selector.segments, selector.services, selector.regions)))
    return said == 1 and not selector.status and selector.ended_within is None


def _there(clients: Iterable[Client], at: dt.datetime, zone: ZoneInfo) -> Iterator[tuple[Client, Contact]]:
    """The contacts of these clients who were there at a moment; days are few, so each is looked at once."""
    known: dict[dt.date | None, bool] = {None: True}

    def was(day: dt.date | None) -> bool:
        there = known.get(day)
        if there is None and day is not None:
            there = known[day] = instant(day, zone) <= at
        return bool(there)

    for client in clients:
        if was(client.since):
            for contact in client.contacts:
                if contact.since is None or was(contact.since):
                    yield client, contact


def _possible(selector: Selector | str, registry: Registry) -> Sequence[Client]:
    """The clients that a selector can mean, in the order of ids: the fewest that one of its keys leaves."""
    if not isinstance(selector, Selector):
        return registry.ordered
    asked: dict[By, tuple[str, ...]] = {
        "segment": selector.segments,
        "service": selector.services,
        "region": selector.regions,
    }
    groups = [registry.index.clients(by, names) for by, names in asked.items() if names]
    if selector.clients:
        groups.append([registry.clients[name] for name in sorted(set(selector.clients)) if name in registry.clients])
    return min(groups, key=len, default=registry.ordered)


def _was_there(recipient: Recipient, published: dt.datetime, zone: ZoneInfo) -> bool:
    since = joined(recipient, zone)
    return since is None or since <= published


def language(client: Client, contact: Contact, default: str, known: tuple[str, ...]) -> str:
    """The language in which to speak to a contact."""
    for choice in (contact.language, client.language):
        if choice in known:
            return str(choice)
    return default
