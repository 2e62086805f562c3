"""Segments that an earlier build made and nobody needs any more, but to make others from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice

from portal.search import revision, segment
from portal.search.documents import Document, Source
from portal.search.segment import Layout, Segment
from portal.search.shelf import Filed, Shelf

_FEW = 8
"""Sources of a segment; where more changed, it is not worth its while to revise it."""


class Past:
    """Some segments on the shelf that were made in the same way as those that are wanted."""

    def __init__(self, shelf: Shelf, layout: Layout, filed: Mapping[str, Filed]) -> None:
        self._shelf, self._layout, self._filed = shelf, layout, filed
        found = ((follows, shelf.origin(follows, one)) for follows, one in filed.items())
        self._origins = {follows: origin for follows, origin in found if origin is not None}
        self._places = {source: at for at, origin in self._origins.items() for source, _ in origin.sources}
        self._said: dict[str, dict[str, list[Document]]] = {}

    def documents(self, source: Source) -> Sequence[Document]:
        """What a source says: as it was kept, where it was."""
        place = self._places.get(source.follows)
        known = None if place is None else self._documents_in(place).get(source.follows)
        return source.documents() if known is None else known

    def revised(self, row: Sequence[Source]) -> Segment | None:
        """The segment of sources as what it was, revised; None where too much changed for that."""
        for follows, origin in self._origins.items():
            filed = self._filed[follows]
            if filed.facts.name != segment.name(row) or len(origin.sources) != len(row):
                continue
            both = enumerate(zip(row, origin.sources, strict=True))
            changed = {nth: source for nth, (source, (was, _)) in both if source.follows != was}
            old = self._shelf.find(follows, filed) if len(changed) <= _FEW else None
            if old is not None:
                said = {nth: (source.follows, self.documents(source)) for nth, source in changed.items()}
                return revision.revised(old, said, self._layout)
        return None

    def _documents_in(self, follows: str) -> dict[str, list[Document]]:
        """By source, what a segment was made of; nothing where it is damaged."""
        if follows not in self._said:
            old = self._shelf.find(follows, self._filed[follows])
            trays = [] if old is None else [segment.documents(old, nth, self._layout) for nth in range(len(old.trays))]
            said = chain.from_iterable(trays)
            sources = () if old is None else old.origin.sources
            self._said[follows] = {source: list(islice(said, count)) for source, count in sources}
        return self._said[follows]
