"""A new notice to fill in: the keys that its kind demands, with prompts, the next number, and an outline."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from portal import words
from portal.config import Settings
from portal.errors import PortalError
from portal.kinds import DETAILS, Demand, Kind
from portal.notice import ID, Notice
from portal.sources import Sources
from portal.states import instant
from portal.words import Words

_ORDER = (
    *("reason", "scope", "exceptions", "effective", "comparison", "evidence", "value", "measures", "action"),
    *("objection", "answers", "expires"),
)
"""The order in which a reader meets them; other keys that a portal demands follow."""

_SCHEMA = Path("schemas", "notice.json")


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known before the author begins; None or empty where it is not."""

    effective: dt.date | None = None
    action: str | None = None
    """What the client must do; '' says that nothing is to be done."""
    action_by: dt.date | None = None
    owner: str | None = None
    audience: str | None = None
    """'public', or groups as 'segments=a,b; clients=c'."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is not there yet."""

    file: Path
    text: str


def draft(
    settings: Settings,
    sources: Sources,
    kind: Kind,
    title: str,
    date: dt.date,
    *,
    identity: str | None = None,
    language: str | None = None,
    answers: Answers | None = None,
) -> Draft:
    """A notice of a kind, dated `date` (a day or a moment). Raises PortalError where its name is taken or wrong."""
    language = language or settings.default_language
    if language not in settings.languages:
        raise PortalError(f"the portal has no language '{language}'", f"one of {', '.join(settings.languages)}")
    if not title.strip():
        raise PortalError("the title is empty", "say what changes")
    folder = settings.notice_dirs()[0] / str(date.year)
    if identity is None:
        identity = _free_id(sources, folder, _slug(title) or f"{kind.value}-{date:%Y-%m-%d}", settings)
    elif not ID.fullmatch(identity):
        raise PortalError(f"'{identity}' is no id", "lower-case letters, digits and hyphens, like fees-2027")
    elif _taken(sources, folder, identity, settings):
        raise PortalError(f"there is a notice '{identity}' already", "choose another id with --id")
    file = folder / f"{identity}.{language}.md"
    w = words.load(language, "new")
    labels = words.load(language)
    head = _head(settings, sources, kind, title, date, answers or Answers(), w, labels)
    body = [f"## {w('outline.what')}", "", f"<!-- {w('outline.hint')} -->", ""]
    body += [f"## {w('outline.example')}", "", f"## {w('outline.ask')}", ""]
    return Draft(file, "\n".join(["---", *_modeline(settings, file), *head, "---", *body]))


def write(made: Draft) -> None:
    """Put the file there. Raises PortalError where one is there already, and overwrites nothing."""
    made.file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with made.file.open("x", encoding="utf-8", newline="\n") as out:
            out.write(made.text)
    except FileExistsError:
        raise PortalError(f"{made.file} is there already", "choose another id with --id") from None


def next_number(sources: Sources, settings: Settings, year: int) -> str | None:
    """The number after the last one, if the last has one that counts: 澄砚〔2026〕25号 gives 澄砚〔2026〕26号.

    A number that holds the year begins at 1 in a new one.
    """
    dated = [
        (instant(filed.notice.date, settings.zone), filed.notice.id, filed.notice.number)
        for filed in sources.notices.values()
        if filed.notice.number
    ]
    if not dated:
        return None
    _, _, last = max(dated)
    form = _form(last)
    if form is None:
        return None
    before, digits, after = form
    years = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
    wanted = years.sub(str(year), before)
    counted = [
        int(found[1])
        for _, _, number in dated
        if (found := _form(number)) is not None and (found[0], found[2]) == (wanted, after)
    ]
    return f"{wanted}{max(counted, default=0) + 1:0{len(digits) if digits.startswith('0') else 1}d}{after}"


def _form(number: str) -> tuple[str, str, str] | None:
    """A number as what stands before its last count, the count, and what stands after it."""
    match = re.fullmatch(r"(.*?)(\d{1,6})(\D*)", number)
    return (match[1], match[2], match[3]) if match else None


def _slug(title: str) -> str:
    """An id from a title in Latin letters; empty where too little would be left of it."""
    if not title.isascii():
        return ""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:60].strip("-")


def _taken(sources: Sources, folder: Path, identity: str, settings: Settings) -> bool:
    files = (folder / f"{identity}{suffix}.md" for suffix in ("", *(f".{code}" for code in settings.languages)))
    former = {old for filed in sources.notices.values() for old in filed.notice.redirects}
    return identity in sources.notices or identity in former or any(file.exists() for file in files)


def _free_id(sources: Sources, folder: Path, wanted: str, settings: Settings) -> str:
    count = 1
    identity = wanted
    while _taken(sources, folder, identity, settings):
        count += 1
        identity = f"{wanted}-{count}"
    return identity


def _modeline(settings: Settings, file: Path) -> Iterator[str]:
    """The line by which editors that read it in Markdown find the schema; only where the schema is there."""
    if (settings.root / _SCHEMA).is_file() and file.is_relative_to(settings.root):
        up = "../" * (len(file.relative_to(settings.root).parts) - 1)
        yield f"# yaml-language-server: $schema={up}{_SCHEMA.as_posix()}"


