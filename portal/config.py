"""The one configuration file, mkdocs.yml, and the environment, as frozen settings; MkDocs itself is not imported."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from portal import cachefile, decoded, explain, located
from portal.client import Address, Cadence, Weekday, ZoneName
from portal.days import Day
from portal.errors import Location, Misconfigured, PortalError, Problem
from portal.kinds import DEMANDS, DETAILS, Block, Demand, Kind
from portal.notice import Notice

CONFIG_FILE = "mkdocs.yml"
UI_LANGUAGES = ("zh", "en")
"""The languages that this program has words for, in site_templates/words/."""

_DOMAIN = r"^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"


class Hours(Block):
    """When a desk answers: days as mon-fri or sat, times as 09:00-18:00."""

    days: str = Field(pattern=r"^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$")
    time: str = Field(pattern=rf"^{_CLOCK}-({_CLOCK}|24:00)$")

    @field_validator("time")
    @classmethod
    def _in_order(cls, value: str) -> str:
        opens, closes = value.split("-")
        if closes <= opens:
            raise ValueError("must open before it closes; write two entries for hours that pass midnight")
        return value


_LONGEST_HOLIDAY = 366


def _holidays(value: Any) -> Any:
    """A list of days in which 2027-02-05/2027-02-11 stands for every day from the one to the other (ISO 8601)."""
    if not isinstance(value, (list, tuple)):
        return value
    days: list[Any] = []
    for entry in value:
        first, mark, last = entry.partition("/") if isinstance(entry, str) else (entry, "", "")
        if not mark:
            days.append(entry)
            continue
        try:
            start, end = dt.date.fromisoformat(first.strip()), dt.date.fromisoformat(last.strip())
        except ValueError:
            raise ValueError("has a range that is not two days; write it as 2027-02-05/2027-02-11") from None
        if not 0 <= (end - start).days < _LONGEST_HOLIDAY:
            raise ValueError("has a range that runs backwards, or is longer than a year")
        days += [start + dt.timedelta(days=n) for n in range((end - start).days + 1)]
    return days


Days: TypeAlias = Annotated[
    tuple[Day, ...],
    BeforeValidator(_holidays),
    WithJsonSchema(
        {"type": "array", "items": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(/\d{4}-\d{2}-\d{2})?$"}}
    ),
]


class Desk(Block):
    """Who answers questions about a notice."""

    name: str | Mapping[str, str]
    """As readers see it; one text, or one a language."""
    email: Address | None = None
    """Where readers write."""
    phone: str | None = None
    """In quotes."""
    hours: tuple[Hours, ...] = ()
    """When it answers: `days` as `mon-fri` or `sat`, `time` as `09:00-18:00`. Several entries for a lunch break."""
    holidays: Days = ()
    """When it does not: `[2027-01-01, 2027-02-05/2027-02-11]`."""
    timezone: ZoneName | None = None
    """If it is not the firm's."""

    def called(self, language: str) -> str:
        return named(self.name, language)


class InDoubtOptions(Block):
    """What becomes of a message when the connection broke after it was on its way, by class."""

    mandatory: Literal["hold", "resend"] = "hold"
    """Digests with anything in them that concerns a client by its contract."""
    voluntary: Literal["hold", "resend"] = "hold"
    """All others."""


def _listed(value: str) -> str:
    known = value.strip().removeprefix("@")
    if not re.fullmatch(r"[^\s@]+(@[^\s@]+)?", known):
        raise ValueError("is neither an address nor a domain; write lin@example.com or example.com")
    return known


class BusinessCalendar(Block):
    """On which days people work. Without exceptions from Monday to Friday."""

    holidays: Days = ()
    """Days off: `[2027-01-01, 2027-02-05/2027-02-11]`."""
    workdays: Days = ()
    """Saturdays and Sundays on which people work, to make up for days off."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> BusinessCalendar:
        both = sorted(set(self.holidays) & set(self.workdays))
        if both:
            raise ValueError(f"{both[0]} is both a holiday and a workday; strike it from one of the two")
        return self


class SendWindow(Block):
    """The hours of the recipient's day in which mail that can wait leaves."""

    start: int = Field(alias="from", ge=0, le=23)
    """Its first hour."""
    until: int = Field(ge=1, le=24)
    """The hour at which it closes."""
    business_days: StrictBool = False
    """Whether it stays closed on days off; see `calendar`."""

    @model_validator(mode="after")
    def _opens(self) -> SendWindow:
        if self.until <= self.start:
            raise ValueError("'until' must come after 'from', on the same day")
        return self


