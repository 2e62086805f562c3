"""A registry on cards: of each client one short text, from which the client is made when it is asked for. Pure.

A client and its contact take some 700 bytes as objects, and 200 on a card: that is what lets a hundred thousand people
be told within little memory. A card is the id and NUL, so that cards sort as ids do, and then the fields as `marshal`
writes them, which is read in a microsecond and never leaves the process.
"""

from __future__ import annotations

import datetime as dt
import marshal
from bisect import bisect_left
from collections.abc import Callable, ItemsView, Iterator, MutableMapping, Sequence
from dataclasses import fields
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar, overload

from portal.client import Cadence, Client, Contact, Registry, Status

_END = b"\0"
"""Of the id: sorts before whatever an id holds."""

_Kind = TypeVar("_Kind", Client, Contact)


class Cards(MutableMapping[str, Client]):
    """Clients by id; iterates in the order of ids."""

    def __init__(self) -> None:
        self._cards: list[bytes] = []

    def __setitem__(self, identity: str, client: Client) -> None:
        place, known = self._place(identity)
        self._cards[place : place + known] = [identity.encode() + _END + marshal.dumps(_values(client))]

    def __getitem__(self, identity: str) -> Client:
        place, known = self._place(identity)
        if not known:
            raise KeyError(identity)
        return _read(self._cards[place])

    def __delitem__(self, identity: str) -> None:
        place, known = self._place(identity)
        if not known:
            raise KeyError(identity)
        del self._cards[place]

    def __contains__(self, identity: object) -> bool:
        return isinstance(identity, str) and self._place(identity)[1]

    def __iter__(self) -> Iterator[str]:
        return (card[: card.index(_END)].decode("ascii") for card in self._cards)

    def __len__(self) -> int:
        return len(self._cards)

    def items(self) -> ItemsView[str, Client]:
        return _Items(self)

    def _place(self, identity: str) -> tuple[int, bool]:
        """Where a client's card is, or belongs; whether it is there."""
        beginning = identity.encode() + _END
        place = bisect_left(self._cards, beginning)
        return place, place < len(self._cards) and self._cards[place].startswith(beginning)

    @property
    def ordered(self) -> Sequence[Client]:
        """Every client, in the order of ids, each made when it is its turn."""
        return _Ordered(self._cards)


class _Items(ItemsView[str, Client]):
    """Looks nobody up again."""

    _mapping: Cards

    def __iter__(self) -> Iterator[tuple[str, Client]]:
        return ((client.id, client) for client in self._mapping.ordered)


class CardRegistry(Registry):
    """A registry whose clients are on cards."""

    clients: Cards

    @cached_property
    def ordered(self) -> Sequence[Client]:
        """Every client, in the order of ids, each made when it is its turn."""
        return self.clients.ordered


class _Ordered(Sequence[Client]):
    def __init__(self, cards: Sequence[bytes]) -> None:
        self._cards = cards

    @overload
    def __getitem__(self, place: int) -> Client: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Client]: ...
    def __getitem__(self, place: int | slice) -> Client | Sequence[Client]:
        return _Ordered(self._cards[place]) if isinstance(place, slice) else _read(self._cards[place])

    def __iter__(self) -> Iterator[Client]:
        return map(_read, self._cards)

    def __len__(self) -> int:
        return len(self._cards)


def _read(card: bytes) -> Client:
    values = marshal.loads(memoryview(card)[card.index(_END) + 1 :])  # noqa: S302 - written by this process
    return _made(Client, values)


def _values(one: Client | Contact) -> list[Any]:
    values = list(_GET[type(one)](one))
    for place, write, _ in _WAYS[type(one)]:
        if values[place] is not None:
            values[place] = write(values[place])
    return values


def _made(kind: type[_Kind], values: list[Any]) -> _Kind:
    """Set field by field: what stands on a card was checked before."""
    for place, _, read in _WAYS[kind]:
        if values[place] is not None:
            values[place] = read(values[place])
    one = object.__new__(kind)
    for put, value in zip(_PUT[kind], values, strict=True):
        put(one, value)
    return one


def _contacts(values: list[Any]) -> tuple[Contact, ...]:
    return tuple([_made(Contact, one) for one in values])


_DAY = (dt.date.toordinal, dt.date.fromordinal)
_OF_FIELD: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "status": (str, Status),
    "cadence": (str, Cadence),
    "since": _DAY,
    "ended": _DAY,
    "access_until": _DAY,
    "contacts": (lambda contacts: list(map(_values, contacts)), _contacts),
}
"""To what marshal writes, and back; the others it writes as they are."""
_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in (Client, Contact)}
_GET = {kind: attrgetter(*names) for kind, names in _NAMES.items()}
_PUT = {kind: tuple(getattr(kind, name).__set__ for name in names) for kind, names in _NAMES.items()}
_WAYS = {
    kind: tuple((place, *_OF_FIELD[name]) for place, name in enumerate(names) if name in _OF_FIELD)
    for kind, names in _NAMES.items()
}
