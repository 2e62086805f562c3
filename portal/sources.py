"""Reads notices/ and clients/ in one pass and keeps every problem it meets."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from portal import explain, frontmatter, located, registry
from portal.client import Registry
from portal.config import Settings
from portal.errors import Location, Problem, Severity
from portal.kinds import Block
from portal.located import Document
from portal.notice import ID, TEXT_KEYS, Money, Notice, Text, as_notice

_LANGUAGE_SUFFIX = re.compile(r"\.([a-z]{2,3}(?:-[A-Za-z]{2,8})?)$")


class TranslationHead(Block):
    """The keys of a translation's own front matter that are not words."""

    translates: int = Field(ge=1)
    id: str | None = None


_TRANSLATION_KEYS = frozenset({"translates", "id", "details"} | {key.split(".")[0] for key in TEXT_KEYS})


@dataclass(frozen=True, slots=True)
class Paper:
    """One notice file as read: its data without `x-` keys, and where everything stood."""

    shown: str
    """Path relative to the portal's root."""
    file: Path
    stem: str
    """The file name without language and ending."""
    language: str
    document: Document
    data: Mapping[str, Any]
    body: str
    body_line: int

    @property
    def translates(self) -> int | None:
        value = self.data.get("translates")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def at(self, *path: str | int) -> Location:
        """The place of a key in the file."""
        return Location(self.shown, *self.document.place(path))


@dataclass(frozen=True, slots=True)
class Filed:
    """A notice as the working tree has it: the original, and the translations beside it."""

    notice: Notice
    paper: Paper
    translations: Mapping[str, Paper]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Per client id, what fills {{name}} in this client's sealed page."""

    def text(self) -> Text:
        return Text(self.paper.language, self.notice, self.paper.body, self.paper.shown, self.paper.body_line)


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that people wrote, and everything wrong with it."""

    notices: Mapping[str, Filed]
    registry: Registry
    clients: Mapping[str, Document]
    """Client id to its file's document, for problems found later."""
    problems: tuple[Problem, ...]


def read(settings: Settings) -> Sources:
    """Read a portal's notices and registry. Raises nothing a person can cause."""
    problems: list[Problem] = []
    papers: list[Paper] = []
    for file in _notice_files(settings):
        paper, found = read_file(settings, file)
        problems += found
        if paper is not None:
            papers.append(paper)
    notices = _file_notices(settings, papers, problems)
    clients, documents = registry.read(settings, problems)
    return Sources(notices, clients, documents, tuple(problems))


def _notice_files(settings: Settings) -> Iterator[Path]:
    for folder in settings.notice_dirs():
        for top, folders, files in os.walk(folder):
            folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
            for name in sorted(files):
                if name.endswith(".md") and not name.startswith((".", "_")) and name != "README.md":
                    yield Path(top, name)


def name_parts(settings: Settings, name: str) -> tuple[str, str]:
    """A file name without `.md` as (stem, language); without a language it is in the portal's first."""
    match = _LANGUAGE_SUFFIX.search(name)
    if match and match[1] in settings.languages:
        return name[: match.start()], match[1]
    return name, settings.default_language


def read_file(settings: Settings, file: Path) -> tuple[Paper | None, list[Problem]]:
    """Read one notice file from the working tree."""
    shown = settings.shown(file)
    try:
        data = file.read_bytes()
    except OSError as error:
        return None, [
            Problem(
                Location(shown), "unreadable", f"the file cannot be read: {error.strerror}", "check its permissions"
            )
        ]
    return as_paper(settings, file, data)


def as_paper(settings: Settings, file: Path, data: bytes) -> tuple[Paper | None, list[Problem]]:
    """Take a notice file's bytes apart; `file` names where they stand, or once stood."""
    shown = settings.shown(file)
    leaf = frontmatter.split(data)
    problems = explain.faults(shown, leaf.warnings, Severity.WARNING) + explain.faults(shown, leaf.front.faults)
    if leaf.front.faults:
        return None, problems
    if not isinstance(leaf.front.data, dict):
        message = "the front matter is empty" if leaf.front.data is None else "the front matter is not a block of keys"
        problems.append(Problem(Location(shown, 2), "no-keys", message, "write at least title: … and date: …"))
        return None, problems
    stem, language = name_parts(settings, file.name.removesuffix(".md"))
    fields = {key: value for key, value in leaf.front.data.items() if not key.startswith("x-")}
    return Paper(shown, file, stem, language, leaf.front, fields, leaf.body, leaf.body_line), problems


