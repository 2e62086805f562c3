"""When the next run will have something to do, so that a schedule can be judged. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from enum import StrEnum

from mailer.agenda.digest import Decision
from portal import states
from portal.config import Settings
from portal.notice import Dossier


class Cause(StrEnum):
    """What a run will find."""

    DUE = "due"
    """Something is due now."""
    WAITING = "waiting"
    """A slot, a window or the cap will let something go."""
    REMINDER = "reminder"
    PUBLICATION = "publication"
    """A scheduled notice or version comes out, or a withdrawal takes effect."""


class Forecast:
    """The earliest moment, from `now` (timezone-aware) on, gathered person by person."""

    def __init__(self, now: dt.datetime, publications: Iterable[dt.datetime]) -> None:
        self._now = now
        coming = min((moment for moment in publications if moment > now), default=None)
        self.next = (coming, Cause.PUBLICATION) if coming else None
        """When, and why; None: nothing is in sight."""

    def add(self, decision: Decision) -> None:
        """Take one person's decision into account."""
        if decision.digests:
            self._earlier(self._now, Cause.DUE)
        for waiting in decision.waiting:
            self._earlier(max(waiting.due, self._now), Cause.WAITING)
        if decision.reminded_at:
            self._earlier(decision.reminded_at, Cause.REMINDER)

    def _earlier(self, moment: dt.datetime, cause: Cause) -> None:
        if self.next is None or moment < self.next[0]:
            self.next = (moment, cause)


def publications(settings: Settings, dossiers: Iterable[Dossier]) -> Iterator[dt.datetime]:
    """When anything that people are told of was or will be published or withdrawn."""
    for dossier in dossiers:
        yield from (version.on for version in dossier.versions if not version.minor)
        text = dossier.versions[-1].original
        if text is not None and text.notice.withdrawn is not None and not text.notice.draft:
            yield states.instant(text.notice.withdrawn.on, settings.zone)
