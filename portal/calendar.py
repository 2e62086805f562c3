"""The dates of public notices as calendars people subscribe to (RFC 5545, RFC 7986): the whole board, and each kind.

What an event is called (its UID) and how often it changed (its SEQUENCE) is counted over the versions of the notice,
so that a calendar program moves and cancels what it already shows.

The library is imported where it is used: that takes longer than all that most builds do with calendars.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from portal import dates, feeds, words
from portal.chronicle import Chronicle, chronicle_of
from portal.config import Settings
from portal.kinds import Kind, MaintenanceDetails
from portal.notice import Notice
from portal.plan import Entry, Plan
from portal.prose import Prose
from portal.states import instant

KEPT = dt.timedelta(days=400)
"""How long an event stays after its day. Counted back from the newest version on the board, not from today, so that
no calendar changes while nothing is published."""

_DAY = dt.timedelta(days=1)
_REFRESH = dt.timedelta(hours=6)
_MARKUP = re.compile(r"<[^>]*>")
_PROGRAM = "-//Duenotice//Duenotice//EN"
_HEAD = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{_PROGRAM}\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n".encode()
_END = b"END:VCALENDAR\r\n"
_OCTETS = 75
"""A content line is shorter, or has at most as many with the space that a further piece begins with."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
"""What RFC 5545, section 3.3.11 leaves out of a text."""

Line: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Occasion:
    """A date of one version of a notice, in the words of one language."""

    role: str
    """What the date is to the notice; names the event, with its position where there are several."""
    start: dt.date
    """A day, or an instant in the firm's zone."""
    end: dt.date | None
    """The first day or the instant after it; None for an instant alone."""
    title: str
    text: str
    """What to do, and what it is about."""
    kind: Kind


@dataclass(frozen=True, slots=True)
class Happening:
    """An occasion as it came through the versions."""

    occasion: Occasion
    created: dt.datetime
    changed: dt.datetime
    sequence: int
    cancelled: str = ""
    """Why it no longer holds: dropped, withdrawn or superseded."""


def files(plan: Plan, prose: Prose) -> Iterator[tuple[str, bytes]]:
    """Every calendar: (path below the site's root, bytes)."""
    settings = plan.settings
    chronicle = chronicle_of(plan)
    zone = _timezone(settings.zone)
    since = max((version.on for entry in plan.public for version in entry.versions), default=plan.now) - KEPT
    shown = [entry for entry in plan.public if _may_show(entry, since, settings.zone)]
    told = {entry.id: happenings(entry, chronicle, settings, prose) for entry in shown}
    for language in settings.languages:
        events = [
            (happening.occasion, _event(plan, entry, chronicle.name(entry), happening, language))
            for entry in shown
            for happening in _worded(entry, told[entry.id], language, settings, prose)
            if instant(happening.occasion.start, settings.zone) >= since
        ]
        events.sort(key=lambda found: (instant(found[0].start, settings.zone), found[1]))
        for key in ("", *(kind.value for kind in Kind)):
            chosen = [found for found in events if key in ("", found[0].kind.value)]
            timed = any(isinstance(occasion.start, dt.datetime) for occasion, _ in chosen)
            parts = [zone] * timed + [event for _, event in chosen]
            yield plan.addresses(language).calendar(key), _calendar(plan, key, language, parts)
        for entry in shown:
            if dates.ahead(entry.notice, entry.state, plan.now, settings.zone):
                own = _worded(entry, told[entry.id], language, settings, prose)
                yield plan.addresses(language).dates(entry.id), _of_one(plan, entry, chronicle, own, language, zone)


