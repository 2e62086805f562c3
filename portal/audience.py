"""Who is told: the one answer, for pages and mail alike."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from portal.client import Client, Contact, Recipient, Registry, Status
from portal.notice import Notice, Selector
from portal.states import instant


def selects(selector: Selector, client: Client, day: dt.date) -> bool:
    """Whether a client is among those a notice published on `day` speaks to.

    Every key given must hold. Without `status`, `clients` or `ended_within` only active clients are meant.
    """
    status = client.status_on(day)
    if selector.clients and client.id not in selector.clients:
        return False
    if selector.segments and not set(selector.segments) & set(client.segments):
        return False
    if selector.services and not set(selector.services) & set(client.services):
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


def told(
    notice: Notice, published: dt.datetime, registry: Registry, now: dt.datetime, zone: ZoneInfo
) -> list[Recipient]:
    """The contacts to tell of a notice published at `published`, as the registry stands at `now`."""
    day, today = published.astimezone(zone).date(), now.astimezone(zone).date()
    return [
        Recipient(client, contact)
        for _, client in sorted(registry.clients.items())
        if client.has_access(today) and concerns(notice, client, day)
        for contact in client.contacts
        if _was_there(Recipient(client, contact), published, zone)
    ]


def shown(
    notice: Notice, published: dt.datetime, stands: bool, registry: Registry, now: dt.datetime, zone: ZoneInfo
) -> list[Recipient]:
    """The contacts on whose private pages a notice appears.

    As `told`, and also those who joined later while the notice still stands.
    """
    day, today = published.astimezone(zone).date(), now.astimezone(zone).date()
    result = []
    for _, client in sorted(registry.clients.items()):
        if not client.has_access(today):
            continue
        then = concerns(notice, client, max(day, client.since) if client.since and client.since <= today else day)
        if not then:
            continue
        for contact in client.contacts:
            recipient = Recipient(client, contact)
            if (stands and _is_there(recipient, now, zone)) or _was_there(recipient, published, zone):
                result.append(recipient)
    return result


def _was_there(recipient: Recipient, published: dt.datetime, zone: ZoneInfo) -> bool:
    since = joined(recipient, zone)
    return since is None or since <= published


def _is_there(recipient: Recipient, now: dt.datetime, zone: ZoneInfo) -> bool:
    return _was_there(recipient, now, zone)


def language(client: Client, contact: Contact, default: str, known: tuple[str, ...]) -> str:
    """The language in which to speak to a contact."""
    for choice in (contact.language, client.language):
        if choice in known:
            return str(choice)
    return default
