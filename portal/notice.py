"""A notice and its parts, as the author wrote them: frozen, closed, checked once at the edge."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SerializeAsAny, StrictBool, ValidationError, model_validator
from pydantic_core import ErrorDetails

from portal.days import Day, Lead, Moment, Span
from portal.kinds import DETAILS, Block, Details, Kind

ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,118}[a-z0-9])?")
"""What an id may be: it is part of an address, so lower-case ASCII."""

_GROUP = re.compile(r"\w[\w-]{0,79}")

_NEVER_A_PAGE = frozenset(
    {"", "my", "assets", "feeds", "calendar", "notices.json", "build.json", "sitemap.xml", "robots.txt"}
)
"""What the program itself writes at the top of the site."""


def former_file(path: str) -> str | None:
    """The file that answers for a former path such as /blog/2020/x.html; None for what is no plain path of a page."""
    named = unquote(path)
    if not path.startswith("/") or any(c in named for c in "?#\\") or not named.isprintable():
        return None
    steps = named[1:].split("/")
    folders, last = steps[:-1], steps[-1]
    if {".", ".."} & set(steps) or "" in folders or steps[0] in _NEVER_A_PAGE:
        return None
    if last.endswith((".html", ".htm")):
        return "/".join(steps)
    return "/".join([*folders, last, "index.html"] if last else [*folders, "index.html"])


def _former(value: str) -> str:
    if not ID.fullmatch(value) and former_file(value) is None:
        raise ValueError("must be a former id, or the path of a former page, like /blog/2020/x.html")
    return value


Former = Annotated[str, AfterValidator(_former)]
"""A former id, or a path on this host: part of an address and so of a file's name, never leading out of the site."""


def _group(value: str) -> str:
    if not _GROUP.fullmatch(value):
        raise ValueError("must be letters, digits and hyphens, for it is part of an address")
    return value


Group = Annotated[str, AfterValidator(_group)]
"""A service or a region, as mkdocs.yml names it."""