class Mandatory(Block):
    """What nobody can opt out of, because it concerns a client by its contract. Any of these makes it so."""

    kinds: tuple[Kind, ...] = (
        Kind.FEE_CHANGE,
        Kind.CONTRACT_TERMINATION,
        Kind.SERVICE_ADJUSTMENT,
        Kind.CONTACT_CHANGE,
        Kind.INCIDENT,
        Kind.MAINTENANCE,
    )
    """Notices of these kinds."""
    private: StrictBool = True
    """Notices for certain clients only."""
    urgent: StrictBool = True
    """Urgent notices."""
    action: StrictBool = True
    """Notices that ask for an action or a confirmation."""


def _short_name(value: str) -> str:
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9_.-]{1,14}@.+", value):
        raise ValueError("needs a short plain name before the @, up to 14 letters and digits, like bounces@example.com")
    return value


class Dkim(Block):
    """How messages are signed (RFC 6376); the private keys stand in MAILER_DKIM_KEY."""

    domain: str = Field(pattern=_DOMAIN)
    """Whose signature it is: that of the sender's address, or one above it."""
    rsa: str | None = Field(None, pattern=_DOMAIN)
    """The selector of the RSA key."""
    ed25519: str | None = Field(None, pattern=_DOMAIN)
    """The selector of the Ed25519 key."""

    @property
    def selectors(self) -> dict[str, str]:
        """By kind of key."""
        return {kind: name for kind, name in (("rsa", self.rsa), ("ed25519", self.ed25519)) if name is not None}

    @model_validator(mode="after")
    def _some_key(self) -> Dkim:
        if not self.selectors:
            raise ValueError("needs the selector of a key: rsa, or ed25519 beside it")
        return self


class MailOptions(Block):
    """How digests go out."""

    sender: Address = Field("notices@example.com", alias="from")
    """The sender."""
    sender_name: str | None = None
    """The sender's name."""
    reply_to: Address | None = None
    """Where replies go."""
    bounces: Annotated[Address, BeforeValidator(_short_name)] | None = None
    """Where failures come back to; each message has an address of its own made from it."""
    unsubscribe_url: str | None = Field(None, pattern=r"^https://[!-~]+$")
    """What receives one click to leave (RFC 8058)."""
    dkim: Dkim | None = None
    """How messages are signed."""
    imprint: str | Mapping[str, str] | None = None
    """A line below every mail: the firm's address, telephone and registration."""
    cadence: Cadence = Cadence.WEEKLY
    """For contacts who chose none."""
    hour: int = Field(9, ge=0, le=23)
    """The hour of the recipient's day at which periodic digests fall due."""
    weekday: Weekday = "monday"
    """The day of weekly digests."""
    day: int = Field(1, ge=1, le=28)
    """The day of the month of monthly digests."""
    in_doubt: InDoubtOptions = InDoubtOptions.model_construct()
    """Messages whose fate is unknown: held until a person decides, or sent again once."""
    rehearsal: tuple[Annotated[str, AfterValidator(_listed)], ...] = ()
    """While this lists addresses or domains, mail goes to nobody else; what is for others is held."""
    large_run: int = Field(1000, ge=0)
    """More new digests than this, and than twice the largest run before, need `send --yes`."""
    calendar: BusinessCalendar | None = None
    """Days off. With it, periodic digests move from a day off to the next working day, reminders to the one before."""
    calendars: Mapping[str, BusinessCalendar] = Field(default_factory=dict)
    """Region to its own calendar, for clients there."""
    window: SendWindow | None = None
    """Hours outside which nothing leaves but what is urgent."""
    cap: int | None = Field(None, ge=1)
    """The most messages for one person in seven days. What is over waits for the next digest; urgent notices,
    reminders, and mandatory notices with a deadline do not."""
    mandatory: Mandatory = Mandatory.model_construct()
    """What concerns a client by its contract."""


