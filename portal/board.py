"""The board: what must be done, what takes effect, and lists of the public notices with ways to narrow them down."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

from portal.addresses import CARDS, LISTS
from portal.kinds import Kind
from portal.moulds import Mould, Moulds, mark
from portal.notice import Notice
from portal.plan import Entry, Listing, Plan
from portal.standing import GROUPS, Standing, Standings
from portal.stationery import Templates, Voice
from portal.words import TEMPLATES

SOON = 4
"""How many dates each panel of the first page names."""
FRESH = dt.timedelta(days=7)
"""How long a notice, or a version of it, is called new."""

_SCRIPT = "assets/board.js"
_DEADLINES = frozenset({"act_by", "ack_by", "objection_until"})


class Way(StrEnum):
    """How a list narrows the board down."""

    STATE = "state"
    KIND = "kind"
    SERVICE = "service"
    REGION = "region"
    YEAR = "year"


class _Row(NamedTuple):
    """A notice in a list."""

    entry: Entry
    standing: Standing
    notice: Notice
    url: str
    language: str
    """The language of its words where it is not the reader's, else empty."""
    due: dt.date | None
    """By when the reader must act; None where nothing is asked, or nothing by a certain day."""
    asks: bool
    """Whether the reader must act, as things stand now."""
    about: tuple[str, ...]
    """The services and regions it is about, in the reader's language."""
    fresh: dt.date
    """The day of the version that makes it new: the last one that is no mere correction."""
    revised: bool
    """Whether that is not the first."""


class _Coming(NamedTuple):
    """A date of a notice, and what happens on it."""

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
    value: str
    count: int
    url: str
    chosen: bool


class _Page(NamedTuple):
    """A page of a list, and the ways from it to others."""

    number: int
    near: tuple[tuple[int, str], ...]
    """The first, the last and those about this one, with their addresses; an empty one stands for those left out."""
    previous: str
    next: str