def _head(
    settings: Settings,
    sources: Sources,
    kind: Kind,
    title: str,
    date: dt.date,
    answers: Answers,
    w: Words,
    labels: Words,
) -> Iterator[str]:
    demand = settings.demands[kind]
    yield f"# {w('filled')}"
    yield f"title: {_scalar(title.strip())}"
    number = next_number(sources, settings, date.year)
    if number is not None:
        yield f"number: {_scalar(number)}"
    yield f"kind: {kind.value}"
    yield f"date: {date.isoformat(' ') if isinstance(date, dt.datetime) else date.isoformat()}"
    yield f"# {w('prompt.summary')}"
    yield "summary:"
    desks = list(settings.options.desks)
    owner = answers.owner or (desks[0] if len(desks) == 1 else None)
    if owner is not None or desks:
        yield f"owner: {_scalar(owner) if owner else ''}".rstrip() + (f" # {', '.join(desks)}" if not owner else "")
    yield f"audience: {_audience(answers.audience, kind)}"
    asked = [*demand.required, *demand.recommended]
    top = [key for key in asked if "." not in key and key not in ("owner", "summary")]
    known = _given(answers)
    for key in sorted(top, key=lambda k: _ORDER.index(k) if k in _ORDER else len(_ORDER)):
        yield from _key(key, key in demand.required, known.get(key), w, Notice.model_fields[key].default, "")
    yield from _details(kind, demand, w, labels)
    if demand.approvals:
        yield f"# {w('prompt.approvals')} ({', '.join(demand.approvals)}): {w('example.approvals')}"
        yield "approvals: []"


def _given(answers: Answers) -> dict[str, str]:
    """The answers as YAML, by key."""
    known = {}
    if answers.effective is not None:
        known["effective"] = answers.effective.isoformat()
    if answers.action:
        by = f", by: {answers.action_by}" if answers.action_by else ""
        known["action"] = f"{{needed: true, what: {_quoted(answers.action)}{by}}}"
    elif answers.action == "":
        known["action"] = "{needed: false}"
    return known


def _key(key: str, required: bool, given: str | None, w: Words, empty: Any, prompt: str) -> Iterator[str]:
    """A key to fill in, below its prompt; one that is only recommended stands in a comment."""
    indent = "  " if prompt else ""
    name = key.rpartition(".")[2]
    said = prompt or (w(f"prompt.{key}") if f"prompt.{key}" in w else name)
    example = f": {w(f'example.{name}')}" if f"example.{name}" in w else ""
    if given is not None:
        yield f"{indent}{name}: {given}"
    elif required:
        yield f"{indent}# {said} ({w('required')}){example}"
        yield f"{indent}{name}: []" if empty == () else f"{indent}{name}:"
    else:
        yield f"{indent}# {name}:{example.removeprefix(':')}  # {said} ({w('recommended')})"


def _details(kind: Kind, demand: Demand, w: Words, labels: Words) -> Iterator[str]:
    keys = [key for key in (*demand.required, *demand.recommended) if key.startswith("details.")]
    fields = DETAILS[kind].model_fields
    if keys:
        yield f"# {w('prompt.details')}"
        yield "details:"
    for key in keys:
        name = key.removeprefix("details.")
        label = labels(f"details.{kind.value}.{name}") if f"details.{kind.value}.{name}" in labels else name
        yield from _key(key, key in demand.required, None, w, fields[name].default, label)


def _audience(answer: str | None, kind: Kind) -> str:
    """'segments=a,b; clients=c' as YAML. Raises PortalError where it is neither that nor 'public'."""
    if not answer and kind is Kind.CONTRACT_TERMINATION:
        return "{clients: []}"  # an error until somebody is named: the end of a contract is nobody else's business
    if not answer or answer.strip() == "public":
        return "public"
    groups = []
    for part in answer.split(";"):
        name, mark, values = part.strip().partition("=")
        chosen = [value.strip() for value in values.split(",") if value.strip()]
        if not mark or not chosen or name.strip() not in ("segments", "services", "regions", "status", "clients"):
            hint = "write public, or segments=a,b; services=…; regions=…; status=…; clients=…"
            raise PortalError(f"'{answer}' is no audience", hint)
        groups.append(f"{name.strip()}: [{', '.join(_quoted(value) for value in chosen)}]")
    return f"{{{', '.join(groups)}}}"


def _scalar(text: str) -> str:
    """Text as a YAML value on one line, in quotes only where it needs them."""
    written: str = yaml.safe_dump(text, allow_unicode=True, width=1_000_000)
    return written.removesuffix("\n").removesuffix("\n...")


def _quoted(text: str) -> str:
    """Text as a YAML value within brackets, where commas count."""
    written: str = yaml.safe_dump([text], allow_unicode=True, width=1_000_000, default_flow_style=True)
    return written.strip()[1:-1]
