"""The registry and the plan as they stood when digests were frozen: enough to decide again who was eligible.

JSON documents, without names, bodies or codes. Thawed, they are a plan that answers "who is told" as the original
did, and nothing else.
"""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mailer.people.cards import CardRegistry, Cards
from mailer.people.subscription import NOBODY, Consent, Scope, Subscribers, Subscription, Suppression
from portal.client import Cadence, Client, Registry, as_client, as_data
from portal.config import Options, Settings
from portal.decoded import Document
from portal.kinds import Kind
from portal.notice import Notice, Selector, Text, Version
from portal.plan import Entry, Plan
from portal.states import State

_PART = 256
"""Clients in a part of the registry, on average."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen registry and plan."""

    registry: Iterable[str]
    """In parts, made anew each time it is gone through: JSON lists of clients in the order of their ids, then objects
    with subscriptions, and with suppressions by the marks of their addresses."""
    plan: str


@dataclass(frozen=True, slots=True)
class _Parts:
    registry: Registry
    subscribers: Subscribers

    def __iter__(self) -> Iterator[str]:
        """A part ends where an id says so, not after so many: one client more changes one part, not all that follow."""
        part: list[dict[str, Any]] = []
        for client in self.registry.ordered:
            part.append(_client(client))
            if zlib.crc32(client.id.encode()) % _PART == 0:
                yield _json(part)
                part = []
        if part:
            yield _json(part)
        part = []
        for subscription in self.subscribers.subscriptions:
            part.append(_subscription(subscription))
            if zlib.crc32(subscription.id.encode()) % _PART == 0:
                yield _json({"subscriptions": part})
                part = []
        if part:
            yield _json({"subscriptions": part})
        if self.subscribers.suppressions:
            yield _json({"suppressions": {one.mark: one.scope for one in self.subscribers.suppressions.values()}})


def freeze(plan: Plan, subscribers: Subscribers = NOBODY) -> Snapshot:
    """Keep what decides who is told what."""
    options = plan.settings.options
    notices = {
        "now": plan.now.isoformat(),
        "timezone": options.timezone,
        "languages": dict(options.languages),
        "mail": options.mail.model_dump(mode="json", by_alias=True),
        "public": [_entry(entry) for entry in plan.public],
        "private": [_entry(entry) for entry in plan.private],
    }
    return Snapshot(_Parts(plan.registry, subscribers), _json(notices))


class Thawing:
    """Takes a snapshot part by part; no part is held as text once it was taken."""

    def __init__(self, plan: str) -> None:
        self._data = json.loads(plan)
        self._now = dt.datetime.fromisoformat(self._data["now"])
        self._clients = Cards()
        self._subscriptions: list[Subscription] = []
        self._suppressions: list[Suppression] = []

    def add(self, part: str) -> None:
        data = json.loads(part)
        if isinstance(data, list):
            self._clients.update((client.id, client) for client in map(as_client, data))
            return
        self._subscriptions += [_thawed_subscription(one) for one in data.get("subscriptions", ())]
        self._suppressions += [
            Suppression(mark, Scope(scope), "", self._now) for mark, scope in data.get("suppressions", {}).items()
        ]

    def plan(self) -> Plan:
        """The plan, good for deciding only."""
        data = self._data
        options = Options.model_validate({key: data[key] for key in ("timezone", "languages", "mail")})
        public, private = (
            tuple(_thawed(entry, key == "private", options) for entry in data[key]) for key in ("public", "private")
        )
        settings = Settings(Path(), "", "", options, Document(None))
        return Plan(settings, self._now, None, CardRegistry(self._clients, {}), public, private)

    def subscribers(self, pepper: bytes) -> Subscribers:
        """Who had subscribed, and to whom less was sent."""
        return Subscribers.of(self._subscriptions, self._suppressions, pepper)


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _client(client: Client) -> dict[str, Any]:
    data = as_data(client)
    contacts = [{k: v for k, v in c.items() if k not in ("phone", "role")} for c in data["contacts"]]
    return {**data, "name": client.id, "contacts": [{**contact, "name": contact["id"]} for contact in contacts]}


def _subscription(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "address": subscription.key,
        "since": subscription.consent.at.isoformat(),
        "language": subscription.language,
        "timezone": subscription.timezone,
        "cadence": subscription.cadence,
        "topics": list(subscription.topics),
    }


def _thawed_subscription(data: Mapping[str, Any]) -> Subscription:
    return Subscription(
        id=data["id"],
        address=data["address"],
        consent=_consent(data["since"]),
        language=data["language"],
        timezone=data["timezone"],
        cadence=Cadence(data["cadence"]) if data["cadence"] else None,
        topics=tuple(map(Kind, data["topics"])),
    )


@lru_cache(maxsize=4096)
def _consent(since: str) -> Consent:
    return Consent(dt.datetime.fromisoformat(since), "")


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "state": entry.state.value,
        "successor": entry.successor,
        "versions": [_version(version) for version in entry.versions],
    }


def _version(version: Version) -> dict[str, Any]:
    text = version.original
    return {
        "number": version.number,
        "on": version.on.isoformat(),
        "minor": version.minor,
        "notice": _notice(text.notice) if text else None,
    }


_DECIDING = {"id", "kind", "date", "urgency", "effective", "stages", "action", "ack", "objection", "withdrawn"}
"""The facts that decide who is told, when, and in which class."""


def _notice(notice: Notice) -> dict[str, Any]:
    facts = _wordless(notice.model_dump(mode="json", by_alias=True, exclude_none=True, include=_DECIDING))
    reminders = [f"{'+' if span.days < 0 else ''}{abs(span.days)}d" for span in notice.reminders]
    return {**facts, "title": notice.id, "reminders": reminders, "audience": _audience(notice)}


def _wordless(facts: Any) -> Any:
    """Facts without what people wrote in words, some of which is private."""
    if isinstance(facts, dict):
        return {key: "-" if key in ("what", "how", "reason") else _wordless(value) for key, value in facts.items()}
    return [_wordless(fact) for fact in facts] if isinstance(facts, list) else facts


def _audience(notice: Notice) -> str | dict[str, Any]:
    if not isinstance(notice.audience, Selector):
        return notice.audience
    data = notice.audience.model_dump(mode="json", exclude_defaults=True, exclude={"ended_within"})
    span = notice.audience.ended_within
    return data if span is None else {**data, "ended_within": f"{span.days}d"}


def _thawed(data: Mapping[str, Any], private: bool, options: Options) -> Entry:
    language = next(iter(options.languages))
    versions = []
    for version in data["versions"]:
        texts = {}
        if version["notice"] is not None:
            texts[language] = Text(language, Notice.model_validate(version["notice"]), "", "")
        on = dt.datetime.fromisoformat(version["on"])
        versions.append(Version(version["number"], on, "", version["minor"], texts, language))
    return Entry(
        id=data["id"],
        private=private,
        versions=tuple(versions),
        state=State(data["state"]),
        successor=data["successor"],
        attachments=(),
        values={},
    )
