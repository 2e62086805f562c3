"""What any transport does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from mailer.transport.outcome import Outcome
from portal.errors import PortalError


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends and who receives, whatever the header says; one recipient, so that one reply speaks for one person."""

    key: str
    """The digest's."""
    sender: str
    recipient: str


class Lost(PortalError):
    """There is no connection, or it broke before any data went out: nothing has left, and everything is as it was."""


DataBegins = Callable[[], Awaitable[None]]
"""Awaited after the last reply that can refuse a message unseen, before its first byte leaves."""


class Connection(Protocol):
    """An open way out, for one message at a time."""

    async def deliver(self, envelope: Envelope, message: bytes, data_begins: DataBegins) -> Outcome:
        """Hand over one message. Raises Lost, and then `data_begins` has not been awaited."""


class Transport(Protocol):
    """Opens connections."""

    @property
    def name(self) -> str:
        """Where messages go, as people know it; no password in it."""

    @property
    def most_connections(self) -> int:
        """How many are of use at a time."""

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """One connection for many messages. Entering raises Lost where there is none to be had."""
