"""The messages that would leave, written as `send` would write them, with nothing frozen."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from mailer.agenda.bulletin import bulletin
from mailer.agenda.deciding import decide
from mailer.agenda.digest import Decision, Digest, Past
from mailer.cli.office import Office, moment, open_ledger
from mailer.ledger import Unsent
from mailer.letters import message
from mailer.letters.compose import Composer
from mailer.letters.letter import Letter, Skeleton
from mailer.people.person import people
from mailer.runs.rounds import decisions

HIDDEN_CODE = "····-····-····-····-····-····-···"
"""Stands for a private code where none may be shown, or none is needed."""

DUE, NEXT = "due", "next"


@dataclass(frozen=True, slots=True)
class Draft:
    """One message that would leave."""

    who: str
    """The first of the contacts that it is for, as client/contact; of a subscriber the id behind a slash."""
    due: dt.datetime
    """In the zone of whom it is for."""
    state: str
    """`due`: `send` would freeze these very bytes at this moment; `next`: what comes with the next slot; else the state
    in which the ledger has it, frozen."""
    letter: Letter
    skeleton: Skeleton
    codes: tuple[str, ...]

    @property
    def data(self) -> bytes:
        """As it goes over the wire, unsigned."""
        return message.build(self.letter, self.skeleton, self.codes)

    @property
    def text(self) -> str:
        return message.text_part(self.letter, self.skeleton, self.codes)

    @property
    def html(self) -> str:
        return message.html_part(self.letter, self.skeleton, self.codes)


class Drafter:
    """Writes drafts; where private text may not be shown, without names, private notices and codes."""

    def __init__(self, office: Office, *, with_codes: bool) -> None:
        self._office = office
        self._with_codes = with_codes and office.private
        self._composer = Composer(office.plan, hide_private=not office.private)

    def of(self, decision: Decision) -> list[Draft]:
        """What is due, or else what comes next."""
        later = [Digest(waiting.person, "next", waiting.due, waiting.items) for waiting in decision.waiting]
        return [self._draft(digest, DUE if decision.digests else NEXT) for digest in decision.digests or later]

    def frozen(self, who: str, found: Sequence[Unsent]) -> list[Draft]:
        """What is frozen already; nothing where private text may not be shown, for what it says cannot be changed."""
        if not self._office.private:
            return []
        zone = self._office.settings.zone
        return [
            Draft(
                who,
                one.due.astimezone(zone),
                one.state.value,
                one.letter,
                one.skeleton,
                tuple(self._office.codes(one.letter)),
            )
            for one in found
        ]

    def _draft(self, digest: Digest, state: str) -> Draft:
        person = digest.person
        who = person.recipients[0].key
        letter, skeleton = self._composer.letter(digest), self._composer.skeleton(digest)
        if self._office.secret is not None:
            letter = self._office.addressed(letter)
        if not self._office.private:
            clients = tuple(key.partition("/")[0] for key, _ in letter.readers)
            hidden = {"name": who, "clients": clients, "address": "hidden@example.invalid"}
            letter = letter.model_copy(update=hidden)
        codes = self._office.codes(letter) if self._with_codes else [HIDDEN_CODE] * len(letter.readers)
        return Draft(who, digest.due.astimezone(person.zone), state, letter, skeleton, tuple(codes))


async def decided(office: Office, keys: Sequence[str], begin: str | None) -> AsyncIterator[Decision]:
    """What is decided for the people with these addresses, or for everybody; nothing is written down.

    With `begin` as if a ledger began then and knew nobody: none is needed.
    """
    if begin is not None:
        known = bulletin(office.plan, moment(begin, "--begin", office.settings))
        for person in people(office.plan):
            if not keys or person.key in keys:
                yield decide(known, person, Past())
        return
    async with open_ledger(office) as ledger:
        subscribers = await ledger.subscribers()
        known = bulletin(office.plan, (await ledger.opening()).begin, subscribers)
        if not keys:
            async for decision in decisions(ledger, known):
                yield decision
            return
        persons = [person for person in people(office.plan, subscribers) if person.key in keys]
        pasts = await ledger.past(persons)
        for person in persons:
            yield decide(known, person, pasts[person.key])


async def unsent(office: Office, key: str) -> Sequence[Unsent]:
    """What the ledger has frozen for the person with this address, and has not sent."""
    async with open_ledger(office) as ledger:
        return await ledger.unsent(key)