def notice_of(paper: Paper) -> tuple[Notice | None, list[Problem]]:
    """The notice that an original's front matter describes."""
    notice, errors = as_notice({"id": paper.stem, **paper.data})
    problems = explain.complaints(paper.shown, paper.document, errors, Notice)
    identity = paper.data.get("id", paper.stem)
    if isinstance(identity, str) and not ID.fullmatch(identity):
        problems.append(
            Problem(
                paper.at("id"),
                "bad-id",
                "the id is part of an address: lower-case letters, digits, hyphens, at most 120",
                "write one like id: fees-2027" if "id" in paper.data else "rename the file, or add a line id: …",
            )
        )
        return None, problems
    return notice, problems


def _file_notices(settings: Settings, papers: list[Paper], problems: list[Problem]) -> dict[str, Filed]:
    groups: dict[tuple[Path, str], list[Paper]] = {}
    for paper in papers:
        groups.setdefault((paper.file.parent, paper.stem), []).append(paper)
    filed: dict[str, Filed] = {}
    for group in groups.values():
        original = _original(settings, group, problems)
        if original is None:
            continue
        notice, found = notice_of(original)
        problems += found
        translations = _translations(group, notice, problems)
        if notice is None:
            continue
        twin = filed.get(notice.id)
        if twin is not None:
            problems.append(
                Problem(
                    original.at("id"),
                    "duplicate-id",
                    f"the id '{notice.id}' belongs to {twin.paper.shown}",
                    "give this notice an id of its own",
                )
            )
            continue
        _check_attachments(original, notice, problems)
        filed[notice.id] = Filed(notice, original, translations, _read_values(settings, original, notice, problems))
    return filed


def _original(settings: Settings, group: list[Paper], problems: list[Problem]) -> Paper | None:
    """The one file of a notice that is not a translation."""
    originals = [paper for paper in group if "translates" not in paper.data]
    if not originals:
        message, hint = "this translation has no original beside it", "remove 'translates', or add the original"
        problems.extend(Problem(p.at("translates"), "no-original", message, hint) for p in group)
        return None
    first = next((p for p in originals if p.language == settings.default_language), originals[0])
    hint = "add translates: 1 here (the version that this translation renders), and keep only words"
    problems.extend(
        Problem(other.at(), "two-originals", f"{first.shown} is the original too", hint)
        for other in originals
        if other is not first
    )
    return first


def _translations(group: list[Paper], notice: Notice | None, problems: list[Problem]) -> dict[str, Paper]:
    result: dict[str, Paper] = {}
    for paper in group:
        if "translates" not in paper.data:
            continue
        sound = True
        for key in paper.data:
            if key in _TRANSLATION_KEYS:
                continue
            sound = False
            if key in Notice.model_fields:
                problems.append(
                    Problem(
                        paper.at(key),
                        "fact-in-translation",
                        f"'{key}' is a fact; a translation holds words only",
                        "remove it here; it comes from the original",
                    )
                )
            else:
                near = explain.nearest(key, _TRANSLATION_KEYS)
                problems.append(
                    Problem(
                        paper.at(key),
                        "unknown-key",
                        f"unknown key '{key}'",
                        f"did you mean '{near}'?" if near else "remove it, or begin it with x-",
                    )
                )
        head = {k: paper.data[k] for k in ("translates", "id") if k in paper.data}
        try:
            TranslationHead.model_validate(head)
        except ValidationError as error:
            problems += explain.complaints(
                paper.shown, paper.document, error.errors(include_url=False), TranslationHead
            )
            continue
        if notice is not None and paper.translates is not None and paper.translates > notice.version:
            problems.append(
                Problem(
                    paper.at("translates"),
                    "translates-ahead",
                    f"the original is at version {notice.version}",
                    f"write translates: {notice.version}",
                )
            )
            sound = False
        if sound:
            result[paper.language] = paper
    return result


def rendered(original: Paper, translation: Paper) -> tuple[Text | None, list[Problem]]:
    """A translation's words laid over the facts of the version it renders."""
    problems: list[Problem] = []
    words = {k: v for k, v in translation.data.items() if k not in ("translates", "id")}
    base = {"id": original.stem, **original.data}
    merged = _overlay(base, words, (), translation, problems)
    if problems:
        return None, problems
    notice, errors = as_notice(merged)
    problems = explain.complaints(translation.shown, translation.document, errors, Notice)
    if notice is None:
        return None, problems
    return Text(
        translation.language, notice, translation.body, translation.shown, translation.body_line, translation.translates
    ), problems