def _may_show(entry: Entry, since: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether any event of a notice, as any of its versions told it, may begin so late: of an old board hardly any."""
    return any(
        instant(day, zone) >= since
        for version in entry.versions
        for text in version.texts.values()
        for day in dates.days(text.notice)
    )


# --- what happens when ---------------------------------------------------------------------------------------------


def happenings(entry: Entry, chronicle: Chronicle, settings: Settings, prose: Prose) -> list[Happening]:
    """The events of a notice over its versions, in the original's words, with those that no longer hold.

    A translation changes no event, so it counts in no SEQUENCE: an added one could make the number fall.
    """
    line = plain(prose)
    found: dict[str, Happening] = {}
    latest = entry.published
    known = [version for version in entry.versions if version.original is not None]
    for version, following in zip(known, [*known[1:], None], strict=True):
        assert version.original is not None
        notice = version.original.notice
        latest = max(latest, version.on)
        withdrawn = chronicle.withdrawn_by(notice, following.on if following else None)
        now = {o.role: o for o in occasions(notice, version.language, settings, line)}
        for role, occasion in now.items():
            found[role] = _next(found.get(role), occasion, latest, still_withdrawn=withdrawn is not None)
        for role in found.keys() - now.keys():
            found[role] = _turned(found[role], latest, "dropped")
        if withdrawn is not None:
            latest = max(latest, withdrawn)
            found.update({role: _turned(found[role], latest, "withdrawn") for role in now})
    for turn in chronicle.turns(entry):
        reason = {"superseded": "superseded", "back": ""}.get(turn.reason)
        if reason is None:
            continue
        latest = max(latest, turn.at)
        for role, happening in found.items():
            ahead = instant(happening.occasion.start, settings.zone) >= turn.at
            if ahead and happening.cancelled in ("", "superseded"):
                found[role] = _turned(happening, latest, reason)
    return list(found.values())


def _next(before: Happening | None, occasion: Occasion, on: dt.datetime, *, still_withdrawn: bool) -> Happening:
    if before is None:
        return Happening(occasion, created=on, changed=on, sequence=0)
    cancelled = before.cancelled if still_withdrawn and before.cancelled == "withdrawn" else ""
    if (before.occasion, before.cancelled) == (occasion, cancelled):
        return before
    return Happening(occasion, before.created, on, before.sequence + 1, cancelled)


def _turned(before: Happening, on: dt.datetime, reason: str) -> Happening:
    if before.cancelled == reason:
        return before
    return replace(before, changed=on, sequence=before.sequence + 1, cancelled=reason)


def occasions(notice: Notice, language: str, settings: Settings, line: Line) -> list[Occasion]:
    """The dates of one version; `line` makes plain text of a short field."""
    spoken = words.load(language, "feeds")
    summary = line(notice.summary or "")

    def one(
        role: str, day: dt.date, do: str = "", *, word: str = "", what: str = "", until: dt.date | None = None
    ) -> None:
        title = spoken(f"calendar.{word or role}", title=notice.title, what=what)
        number = spoken("calendar.number", number=notice.number) if notice.number else ""
        text = "\n\n".join(part for part in (do, summary, number) if part)
        made.append(Occasion(role, day, until or _after(day), title, text, notice.kind))

    made: list[Occasion] = []
    outage = _outage(notice, settings.zone)
    if outage:
        one("window", outage[0], _instead(notice, line), until=outage[1])
    if notice.effective:
        window = notice.effective
        if window.start and not outage:  # the outage says the same, and better
            one("effective", window.start)
        if window.transition_until:
            one("transition", window.transition_until)
        if window.until and not outage:
            one("until", window.until)
    if notice.expires and not (notice.effective and notice.effective.until == notice.expires):
        one("expires", notice.expires)
    if notice.action and notice.action.needed and notice.action.by:
        one("action", notice.action.by, line(notice.action.what or ""))
    if notice.objection:
        one("objection", notice.objection.until, line(notice.objection.how))
    if notice.ack and notice.ack.by:
        one("ack", notice.ack.by, words.load(language)(f"act.ack.{notice.ack.level}"))
    for position, stage in enumerate(notice.stages, start=1):
        one(f"stage-{position}", stage.on, line(stage.what), word="stage", what=line(stage.what))
    return made


def _outage(notice: Notice, zone: ZoneInfo) -> tuple[dt.date, dt.date | None] | None:
    """When a maintenance begins and ends: two instants, or the first day and the one after the last."""
    details = notice.details
    if not isinstance(details, MaintenanceDetails) or details.starts is None:
        return None
    starts, ends = details.starts, details.ends
    if isinstance(starts, dt.datetime):
        begin = instant(starts, zone).astimezone(zone)
        end = instant(ends, zone).astimezone(zone) if isinstance(ends, dt.datetime) else None
        return begin, end if end and end > begin else None
    last = instant(ends, zone).astimezone(zone).date() if ends else starts
    return starts, _after(max(starts, last))


def _instead(notice: Notice, line: Line) -> str:
    """What a maintenance does to its readers, and what to use meanwhile."""
    details = notice.details
    assert isinstance(details, MaintenanceDetails)
    return "\n\n".join(line(part) for part in (details.effect, details.instead) if part)


def _after(day: dt.date) -> dt.date | None:
    return None if isinstance(day, dt.datetime) else day + _DAY


def plain(prose: Prose) -> Line:
    """A short field as plain text, its Markdown read and left out."""

    def line(markdown: str) -> str:
        return html.unescape(_MARKUP.sub("", prose.line(markdown))).strip()

    return line


def _worded(
    entry: Entry, found: list[Happening], language: str, settings: Settings, prose: Prose
) -> Iterator[Happening]:
    """The happenings with the words of a language, where the latest version has them."""
    text = entry.latest.texts.get(language)
    own = {o.role: o for o in occasions(text.notice, language, settings, plain(prose))} if text else {}
    spoken = words.load(language, "feeds")
    for happening in found:
        occasion = happening.occasion
        if happening.cancelled != "dropped":
            occasion = own.get(occasion.role, occasion)
        if happening.cancelled:
            said = spoken(f"calendar.{happening.cancelled}")
            occasion = replace(occasion, text=f"{said}\n\n{occasion.text}".strip())
        yield replace(happening, occasion=occasion)


# --- as iCalendar --------------------------------------------------------------------------------------------------


def _event(plan: Plan, entry: Entry, name: str, happening: Happening, language: str) -> bytes:
    """A VEVENT. The library writes the same twenty times as slowly, and a board has thousands."""
    settings, occasion = plan.settings, happening.occasion
    changed = _utc(happening.changed)
    lines = [
        "BEGIN:VEVENT",
        f"SUMMARY:{_escaped(occasion.title)}",
        _dated("DTSTART", occasion.start),
        *([_dated("DTEND", occasion.end)] if occasion.end else []),
        f"DTSTAMP:{changed}",
        f"UID:{_escaped(f'{name}/{occasion.role}@{urlsplit(settings.site_url).hostname}')}",
        f"SEQUENCE:{happening.sequence}",
        f"CATEGORIES:{_escaped(words.load(language)(f'kind.{occasion.kind}'))}",
        f"CREATED:{_utc(happening.created)}",
        f"DESCRIPTION:{_escaped(occasion.text)}",
        f"LAST-MODIFIED:{changed}",
        f"STATUS:{'CANCELLED' if happening.cancelled else 'CONFIRMED'}",
        "TRANSP:TRANSPARENT",
        f"URL:{settings.site_url}{plan.addresses(language).notice(entry.id)}",
        "END:VEVENT",
    ]
    return b"".join([_folded(line) for line in lines])


def _dated(name: str, moment: dt.date) -> str:
    if not isinstance(moment, dt.datetime):
        return f"{name};VALUE=DATE:{moment.isoformat().replace('-', '')}"
    import icalendar

    value = icalendar.vDDDTypes(moment)
    parameters = "".join(f";{key}={said}" for key, said in value.params.items())
    return f"{name}{parameters}:{value.to_ical().decode()}"


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """A TEXT (RFC 5545, section 3.3.11)."""
    return _text(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """A content line with its break, in pieces of 75 octets (RFC 5545, section 3.1); no character or escape is torn."""
    data, start = line.encode(), 0
    pieces = []
    while len(data) - start >= _OCTETS:
        end = start + _OCTETS - 1
        while data[end] & 0xC0 == 0x80:
            end -= 1
        end -= data[end - 1 : end] == b"\\"
        pieces.append(data[start:end])
        start = end
    return b"\r\n ".join([*pieces, data[start:]]) + b"\r\n"


def _text(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _calendar(plan: Plan, key: str, language: str, parts: list[bytes]) -> bytes:
    import icalendar

    settings = plan.settings
    address = settings.site_url + plan.addresses(language).calendar(key)
    name = _text(feeds.title(plan, key, language))
    described = words.load(language, "feeds")("calendar.description")
    calendar = icalendar.Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", _PROGRAM)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("uid", address)
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("description", described)
    calendar.add("x-wr-caldesc", described)
    calendar.add("x-wr-timezone", settings.options.timezone)
    calendar.add("url", settings.site_url + plan.addresses(language).home)
    calendar.add("source", address, parameters={"value": "URI"})
    calendar.add("refresh-interval", _REFRESH, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    # Each event is written once and stands in two calendars; the library would write it twice.
    head: bytes = calendar.to_ical()
    return head.removesuffix(_END) + b"".join(parts) + _END


def _of_one(
    plan: Plan, entry: Entry, chronicle: Chronicle, found: Iterable[Happening], language: str, zone: bytes
) -> bytes:
    """The dates of one notice that are still to come, under the names that they have in the other calendars."""
    ahead = [
        happening
        for happening in found
        if not happening.cancelled and dates.is_ahead(happening.occasion.start, plan.now, plan.settings.zone)
    ]
    name = chronicle.name(entry)
    events = [_event(plan, entry, name, happening, language) for happening in ahead]
    timed = any(isinstance(happening.occasion.start, dt.datetime) for happening in ahead)
    return b"".join([_HEAD, *[zone] * timed, *events, _END])


def _timezone(zone: ZoneInfo) -> bytes:
    import icalendar

    made: bytes = icalendar.Timezone.from_tzid(zone.key).to_ical()
    return made
