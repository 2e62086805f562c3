"""A build that finds nothing changed but words of public notices: it corrects the plates of the last one.

What it makes is made by the same functions as ever, for a plan of only the notices concerned, so nothing else of the
portal is read ([why](docs/adr/0010-corrected-words.md)).
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from portal import bundles, feeds, leaks, pages, publish, register, search
from portal.addresses import REGISTER, SEARCH
from portal.bundles import Bundle
from portal.chunked import AnyFile
from portal.config import Secret
from portal.editions import Month
from portal.keeping import Kept
from portal.plan import Entry, Plan
from portal.plates import Plates
from portal.premises import Premises
from portal.press import Press
from portal.proofs import Otherwise, Proof
from portal.prose import Prose
from portal.publish import Published
from portal.search import Source
from portal.selector import Selectors
from portal.shells import Shells
from portal.sources import Filed
from portal.survey import Survey


def run_off(
    proof: Proof, fetch: Callable[[], Shells], out: Path, secret: Secret | None, kept: Kept, looked: Survey
) -> tuple[Published, Kept]:
    """Put the corrected site in place, at which somebody `looked`; gives what to keep then.

    `fetch` gives the engine's pages where any are needed. Raises Otherwise, Refused, PortalError.
    """
    part, known, articles = proof.plan, proof.plates, proof.articles
    premises = Premises(part, articles.circumstances[False], known.engine)
    follows = {entry.id: (premises.whole(entry), search.follows(part, entry)) for entry in proof.entries}
    now_known = known._replace(notices={**known.notices, **follows})

    made: list[Bundle] = []

    def files(press: Press) -> Iterator[AnyFile]:
        made.extend(_bundles(proof, now_known, fetch(), premises, out) if proof.entries else ())
        yield from bundles.new(made, kept.inventory, press.few)
        yield pages.build(part)

    def went() -> Iterable[str]:
        """Of what the index is kept in, all that follows from nothing that it has now."""
        stays = {bundle.follows for bundle in made}
        below = kept.inventory.below(SEARCH) if made else ()
        return (path for path, follows in below if follows not in stays and search.is_excerpts(path))

    gate = leaks.Gate(part, secret, (), kept.memory)
    try:
        done = publish.publish(out, files, gate, kept.inventory, looked, went)
    except publish.Moved:
        raise Otherwise from None
    kept.memory.carry()
    return done, kept._replace(plates=_corrected(proof, known, follows))


def _bundles(proof: Proof, known: Plates, shells: Shells, premises: Premises, out: Path) -> Iterator[Bundle]:
    """All that follows from the words of notices, of those that have new ones."""
    part, articles = proof.plan, proof.articles
    own = replace(part, public=proof.entries)
    wholes = [whole for whole, _ in known.notices.values()]
    yield Bundle(premises.of("register", wholes), partial(_register, own, proof, out))
    yield from search.bundles(part, shells, premises, _sources(own, articles.prose, known))
    entries = {entry.id: entry for entry in part.public}
    chosen = {
        key: [entries[identity] for identity in ids]
        for key, ids in known.feeds.items()
        if any(entry.id in ids for entry in proof.entries)
    }
    yield from feeds.bundles_of(part, articles.prose, premises, chosen)
    selectors = Selectors(part, [Month(*month) for month in known.months])
    yield from pages.of_notices(own, shells, articles, premises, selectors)


def _register(own: Plan, proof: Proof, out: Path) -> Iterator[tuple[str, bytes]]:
    """The register as it stands, with the hashes of the new words."""
    were = [_as_it_was(entry, proof.filed[entry.id], proof.plates) for entry in own.public]
    for path in register.PATHS:
        try:
            was = (out / path).read_bytes()
        except OSError:
            raise Otherwise from None
        corrected = register.corrected(own, was, were) if path == REGISTER else was
        if corrected is None:
            raise Otherwise
        yield path, corrected


def _as_it_was(entry: Entry, filed: Filed, known: Plates) -> Entry:
    """A notice whose latest words have the hash that they had."""
    papers = (filed.paper, *filed.translations.values())
    before = {paper.sha256: was.sha256 for paper in papers if (was := known.paper(paper.place))}
    texts = {code: t._replace(sha256=before.get(t.sha256, t.sha256)) for code, t in entry.latest.texts.items()}
    return replace(entry, versions=(*entry.versions[:-1], entry.latest._replace(texts=texts)))


def _sources(own: Plan, prose: Prose, known: Plates) -> list[Source]:
    """What is found of every notice, oldest first; only those with new words are read."""
    new = {source.name: source for source in search.notices(own, prose)}
    return [
        new.get(identity) or Source(identity, follows, _unread)
        for identity, (_, follows) in reversed(known.notices.items())
    ]


def _unread() -> list[search.Document]:
    """The search has lost what it knew."""
    raise Otherwise


def _corrected(proof: Proof, known: Plates, follows: Mapping[str, tuple[str, str]]) -> Plates:
    """The plates that the next build finds."""
    papers, mates = {}, known.mates
    for entry in proof.entries:
        one = proof.filed[entry.id]
        for paper in (one.paper, *one.translations.values()):
            was = known.paper(paper.place)
            papers[paper.place] = (entry.id, paper.front, paper.sha256, was is None or was.older)
    if len(proof.filed) > len(proof.entries):
        mates = pickle.dumps(proof.filed, pickle.HIGHEST_PROTOCOL)
    return known.corrected(
        {"papers": papers, "notices": follows},
        moved=proof.stand.lay.settled(),
        commits=proof.stand.commits,
        problems=[problem.as_json() for problem in proof.problems],
        mates=mates,
    )
