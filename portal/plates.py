"""What a build leaves for one that finds nothing changed but words of public notices: its plates, to be corrected.

They say how every source lay, what the pages of each notice, the register, the feeds and the search follow from, and
until when all of that holds by the clock. A portal that has anything private has none: whatever changes there, the gate
must know all of it. They hold what is pickled, so they are kept under a key (portal/keeping.py).
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from portal import history, manuscripts, timetable
from portal.chunked import Stamp
from portal.circumstances import Circumstances
from portal.config import Settings
from portal.editions import months
from portal.errors import Problem
from portal.manuscripts import Lay, Places
from portal.plan import Entry, Plan
from portal.sources import Filed, Sources

_MOST = 1000
"""Notices that others lean on, and feeds hold; with more of them, reading these would take as long as a build."""

LARGE = ("papers", "notices")
"""The parts of plates that grow with a portal, of which a correction changes little."""

_ROW, _CELL = b"\n", b"\t"
"""What ends a row of a table, and what parts two cells of it."""


def places(settings: Settings) -> Places:
    """Where everything lies that people write, but for mkdocs.yml, which is read each time."""
    docs = settings.root / str(settings.document.data.get("docs_dir", "docs"))
    folders = dict.fromkeys((docs, settings.root / "site_templates", *_written(settings)))
    repositories = dict.fromkeys(_repository(place) for place in (settings.root, *_written(settings)))
    ends = [place / ".git/shallow" for place in repositories if place]  # where the history ends that was fetched
    return Places(tuple(map(str, folders)), tuple(str(file) for file in ends if file.is_file()))


class Stand(NamedTuple):
    """What a build began with."""

    lay: Lay
    commits: list[str | None]
    """What is checked out in the portal, and where notices and clients lie in another repository, or beside it."""


def stand(settings: Settings) -> Stand:
    """How everything stands that people write."""
    return Stand(manuscripts.look(places(settings)), commits(settings))


def commits(settings: Settings) -> list[str | None]:
    """What is checked out, as above."""
    own = _repository(settings.root)
    others = [
        folder
        for folder in _written(settings)
        if _repository(folder) != own or not folder.resolve().is_relative_to(settings.root)
    ]
    return [history.head(folder) if folder.is_dir() else None for folder in (settings.root, *others)]


def _written(settings: Settings) -> tuple[Path, ...]:
    return settings.registry_dir, *settings.notice_dirs()


def _repository(folder: Path) -> Path | None:
    """The outermost folder of the repository that one lies in."""
    real = folder.resolve()
    return next((place for place in (real, *real.parents) if (place / ".git").exists()), None)


class Impression(NamedTuple):
    """A file of a notice, as it was when the site was put in place."""

    id: str
    front: str
    sha256: str
    """The hashes of its front matter, and of all of it."""
    older: bool
    """Whether git may hold older versions of the notice."""


class Plates(NamedTuple):
    """How a site was made, as marshal can hold it."""

    frame: bytes
    """What follows from program, configuration and place (portal/rereading.py)."""
    since: str
    """The editorial clock of the build, in ISO 8601."""
    until: str
    """The first instant at which the plan may be another one by the clock alone."""
    engine: str
    """What the engine rendered: Shells.mark."""
    commits: list[str | None]
    tree: str
    """What the note of how all sources lay is known by: Lay.known_by."""
    moved: dict[str, Stamp]
    """Those that lie otherwise since, and how: Lay.settled."""
    problems: list[dict[str, str | int]]
    months: list[tuple[int, int]]
    """Those that have an edition."""
    papers: bytes
    """Files of notices that can be corrected, in rows of a table, for few of them are asked for: see `paper`."""
    notices: dict[str, tuple[str, str]]
    """Every notice by id, newest first: what its pages follow from, and what is found of it."""
    stems: dict[str, str]
    """Plan.stems"""
    addresses: str
    """Circumstances.addresses, if any notice has a link."""
    feeds: dict[str, list[str]]
    """By key, the ids of what each holds."""
    mates: bytes
    """Pickled: the notices of the feeds, and those that they lean on, as they are filed."""
    later: dict[str, dict[str, Any]]
    """What was corrected in the `LARGE` parts since they were noted."""

    def corrected(self, large: Mapping[str, Mapping[str, Any]], **small: Any) -> Plates:
        """The same with other entries in `large` parts, and other small ones."""
        later = {part: {**self.later.get(part, {}), **large.get(part, {})} for part in LARGE}
        return self._replace(**small, notices={**self.notices, **large.get("notices", {})}, later=later)

    def paper(self, path: str) -> Impression | None:
        """What is known of a file of a notice that can be corrected, by its whole path."""
        later = self.later.get("papers", {}).get(path)
        if later is not None:
            return Impression(*later)
        start = self.papers.find(_ROW + os.fsencode(path) + _CELL)
        if start < 0:
            return None
        _, identity, front, sha256, older = self.papers[start + 1 : self.papers.index(_ROW, start + 1)].split(_CELL)
        return Impression(identity.decode(), front.decode(), sha256.decode(), older == b"1")

    def files_of(self, identity: str) -> Iterator[str]:
        """The whole paths of all such files of one notice."""
        named, end = _CELL + identity.encode() + _CELL, 0
        while (end := self.papers.find(named, end + 1)) >= 0:
            yield os.fsdecode(self.papers[self.papers.rindex(_ROW, 0, end) + 1 : end])

    def filed(self) -> dict[str, Filed]:
        """The notices of the feeds, and those that they lean on."""
        found: dict[str, Filed] = pickle.loads(self.mates)  # noqa: S301 - the key has authenticated it
        return found


def make(
    frame: bytes,
    stood: Stand,
    plan: Plan,
    sources: Sources,
    engine: str,
    circumstances: Circumstances,
    problems: Iterable[Problem],
    feeds: Mapping[str, Iterable[Entry]],
    found: Callable[[Entry], str],
) -> Plates | None:
    """The plates of a site that was put in place, for which everything stood so when it began.

    Where its lay is noted, portal/keeping.py says. `feeds` is what each of them holds, `found` tells what is found of a
    notice follows from. None where they would not be used.
    """
    settings = plan.settings
    told = {key: [entry.id for entry in entries] for key, entries in feeds.items()}
    mates = {entry.id for entry in plan.public if _leans(entry)}.union(*told.values())
    if sources.any_private or plan.private or settings.options.versions == "automatic" or len(mates) > _MOST:
        return None
    if not all(str(found.file) in stood.lay.tree for entry in plan.public for found in entry.attachments):
        return None  # hidden, or reached through a link to a folder
    linked = any(text.links for entry in plan.public for text in entry.latest.texts.values())
    return Plates(
        frame=frame,
        since=plan.now.isoformat(),
        until=timetable.holds_until(plan, sources).isoformat(),
        engine=engine,
        commits=stood.commits,
        tree="",
        moved={},
        problems=[problem.as_json() for problem in problems],
        months=[(month.year, month.number) for month in months(plan.public, plan.now, settings.zone)],
        papers=b"".join(_papers(plan, sources)) + _ROW,
        notices={entry.id: (circumstances.around(entry), found(entry)) for entry in plan.public},
        stems=dict(plan.stems),
        addresses=circumstances.addresses if linked else "",
        feeds=told,
        mates=pickle.dumps({identity: sources.notices[identity] for identity in mates}, pickle.HIGHEST_PROTOCOL),
        later={},
    )


def _leans(entry: Entry) -> bool:
    """Whether what is told of other notices may follow from this one."""
    first = entry.versions[0].original
    notices = (entry.notice, first.notice) if first else (entry.notice,)
    return any(notice.supersedes or notice.redirects for notice in notices)


def _papers(plan: Plan, sources: Sources) -> Iterator[bytes]:
    for entry in plan.public:
        if entry.successor or not stands_alone(entry):
            continue
        filed = sources.notices[entry.id]
        for paper in (filed.paper, *filed.translations.values()):
            place, older = os.fsencode(paper.place), b"1" if filed.notice.version > 1 else b"0"
            if _ROW not in place and _CELL not in place:
                cells = (place, entry.id.encode(), paper.front.encode(), paper.sha256.encode(), older)
                yield _ROW + _CELL.join(cells)


def stands_alone(entry: Entry) -> bool:
    """Whether a notice names no other in its front matter, and shows no picture that lies beside it."""
    notice = entry.notice
    listed = set(notice.attachments)
    return not (notice.supersedes or notice.answers) and all(found.name in listed for found in entry.attachments)
