"""Freezes what is due: decides person by person, composes, makes sure of the linked pages, and writes it all down."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from mailer.agenda import snapshot
from mailer.agenda.bulletin import Bulletin, bulletin
from mailer.agenda.digest import Decision, Digest, Item, content_hash
from mailer.ledger import AlreadyDecided, Batch, Frozen, Ledger, Run
from mailer.letters import compose, message
from mailer.letters.letter import Letter
from mailer.letters.linting import Proofreader
from mailer.runs.links import Build, Folder, Published
from mailer.runs.rounds import decisions
from mailer.sending.sender import Codes
from portal import history
from portal.errors import PortalError
from portal.plan import Plan

_TRIES = 3
"""How often to decide anew when another sender was quicker."""

_BATCH = 200
"""People whose digests are composed and written down together."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a run may freeze, and how much of it may leave at once."""

    scope: tuple[str, ...] | None = None
    """Only for these persons."""
    pilot: int | None = None
    most: int | None = None
    """How many digests are no surprise."""
    foreign: bool = False
    """Whether the ledger may be one whose last run this portal's history does not know."""


class Freezer:
    """Freezes what is due at a plan's moment."""

    def __init__(
        self,
        ledger: Ledger,
        plan: Plan,
        codes: Codes,
        addressed: Callable[[Letter], Letter],
        pages: Folder | Published,
        proofreader: Proofreader,
        extent: Extent,
        watch: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`addressed` gives a letter its return path; `watch` hears how many people were gone through."""
        self._ledger = ledger
        self._plan = plan
        self._codes = codes
        self._addressed = addressed
        self._pages = pages
        self._proofreader = proofreader
        self._extent = extent
        self._watch = watch
        self._composer = compose.Composer(plan)
        self._build: Build | None = None
        self._contents: dict[tuple[str, int, str], str] = {}

    async def check(self, letters: Sequence[Letter]) -> None:
        """Whatever these link to must be there, and whatever they need be known. Raises PortalError."""
        for letter in letters:
            self._codes(letter)
        if letters:
            self._pages.check(await self._read(), letters)

    async def freeze(self, at: dt.datetime) -> int:
        """Freeze what is due, once its pages are there; how many digests. Raises TooMany and PortalError.

        The site is asked before the ledger's transaction begins. Decides anew if another sender was quicker.
        """
        begin = (await self._ledger.opening()).begin
        subscribers = await self._ledger.subscribers()
        known = bulletin(self._plan, begin, subscribers)
        if not await self._anything(known):
            return 0
        await self._recognise()
        await self._read()
        plan, extent = self._plan, self._extent
        for _ in range(_TRIES):
            run = Run(
                plan.now, at, plan.commit, snapshot.freeze(plan, subscribers), extent.scope, extent.pilot, extent.most
            )
            try:
                return await self._ledger.freeze(run, self.batches(known))
            except AlreadyDecided:
                continue
        raise PortalError("other senders keep deciding the same", "wait for them to end, and send again")

    async def _recognise(self) -> None:
        """The ledger must be this portal's: one of another would have everybody told everything once more."""
        commit = None if self._extent.foreign else await self._ledger.last_commit()
        if commit is not None and not history.knows(self._plan.settings.root, commit):
            raise PortalError(
                f"the last run of the ledger {self._ledger.name} was of commit {commit[:12]}, "
                "which is not in this history",
                "another portal's? check MAILER_LEDGER_URL; if your history was rewritten, `mailer send --yes` once",
            )

    async def _read(self) -> Build:
        if self._build is None:
            self._build = await self._pages.read()
        return self._build

    async def _anything(self, known: Bulletin) -> bool:
        """Whether there is anything to write down."""
        async with aclosing(self._decisions(known)) as found:
            async for decision in found:
                if decision.digests or decision.receipts():
                    return True
        return False

    async def _decisions(self, known: Bulletin) -> AsyncGenerator[Decision, None]:
        async for decision in decisions(self._ledger, known):
            if self._extent.scope is None or decision.person.key in self._extent.scope:
                yield decision

    async def batches(self, known: Bulletin) -> AsyncIterator[Batch]:
        """What is due, composed, for some people at a time. Raises PortalError."""
        batch: list[Decision] = []
        async for decision in self._decisions(known):
            batch.append(decision)
            if len(batch) == _BATCH:
                yield await self._batch(batch)
                batch = []
        yield await self._batch(batch)

    async def _batch(self, found: Sequence[Decision]) -> Batch:
        frozen = [self._composed(digest) for one in found for digest in one.digests]
        await self.check([one.letter for one in frozen])
        self._watch(len(found))
        return Batch(frozen, [excluded for one in found for excluded in one.excluded if excluded.receipts])

    def _composed(self, digest: Digest) -> Frozen:
        letter, skeleton = self._addressed(self._composer.letter(digest)), self._composer.skeleton(digest)
        data = message.build(letter, skeleton, self._codes(letter))
        self._proofreader.check(digest.person.recipients[0].key.strip("/"), skeleton, data)
        content = {}
        for item in digest.items:
            content[(item.entry.id, item.version.number)] = self._content(item, digest.person.language)
        return Frozen(digest, letter, skeleton, hashlib.sha256(data).hexdigest(), len(data), content)

    def _content(self, item: Item, language: str) -> str:
        """The hash of what an item tells, made once for everybody who reads it."""
        key = (item.entry.id, item.version.number, language)
        if key not in self._contents:
            text = item.version.text(language)
            assert text is not None, "only versions whose text is known are told"
            self._contents[key] = content_hash(text)
        return self._contents[key]
