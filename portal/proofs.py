"""What is new in a portal since its last build, where that is nothing but words of public notices, and they are sound.

Wherever more is otherwise, or anything is wrong, there is more to do ([why words](docs/adr/0010-corrected-words.md)).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from portal import history, manuscripts, plan, plates, rules, sources
from portal.article import Articles
from portal.client import Registry
from portal.config import Settings
from portal.errors import Problem, errors_in
from portal.parallel import Mate
from portal.plan import Entry, Plan
from portal.plates import Impression, Plates, Stand
from portal.proofreading import Proofreader, may_lead
from portal.prose import Prose
from portal.readings import Readings
from portal.sources import Filed, Sources

_MOST = 64
"""Files that are corrected at once; with more of them, a whole build takes hardly longer."""


class Otherwise(Exception):
    """There is more to do than correcting plates."""


@dataclass(frozen=True, eq=False)
class Part(Plan):
    """Some of a plan's notices; of the others it is known where texts may link to."""

    known: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def stems(self) -> Mapping[str, str]:
        return self.known


class Proof(NamedTuple):
    """A portal in which nothing is new but some words, which are sound."""

    plates: Plates
    """Of the last build."""
    entries: tuple[Entry, ...]
    """The notices with other words."""
    plan: Part
    """These and, if one of them stands in a feed, all that stand there with it."""
    filed: Mapping[str, Filed]
    """As the plan has them."""
    stand: Stand
    """Of the manuscripts, only those that were touched."""
    articles: Articles
    problems: list[Problem]
    """Of the new words only those that a notice's own files show; all others as the last build found them."""


def pull(
    settings: Settings,
    known: Plates | None,
    frame: bytes,
    engine: str,
    now: dt.datetime,
    readings: Readings,
    looked: Callable[[], manuscripts.Touched],
    mate: Mate | None = None,
) -> Proof:
    """Find out what changed since the last build, of which `readings` are, and beside which somebody `looked` at the
    manuscripts; a `mate` converts. Raises Otherwise.
    """
    if known is None or (known.frame, known.engine) != (frame, engine):
        raise Otherwise
    if not dt.datetime.fromisoformat(known.since) <= now < dt.datetime.fromisoformat(known.until):
        raise Otherwise
    lies = looked()
    lay = lies.lay
    if lies.said != known.tree or lay.places != plates.places(settings) or not known.moved.keys() <= lay.tree.keys():
        raise Otherwise
    changed = {path for path, stamp in lay.tree.items() if stamp != known.moved.get(path)}
    altered = _altered(settings, known, changed, readings)
    stand = Stand(lay, plates.commits(settings))
    prose = Prose(settings, settings.cache_dir)
    if mate is not None:
        prose.ahead((paper.body for one in altered.values() for paper in (one.paper, *one.translations.values())), mate)
    if stand.commits != known.commits and not _only_recorded(settings, known, stand.commits):
        raise Otherwise
    fed = any(not altered.keys().isdisjoint(ids) for ids in known.feeds.values())
    filed = {**known.filed(), **altered} if fed else altered
    found = Sources(filed, Registry({}, {}), {}, ())
    past = history.read(settings, found, readings)
    made = plan.make(settings, found, past, now)
    part = Part(settings, now, stand.commits[0], made.registry, made.public, (), known.stems)
    entries = tuple(entry for entry in part.public if entry.id in altered)
    own = {paper.shown for one in altered.values() for paper in (one.paper, *one.translations.values())}
    said = map(Problem.of_json, known.problems)
    problems = [p for p in said if p.location.file not in own or p.code not in rules.OWN]
    if len(entries) != len(altered) or any(p.location.file in own for p in (*problems, *past.problems)):
        raise Otherwise
    problems += rules.of_their_own(settings, found._replace(notices=altered), now)
    if errors_in(problems):
        raise Otherwise
    articles = Articles(part, prose)
    _know(articles, known, altered)
    if not all(_reads_well(part, articles, known, entry) for entry in entries):
        raise Otherwise
    return Proof(known, entries, part, filed, stand, articles, problems)


def _altered(settings: Settings, known: Plates, changed: set[str], readings: Readings) -> dict[str, Filed]:
    """The notices that these files are, as far as they have other words. Raises Otherwise."""
    if len(changed) > _MOST:
        raise Otherwise
    ids = {_paper(known, path).id for path in changed}
    files = [Path(path) for identity in ids for path in known.files_of(identity)]
    filed, problems = sources.filed(settings, files, readings)
    if problems or filed.keys() != ids:
        raise Otherwise
    altered: dict[str, Filed] = {}
    for identity, one in filed.items():
        papers = (one.paper, *one.translations.values())
        were = [_paper(known, paper.place) for paper in papers]
        if any((identity, paper.front) != (was.id, was.front) for paper, was in zip(papers, were, strict=True)):
            raise Otherwise
        if any(paper.sha256 != was.sha256 for paper, was in zip(papers, were, strict=True)):
            altered[identity] = one
    return altered


def _paper(known: Plates, path: str) -> Impression:
    found = known.paper(path)
    if found is None:
        raise Otherwise
    return found


def _only_recorded(settings: Settings, known: Plates, commits: Sequence[str | None]) -> bool:
    """Whether all that was committed since are notices of which git need not know anything older."""
    (before, *others), (after, *others_now) = known.commits, commits
    if before is None or after is None or others != others_now:
        return False
    recorded = history.recorded_between(settings.root, before, after)
    about = [known.paper(str(path)) for path in recorded] if recorded is not None else [None]
    return all(one is not None and not one.older for one in about)


def _know(articles: Articles, known: Plates, altered: Mapping[str, Filed]) -> None:
    """Take over what the other notices, and links, follow from."""
    others = {identity: whole for identity, (whole, _) in known.notices.items() if identity not in altered}
    articles.circumstances[False].recall(others, known.addresses)


def _reads_well(part: Part, articles: Articles, known: Plates, entry: Entry) -> bool:
    """Whether nothing is wrong with the words of a notice, and nobody else need be asked about them."""
    texts = [text for version in entry.versions for text in version.texts.values()]
    if any(text.links for text in texts) and not known.addresses:
        return False
    if not plates.stands_alone(entry) or any(map(may_lead, texts)):
        return False
    return not list(Proofreader(part, articles).read(entry))
