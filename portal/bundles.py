"""Files of the site that are made together, from the same premises; what an earlier build made of them stays unmade."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from portal.chunked import AnyFile, Chunked, Derived, File
from portal.inventory import Inventory
from portal.press import Each, Made

_MANY = 16
"""New bundles from which on it is worth finding out beforehand what they have in common."""


class Bundle(NamedTuple):
    """What one page in all its languages, or any other set of files, comes to."""

    follows: str
    """A hash that is the same only for the same files, and that no other bundle has."""
    make: Callable[[], Iterable[File]]
    group: str = ""
    """What new bundles of the same group have in common takes long to find out: one worker makes them all."""


def files(
    bundles: Iterable[Bundle],
    inventory: Inventory,
    each: Each = map,
    prepare: Callable[[], None] = lambda: None,
) -> Iterator[AnyFile]:
    """Every file of the bundles. `each` makes new ones; those that the site has are made where they must be.

    Before many are made, `prepare` has at hand what most of them need.
    """
    bundles = list(bundles)
    known: dict[str, list[str]] = {bundle.follows: [] for bundle in bundles}
    for path, follows in inventory.that_follow(known):
        known[follows].append(path)
    for bundle in bundles:
        made = _Once(bundle)
        for path in known[bundle.follows]:
            yield path, Derived(bundle.follows, partial(made.file, path))
    yield from _anew([bundle for bundle in bundles if not known[bundle.follows]], each, prepare)


def new(bundles: Sequence[Bundle], inventory: Inventory, each: Each) -> Iterator[AnyFile]:
    """Of those bundles that the site does not have, every file."""
    known = inventory.premises()
    return _anew([bundle for bundle in bundles if bundle.follows not in known], each)


def _anew(bundles: Sequence[Bundle], each: Each, prepare: Callable[[], None] = lambda: None) -> Iterator[AnyFile]:
    if len(bundles) >= _MANY:
        prepare()
    for _, found in each(_made, list(_grouped(bundles))):
        yield from found


def _grouped(bundles: Sequence[Bundle]) -> Iterator[Sequence[Bundle]]:
    """What one worker makes; of a group all that stands together."""
    for group, members in groupby(bundles, key=attrgetter("group")):
        if group:
            yield list(members)
        else:
            yield from ([bundle] for bundle in members)


class _Once:
    """Makes a bundle when the first of its files is wanted."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._made: dict[str, bytes | Chunked] = {}

    def file(self, path: str) -> bytes | Chunked:
        if not self._made:
            self._made = dict(self._bundle.make())
        return self._made[path]


def _made(bundles: Sequence[Bundle]) -> Made[None]:
    return None, (
        (path, Derived(bundle.follows, partial(_same, data))) for bundle in bundles for path, data in bundle.make()
    )


def _same(data: bytes | Chunked) -> bytes | Chunked:
    return data
