"""A segment in which only words changed, made from what it was: some hundredths of the time, and the same bytes.

Most of what leads to a document is left as it is when a sentence of it changes, for each pair tells where it stands by
its own run, and not by its place in the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from portal.search import excerpts, segment, shard
from portal.search.documents import Document
from portal.search.excerpts import EXCERPT, TRAY
from portal.search.segment import Layout, Origin, Segment
from portal.search.terms import Terms


def revised(old: Segment, changed: Mapping[int, tuple[str, Sequence[Document]]], layout: Layout) -> Segment | None:
    """What `segment.make` makes where some sources, by their place, follow from something else and say something else.

    None where it is not done like this: a document more or less, one of another year, the last of some character gone.
    """
    sources = list(old.origin.sources)
    first = list(accumulate((count for _, count in sources), initial=0))
    now: dict[int, Document] = {}
    for nth, (follows, found) in changed.items():
        if len(found) != sources[nth][1]:
            return None
        sources[nth] = follows, len(found)
        now.update(enumerate(found, first[nth]))
    touched = {nth: segment.documents(old, nth, layout) for nth in {at // TRAY for at in now}}
    was = {at: touched[at // TRAY][at % TRAY] for at in now}
    if any(_year(was[at]) != _year(document) for at, document in now.items()):
        return None

    trays, rows, rests = list(old.trays), segment.rows(old), dict(old.origin.rests)
    for at, document in now.items():
        touched[at // TRAY][at % TRAY] = document
        rows[at] = segment.row(document, layout, segment.is_sibling(rows[at]))
        rests[at] = document.text[EXCERPT:]
    for nth, documents in touched.items():
        trays[nth] = excerpts.tray(documents)
    terms = {at: (_terms(at, was[at]), _terms(at, now[at])) for at in now}
    new = Segment(
        facts=old.facts._replace(table=segment.table(rows, trays)),
        shards=shard.revised(old.shards, len(rows), [(at, *both) for at, both in terms.items()]),
        trays=tuple(trays),
        origin=Origin(tuple(sources), {at: rest for at, rest in rests.items() if rest}),
    )
    return _with_characters(new, list(terms.values()), layout)


def _year(document: Document) -> int:
    """0 where it has none."""
    return document.published.year if document.published else 0


def _terms(at: int, document: Document) -> Terms:
    terms = Terms()
    terms.add(at, document.title, document.number, document.text)
    return terms


def _with_characters(new: Segment, changes: Sequence[tuple[Terms, Terms]], layout: Layout) -> Segment | None:
    """The segment that knows its characters; None where one may be gone."""
    had = set().union(*(segment.characters(before) for before, _ in changes))
    has = set().union(*(segment.characters(after) for _, after in changes))
    if not all(_is_in(new, character, layout) for character in had - has):
        return None
    characters = has.union(new.facts.characters)
    return new._replace(facts=new.facts._replace(characters="".join(sorted(characters))))


def _is_in(new: Segment, character: str, layout: Layout) -> bool:
    """Whether some document can be found by a character. Where it stands in its traditional form it is not seen."""
    trays = (nth for nth, tray in enumerate(new.trays) if character.encode() in tray)
    documents = (document for nth in trays for document in segment.documents(new, nth, layout))
    return any(character in segment.characters(_terms(0, document)) for document in documents)
