"""A frozen message in two parts: the letter, which is one person's, and the skeleton, which many share.

Name, clients and private codes are slots of the skeleton. Skeleton, letter and codes give the same bytes at any time,
so the ledger keeps the first two and only a hash of the whole: never a code.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from mailer.letters.mailbox import domain_of

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
"""Noncharacters (Unicode 23.7) around a slot's name; `clean` takes them out of what people write."""
_SLOT = re.compile(f"{_OPEN}([a-z]+)(?:\\.(\\d+))?{_CLOSE}")

UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\s]+")


class Letter(BaseModel):
    """What is particular to one person's message; the ledger keeps it as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    address: str
    name: str
    language: str
    date: str
    """As in the header field (RFC 5322, section 3.3)."""
    sender: str
    sender_name: str
    reply_to: str
    site_url: str
    readers: tuple[tuple[str, int], ...]
    """Whose codes fill the code slots, in their order: (client/contact, epoch)."""
    clients: tuple[str, ...]
    """What fills the client slots, in the readers' order: the clients' names."""
    pages: tuple[str, ...]
    """Paths below the site that must be there before the message leaves."""
    newest: dt.datetime
    """When the youngest text it links to was published, or withdrawn."""
    thread: tuple[str, ...] = ()
    """Message-IDs of what this one follows, oldest first (RFC 5322, section 3.6.4)."""
    returns: str = ""
    """Where failures come back to (RFC 5321, section 3.6.3); empty: the sender."""
    unsubscribe: str = ""
    """The https address that takes this person off with one click (RFC 8058); empty where nothing receives it."""

    @property
    def message_id(self) -> str:
        """The same for ever, so that whoever gets a message twice can see that it is one."""
        return f"<{self.key}@{domain_of(self.sender)}>"

    @property
    def envelope_sender(self) -> str:
        """What MAIL FROM says."""
        return self.returns or self.sender


class Skeleton(BaseModel):
    """What everybody with the same news reads, with slots for what differs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    text: str
    html: str

    @property
    def key(self) -> str:
        """SHA-256 of its JSON form, in hexadecimal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def clean(text: str) -> str:
    """Text of one line that can hold no slot, no control character and nothing UTF-8 cannot carry."""
    return UNWANTED.sub(" ", text).strip()


def slot(name: str, index: int | None = None) -> str:
    return f"{_OPEN}{name}{_CLOSE}" if index is None else f"{_OPEN}{name}.{index}{_CLOSE}"


def pieces(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...]]:
    """A text taken apart: what stands before, between and after its slots, and each slot's name and index."""
    parts = _SLOT.split(text)
    return tuple(parts[::3]), tuple((parts[i], int(parts[i + 1] or 0)) for i in range(1, len(parts), 3))


def fill(text: str, slots: Mapping[str, Sequence[str]], written: Callable[[str], str]) -> str:
    return _SLOT.sub(lambda match: written(slots[match[1]][int(match[2] or 0)]), text)
