"""What an import would do, as data: the files to write, and everything a person should know about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.errors import Problem


@dataclass(frozen=True, slots=True)
class Planned:
    """One notice file to write."""

    source: str
    """The file it comes from, relative to the portal's root."""
    target: Path
    file: str
    """The same, relative to the portal's root."""
    id: str
    language: str
    translation: bool
    """Whether it renders another file's notice in a further language."""
    draft: bool
    data: bytes
    """The whole file: front matter of ours, then the source's body byte for byte."""
    mapped: tuple[tuple[str, str], ...]
    """Key of the source, and the key it became."""


@dataclass(frozen=True, slots=True)
class Import:
    """The outcome of every file of a folder. Each Markdown file is planned, already there, left, refused or skipped."""

    folder: Path
    planned: tuple[Planned, ...]
    guessed: tuple[Problem, ...]
    """What no key said and the file's name, place or text suggested; one line each, to be looked over."""
    left: tuple[Problem, ...]
    """What a person must decide or mend; the notice is written nevertheless, unless the line says otherwise."""
    refused: tuple[Problem, ...]
    """Why a file was not imported."""
    already: tuple[str, ...]
    """Files that an earlier run imported, unchanged since."""
    skipped: Mapping[str, int]
    """What was passed over without a look, by reason."""

    @property
    def notices(self) -> int:
        return sum(not p.translation for p in self.planned)

    @property
    def translations(self) -> int:
        return sum(p.translation for p in self.planned)

    @property
    def drafts(self) -> int:
        return sum(p.draft for p in self.planned)

    @property
    def mapped(self) -> dict[tuple[str, str], int]:
        """(key of the source, key of the notice) to the number of files, the most frequent first."""
        return dict(Counter(pair for p in self.planned for pair in p.mapped).most_common())