class FilingPeriod(Block):
    """Days on which clients and the firm have other work to do: some of every month, or from one day to another."""

    name: str | None = None
    """How messages call it."""
    monthly: str | None = Field(None, pattern=r"^([1-9]|[12]\d|3[01])(-([1-9]|[12]\d|3[01]))?$")
    """Days of every month."""
    start: Day | None = Field(None, alias="from")
    """Or its first day."""
    until: Day | None = None
    """And its last."""

    @model_validator(mode="after")
    def _one_way(self) -> FilingPeriod:
        if (self.monthly is None) is (self.start is None and self.until is None):
            raise ValueError("is either 'monthly: 1-15', or 'from' and 'until'")
        if self.monthly is None and (self.start is None or self.until is None or self.until < self.start):
            raise ValueError("needs 'from', and 'until' on the same day or later")
        if self.monthly is not None and self._days()[1] < self._days()[0]:
            raise ValueError("runs backwards; write two periods for one that passes the end of a month")
        return self

    def _days(self) -> tuple[int, int]:
        assert self.monthly is not None
        first, _, last = self.monthly.partition("-")
        return int(first), int(last or first)

    def holds(self, day: dt.date) -> bool:
        """Whether a day is in it."""
        if self.start is not None and self.until is not None:
            return self.start <= day <= self.until
        first, last = self._days()
        return first <= day.day <= last


class Wording(Block):
    """The words of one language that the house would rather not read; each list replaces the program's own."""

    vague_titles: tuple[str, ...] | None = None
    """A title made of nothing but these says nothing."""
    absolute: tuple[str, ...] | None = None
    """Claims that nobody can keep, and that advertising law may forbid."""
    jargon: tuple[str, ...] | None = None
    """Words that clients do not use (`jargon`)."""


_POLICE_CODE = re.compile(r"\d{14}")
"""What the police's own register is asked for: the digits of a number like 沪公网安备31010000000000号."""


class Filing(Block):
    """The numbers under which a site in mainland China is registered; the law wants them, with links, on its pages."""

    icp: str | None = Field(None, min_length=1, max_length=60)
    """ICP 备案号, as `沪ICP备2026000000号-1`."""
    police: str | None = Field(None, min_length=1, max_length=60)
    """公安备案号, as `沪公网安备31010000000000号`."""

    @field_validator("police")
    @classmethod
    def _has_a_code(cls, value: str | None) -> str | None:
        if value is not None and not _POLICE_CODE.search(value):
            raise ValueError("has no number of 14 digits; write it as 沪公网安备31010000000000号")
        return value

    def links(self) -> list[tuple[str, str]]:
        """(number, the official address where it can be looked up)."""
        found = [(self.icp, "https://beian.miit.gov.cn/")] if self.icp else []
        if self.police and (code := _POLICE_CODE.search(self.police)):
            found.append((self.police, f"https://beian.mps.gov.cn/#/query/webSearch?code={code[0]}"))
        return found


def _level(value: Any) -> Any:
    return "off" if value is False else value  # YAML 1.1 reads a bare off as false


Level: TypeAlias = Annotated[Literal["off", "warning", "error"], BeforeValidator(_level)]


