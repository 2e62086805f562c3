"""Reads notices/ and clients/ in one pass and keeps every problem it meets."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from portal import chunked, decoded, explain, located, parallel, registry
from portal.chunked import Stamp
from portal.client import Client, Registry
from portal.config import CONFIG_FILE, Settings
from portal.errors import Location, Problem, Severity
from portal.kinds import Block
from portal.notice import TEXT_KEYS, Notice, Text, prepare_notices
from portal.paper import Paper, notice_of, read_file
from portal.readings import Readings
from portal.registry import Record


class TranslationHead(Block):
    """The keys of a translation's own front matter that are not words."""

    translates: int = Field(ge=1)
    """The version of the original that these words render."""
    id: str | None = None
    """Not needed; the file name says it."""


_TRANSLATION_KEYS = frozenset({"translates", "id", "details"} | {key.split(".")[0] for key in TEXT_KEYS})


class Filed(NamedTuple):
    """A notice as the working tree has it: the original, and the translations beside it."""

    notice: Notice
    paper: Paper
    translations: Mapping[str, Paper]
    values: Mapping[str, Mapping[str, str]] = {}
    """Per client id, what fills {{name}} in this client's sealed page."""

    def text(self) -> Text:
        return Text(
            self.paper.language,
            self.notice,
            self.paper.body,
            self.paper.shown,
            self.paper.body_line,
            sha256=self.paper.sha256,
            front=self.paper.front,
            links=self.paper.links,
        )


class Sources(NamedTuple):
    """Everything that people wrote, and everything wrong with it."""

    notices: Mapping[str, Filed]
    registry: Registry
    clients: Mapping[str, Record]
    """Client id to where it is described, for problems found later."""
    problems: tuple[Problem, ...]

    @property
    def any_private(self) -> bool:
        """Whether anything is written for some only, or of clients."""
        return bool(self.clients) or any(not filed.notice.public for filed in self.notices.values())


def read(
    settings: Settings, readings: Readings | None = None, clients: MutableMapping[str, Client] | None = None
) -> Sources:
    """Read a portal's notices and registry; what `readings` hold of an earlier build is not read again.

    `clients`, if given, is empty, and takes the clients. Raises nothing a person can cause.
    """
    readings = readings or Readings()
    problems: list[Problem] = []
    papers: list[Paper] = []
    said: dict[str, Notice | None] = {}
    found = list(_notice_files(settings, problems))
    stamps = [_stamp(file) for _, file in found]
    read_before = [
        readings.recall("notices", name, stamp) if stamp else None
        for (name, _), stamp in zip(found, stamps, strict=True)
    ]
    unread = [file.path for (_, file), past in zip(found, read_before, strict=True) if past is None]
    new = parallel.each(partial(_read_new, settings), unread, prepare=_prepare)
    for (name, _), stamp, past in zip(found, stamps, read_before, strict=True):
        paper, notice, complaints, sound = (*past, [], False) if past is not None else next(new)
        problems += complaints
        if sound and stamp:
            readings.keep("notices", name, stamp, (paper, notice))
        if paper is not None:
            problems += _foreign_language(paper)
            papers.append(paper)
            said[paper.shown] = notice
    notices = _file_notices(settings, papers, said, problems)
    problems += _missing_folder(settings, settings.registry_dir, "registry")
    known, records = registry.read(settings, problems, readings, clients)
    return Sources(notices, known, records, tuple(problems))


def filed(settings: Settings, files: Iterable[Path], readings: Readings) -> tuple[dict[str, Filed], list[Problem]]:
    """The notices that these files are, by id, and what is wrong with the files.

    Front matter that is as it was when an earlier build read it, of which `readings` are, is not read again.
    """
    problems: list[Problem] = []
    papers: list[Paper] = []
    said: dict[str, Notice | None] = {}
    for file in files:
        was, notice = readings.last("notices", settings.shown(file)) or (None, None)
        paper, found = read_file(settings, file, was)
        problems += found
        if paper is not None:
            papers.append(paper)
            said[paper.shown] = notice if was is not None and paper.front == was.front else None
    return _file_notices(settings, papers, said, problems), problems


def _prepare() -> None:
    located.prepare()
    prepare_notices()


def _stamp(file: os.DirEntry[str]) -> Stamp | None:
    try:
        return chunked.stamp(file.stat())
    except OSError:
        return None  # reading it says why


def _read_new(settings: Settings, path: str) -> tuple[Paper | None, Notice | None, list[Problem], bool]:
    """A notice's file, what an original says where nothing is wrong with it, what is wrong with the file itself, and
    whether nothing is wrong with either.
    """
    paper, found = read_file(settings, Path(path))
    if paper is None:
        return None, None, found, False
    notice, complaints = notice_of(paper) if "translates" not in paper.data else (None, [])
    return paper, None if complaints else notice, found, not found and not complaints


