"""The ledger: what was frozen for whom, and what became of it. It decides; SMTP only executes."""

from mailer.ledger.interface import (
    AlreadyDecided,
    Claim,
    Delivery,
    Frozen,
    Ledger,
    Opening,
    Run,
    RunRecord,
    State,
)
from mailer.ledger.opening import create, find

__all__ = [
    "AlreadyDecided",
    "Claim",
    "Delivery",
    "Frozen",
    "Ledger",
    "Opening",
    "Run",
    "RunRecord",
    "State",
    "create",
    "find",
]
