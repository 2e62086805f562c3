"""One file of a notice: its front matter as data with places, its body, and what its name says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from portal import explain, frontmatter
from portal.config import Settings
from portal.decoded import Document
from portal.errors import Location, Problem, Severity
from portal.notice import ID, TEXT_KEYS, Money, Notice, Text, as_notice

_MAY_LINK = re.compile(r"\]\(|\]\[|\]:|<\w")
"""Without any of these, no Markdown is a link or a picture."""
_LANGUAGE_SUFFIX = re.compile(r"\.([a-z]{2,3}(?:-[A-Za-z]{2,8})?)$")


@dataclass(frozen=True)
class Paper:
    """One notice file as read: its data without `x-` keys, and where everything stood.

    Of strings, and without slots: so it is unpickled in a quarter of the time, and there are tens of thousands.
    """

    shown: str
    """Path relative to the portal's root."""
    place: str
    """The whole path."""
    stem: str
    """The file name without language and ending."""
    language: str
    document: Document
    data: Mapping[str, Any]
    body: str
    body_line: int
    sha256: str
    """Of the file's bytes, in hex."""
    front: str
    """The same of its front matter alone."""
    links: bool
    """Whether anything in the body may be a link or a picture."""

    @cached_property
    def file(self) -> Path:
        return Path(self.place)

    @property
    def translates(self) -> int | None:
        value = self.data.get("translates")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def at(self, *path: str | int) -> Location:
        """The place of a key in the file."""
        return Location(self.shown, *self.document.place(path))


def name_parts(settings: Settings, name: str) -> tuple[str, str]:
    """A file name without `.md` as (stem, language); without a language it is in the portal's first."""
    match = _LANGUAGE_SUFFIX.search(name)
    if match and match[1] in settings.languages:
        return name[: match.start()], match[1]
    return name, settings.default_language


def stem_of(settings: Settings, path: str) -> str:
    """The stem of the file that a path leads to, with or without its ending."""
    return name_parts(settings, path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".md"))[0]


def read_file(settings: Settings, file: Path, was: Paper | None = None) -> tuple[Paper | None, list[Problem]]:
    """Read one notice file from the working tree; what `was` there before, without any fault, may help."""
    shown = settings.shown(file)
    try:
        data = file.read_bytes()
    except OSError as error:
        return None, [
            Problem(
                Location(shown), "unreadable", f"the file cannot be read: {error.strerror}", "check its permissions"
            )
        ]
    return as_paper(settings, file, data, was)


def as_paper(
    settings: Settings, file: Path, data: bytes, was: Paper | None = None
) -> tuple[Paper | None, list[Problem]]:
    """Take a notice file's bytes apart; `file` names where they stand, or once stood, and `was` is as above."""
    shown = settings.shown(file)
    halves = frontmatter.halves(data)
    digest, body = hashlib.sha256(data).hexdigest(), halves.body.encode()
    front = hashlib.sha256(data.removesuffix(body)).hexdigest() if data.endswith(body) else digest
    links = ("]" in halves.body or "<" in halves.body) and _MAY_LINK.search(halves.body) is not None
    if was is not None and (was.place, was.front) == (str(file), front) and not (halves.faults or halves.warnings):
        body_line = halves.body_line
        return replace(was, body=halves.body, body_line=body_line, sha256=digest, links=links), []
    leaf = frontmatter.leaf_of(halves)
    problems = explain.faults(shown, leaf.warnings, Severity.WARNING) + explain.faults(shown, leaf.front.faults)
    if not isinstance(leaf.front.data, dict):
        if not leaf.front.faults:
            what = "is empty" if leaf.front.data is None else "is not a block of keys"
            hint = "write at least title: … and date: …"
            problems.append(Problem(Location(shown, 2), "no-keys", f"the front matter {what}", hint))
        return None, problems
    stem, language = name_parts(settings, file.name.removesuffix(".md"))
    fields = {key: value for key, value in leaf.front.data.items() if not key.startswith("x-")}
    paper = Paper(shown, str(file), stem, language, leaf.front, fields, leaf.body, leaf.body_line, digest, front, links)
    if leaf.front.faults:
        return None, problems + _besides(paper)
    return paper, problems


def _besides(paper: Paper) -> list[Problem]:
    """What is wrong with a file apart from its faults, whose values are missing for no other reason."""
    if "translates" in paper.data:
        return []
    return explain.besides(paper.document.faults, notice_of(paper)[1])


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
    text = Text(
        translation.language,
        notice,
        translation.body,
        translation.shown,
        translation.body_line,
        translation.translates,
        translation.sha256,
        translation.front,
        translation.links,
    )
    return text, problems


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
