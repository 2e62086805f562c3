"""What became of a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted; the next server answers for it now."""

    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Refused for now (4yz, RFC 5321 section 4.2.1): to be tried again."""

    reply: str
    throttled: bool = False
    """Whether the server has nothing against the message, but against so many of them."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good (5yz)."""

    reply: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """The connection was lost after the message was on its way: accepted or not, nobody here can tell."""

    reply: str


Outcome: TypeAlias = Sent | Deferred | Failed | InDoubt
