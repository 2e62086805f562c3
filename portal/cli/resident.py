"""A portal that stays in memory between builds: what one build read and found out, the next one need not load."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from portal import config, keeping, sealing, signet
from portal.cli.checking import Prepared, prepare
from portal.cli.console import of_the_system
from portal.cli.reading import decide
from portal.cli.remembering import may_keep
from portal.cli.whole import leave, publish_prepared
from portal.config import Secret, Settings
from portal.errors import Location, Misconfigured, PortalError, Problem, Refused, errors_in
from portal.inventory import Inventory
from portal.keeping import Kept
from portal.memory import Memory
from portal.notice import Notice, Text
from portal.pages import of_notice
from portal.paper import notice_of, read_file
from portal.plan import Entry, Plan
from portal.publish import Published
from portal.readings import Readings
from portal.rereading import Shelf


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one build."""

    problems: tuple[Problem, ...]
    published: Published | None
    """None where the site is as it was."""
    failure: PortalError | None = None
    """Why there was no build at all, where that is no problem of a notice."""


class Resident:
    """A portal built again and again by one process, into `out`, sealed with `secret`."""

    def __init__(
        self, root: Path, out: Path, now: str | None, secret: Secret | None, key: Secret | None = None
    ) -> None:
        """`key` locks what is left to the next process; None: nothing is, for the secret is of this run only."""
        self.root, self.out = root, out
        self._now = now
        self._secret = secret
        self._key = key
        self._settings: Settings | None = None
        self._readings: Readings | None = None
        self._keeps = False
        """Whether the next process may know what this one read last, be it built or not."""
        self._last: Prepared | None = None
        """What stands in the site now."""
        self.papers: Mapping[str, frozenset[str]] = {}
        """Address of a notice, below the site's root, to the files it is made of; as of the last good build."""

    def build(self) -> Outcome:
        """Read, check and publish. Whatever a person can cause is told in the outcome."""
        try:
            settings = config.load(self.root)
            ready = self._prepare(settings)
            problems = tuple(ready.problems)
            if errors_in(ready.problems):
                return Outcome(problems, None)
            done = publish_prepared(ready, self.out, self._secret)
        except (Misconfigured, Refused) as error:
            return Outcome(tuple(error.problems), None, error)
        except PortalError as error:
            return Outcome((_told(error),), None, error)
        except OSError as error:  # a file that goes away between two looks, say
            failure = of_the_system(error)
            return Outcome((_told(failure),), None, failure)
        if self._secret is not None and self._key is not None:
            with suppress(OSError):
                signet.remember(settings, sealing.fingerprint(self._secret))
        self._last = ready
        self.papers = _papers(ready.plan)
        return Outcome(problems, done)

    def preview(self, files: Sequence[Path]) -> dict[str, bytes]:
        """The pages of public notices whose words alone changed, by path, before all that follows from them is made.

        `files` are those that changed. Whatever else changed, or is wrong, is left to the build: nothing is shown then.
        """
        last = self._last
        if last is None or last.plan.settings.options.versions == "automatic":
            return {}
        filed = {paper.paper.file: identity for identity, paper in last.sources.notices.items()}
        entries = {entry.id: entry for entry in last.plan.public}
        pages: dict[str, bytes] = {}
        for file in files:
            entry = entries.get(filed.get(file, ""))
            revised = _revised(last.plan.settings, file, entry) if entry else None
            if revised is None:
                return {}
            pages |= {path: bytes(data) for path, data in of_notice(last.plan, last.shells, last.articles, revised)}
        return pages

    def remember(self) -> None:
        """Leave for the next process what this one knows, but nothing private without a secret. Raises OSError."""
        if self._settings is None or not self._keeps:
            return
        if self._readings is not None:
            Shelf(self._settings, self._key).keep(self._readings)
        if self._last is not None:
            leave(self._last, self._key)

    def _prepare(self, settings: Settings) -> Prepared:
        alike = self._settings is not None and self._settings.document.data == settings.document.data
        if alike and self._readings is not None:
            readings = Readings(time.time_ns(), self._readings.everything())
        else:
            readings = Shelf(settings, self._key).recollect()
        last = self._last
        kept = _next(last.memory, last.inventory) if last else keeping.recollect(settings, self._key)
        reading = decide(settings, self._now, readings=readings, memory=kept.memory, noted=self._key is not None)
        first = self._settings is None
        self._settings, self._readings = settings, readings
        self._keeps = self._key is not None and may_keep(self._secret, self._key, reading.sources, readings)
        ready = prepare(reading, kept)
        if first:
            gc.freeze()  # it lives as long as this process does: no collection need look at it again
        return ready


def _next(memory: Memory, inventory: Inventory) -> Kept:
    """What one build leaves to the next of the same process; it counts as the same one."""
    following = Memory(memory.rooms, time.time_ns())
    following.recall(keeping.BUILDS, "count")
    return Kept(following, inventory)


def _revised(settings: Settings, file: Path, entry: Entry) -> Entry | None:
    """A notice with the words that its original's file now has; None where more than words is other, or wrong."""
    paper, problems = read_file(settings, file)
    notice, complaints = notice_of(paper) if paper and not problems else (None, [])
    if paper is None or notice is None or complaints or _facts(notice) != _facts(entry.notice):
        return None
    text = Text(paper.language, notice, paper.body, paper.shown, paper.body_line, sha256=paper.sha256)
    latest = entry.latest._replace(texts={**entry.latest.texts, paper.language: text})
    return replace(entry, versions=(*entry.versions[:-1], latest))


def _facts(notice: Notice) -> dict[str, object]:
    """What decides whether, where and when a notice is shown."""
    return notice.model_dump(include={"id", "date", "draft", "audience", "revisions", "attachments", "supersedes"})


def _papers(plan: Plan) -> dict[str, frozenset[str]]:
    files = {
        entry.id: frozenset(text.path for version in entry.versions for text in version.texts.values())
        for entry in plan.public
    }
    return {
        plan.addresses(language).notice(identity): paths
        for language in plan.settings.languages
        for identity, paths in files.items()
    }


def _told(error: PortalError) -> Problem:
    """What kept the command from running, as a problem."""
    return Problem(error.location or Location(config.CONFIG_FILE), "cannot-build", error.message, error.hint)
