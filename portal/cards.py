"""The board for its filters' script: which notice is on which list, in one small file, and the items in small pieces.

A notice is known by its position, counted from the oldest, so that a new one changes no other's. The items lie in
pieces of a year, oldest first: one that changes, or is filed late, changes no other year.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from portal.addresses import CARDS, LISTS
from portal.board import Boards, Way, ways
from portal.plan import Entry

PIECE = 24
"""Notices in a piece: about 5 kB, compressed."""


class Piece(NamedTuple):
    """Some notices of a year, oldest first."""

    name: str
    entries: tuple[Entry, ...]


def pieces(boards: Boards) -> Iterator[Piece]:
    """All notices; those of a year follow each other."""
    for listing in boards.listings:
        way, year = ways(listing)
        if way is Way.YEAR:
            oldest_first = listing.entries[::-1]
            for start in range(0, len(oldest_first), PIECE):
                yield Piece(f"{year}-{start // PIECE}", oldest_first[start : start + PIECE])


def files(boards: Boards, piece: Piece) -> Iterator[tuple[str, bytes]]:
    """A piece in every language: (path below the site's root, bytes)."""
    for language in boards.plan.settings.languages:
        items = [boards.item(entry, language) for entry in piece.entries]
        yield f"{CARDS.format(language=language)}{piece.name}.json", _json(items)


def lists(boards: Boards) -> Iterator[tuple[str, bytes]]:
    """Which notice is on which list."""
    yield LISTS, _json(_lists(boards))


def _lists(boards: Boards) -> dict[str, Any]:
    """Which positions each list has, by way and value, as steps from one to the next (the first from 0).

    `turns` says which notices change their state without another build, and when: [position, [[instant, state], …]].
    """
    position = {entry.id: number for number, entry in enumerate(boards.plan.public[::-1])}
    lists: dict[str, dict[str, list[int]]] = {way: {} for way in Way}
    for listing in boards.listings:
        way, value = ways(listing)
        if way is not None:
            lists[way][value] = _steps([position[entry.id] for entry in reversed(listing.entries)])
    ahead = ((number, boards.group(entry)[1]) for number, entry in enumerate(boards.plan.public[::-1]))
    return {
        "total": len(position),
        "piece": PIECE,
        "lists": lists,
        "turns": [[number, turns] for number, turns in ahead if turns],
    }


def _steps(ascending: Sequence[int]) -> list[int]:
    """Most steps are one digit, and positions would be four or five."""
    return [here - before for before, here in zip([0, *ascending], ascending, strict=False)]


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