class Options(Block):
    """`extra.duenotice` in mkdocs.yml."""

    languages: Mapping[str, str] = Field(default_factory=lambda: {"zh": "中文", "en": "English"}, min_length=1)
    """Language code to its own name; the first is the default and lives at the root of the site."""
    site_names: Mapping[str, str] = Field(default_factory=dict)
    """The site's name in other languages."""
    timezone: ZoneName = "Asia/Shanghai"
    """The firm's zone, in which days begin and end."""
    issuer: str | Mapping[str, str] | None = None
    """Who signs a notice that names no issuer."""
    notices: tuple[str, ...] = ("notices",)
    """Where notices are. Paths may lead out of the portal, as `../private-notices`."""
    registry: str = "clients"
    """Where clients are. It may lie outside, as `../registry`."""
    page_size: int = Field(20, ge=1, le=500)
    """Notices on a page of the board."""
    versions: Literal["revisions", "automatic"] = "revisions"
    """What makes a version: a line in `revisions`, or, for histories from elsewhere, each distinct published text."""
    desks: Mapping[str, Desk] = Field(default_factory=dict)
    """Who answers. A notice names its desk in `owner`."""
    segments: Mapping[str, str | Mapping[str, str]] = Field(default_factory=dict)
    """Groups of clients. Once one is listed, only listed ones may be used."""
    services: Mapping[str, str | Mapping[str, str]] = Field(default_factory=dict)
    """The same for services."""
    regions: Mapping[str, str | Mapping[str, str]] = Field(default_factory=dict)
    """The same for regions."""
    kinds: Mapping[Kind, Mapping[str, Any]] = Field(default_factory=dict)
    """What notices of a kind must have."""
    rules: Mapping[str, Level] = Field(default_factory=dict)
    """The severity of house rules."""
    filing_periods: tuple[FilingPeriod, ...] = (FilingPeriod.model_construct(monthly="1-15"),)
    """When contracts do not end and nothing is shut down. `[]`: never mind."""
    wording: Mapping[str, Wording] = Field(default_factory=dict)
    """Words that the house would rather not read."""
    filing: Filing = Filing.model_construct()
    """Registration numbers for the foot of every page."""
    mail: MailOptions = MailOptions.model_construct()
    """How digests go out."""

    @field_validator("languages")
    @classmethod
    def _known(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for code in value:
            if code not in UI_LANGUAGES:
                raise ValueError(
                    f"there are no words for the language '{code}' yet; known are {', '.join(UI_LANGUAGES)}"
                )
        return value

    @field_validator("kinds")
    @classmethod
    def _demands(cls, value: Mapping[Kind, Mapping[str, Any]]) -> Mapping[Kind, Mapping[str, Any]]:
        for kind, changes in value.items():
            demand = DEMANDS[kind].over(dict(changes))
            known = {*Notice.model_fields, *(f"details.{name}" for name in DETAILS[kind].model_fields)}
            for key in (*demand.required, *demand.recommended):
                if key not in known:
                    raise ValueError(f"'{key}' is no key of a notice of kind {kind}")
        return value


def named(name: str | Mapping[str, str], language: str) -> str:
    """A name in a language, or in the first language it has."""
    if isinstance(name, str):
        return name
    return name.get(language) or next(iter(name.values()), "")


@dataclass(frozen=True)
class Settings:
    """Everything that a command needs to know about a portal."""

    root: Path
    site_name: str
    site_url: str
    """Ends with a slash."""
    options: Options
    document: decoded.Document = field(repr=False)
    """mkdocs.yml with its places, for problems that are found later."""
    sha256: str = ""
    """Of the bytes of mkdocs.yml, in hex; empty for settings that are not from there alone."""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The firm's zone, in which dates without a time begin and end."""
        return ZoneInfo(self.options.timezone)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.options.languages)

    @cached_property
    def default_language(self) -> str:
        return next(iter(self.options.languages))

    @cached_property
    def base(self) -> str:
        """The path of the site on its host, `/` or `/path/`."""
        return urlsplit(self.site_url).path or "/"

    def name_in(self, language: str) -> str:
        return self.options.site_names.get(language, self.site_name)

    @cached_property
    def demands(self) -> Mapping[Kind, Demand]:
        """What each kind of notice must say here."""
        return DEMANDS | {kind: DEMANDS[kind].over(dict(said)) for kind, said in self.options.kinds.items()}

    def notice_dirs(self) -> list[Path]:
        return [self.root / d for d in self.options.notices]

    @property
    def registry_dir(self) -> Path:
        return self.root / self.options.registry

    @property
    def cache_dir(self) -> Path:
        return cachefile.folder(self.root)

    def shown(self, path: Path) -> str:
        """A path as people know it: relative to the root where it lies inside, or beside, it."""
        root, said = f"{self.root}/", str(path)
        if said.startswith(root) and "/.." not in said:  # asked twice for every notice, and the other way costs 10 µs
            return said.removeprefix(root)
        return Path(os.path.relpath(path, self.root)).as_posix()