def _overlay(base: Any, words: Any, path: tuple[str | int, ...], paper: Paper, problems: list[Problem]) -> Any:
    """`base` with the texts of `words` in it; whatever is not a text in the right place is a problem."""
    if isinstance(words, dict):
        if not isinstance(base, dict):
            base = {}
        return {**base, **{k: _overlay(base.get(k), v, (*path, k), paper, problems) for k, v in words.items()}}
    if isinstance(words, list):
        if not isinstance(base, list) or len(base) != len(words):
            count = len(base) if isinstance(base, list) else 0
            problems.append(
                Problem(
                    paper.at(*path),
                    "list-length",
                    f"{len(words)} entries here, {count} in the original",
                    "translate every entry, in the same order",
                )
            )
            return base
        return [_overlay(b, w, (*path, i), paper, problems) for i, (b, w) in enumerate(zip(base, words, strict=True))]
    pattern = ".".join("*" if isinstance(step, int) else step for step in path)
    if path[0] == "details":
        fits = isinstance(base, str)
    else:
        fits = pattern in TEXT_KEYS and not (
            pattern.startswith("comparison.") and isinstance(base, str) and Money.parse(base) is not None
        )
    if not fits and words != base:
        problems.append(
            Problem(
                paper.at(*path),
                "fact-in-translation",
                f"'{pattern}' is a fact; a translation holds words only",
                "remove it here; it comes from the original",
            )
        )
        return base
    return words


def inside(folder: Path, name: str) -> Path | None:
    """The file `name` beside a notice, or None where the name leads out of the folder."""
    if not name or name.startswith(("/", "\\")) or ".." in Path(name).parts:
        return None
    file = folder / name
    try:
        return file if file.resolve().is_relative_to(folder.resolve()) else None
    except OSError:
        return None


def _check_attachments(paper: Paper, notice: Notice, problems: list[Problem]) -> None:
    for i, name in enumerate(notice.attachments):
        file = inside(paper.file.parent, name)
        if file is None:
            problems.append(
                Problem(
                    paper.at("attachments", i),
                    "attachment-outside",
                    "an attachment must lie beside its notice",
                    "write its file name only",
                )
            )
        elif not file.is_file():
            problems.append(
                Problem(
                    paper.at("attachments", i),
                    "missing-attachment",
                    "the attachment is not there",
                    "add the file beside the notice, or correct its name",
                )
            )


def _read_values(
    settings: Settings, paper: Paper, notice: Notice, problems: list[Problem]
) -> dict[str, dict[str, str]]:
    if notice.values is None:
        return {}
    if notice.public:
        problems.append(
            Problem(
                paper.at("values"),
                "values-public",
                "per-client values in a public notice",
                "give the notice an audience",
            )
        )
        return {}
    file = inside(paper.file.parent, notice.values)
    if file is None or not file.is_file():
        problems.append(
            Problem(
                paper.at("values"),
                "missing-values",
                "the table of values is not there",
                "add the CSV file beside the notice",
            )
        )
        return {}
    shown = settings.shown(file)
    text, errors, warnings = located.decode(file.read_bytes())
    problems += explain.faults(shown, errors) + explain.faults(
        shown, [w for w in warnings if w.code != "byte-order-mark"], Severity.WARNING
    )
    if errors:
        return {}
    reader = csv.reader(io.StringIO(text))
    try:
        header = [name.strip() for name in next(reader)]
    except StopIteration:
        header = []
    if not header or header[0] != "client" or len(set(header)) != len(header) or "" in header:
        problems.append(
            Problem(
                Location(shown), "values-header", "the first line must be client,name,name,…", "name each column once"
            )
        )
        return {}
    table: dict[str, dict[str, str]] = {}
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        where = Location(shown, reader.line_num)
        if len(row) != len(header):
            problems.append(
                Problem(
                    where,
                    "values-row",
                    f"{len(row)} cells, but {len(header)} columns",
                    "fill every column; put a cell with a comma in quotes",
                )
            )
        elif row[0].strip() in table:
            problems.append(Problem(where, "values-twice", "this client has a row already", "keep one of the two"))
        else:
            table[row[0].strip()] = {name: cell.strip() for name, cell in zip(header[1:], row[1:], strict=True)}
    return table