class Urgency(StrEnum):
    """How fast a notice must reach people; urgent ones wait for no digest."""

    ROUTINE = "routine"
    IMPORTANT = "important"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, its ISO 4217 currency and, if it recurs, per what."""

    amount: Decimal
    currency: str
    period: str | None = None

    _FORM = re.compile(r"(-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?) ?([A-Z]{3})(?: ?/ ?([a-z]+))?")

    @classmethod
    def parse(cls, text: str) -> Money | None:
        """Read '200 CNY/month'; None if the text is not an amount."""
        match = cls._FORM.fullmatch(text.strip())
        if match is None:
            return None
        try:
            return cls(Decimal(match[1].replace(",", "")), match[2], match[3])
        except InvalidOperation:
            return None


class Window(Block):
    """When a notice takes effect, until when the old way is still accepted, and when it ends."""

    start: Day | None = Field(None, alias="from")
    transition_until: Day | None = None
    until: Day | None = None

    @model_validator(mode="before")
    @classmethod
    def _just_a_date(cls, value: Any) -> Any:
        return {"from": value} if isinstance(value, (dt.date, str)) else value

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.start and self.until and self.until < self.start:
            raise ValueError("'until' lies before 'from'")
        if self.start and self.transition_until and self.transition_until < self.start:
            raise ValueError("'transition_until' lies before 'from'")
        if self.transition_until and self.until and self.until < self.transition_until:
            raise ValueError("'until' lies before 'transition_until'")
        return self


class Stage(Block):
    on: Day
    what: str


class Comparison(Block):
    """One row of the table that says what was and what will be."""

    item: str
    old: str
    new: str
    note: str | None = None

    @property
    def difference(self) -> Money | None:
        """New less old, where both are amounts of one currency and period."""
        old, new = Money.parse(self.old), Money.parse(self.new)
        if old is None or new is None or (old.currency, old.period) != (new.currency, new.period):
            return None
        return Money(new.amount - old.amount, new.currency, new.period)

    @property
    def per_cent(self) -> Decimal | None:
        """The difference in per cent of the old amount, to one decimal place."""
        old, difference = Money.parse(self.old), self.difference
        if old is None or difference is None or old.amount == 0:
            return None
        return (difference.amount / old.amount * 100).quantize(Decimal("0.1"))


class Evidence(Block):
    figure: str
    source: str | None = None
    on: Day | None = None


class Action(Block):
    """What the reader must do; `needed: false` says that nothing is to be done."""

    needed: StrictBool
    what: str | None = None
    by: Day | None = None

    @model_validator(mode="after")
    def _says_what(self) -> Action:
        if self.needed and not self.what:
            raise ValueError("needed is true, so say what is to be done in 'what'")
        return self


class Ack(Block):
    level: Literal["received", "understood", "agreed"]
    by: Day | None = None


class Objection(Block):
    until: Day
    how: str


class Question(Block):
    q: str
    a: str


class Update(Block):
    at: Moment
    text: str


class Approval(Block):
    role: str
    by: str
    on: Day


class Revision(Block):
    """The line that makes a new version: when, and what changed in a sentence."""

    on: Moment
    note: str
    minor: StrictBool = False


class Withdrawal(Block):
    on: Moment
    reason: str


class Disclosure(StrEnum):
    """How much of a private notice a mail may say."""

    NOTHING = "nothing"
    TITLE = "title"
    SUMMARY = "summary"
    FULL = "full"


class MailSettings(Block):
    disclose: Disclosure = Disclosure.TITLE


class Selector(Block):
    """Whom a private notice concerns. Every key given must hold; within a key any of the values."""

    segments: tuple[str, ...] = ()
    """Clients in any of these segments."""
    services: tuple[str, ...] = ()
    """Clients that use any of these services."""
    regions: tuple[str, ...] = ()
    """Clients in any of these regions."""
    status: tuple[Literal["prospect", "active", "terminated"], ...] = ()
    """Clients with this status."""
    clients: tuple[str, ...] = ()
    """These clients."""
    ended_within: Span | None = None
    """Former clients whose contract ended at most so long before publication."""

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: [v] if isinstance(v, str) and k != "ended_within" else v for k, v in value.items()}
        return value

    @model_validator(mode="after")
    def _someone(self) -> Selector:
        if not (self.segments or self.services or self.regions or self.status or self.clients or self.ended_within):
            raise ValueError("an audience that selects nobody: name clients, segments, services, regions or status")
        return self


class About(Block):
    """What a notice is about, so that the board can be narrowed down to it. It decides nothing about who is told."""

    services: tuple[Group, ...] = ()
    """The services it is about."""
    regions: tuple[Group, ...] = ()
    """The regions it is about."""

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return {k: [v] if isinstance(v, str) else v for k, v in value.items()} if isinstance(value, dict) else value


class Notice(Block):
    """The front matter of a notice. Only title and date are required; the house rules ask for more by kind."""

    id: str
    """Permanent and unique; part of the address. Default: the file name without its language. Never change it after
    publication."""
    title: str = Field(min_length=1, max_length=200)
    """What it is about, in a line."""
    date: Moment
    """When it is published. In the future: scheduled, and shown nowhere until then."""
    number: str | None = None
    """The firm's own reference, printed on the page and in mails."""
    kind: Kind = Kind.GENERAL
    """What it is about: it decides what `details` may hold and what the house rules ask for. Default: `general`."""
    summary: str | None = None
    """Two sentences. Also the text of the mail, and what people paste into a chat."""
    issuer: str | None = None
    """The signing entity. Default: `issuer` in mkdocs.yml."""
    owner: str | None = None
    """The desk that answers questions, shown with its line and hours."""
    audience: Literal["public"] | Selector = "public"
    """Whom it concerns. Default: `public`."""
    about: About = About.model_construct()
    """Which `services` and `regions` it is about: the board can be narrowed down to them. It decides nothing about who
    is told."""
    urgency: Urgency = Urgency.ROUTINE
    """Urgent notices wait for no digest and are exempt from lead time. Default: `routine`."""
    reason: str | None = None
    """Why."""
    evidence: tuple[Evidence, ...] = ()
    """The figures behind it, where they come from and of which day. Only `figure` is required."""
    scope: str | None = None
    """What and whom it covers."""
    exceptions: str | None = None
    """What and whom it does not."""
    effective: Window | None = None
    """When it takes effect; until when the old way is still accepted; when it ends."""
    stages: tuple[Stage, ...] = ()
    """Steps on the way."""
    comparison: tuple[Comparison, ...] = ()
    """The table of before and after. Where `old` and `new` are amounts of one currency and period, the difference and
    the per cent are computed."""
    values: str | None = None
    """Per-client texts. Only for notices with an audience."""
    measures: str | None = None
    """What you do for the client: alternatives, transition, compensation."""
    value: str | None = None
    """What the client gains."""
    action: Action | None = None
    """Shown first. `needed: false` says that nothing is to be done. With `needed: true`, `what` is required."""
    ack: Ack | None = None
    """Which confirmation you ask for. It is shown; confirmations are not collected yet. Silence is never agreement."""
    objection: Objection | None = None
    """Until when and how to object. Both are required."""
    feedback: str | None = None
    """How to ask and how fast the answer comes."""
    faq: tuple[Question, ...] = ()
    """Questions and answers."""
    attachments: tuple[str, ...] = ()
    """Files beside the notice. Those of a private notice are sealed with it."""
    details: SerializeAsAny[Details] = Details.model_construct()
    """What this kind adds."""
    updates: tuple[Update, ...] = ()
    """The timeline of an incident."""
    reminders: tuple[Lead, ...] = ()
    """How long before the deadline, and before each stage, those who were told are reminded: `[30d, 7d, 1d]`. `+3d` is
    three days after the deadline, where an action or a confirmation was asked for. The deadline is `action.by`, else
    `ack.by`, else the day it takes effect."""
    expires: Day | None = None
    """The last day on which it still says how things are."""
    review_by: Day | None = None
    """When the text is to be looked at again; `check` reminds you."""
    evaluate_on: Day | None = None
    """When its effect is to be measured; `check` reminds you."""
    approvals: tuple[Approval, ...] = ()
    """Who approved it. Some kinds demand roles (`approval-missing`), a changed bank account two different people."""
    supersedes: str | None = None
    """The notice that this one replaces. The older one says so from the day this one takes effect."""
    answers: tuple[str, ...] = ()
    """What an improvement answers."""
    mail: MailSettings = MailSettings.model_construct()
    """How much a mail may say. Of a private notice: nothing but that there is one; its title, and whether and by when
    to act; or also its summary, dates and what to do; or its whole text, without images, attachments and the client's
    own values. Of a public notice always its summary, and with `full` the whole text. Default: `title`."""
    revisions: tuple[Revision, ...] = ()
    """One line for each version after the first. With `minor: true` nobody is mailed."""
    withdrawn: Withdrawal | None = None
    """It no longer holds. The page stays and says why."""
    redirects: tuple[Former, ...] = ()
    """Former ids, and paths of former pages such as /blog/2020/x.html; all of them lead here."""
    draft: StrictBool = False
    """Kept out of every output until removed; for what an importer found unfinished."""

    @property
    def public(self) -> bool:
        return self.audience == "public"

    @property
    def asks(self) -> bool:
        """Whether the reader is asked for an action or a confirmation."""
        return (self.action is not None and self.action.needed) or self.ack is not None

    @property
    def deadline(self) -> dt.date | None:
        """By when to act, else by when to confirm, else when it takes effect: what reminders count from."""
        if self.action is not None and self.action.needed and self.action.by is not None:
            return self.action.by
        if self.ack is not None and self.ack.by is not None:
            return self.ack.by
        return self.effective.start if self.effective else None

    @property
    def version(self) -> int:
        """Version k is k-1 lines of `revisions`."""
        return len(self.revisions) + 1