def load(root: Path) -> Settings:
    """Read a portal's mkdocs.yml. Raises PortalError (Misconfigured where it has lines to show)."""
    file = root / CONFIG_FILE
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise PortalError(
            f"{root} is not a portal: it has no mkdocs.yml",
            "name the portal's folder with --root, or make one with `build.py init DIR`",
        ) from None
    except OSError as error:
        raise PortalError(f"mkdocs.yml cannot be read: {error.strerror}", location=Location(CONFIG_FILE)) from error
    text, errors, _ = decoded.decode(data)
    if errors:
        raise Misconfigured(explain.faults(CONFIG_FILE, errors))
    document = located.read(text, foreign_tags=True)
    problems = explain.faults(CONFIG_FILE, document.faults)
    if not isinstance(document.data, dict):
        problems = problems or [
            Problem(Location(CONFIG_FILE), "wrong-type", "mkdocs.yml has no keys", "begin with site_name: …")
        ]
        raise Misconfigured(problems)
    options, found = _options(document)
    problems += found
    site_name, site_url = document.data.get("site_name"), document.data.get("site_url")
    if not isinstance(site_name, str) or not site_name.strip():
        problems.append(
            _at(document, ("site_name",), "missing-key", "'site_name' is missing", "add a line 'site_name: …'")
        )
    if not isinstance(site_url, str) or not _is_address(site_url):
        problems.append(
            _at(
                document,
                ("site_url",),
                "missing-key",
                "'site_url' is missing or no address",
                "add 'site_url: https://…/'; mails link to it",
            )
        )
    if problems or options is None:
        raise Misconfigured(problems)
    assert isinstance(site_name, str)
    assert isinstance(site_url, str)
    sha256 = hashlib.sha256(data).hexdigest()
    return Settings(root, site_name.strip(), site_url.rstrip("/") + "/", options, document, sha256)


def _is_address(text: str) -> bool:
    """Whether a text is where a site can live: its scheme, host and perhaps a path, nothing behind it."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # not read before it is asked for
    except ValueError:
        return False
    plain = text.isprintable() and not re.search(r"[\s?#]", text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain


def _options(document: decoded.Document) -> tuple[Options | None, list[Problem]]:
    extra = document.data.get("extra")
    block = extra.get("duenotice") if isinstance(extra, dict) else None
    within = decoded.Document(
        block,
        {path[2:]: place for path, place in document.places.items() if path[:2] == ("extra", "duenotice")},
    )
    try:
        return Options.model_validate(block or {}), []
    except ValidationError as error:
        return None, explain.complaints(CONFIG_FILE, within, error.errors(include_url=False), Options)


def _at(document: decoded.Document, path: decoded.Path, code: str, message: str, hint: str) -> Problem:
    return Problem(Location(CONFIG_FILE, *document.place(path)), code, message, hint)


@dataclass(frozen=True, slots=True)
class Secret:
    """The master secret: 32 bytes that never print."""

    value: bytes = field(repr=False)


def secret(environment: Mapping[str, str]) -> Secret | None:
    """PORTAL_SECRET, or None where it is not set. Raises PortalError where it is set and wrong; never repeats it."""
    text = environment.get("PORTAL_SECRET", "").strip()
    if not text:
        return None
    where = Location("PORTAL_SECRET")
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise PortalError("PORTAL_SECRET is not base64", "make one with `build.py keys new`", where) from None
    if len(value) != 32:
        raise PortalError(f"PORTAL_SECRET has {len(value)} bytes, not 32", "make one with `build.py keys new`", where)
    if len(set(value)) < 8:
        raise PortalError("PORTAL_SECRET is not random", "make one with `build.py keys new`", where)
    return Secret(value)