class Boards:
    """Renders the lists of a plan; what several of their pages share is made once. `standings` are the plan's."""

    def __init__(self, plan: Plan, standings: Standings | None = None) -> None:
        self.plan = plan
        self._settings = plan.settings
        self._templates = Templates(plan.settings)
        self._voices = {code: Voice(plan.settings, code) for code in plan.settings.languages}
        self._badges: dict[tuple[Standing, str], Markup] = {}
        self._standings = standings or Standings(plan)
        self.listings = listings(plan, self._standings)
        self._today = plan.now.astimezone(plan.settings.zone).date()
        self._items: dict[tuple[str, str], str] = {}
        self._shapes: dict[tuple[str, bool, str], Mould] = {}
        self._script = plan.settings.base + _SCRIPT + _mark()

    def render(self, listing: Listing, page: int, language: str) -> str:
        """Page `page`, counted from 1, of a listing: an HTML fragment.

        The whole board's headings begin with h2, for its first page stands below the home page's own h1; other lists
        bring theirs. Only first pages count what the filters lead to, so that the others stay as they are for long.
        """
        size = self._settings.options.page_size
        last = max(-(-len(listing.entries) // size), 1)
        shape = (listing.key, page == 1, language)
        if shape not in self._shapes:
            self._shapes[shape] = self._shape(listing, language, first=page == 1, several=last > 1)
        place = self._page(listing.key, page, last, language)
        items = [self.item(entry, language) for entry in listing.entries[(page - 1) * size : page * size]]
        return self._shapes[shape].filled({"items": "\n".join(items), "pages": self._pagination(place, language)})

    def _shape(self, listing: Listing, language: str, *, first: bool, several: bool) -> Mould:
        """What the first page of a listing says, or all others say, but for their items and the ways between them."""
        voice, addresses = self._voices[language], self.plan.addresses(language)
        whole, base = not listing.key, self._settings.base
        kind = listing.key if _way(listing.key)[0] is Way.KIND else ""
        made = self._templates.get_template("board.html").render(
            w=voice.words,
            voice=voice,
            title=voice.words("board.list") if whole else name(listing.key, voice),
            whole=whole,
            home=whole and first,
            panels=self._panels(language) if whole and first else (),
            total=len(listing.entries),
            items=mark("items") if listing.entries else "",
            choices=self._choices(listing, voice),
            counted=first,
            today=self._today,
            pages=mark("pages") if several else "",
            board=base + addresses.home,
            calendar="webcal:" + (self._settings.site_url + addresses.calendar(kind)).partition(":")[2],
            feed=base + addresses.feed(kind, "atom"),
            subscribe=base + addresses.subscribe,
            lookup=base + addresses.lookup,
            editions=base + addresses.editions,
            filters=json.dumps(self._filters(voice), ensure_ascii=False, separators=(",", ":")),
            script=self._script,
        )
        return Mould(made)

    def _pagination(self, place: _Page | None, language: str) -> str:
        if place is None:
            return ""
        return self._templates.get_template("pagination.html").render(w=self._voices[language].words, page=place)

    def item(self, entry: Entry, language: str) -> str:
        """A notice as an item of a list, with everything about it that a reader needs to choose; worded once."""
        known = (entry.id, language)
        if known not in self._items:
            self._items[known] = self._item(entry, language)
        return self._items[known]

    @cached_property
    def _moulds(self) -> dict[str, Moulds]:
        row = self._templates.get_template("row.html")
        return {code: Moulds(row, w=voice.words, days=FRESH.days) for code, voice in self._voices.items()}

    def _item(self, entry: Entry, language: str) -> str:
        voice, row = self._voices[language], self._row(entry, language)
        notice, standing = row.notice, row.standing
        start = notice.effective.start if notice.effective and standing.key in ("upcoming", "in-transition") else None
        due = row.due if row.asks else None
        return self._moulds[language].cast(
            {
                "over": standing.over,
                "kind": notice.kind,
                "urgency": notice.urgency,
                "own": row.language,
                "asks": row.asks,
                "revised": row.revised,
            },
            {
                "published": voice.date(entry.published),
                "fresh": row.fresh.isoformat(),
                "badge": self._badge(standing, language),
                "url": escape(row.url),
                "title": escape(notice.title),
                "summary": escape(notice.summary or ""),
                "due": due.isoformat() if due else "",
                "act_before": voice.worded("board.act_before", due) + voice.countdown(due) if due else "",
                "effective": voice.worded("board.effective", start) if start else "",
                "revised_on": voice.worded("board.revised_on", row.fresh) if row.revised else "",
                "about": escape(voice.words("board.joint").join(row.about)),
            },
        )

    def _badge(self, standing: Standing, language: str) -> Markup:
        known = (standing, language)
        if known not in self._badges:
            badge = vars(self._templates.get_template("macros.html").module)["badge"]
            self._badges[known] = badge(self._voices[language], standing)
        return self._badges[known]

    def group(self, entry: Entry) -> tuple[str, list[tuple[str, str]]]:
        """Among what the board lists a notice, and what follows without another build: (ISO 8601 instant, group)."""
        standing = self._standings.of(entry)
        ahead: list[tuple[str, str]] = []
        for at, key in standing.ahead:
            following = Standing(key).group
            if following != (ahead[-1][1] if ahead else standing.group):
                ahead.append((at.isoformat(), following))
        return standing.group, ahead

    @cached_property
    def standing(self) -> list[Entry]:
        """The notices that are not over: among them are those with a date to come."""
        return [entry for entry in self.plan.public if not self._standings.of(entry).over]

    def _panels(self, language: str) -> tuple[tuple[str, list[_Coming]], ...]:
        """What must be done by a day, and what happens on one: the next of each notice, soonest first."""
        due, soon = [], []
        for entry in self.standing:
            row = self._row(entry, language)
            ahead = [coming for coming in _dates(row) if coming.on >= self._today]  # a deadline of today is not over
            due += _first([coming for coming in ahead if coming.what in _DEADLINES])
            soon += _first([coming for coming in ahead if coming.what not in _DEADLINES])
        for panel in (due, soon):
            panel.sort(key=lambda c: (c.on, c.row.entry.id))
        return ("due", due[:SOON]), ("soon", soon[:SOON])

    def _row(self, entry: Entry, language: str) -> _Row:
        text, voice = entry.text(language), self._voices[language]
        notice, standing = text.notice, self._standings.of(entry)
        due = notice.action.by if notice.action and notice.action.needed else None
        told = [version.on for version in entry.versions if not version.minor] or [entry.published]
        return _Row(
            entry=entry,
            standing=standing,
            notice=notice,
            url=self._settings.base + self.plan.addresses(language).notice(entry.id),
            language="" if text.language == language else text.language,
            due=due,
            asks=bool(notice.action and notice.action.needed)
            and not standing.over
            and (due is None or due >= self._today),
            about=voice.groups(notice.about),
            fresh=told[-1].astimezone(self._settings.zone).date(),
            revised=told[-1] != entry.published,
        )

    def _choices(self, chosen: Listing, voice: Voice) -> dict[Way, list[_Choice]]:
        """The links of each way to narrow the list down."""
        result: dict[Way, list[_Choice]] = {way: [] for way in Way}
        for listing in self.listings:
            way, value = _way(listing.key)
            if way is not None:
                url = self._url(listing.key, 1, voice.language)
                label = name(listing.key, voice)
                result[way].append(_Choice(label, value, len(listing.entries), url, listing.key == chosen.key))
        return result

    def _filters(self, voice: Voice) -> dict[str, object]:
        """What the filters' script must know: addresses, and what it says."""
        base = self._settings.base
        said = ("one", "many", "no_result", "clear", "remove", "more", "see", "share", "copied", "list")
        return {
            "home": base + self.plan.addresses(voice.language).home,
            "lists": base + LISTS,
            "cards": base + CARDS.format(language=voice.language),
            "page": self._settings.options.page_size,
            "said": {key: voice.words(f"board.{key}") for key in said},
        }

    def _page(self, key: str, number: int, last: int, language: str) -> _Page | None:
        """Where a page of a list stands among the others; None for the only one."""
        if last == 1:
            return None
        shown = sorted({1, last, *range(max(number - 2, 1), min(number + 2, last) + 1)})
        near: list[tuple[int, str]] = []
        for there in shown:
            if near and there > near[-1][0] + 1:
                near.append((there - 1, ""))
            near.append((there, self._url(key, there, language)))
        urls = dict(near)
        return _Page(number, tuple(near), urls.get(number - 1, ""), urls.get(number + 1, ""))

    def _url(self, key: str, page: int, language: str) -> str:
        return self._settings.base + quote(self.plan.addresses(language).listing(key, page))


def listings(plan: Plan, standings: Standings) -> list[Listing]:
    """Every list of the board, newest first: the whole, then by state, service, region, kind and year.

    Those of the states are always there, so that a link to one holds also while it is empty.
    """
    zone = plan.settings.zone
    groups: dict[str, list[Entry]] = {group: [] for group in GROUPS}
    about: dict[str, list[Entry]] = {}
    kinds: dict[str, list[Entry]] = {}
    years: dict[str, list[Entry]] = {}
    for entry in plan.public:
        notice = entry.notice
        groups[standings.of(entry).group].append(entry)
        for way, values in ((Way.SERVICE, notice.about.services), (Way.REGION, notice.about.regions)):
            for value in dict.fromkeys(values):
                about.setdefault(f"{way}/{value}", []).append(entry)
        kinds.setdefault(notice.kind.value, []).append(entry)
        years.setdefault(str(entry.published.astimezone(zone).year), []).append(entry)
    found = [*groups.items(), *sorted(about.items()), *sorted(kinds.items()), *sorted(years.items(), reverse=True)]
    return [Listing("", plan.public), *(Listing(key, tuple(entries)) for key, entries in found)]


def name(key: str, voice: Voice) -> str:
    """What a list is called."""
    way, value = _way(key)
    match way:
        case None:
            return voice.words("board.all")
        case Way.YEAR:
            return voice.words("board.in_year", year=value)
        case Way.STATE:
            return voice.words(f"board.{value}")
        case Way.KIND:
            return voice.words(f"kind.{Kind(value)}")
        case _:
            return voice.group(f"{way}s", value)


def ways(listing: Listing) -> tuple[Way | None, str]:
    """How a list narrows the board down, and to what; the whole board does not."""
    return _way(listing.key)


def _way(key: str) -> tuple[Way | None, str]:
    head, _, rest = key.partition("/")
    if not key:
        return None, ""
    if rest:
        return Way(head), rest
    if key.isdigit():
        return Way.YEAR, key
    return (Way.STATE if key in GROUPS else Way.KIND), key


def _first(found: list[_Coming]) -> list[_Coming]:
    """The soonest, as a list of one; of several on one day the one named first."""
    return [min(found, key=lambda c: c.on)] if found else []


def _dates(row: _Row) -> Iterator[_Coming]:
    """The dates that concern a reader."""
    notice = row.notice
    if row.due:
        yield _Coming(row.due, "act_by", row)
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


def _mark() -> str:
    """A query that changes when the script does, for browsers keep files."""
    return f"?{hashlib.sha256((TEMPLATES / 'theme' / _SCRIPT).read_bytes()).hexdigest()[:8]}"
