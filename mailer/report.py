"""How an agenda and a ledger read: as data for programs and as lines for people. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mailer.agenda.digest import Digest, Event, Excluded, Item, Reason, Waiting
from mailer.ledger import Delivery, Opening, State
from mailer.people.person import Person
from mailer.runs.accounts import Account
from portal import errors
from portal.client import Recipient
from portal.notice import Selector

_ADDRESS = re.compile(r"\S*@\S*")

_WHY = {
    Reason.SUPERSEDED: "version {detail} is told instead",
    Reason.NO_LONGER_STANDS: "{detail} before it was told",
    Reason.TOLD_ELSEWHERE: "told already, for another of this person's clients",
    Reason.NOT_REACHED: "what this takes back never arrived",
    Reason.LEFT: "wants no voluntary mail",
    Reason.SUPPRESSED: "nothing is sent to this address: {detail}",
    Reason.MISSED: "the day had come before a reminder could leave",
    Reason.TOLD: "told already",
    Reason.BEFORE_BEGIN: "published before the ledger began",
    Reason.MINOR: "a minor revision",
    Reason.JOINED_AFTER: "joined after it was published",
    Reason.ACCESS_ENDED: "access ended on {detail}",
    Reason.DUPLICATE: "same client and address as {detail}",
}

_SHOWN_AT_MOST = 6
"""Contacts named in one line."""


def why_not(excluded: Excluded) -> str:
    """The reason of an exclusion as a clause."""
    return _WHY[excluded.reason].format(detail=excluded.detail)


def why(item: Item) -> str:
    """Why its readers are told: the notice is public, or what in its audience they answer to."""
    audience = item.text.notice.audience
    if not isinstance(audience, Selector):
        return "public"
    clients = [reader.client for reader in item.readers]
    parts: dict[str, list[str]] = {
        "client": [client.id for client in clients if client.id in audience.clients],
        "segment": [name for name in audience.segments if any(name in client.segments for client in clients)],
        "service": [name for name in audience.services if any(name in client.services for client in clients)],
        "region": [name for name in audience.regions if any(name == client.region for client in clients)],
        "status": list(audience.status),
    }
    said = [f"{name} {', '.join(values)}" for name, values in parts.items() if values]
    if audience.ended_within is not None:
        said.append(f"ended within {errors.counted(audience.ended_within.days, 'day')}")
    return "; ".join(said)


def news(item: Item) -> str:
    """What an item tells: new, revised, withdrawn, released or reminder."""
    if item.event is not Event.PUBLISHED:
        return item.event.value
    return "revised" if item.told else "new"


def digest_as_json(digest: Digest, private: bool) -> dict[str, Any]:
    """What is due for one person. Without `private`, no name, no address and no title of a private notice."""
    told = {"key": digest.key, "slot": digest.slot, "due": digest.due.astimezone(digest.person.zone).isoformat()}
    return {**told, **_person(digest.person, private), "items": [_item(item, private) for item in digest.items]}


def waiting_as_json(waiting: Waiting, private: bool) -> dict[str, Any]:
    """What comes later; see `digest_as_json`."""
    items = [_item(item, private) for item in waiting.items]
    return {
        "due": waiting.due.astimezone(waiting.person.zone).isoformat(),
        **_person(waiting.person, private),
        "items": items,
    }


def excluded_as_json(excluded: Excluded) -> dict[str, Any]:
    """What somebody is not told, and why."""
    return {
        "recipients": [recipient.key for recipient in excluded.recipients],
        "notice": excluded.notice or None,
        "version": excluded.version or None,
        "event": excluded.event,
        "reason": excluded.reason.value,
        "detail": excluded.detail,
    }


def _person(person: Person, private: bool) -> dict[str, Any]:
    return {
        "recipients": [recipient.key for recipient in person.recipients],
        "name": person.name if private else None,
        "address": person.address if private else None,
        "language": person.language,
        "timezone": person.zone.key,
        "cadence": person.cadence.value,
    }


def _item(item: Item, private: bool) -> dict[str, Any]:
    return {
        "notice": item.entry.id,
        "version": item.version.number,
        "event": item.mark,
        "news": news(item),
        "title": title(item, private),
        "private": item.entry.private,
        "urgent": item.urgent,
        "why": why(item),
        "for": [reader.key for reader in item.readers],
        "instead_of": sorted({receipt.version for receipt in item.instead_of}),
    }


def title(item: Item, private: bool) -> str | None:
    """The title in the original's language, or None where it may not be shown."""
    return item.text.notice.title if private or not item.entry.private else None


class LeftOut:
    """Exclusions as they are decided, those of one notice and reason together: the first contacts, and how many."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, int, str], tuple[list[str], list[int]]] = {}

    def add(self, excluded: Iterable[Excluded]) -> None:
        """All that one person is not told; a contact is one person's."""
        groups: dict[tuple[str, int, str], dict[str, None]] = {}
        for one in excluded:
            keys = groups.setdefault((one.notice, one.version, why_not(one)), {})
            keys.update((recipient.key, None) for recipient in one.recipients)
        for group, keys in groups.items():
            first, count = self._groups.setdefault(group, ([], [0]))
            first += list(keys)[: _SHOWN_AT_MOST - len(first)]
            count[0] += len(keys)

    def rows(self) -> list[tuple[str, str, str]]:
        """(what, who, why) of each group."""
        return [
            (f"{notice} v{version}" if notice else "everything", _listed(first, count) or "everybody", reason)
            for (notice, version, reason), (first, (count,)) in self._groups.items()
        ]


def named(recipients: Sequence[Recipient]) -> str:
    """Contacts by their keys; of many, the first ones and a number."""
    keys = list(dict.fromkeys(recipient.key for recipient in recipients))
    return _listed(keys[:_SHOWN_AT_MOST], len(keys))


def _listed(first: Sequence[str], count: int) -> str:
    more = count - len(first)
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def status_as_json(found: Sequence[Account], contradictions: Sequence[str], opening: Opening) -> dict[str, Any]:
    """The state of a ledger, without its messages."""
    return {
        "begin": opening.begin.isoformat(),
        "paused": opening.paused.isoformat() if opening.paused else None,
        "holds": all(account.holds for account in found) and not contradictions,
        "contradictions": list(contradictions),
        "runs": [
            {
                "run": account.run.number,
                "now": account.run.now.isoformat(),
                "at": account.run.at.isoformat(),
                "commit": account.run.commit,
                "digests": account.run.digests,
                "eligible": account.eligible,
                **{name.replace(" ", "_"): number for name, number in account.terms.items()},
                "holds": account.holds,
                "differences": list(account.differences),
            }
            for account in found
        ],
    }


def delivery_as_json(delivery: Delivery, *, private: bool) -> dict[str, Any]:
    """One message. Without `private`, no addresses in the server's reply."""
    return {
        "digest": delivery.key,
        "run": delivery.run,
        "recipients": list(delivery.readers),
        "slot": delivery.slot,
        "state": delivery.state.value,
        "held_by": delivery.hold.value if delivery.hold else None,
        "attempts": delivery.attempts,
        "reply": reply(delivery, private),
        "queue_id": delivery.queue_id,
        "at": delivery.at.isoformat(),
        "next_try": delivery.next_try.isoformat() if delivery.next_try else None,
    }


def reply(delivery: Delivery, private: bool) -> str:
    """What the server said; addresses in it are private."""
    return delivery.reply if private else _ADDRESS.sub("…", delivery.reply)


def by_state(messages: Mapping[State, int]) -> str:
    """Messages counted, in the order of states."""
    return ", ".join(f"{messages[state]} {state}" for state in State if messages.get(state)) or "no messages"
