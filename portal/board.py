"""The board: lists of the public notices, with ways to narrow them down, and what comes up soon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from portal.kinds import Kind
from portal.notice import Notice
from portal.plan import Entry, Listing, Plan
from portal.standing import GROUPS, Standing, Standings
from portal.stationery import Voice, environment

SOON = 5
"""How many coming dates the first page names."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A notice in the list."""

    entry: Entry
    standing: Standing
    notice: Notice
    url: str
    language: str
    """The language of its words where it is not the reader's, else empty."""


@dataclass(frozen=True, slots=True)
class _Coming:
    """The next date of a notice, and what happens on it."""

    on: dt.date
    what: str
    """A key of the words below `board`."""
    row: _Row
    stage: str = ""
    """What happens then, in the author's words, where it is a stage."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A link that narrows the list down."""

    label: str
    count: int
    url: str
    chosen: bool


class Boards:
    """Renders the lists of a plan; what all their pages share is gathered once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._settings = plan.settings
        self._templates = environment(plan.settings)
        self._standings = Standings(plan)
        self.listings = listings(plan)
        self._today = plan.now.astimezone(plan.settings.zone).date()

    def render(self, listing: Listing, page: int, language: str) -> str:
        """Page `page`, counted from 1, of a listing: an HTML fragment whose headings begin with h2."""
        voice = Voice(self._settings, language)
        pages = listing.pages(self._settings.options.page_size)
        whole = not listing.key
        return self._templates.get_template("board.html").render(
            w=voice.words,
            voice=voice,
            title=voice.words("board.list") if whole else name(listing.key, voice),
            today=self._today,
            soon=self._soon(language) if whole and page == 1 else [],
            rows=[self._row(entry, language) for entry in pages[page - 1]],
            choices=self._choices(listing, voice),
            page=page,
            pages=[self._url(listing.key, number, language) for number in range(1, len(pages) + 1)],
        )

    @cached_property
    def standing(self) -> list[Entry]:
        """The notices that are not over: among them are those with a date to come."""
        return [entry for entry in self._plan.public if not self._standings.of(entry).over]

    def _soon(self, language: str) -> list[_Coming]:
        rows = (self._row(entry, language) for entry in self.standing)
        found = [coming for row in rows if (coming := _next(row, self._today))]
        return sorted(found, key=lambda c: (c.on, c.row.entry.id))[:SOON]

    def _row(self, entry: Entry, language: str) -> _Row:
        text = entry.text(language)
        url = self._settings.base + self._plan.addresses(language).notice(entry.id)
        own = "" if text.language == language else text.language
        return _Row(entry, self._standings.of(entry), text.notice, url, own)

    def _choices(self, chosen: Listing, voice: Voice) -> dict[str, list[_Choice]]:
        """The links of each way to narrow the list down, by the words that head it."""
        result: dict[str, list[_Choice]] = {"states": [], "kinds": [], "years": []}
        for listing in self.listings:
            choice = _Choice(
                name(listing.key, voice),
                len(listing.entries),
                self._url(listing.key, 1, voice.language),
                listing.key == chosen.key,
            )
            result[_way(listing.key)].append(choice)
        return result

    def _url(self, key: str, page: int, language: str) -> str:
        return self._settings.base + self._plan.addresses(language).listing(key, page)


def listings(plan: Plan) -> list[Listing]:
    """Every list of the board: the whole, what is upcoming, in force and past, each kind, each year.

    Those of the states are always there, so that a link to one holds also while it is empty.
    """
    whole, *named = plan.listings()
    standings = Standings(plan)
    groups: dict[str, list[Entry]] = {group: [] for group in GROUPS}
    for entry in plan.public:
        groups[standings.of(entry).group].append(entry)
    return [whole, *(Listing(group, tuple(found)) for group, found in groups.items()), *named]


def name(key: str, voice: Voice) -> str:
    """What a list is called."""
    if not key:
        return voice.words("board.all")
    match _way(key):
        case "years":
            return key
        case "states":
            return voice.words(f"board.{key}")
        case _:
            return voice.words(f"kind.{Kind(key)}")


def _way(key: str) -> str:
    """How a list narrows the board down; the whole stands first, among the states."""
    return "years" if key.isdigit() else "states" if not key or key in GROUPS else "kinds"


def _next(row: _Row, today: dt.date) -> _Coming | None:
    """The next date of a notice; today's deadlines count, for they are not over."""
    return min((c for c in _dates(row) if c.on >= today), key=lambda c: c.on, default=None)


def _dates(row: _Row) -> Iterator[_Coming]:
    """The dates that concern a reader; of several on one day the first is told."""
    notice = row.notice
    if notice.action and notice.action.needed and notice.action.by:
        yield _Coming(notice.action.by, "act_by", row)
    if notice.objection:
        yield _Coming(notice.objection.until, "objection_until", row)
    if notice.ack and notice.ack.by:
        yield _Coming(notice.ack.by, "ack_by", row)
    if notice.effective and notice.effective.start:
        yield _Coming(notice.effective.start, "takes_effect", row)
    for stage in notice.stages:
        yield _Coming(stage.on, "stage", row, stage.what)
    if notice.effective and notice.effective.until:
        yield _Coming(notice.effective.until, "ends", row)
