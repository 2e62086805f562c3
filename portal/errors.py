"""What can go wrong, as data: a problem has a place, a code, a sentence and a hint."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from portal import patterns

_UNPRINTABLE = patterns.later("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls: they would speak to the terminal, start a line that a CI system obeys, or turn the order of letters."""


class Severity(StrEnum):
    """How much a problem matters: an error stops the build, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Location(NamedTuple):
    """Where something stands in a file a person wrote."""

    file: str
    """Path relative to the portal's root, with forward slashes; or the name of an environment variable."""
    line: int = 1
    """Counted from 1."""
    column: int = 1
    """Counted from 1."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One thing a person should mend, with the way to mend it. Never holds a private value."""

    location: Location
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.location}: {self.severity} {self.code}: {self.message}"

    def as_json(self) -> dict[str, str | int]:
        """The same facts under the keys that `--format json` promises."""
        return {
            "file": self.location.file,
            "line": self.location.line,
            "column": self.location.column,
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "hint": self.hint,
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Problem:
        """The problem that `as_json` wrote."""
        where = Location(said["file"], said["line"], said["column"])
        return cls(where, said["code"], said["message"], said["hint"], Severity(said["severity"]))


def order(problem: Problem) -> tuple[Location, str, str]:
    """Sort key for a listing: by place, then by code."""
    return (problem.location, problem.code, problem.message)


def errors_in(problems: list[Problem]) -> list[Problem]:
    """Those problems that stop a build."""
    return [p for p in problems if p.severity is Severity.ERROR]


class Format(StrEnum):
    """How a listing is written: for people, for programs, or as annotations on a pull request."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def listing(problems: list[Problem], form: Format) -> str:
    """All problems in order, one line each (and a hint below it in TEXT), or one JSON list."""
    ordered = sorted(problems, key=order)
    match form:
        case Format.JSON:
            return json.dumps([p.as_json() for p in ordered], ensure_ascii=False, indent=2)
        case Format.GITHUB:
            return "\n".join(_annotation(p) for p in ordered)
        case Format.TEXT:
            said = ((printable(str(p)), printable(p.hint)) for p in ordered)
            return "\n".join(f"{line}\n    {hint}" if hint else line for line, hint in said)


def printable(text: str, *, lines: bool = False) -> str:
    """Text that a terminal or a log shows and does not obey: controls written as escapes, but for line feeds in
    `lines`.
    """

    def escaped(match: re.Match[str]) -> str:
        return match[0] if lines and match[0] == "\n" else f"\\u{ord(match[0]):04x}"

    return _UNPRINTABLE().sub(escaped, text)


def _annotation(problem: Problem) -> str:
    """A workflow command of GitHub Actions, in one line; it escapes per cent, and colon and comma in properties."""
    text = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    text = printable(text).replace("%", "%25")
    where = problem.location
    file = printable(where.file).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{problem.severity} file={file},line={where.line},col={where.column},title={problem.code}::{text}"


class PortalError(Exception):
    """The command cannot run: what is wrong, where, and what to do about it."""

    def __init__(self, message: str, hint: str = "", location: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location

    def __str__(self) -> str:
        return f"{self.location}: error: {self.message}" if self.location else f"error: {self.message}"


class Misconfigured(PortalError):
    """mkdocs.yml, or a page of the site that MkDocs renders, cannot be used; `problems` has every reason."""

    def __init__(self, problems: list[Problem], message: str = "mkdocs.yml cannot be used") -> None:
        super().__init__(message, "mend the lines above")
        self.problems = problems


class Refused(PortalError):
    """The gate found private text in a public file; nothing was published."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("nothing was published: private text would have become public", "see the lines above")
        self.problems = problems


def counted(number: int, noun: str, several: str = "") -> str:
    """A count as the program's own reports say it: 1 file, 2 files; `several` where an s is not enough."""
    return f"{number} {noun if number == 1 else several or f'{noun}s'}"
