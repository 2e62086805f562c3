"""May a letter that was frozen earlier still leave, and may it leave to this address?"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from mailer.ledger import Hold
from mailer.letters.letter import Letter
from mailer.people.subscription import Scope, Subscribers
from mailer.sending.sender import Stop
from portal.plan import Plan

_NOT_LISTED = "held: while rehearsing, mail goes only to the addresses listed in MAILER_ALLOW or mail.rehearsal"


class Gate:
    """Asked about every letter right before it would leave.

    Between freezing and sending a contact may have left, have another address, or another code. With `allowed`,
    addresses or whole domains, nothing leaves to anybody else.
    """

    def __init__(self, plan: Plan, subscribers: Subscribers, allowed: Iterable[str] = ()) -> None:
        self._plan = plan
        self._today = plan.now.astimezone(plan.settings.zone).date()
        self._allowed = frozenset(entry.strip().casefold().removeprefix("@") for entry in allowed)
        # Of addresses, which no reader's key need name, their hashes: of a hundred thousand they take a tenth.
        here = (
            hash(recipient.contact.email.casefold())
            for recipient in plan.registry.recipients()
            if recipient.client.has_access(self._today)
        )
        self._here = array("q", sorted(here))
        self._subscribers = subscribers

    def __call__(self, letter: Letter) -> Stop | None:
        """See `Guard`."""
        why = self._outdated(letter)
        if why:
            return Stop(why)
        if self._allowed and not self._is_allowed(letter.address):
            return Stop(_NOT_LISTED, Hold.REHEARSAL)
        return None

    def _is_allowed(self, address: str) -> bool:
        known = address.casefold()
        return known in self._allowed or known.rpartition("@")[2] in self._allowed

    def _outdated(self, letter: Letter) -> str:
        address = letter.address.casefold()
        if not self._is_here(address) and self._subscribers.subscription(address) is None:
            return "nobody who has access is registered with this address any more"
        suppression = self._subscribers.suppression(address)
        if suppression is not None and suppression.scope is Scope.ALL:
            return "nothing is sent to this address any more"
        for key, epoch in letter.readers:
            recipient = self._plan.registry.find(key)
            if (
                recipient is None
                or recipient.contact.email.casefold() != address
                or not recipient.client.has_access(self._today)
            ):
                return f"{key} has no access with this address any more"
            if self._plan.registry.epoch(recipient) != epoch:
                return f"the code of {key} was replaced"
        return ""

    def _is_here(self, address: str) -> bool:
        mark = hash(address)
        place = bisect_left(self._here, mark)
        return place < len(self._here) and self._here[place] == mark
