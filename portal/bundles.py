"""Files of the site that are made together, from the same premises; what an earlier build made of them stays unmade."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from portal.chunked import AnyFile, Chunked, Derived, File
from portal.inventory import Inventory
from portal.press import Each, Made


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one page in all its languages, or any other set of files, comes to."""

    follows: str
    """A hash that is the same only for the same files, and that no other bundle has."""
    make: Callable[[], Iterable[File]] = field(repr=False)
    before: Callable[[], object] | None = field(default=None, repr=False)
    """Finds out what it has in common with others; called where it is new, before workers are started."""


def files(bundles: Iterable[Bundle], inventory: Inventory, each: Each = map) -> Iterator[AnyFile]:
    """Every file of the bundles. `each` makes new ones; those that the site has are made where they must be."""
    known: dict[str, list[str]] = {}
    for path, item in inventory.files.items():
        if item[0]:
            known.setdefault(item[0], []).append(path)
    new: list[Bundle] = []
    for bundle in bundles:
        paths = known.get(bundle.follows)
        if paths is None:
            new.append(bundle)
            continue
        made = _Once(bundle)
        for path in paths:
            yield path, Derived(bundle.follows, partial(made.file, path))
    for bundle in new:
        if bundle.before is not None:
            bundle.before()
    for _, found in each(_made, new):
        yield from found


class _Once:
    """Makes a bundle when the first of its files is wanted."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._made: dict[str, bytes | Chunked] = {}

    def file(self, path: str) -> bytes | Chunked:
        if not self._made:
            self._made = dict(self._bundle.make())
        return self._made[path]


def _made(bundle: Bundle) -> Made[None]:
    return None, ((path, Derived(bundle.follows, partial(_same, data))) for path, data in bundle.make())


def _same(data: bytes | Chunked) -> bytes | Chunked:
    return data