def prepare_notices() -> None:
    """Have at hand what notices are validated by, before workers are started that all need it."""
    models: tuple[type[Block], ...] = (Notice, *DETAILS.values())
    for model in models:
        model.model_rebuild()


@lru_cache
def _nothing_added(kind: Kind) -> Details:
    """What a notice says that gives no details, the same object for all of a kind. Raises ValidationError."""
    return DETAILS[kind].model_validate({})


def as_notice(data: Mapping[str, Any]) -> tuple[Notice | None, list[ErrorDetails]]:
    """Build a notice from front matter without its `x-` keys; every error of the whole mapping, `details` included."""
    rest = {k: v for k, v in data.items() if k != "details"}
    errors: list[ErrorDetails] = []
    details = Details()
    try:
        kind = Kind(data.get("kind", Kind.GENERAL))
        said = data.get("details")
        details = DETAILS[kind].model_validate(said) if said else _nothing_added(kind)
    except ValidationError as error:
        errors = [{**e, "loc": ("details", *e["loc"])} for e in error.errors(include_url=False)]
    except ValueError:
        pass  # an unknown kind; the outer model says so
    try:
        notice = Notice.model_validate({**rest, "details": details})
    except ValidationError as error:
        return None, error.errors(include_url=False) + errors
    return (None if errors else notice), errors


TEXT_KEYS = frozenset(
    """
    title summary issuer reason scope exceptions measures value feedback action.what objection.how
    withdrawn.reason stages.*.what comparison.*.item comparison.*.old comparison.*.new comparison.*.note
    evidence.*.figure evidence.*.source faq.*.q faq.*.a updates.*.text revisions.*.note
    """.split()
)
"""What a translation may say: words only. A `*` is a position in a list; in `details` any text may be put in words."""


class Text(NamedTuple):
    """One version of a notice in one language: the original's facts with this language's words."""

    language: str
    notice: Notice
    body: str
    path: str
    """The file it was read from, relative to the portal's root."""
    body_line: int = 1
    translates: int | None = None
    """For a translation, the version of the original it renders."""
    sha256: str = ""
    """Of the bytes of that file, as committed, in hex: whoever has the file can check what was published."""
    front: str = ""
    """The same of its front matter alone: while it stays as it is, the text stays as lists tell of it."""
    links: bool = True
    """Whether anything in the body may be a link or a picture."""


class Version(NamedTuple):
    """One published state of a notice; its texts are empty where no repository could supply them."""

    number: int
    on: dt.datetime
    """When it was published: timezone-aware."""
    note: str
    minor: bool
    texts: Mapping[str, Text]
    language: str
    """The original's language."""

    @property
    def original(self) -> Text | None:
        return self.texts.get(self.language)

    def text(self, language: str) -> Text | None:
        """The text in `language`, or else the original, or else whatever there is."""
        return self.texts.get(language) or self.original or next(iter(self.texts.values()), None)


class Dossier(NamedTuple):
    """A notice with all its versions, oldest first; never empty. The last one is the working text."""

    id: str
    versions: tuple[Version, ...]
