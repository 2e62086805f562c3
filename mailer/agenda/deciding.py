"""What falls due for one person: the bulletin and what the ledger knows of this person, to digests. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from mailer.agenda import reminders, timing
from mailer.agenda.bulletin import Bulletin, Story
from mailer.agenda.digest import Decision, Event, Excluded, Item, Past, Reason, Receipt, Told
from mailer.people.person import Person
from mailer.people.subscription import NO_CLIENT, Scope
from portal import audience
from portal.client import Recipient
from portal.plan import Entry
from portal.states import State


def decide(bulletin: Bulletin, person: Person, past: Past) -> Decision:
    """Decide what falls due for a person at the plan's moment.

    At most one item of news for each notice. What would be told though the person opted out, or nothing may be sent
    there, is left out with the reason: as shown from the start, for good when its time comes.
    """
    return _Desk(bulletin, person, past).decision()


@dataclass(frozen=True)
class _Offer:
    """A version that a contact is to be told of, unless something speaks against it."""

    story: Story
    reader: Recipient
    receipt: Receipt


class _Desk:
    """One person's case."""

    def __init__(self, bulletin: Bulletin, person: Person, past: Past) -> None:
        self._bulletin = bulletin
        self._person = person
        self._past = past
        self._readers = person.readers
        self._excluded: list[Excluded] = []
        self._reminded_at: dt.datetime | None = None

    def decision(self) -> Decision:
        person = self._person
        self._absent()
        items = _merged(map(self._as_wanted, (*self._publications(), *self._taken_back(), *self._reminders())))
        timed = timing.sort_out(self._bulletin.plan, person, items, self._past)
        for item in timed.withheld:
            assert item.withheld is not None
            self._excluded.append(self._left_out(item, item.withheld, item.receipts(person.key)))
        for item in timed.to_be_withheld:
            assert item.withheld is not None
            self._excluded.append(self._left_out(item, item.withheld, ()))
        for item in (*(item for digest in timed.digests for item in digest.items), *timed.withheld):
            if item.instead_of:
                self._excluded.append(self._superseded(item))
        return Decision(person, timed.digests, timed.waiting, tuple(self._excluded), self._reminded_at)

    @cached_property
    def _history(self) -> Mapping[str, Mapping[str, Mapping[Receipt, Told]]]:
        """What was told of each notice for each client."""
        history: dict[str, dict[str, dict[Receipt, Told]]] = {}
        for receipt, told in self._past.told.items():
            history.setdefault(receipt.notice, {}).setdefault(receipt.client, {})[receipt] = told
        return history

    def _told(self, notice: str, client: str) -> Mapping[Receipt, Told]:
        return self._history.get(notice, {}).get(client, {})

    def _known(self, notice: str, client: str) -> int | None:
        """The newest version that reached this person for a client."""
        told = self._told(notice, client).items()
        return max((r.version for r, t in told if r.event == Event.PUBLISHED and t.reached), default=None)

    def _absent(self) -> None:
        """Those contacts through which this person is told nothing."""
        speaking = {reader.client.id: reader for reader in self._readers}
        for recipient in self._person.recipients:
            first = speaking[recipient.client.id]
            if first is not recipient:
                self._excluded.append(Excluded((recipient,), "", 0, Event.PUBLISHED, Reason.DUPLICATE, first.key))
        for recipient in self._person.former:
            last = str(recipient.client.last_day_of_access)
            self._excluded.append(Excluded((recipient,), "", 0, Event.PUBLISHED, Reason.ACCESS_ENDED, last))

    def _publications(self) -> list[Item]:
        """At most one item for each client and notice: the newest version, if anything speaks for telling it."""
        items = [self._publication(group) for reader in self._readers for group in self._offers(reader).values()]
        return [item for item in items if item is not None]

    def _offers(self, reader: Recipient) -> dict[str, list[_Offer]]:
        """By notice, what is new for a reader, oldest version first."""
        joined = self._bulletin.joined(reader)
        groups: dict[str, list[_Offer]] = {}
        for story in self._bulletin.stories:
            version, notice = story.version, story.entry.id
            if joined is not None and joined > version.on:
                if audience.concerns(story.notice, reader.client, story.day) and self._wants(reader, story):
                    late = Excluded((reader,), notice, version.number, Event.PUBLISHED, Reason.JOINED_AFTER)
                    self._excluded.append(late)
                continue
            if not story.concerns(reader.client) or not self._wants(reader, story):
                continue
            receipt = Receipt(self._person.key, reader.client.id, notice, version.number, Event.PUBLISHED)
            told = self._past.told.get(receipt)
            if told is not None:
                self._excluded.append(
                    Excluded((reader,), notice, version.number, Event.PUBLISHED, Reason.TOLD, told.digest)
                )
            elif receipt not in self._past.excluded:
                groups.setdefault(notice, []).append(_Offer(story, reader, receipt))
        for group in groups.values():
            group.sort(key=lambda offer: offer.story.version.number)
        return groups

    def _wants(self, reader: Recipient, story: Story) -> bool:
        """Whether a notice is for a reader at all: to subscribers public ones on their topics, or told of before."""
        if reader.client is not NO_CLIENT:
            return True
        topics = self._person.topics
        wanted = topics is None or story.notice.kind in topics or NO_CLIENT.id in self._history.get(story.entry.id, {})
        return wanted and not story.entry.private

    def _as_wanted(self, item: Item) -> Item:
        """What the person opted out of is withheld, except what concerns a client by its contract."""
        suppression = self._person.suppression
        if suppression is None or item.withheld is not None:
            return item
        if suppression.scope is Scope.ALL:
            return replace(item, withheld=Reason.SUPPRESSED)
        return item if item.mandatory else replace(item, withheld=Reason.LEFT)

    def _publication(self, group: list[_Offer]) -> Item | None:
        newest = group[-1]
        entry, version, client = newest.story.entry, newest.story.version, newest.reader.client.id
        known = self._known(entry.id, client)
        if entry.state is State.WITHDRAWN or (not entry.state.stands and known is None):
            self._drop(group, Reason.NO_LONGER_STANDS, entry.state.value)
            return None
        if known is not None and known > version.number:
            self._drop(group, Reason.SUPERSEDED, str(known))
            return None
        if not entry.private and any(
            replace(newest.receipt, client=other) in told for other, told in self._history.get(entry.id, {}).items()
        ):
            self._drop(group, Reason.TOLD_ELSEWHERE)
            return None
        return Item(
            entry=entry,
            version=version,
            event=Event.PUBLISHED,
            told=known,
            readers=(newest.reader,),
            waiting_since=min(offer.story.version.on for offer in group),
            mandatory=newest.story.mandatory and newest.reader.client is not NO_CLIENT,
            instead_of=tuple(offer.receipt for offer in group[:-1]),
            thread=self._thread(entry.id),
        )

    def _drop(self, group: list[_Offer], reason: Reason, detail: str = "") -> None:
        last, receipts = group[-1], tuple(offer.receipt for offer in group)
        notice, version = last.receipt.notice, last.receipt.version
        self._excluded.append(Excluded((last.reader,), notice, version, Event.PUBLISHED, reason, detail, receipts))

    def _taken_back(self) -> list[Item]:
        """Notices that were withdrawn, or that no longer concern a reader, after this person was told of them."""
        items = []
        for notice, clients in self._history.items():
            entry = self._bulletin.entries.get(notice)
            if entry is None:
                continue
            for reader in self._readers:
                if reader.client.id in clients:
                    items += self._taken_from(entry, reader)
        return items

    def _taken_from(self, entry: Entry, reader: Recipient) -> list[Item]:
        told = self._told(entry.id, reader.client.id)
        published = [receipt.version for receipt in told if receipt.event == Event.PUBLISHED]
        over = (Event.WITHDRAWN, Event.RELEASED)
        decided = {*told, *(r for r in self._past.excluded if (r.client, r.notice) == (reader.client.id, entry.id))}
        if not published or any(r.event in over and r.version >= max(published) for r in decided):
            return []
        concerned = self._concerned(entry, reader)
        last = next((v for v in entry.versions if v.number == max(published)), None)
        withdrawn = entry.notice.withdrawn
        if entry.state is State.WITHDRAWN and withdrawn is not None:
            event, since = Event.WITHDRAWN, self._bulletin.instant(withdrawn.on)
        else:
            newer = [v.on for v in entry.versions if v.number > max(published) and not v.minor]
            if concerned or not newer or not entry.state.stands:
                return []
            event, since = Event.RELEASED, min(newer)
        version = entry.latest if concerned else last
        if version is None or version.original is None:
            return []
        known = self._known(entry.id, reader.client.id)
        return [
            Item(
                entry=entry,
                version=version,
                event=event,
                told=max(published),
                readers=(reader,),
                waiting_since=since,
                mandatory=self._bulletin.mandatory(version.original.notice) and reader.client is not NO_CLIENT,
                thread=self._thread(entry.id),
                withheld=Reason.NOT_REACHED if known is None else None,
            )
        ]

    def _concerned(self, entry: Entry, reader: Recipient) -> bool:
        """Whether the latest version of a notice is for a reader."""
        if reader.client is NO_CLIENT:
            return not entry.private
        return audience.concerns(entry.notice, reader.client, self._bulletin.day_of(entry.latest))

    def _reminders(self) -> list[Item]:
        """Reminders for those who were told and are still concerned, of what stands."""
        items = []
        for notice, clients in self._history.items():
            entry = self._bulletin.entries.get(notice)
            if entry is None or not entry.state.stands or not entry.notice.reminders:
                continue
            for reader in self._readers:
                if reader.client.id in clients and self._concerned(entry, reader):
                    items += self._reminded(entry, reader)
        return items

    def _reminded(self, entry: Entry, reader: Recipient) -> list[Item]:
        known = self._known(entry.id, reader.client.id)
        if known is None:
            return []
        own = (reader.client.id, entry.id)
        decided = {r.event for r in (*self._past.told, *self._past.excluded) if (r.client, r.notice) == own}
        found = reminders.due(
            entry.notice, self._person, self._bulletin.plan.now, self._days_told(entry, reader, known), decided
        )
        self._reminded_at = min((at for at in (self._reminded_at, found.next) if at), default=None)
        number = entry.latest.number

        def receipts(events: tuple[str, ...]) -> tuple[Receipt, ...]:
            return tuple(Receipt(self._person.key, *own, number, event) for event in events)

        for receipt in receipts(found.missed):
            late = Excluded((reader,), entry.id, number, receipt.event, Reason.MISSED, "", (receipt,))
            self._excluded.append(late)
        return [
            Item(
                entry=entry,
                version=entry.latest,
                event=Event.REMINDER,
                told=known,
                readers=(reader,),
                waiting_since=due.at,
                mandatory=self._bulletin.mandatory(entry.notice) and reader.client is not NO_CLIENT,
                instead_of=receipts(due.instead_of),
                reminder=due.reminder,
                thread=self._thread(entry.id),
            )
            for due in ([found.due] if found.due else [])
        ]

    def _days_told(self, entry: Entry, reader: Recipient, known: int) -> dict[dt.date, dt.datetime]:
        """When the reader first learned of each day that the notice now names; not those of a version still to come."""
        told = {
            receipt.version: told.at
            for receipt, told in self._told(entry.id, reader.client.id).items()
            if receipt.event == Event.PUBLISHED and told.reached
        }
        named = {v.number: reminders.days(v.original.notice) for v in entry.versions if v.original is not None}
        to_come = any(v.number > known and not v.minor for v in entry.versions)
        first: dict[dt.date, dt.datetime] = {}
        for day in reminders.days(entry.notice):
            learned = [at for number, at in told.items() if day in named.get(number, ())]
            if learned or not to_come:
                first[day] = min(learned or told.values())
        return first

    def _thread(self, notice: str) -> str:
        """The Message-ID of the message that first told this person of a notice."""
        told = [t for client in self._history.get(notice, {}).values() for t in client.values() if t.reached]
        return min(told, key=lambda t: (t.at, t.digest)).message_id if told else ""

    def _left_out(self, item: Item, reason: Reason, receipts: tuple[Receipt, ...]) -> Excluded:
        return Excluded(item.readers, item.entry.id, item.version.number, item.mark, reason, "", receipts)

    def _superseded(self, item: Item) -> Excluded:
        last = max(item.instead_of)
        instead = item.mark if item.reminder else str(item.version.number)
        return Excluded(
            item.readers, item.entry.id, last.version, last.event, Reason.SUPERSEDED, instead, item.instead_of
        )


def _merged(items: Iterable[Item]) -> list[Item]:
    """One item for a notice, however many of the person's clients it is for; newest first."""
    merged: dict[tuple[object, ...], Item] = {}
    for item in items:
        key = (item.entry.id, item.version.number, item.mark, item.withheld)
        first = merged.get(key)
        merged[key] = item if first is None else _both(first, item)
    return sorted(merged.values(), key=lambda item: (item.version.on, item.entry.id), reverse=True)


def _both(first: Item, second: Item) -> Item:
    return replace(
        first,
        told=max((told for told in (first.told, second.told) if told is not None), default=None),
        readers=first.readers + second.readers,
        waiting_since=min(first.waiting_since, second.waiting_since),
        mandatory=first.mandatory or second.mandatory,
        instead_of=first.instead_of + second.instead_of,
    )