def _notice_files(settings: Settings, problems: list[Problem]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file that may be a notice's, in the order of names, and what people call it."""
    for i, folder in enumerate(settings.notice_dirs()):
        problems += _missing_folder(settings, folder, "notices", i)
        yield from _notices_in(settings.shown(folder), str(folder), problems)


def _notices_in(shown: str, folder: str, problems: list[Problem]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Those of a folder, and then those of the folders in it."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except FileNotFoundError:
        return  # a portal without notices
    except OSError as error:
        message = f"the folder cannot be read: {error.strerror}"
        problems.append(Problem(Location(shown), "unreadable", message, "check its permissions"))
        return
    inner: list[os.DirEntry[str]] = []
    for entry in entries:
        name = entry.name
        if name.startswith((".", "_")):
            continue
        if entry.is_dir():
            inner.append(entry)
        elif name.endswith(".md") and name != "README.md":
            yield f"{shown}/{name}", entry
    for entry in inner:
        if not entry.is_symlink():
            yield from _notices_in(f"{shown}/{entry.name}", entry.path, problems)


def _missing_folder(settings: Settings, folder: Path, *key: str | int) -> list[Problem]:
    """A folder that mkdocs.yml names must be there: a slip in its name would take down everything that it holds."""
    path = ("extra", "duenotice", *key)
    if folder.is_dir() or path[:3] not in settings.document.places:
        return []
    message = f"'{key[0]}' names a folder that is not there"
    where = Location(CONFIG_FILE, *settings.document.place(path))
    return [Problem(where, "missing-folder", message, "make the folder, or correct its name")]


def _foreign_language(paper: Paper) -> list[Problem]:
    """A name such as fees.fr.md, where French is none of the languages: it would be a notice of its own."""
    suffix = paper.stem.rpartition(".")[2]
    if suffix == paper.stem or "id" in paper.data or not _is_a_language(suffix):
        return []
    message = f"this looks like a translation into '{suffix}', a language that the portal does not have"
    hint = "add the language to mkdocs.yml, or rename the file"
    return [Problem(paper.at(), "language-in-name", message, hint, Severity.WARNING)]


def _is_a_language(name: str) -> bool:
    from babel import localedata  # few names have a full stop in them, and reading needs nothing else of Babel

    return localedata.exists(name.replace("-", "_"))


def _file_notices(
    settings: Settings, papers: list[Paper], said: Mapping[str, Notice | None], problems: list[Problem]
) -> dict[str, Filed]:
    """The notices by id; `said` is what originals say in which nothing is wrong, by file."""
    groups: dict[tuple[str, str], list[Paper]] = {}
    for paper in papers:
        groups.setdefault((paper.shown.rpartition("/")[0], paper.stem), []).append(paper)
    filed: dict[str, Filed] = {}
    for group in groups.values():
        original = _original(settings, group, problems)
        if original is None:
            continue
        notice = said[original.shown]
        if notice is None:
            notice, found = notice_of(original)
            problems += found
        counted = notice if settings.options.versions == "revisions" else None
        translations = _translations(group, counted, problems)
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
    """The translations by language; `notice` is what their version numbers are held against, if anything."""
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
    try:
        data = file.read_bytes()
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        problems.append(Problem(Location(shown), "unreadable", message, "check its permissions"))
        return {}
    text, errors, warnings = decoded.decode(data)
    problems += explain.faults(shown, errors) + explain.faults(
        shown, [w for w in warnings if w.code != "byte-order-mark"], Severity.WARNING
    )
    return {} if errors else table_of_values(shown, text, problems)


def table_of_values(shown: str, text: str, problems: list[Problem]) -> dict[str, dict[str, str]]:
    """The rows of a table of values, by the client in the first column."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        message = "from here on the table cannot be read: a quote is never closed, or a cell is far too long"
        hint = "close the quote; within a quoted cell, write a quote twice"
        problems.append(Problem(Location(shown, max(reader.line_num, 1)), "values-csv", message, hint))
        return {}
    header = [name.strip() for name in rows[0][1]] if rows else []
    if not header or header[0] != "client" or len(set(header)) != len(header) or "" in header:
        problems.append(
            Problem(
                Location(shown), "values-header", "the first line must be client,name,name,…", "name each column once"
            )
        )
        return {}
    table: dict[str, dict[str, str]] = {}
    for line, row in rows[1:]:
        where = Location(shown, line)
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
