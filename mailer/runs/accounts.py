"""Was everybody accounted for? Decides again, from what each run froze, who was eligible, and compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailer.agenda.bulletin import bulletin
from mailer.agenda.digest import Decision, Receipt
from mailer.agenda.snapshot import Thawing
from mailer.ledger import Ledger, RunRecord, State
from mailer.runs.rounds import decisions

_BATCH = 500
"""Persons compared at a time."""

_SHOWN = 10
"""Differences that are kept for each run."""


@dataclass(frozen=True, slots=True)
class Account:
    """One run of the ledger, and whether everybody who was eligible is accounted for."""

    run: RunRecord
    eligible: int
    """Receipts, decided again from the frozen registry and plan; the delivery rows play no part."""
    differences: tuple[str, ...] = ()
    """What the ledger has otherwise than it was decided; of many, the first."""

    @property
    def terms(self) -> dict[str, int]:
        """The right side of the equation."""
        count = self.run.receipts
        return {
            "sent": count.get(State.SENT, 0),
            "excluded": sum(self.run.excluded.values()),
            "failed": count.get(State.FAILED, 0),
            "in doubt": count.get(State.IN_DOUBT, 0),
            "pending": sum(count.get(state, 0) for state in (State.PENDING, State.SENDING, State.DEFERRED)),
            "planned": count.get(State.PLANNED, 0),
            "cancelled": count.get(State.CANCELLED, 0),
        }

    @property
    def holds(self) -> bool:
        return self.eligible == sum(self.terms.values()) and not self.differences

    def __str__(self) -> str:
        terms = {name: number for name, number in self.terms.items() if number or name != "planned"}
        right = " + ".join(f"{number} {name}" for name, number in terms.items())
        sign = "=" if self.eligible == sum(self.terms.values()) else "≠"
        return f"eligible {self.eligible} {sign} {right}"


async def accounts(ledger: Ledger, watch: Callable[[int], None] = lambda _: None) -> list[Account]:
    """Every run, with who was eligible decided anew; `watch` hears how many people were gone through."""
    opening = await ledger.opening()
    found = []
    for run in await ledger.runs():
        thawing = Thawing(run.plan)
        async for part in ledger.registry(run.number):
            thawing.add(part)
        known = bulletin(thawing.plan(), opening.begin, thawing.subscribers(opening.pepper))
        eligible = 0
        differences: list[str] = []
        batch: list[Decision] = []
        async for decision in decisions(ledger, known, run.number):
            if run.scope is None or decision.person.key in run.scope:
                batch.append(decision)
            if len(batch) == _BATCH:
                eligible += await _compare(ledger, run.number, batch, differences)
                watch(len(batch))
                batch = []
        eligible += await _compare(ledger, run.number, batch, differences)
        watch(len(batch))
        found.append(Account(run, eligible, tuple(differences)))
    return found


async def _compare(ledger: Ledger, run: int, batch: Sequence[Decision], differences: list[str]) -> int:
    """How many receipts these people were to have; adds what the ledger has otherwise."""
    expected: dict[Receipt, str | None] = {}
    for decision in batch:
        expected |= {receipt: digest.key for digest in decision.digests for receipt in digest.receipts}
        expected |= {receipt: None for excluded in decision.excluded for receipt in excluded.receipts}
    kept = {one.receipt: one.digest for one in await ledger.kept(run, [decision.person.key for decision in batch])}
    for receipt in sorted({*expected, *kept}):
        if len(differences) == _SHOWN:
            break
        what = f"{receipt.notice} v{receipt.version} ({receipt.event}) for client {receipt.client or '-'}"
        if receipt not in kept:
            differences.append(f"no receipt of {what}")
        elif receipt not in expected:
            differences.append(f"a receipt of {what} that nobody decided")
        elif kept[receipt] != expected[receipt]:
            differences.append(f"the receipt of {what} names another message than decided")
    return len(expected)
