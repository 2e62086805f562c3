"""The versions of each notice: the only caller of git.

Version k of a notice is its text with k-1 lines of `revisions`: the last such text on the first-parent history. One
`git log` lists every blob that ever stood in a notices folder, one `git cat-file` fetches those that are needed.
"""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from portal import states
from portal.config import Settings
from portal.errors import Problem, Severity
from portal.notice import Dossier, Text, Version
from portal.paper import Paper, as_paper, notice_of, rendered
from portal.sources import Filed, Sources


@dataclass(frozen=True, slots=True)
class History:
    """Every notice with its versions, and the commit they were read at."""

    dossiers: Mapping[str, Dossier]
    commit: str | None
    """Full hash of HEAD in the portal's repository; None without one."""
    problems: tuple[Problem, ...]


def read(settings: Settings, sources: Sources) -> History:
    """Find the texts of older versions. A missing one is a warning, in a shallow clone an error."""
    wanted = {file for filed in sources.notices.values() for file in _files_with_a_past(filed)}
    past = _Past(settings, wanted)
    problems: list[Problem] = []
    dossiers = {identity: _dossier(settings, filed, past, problems) for identity, filed in sources.notices.items()}
    return History(dossiers, head(settings.root), tuple(problems))


def _files_with_a_past(filed: Filed) -> Iterable[Path]:
    if filed.notice.version > 1:
        yield filed.paper.file
        yield from (paper.file for paper in filed.translations.values())


def _dossier(settings: Settings, filed: Filed, past: _Past, problems: list[Problem]) -> Dossier:
    notice = filed.notice
    originals: dict[int, Paper] = {notice.version: filed.paper}
    if notice.version > 1:
        for paper in past.papers(filed.paper.file):
            older, _ = notice_of(paper)
            if older is not None and older.id == notice.id:
                originals.setdefault(older.version, paper)
    versions = []
    for number in range(1, notice.version + 1):
        line = notice.revisions[number - 2] if number > 1 else None
        texts: dict[str, Text] = {}
        original = originals.get(number)
        if original is None:
            problems.append(_unavailable(filed, number, past))
        else:
            facts, _ = notice_of(original)
            assert facts is not None
            texts[original.language] = Text(original.language, facts, original.body, original.shown, original.body_line)
            for language, working in filed.translations.items():
                text = _translation(original, number, working, past, problems)
                if text is not None:
                    texts[language] = text
        versions.append(
            Version(
                number=number,
                on=states.instant(line.on if line else notice.date, settings.zone),
                note=line.note if line else "",
                minor=line.minor if line else False,
                texts=texts,
                language=filed.paper.language,
            )
        )
    return Dossier(notice.id, tuple(versions))


def _translation(original: Paper, number: int, working: Paper, past: _Past, problems: list[Problem]) -> Text | None:
    """The words of one language for one version: the working file's, or the last in history that rendered it."""
    if working.translates == number:
        text, found = rendered(original, working)
        problems += found
        return text
    for paper in past.papers(working.file):
        if paper.translates == number:
            text, _ = rendered(original, paper)
            if text is not None:
                return text
    return None


def _unavailable(filed: Filed, number: int, past: _Past) -> Problem:
    where = filed.paper.at("revisions")
    message = f"the text of version {number} is not in the history"
    if past.shallow:
        return Problem(
            where, "shallow-clone", message, "fetch the whole history: git fetch --unshallow (in CI: fetch-depth: 0)"
        )
    hint = "commit each version by itself; until then its page says that the text is unavailable"
    if not past.repository:
        hint = "there is no git repository here, so only the working texts are known"
    return Problem(where, "version-unavailable", message, hint, Severity.WARNING)


class _Past:
    """What once stood in certain files, newest first."""

    def __init__(self, settings: Settings, files: set[Path]) -> None:
        self._settings = settings
        self.repository = False
        self.shallow = False
        self._papers: dict[Path, list[Paper]] = {}
        for folder in settings.notice_dirs():
            inside = {file for file in files if file.is_relative_to(folder)}
            top = _git(folder, "rev-parse", "--is-shallow-repository") if folder.is_dir() else None
            if top is None:
                continue
            self.repository = True
            self.shallow = self.shallow or top.strip() == b"true"
            if inside:
                self._load(folder, inside)

    def papers(self, file: Path) -> list[Paper]:
        """The committed states of a file that can be read, newest first."""
        return self._papers.get(file, [])

    def _load(self, folder: Path, files: set[Path]) -> None:
        blobs = _blobs(folder, files)
        texts = _contents(folder, {blob for listed in blobs.values() for blob in listed})
        for file, listed in blobs.items():
            read = [
                as_paper(self._settings, folder / then, texts[blob])[0]
                for blob, then in listed.items()
                if blob in texts
            ]
            self._papers[file] = [paper for paper in read if paper is not None]


def head(folder: Path) -> str | None:
    """The full hash of the commit checked out, or None without a repository or commit."""
    out = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    return out.decode("ascii").strip() if out else None


def _blobs(folder: Path, files: set[Path]) -> dict[Path, dict[str, str]]:
    """Of each file the blobs on the first-parent history, newest first, with the path each had then.

    A file counts as renamed from 30 % of likeness on, because people rename and revise in one go; that the id is
    the same is checked by whoever reads the texts.
    """
    out = _git(
        folder,
        "log",
        "--first-parent",
        "-m",
        "--raw",
        "--no-abbrev",
        "-M30%",
        "-z",
        "--relative",
        "--format=",
        "--",
        ".",
    )
    follows = {file.relative_to(folder).as_posix(): file for file in files}
    result: dict[Path, dict[str, str]] = {file: {} for file in files}
    fields = iter((out or b"").split(b"\0"))
    for entry in fields:
        entry = entry.lstrip(b"\n")
        if not entry.startswith(b":"):
            continue
        _, _, _, new, status = entry.decode("ascii").split(" ")
        path = next(fields, b"").decode("utf-8", "surrogateescape")
        if status[0] in "RC":
            source, path = path, next(fields, b"").decode("utf-8", "surrogateescape")
            if path in follows and status[0] == "R":
                follows.setdefault(source, follows[path])
        file = follows.get(path)
        if file is not None and set(new) != {"0"}:
            result[file].setdefault(new, path)
    return result


def _contents(folder: Path, blobs: set[str]) -> dict[str, bytes]:
    wanted = sorted(blobs)
    out = _git(folder, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode("ascii"))
    result: dict[str, bytes] = {}
    at = 0
    data = out or b""
    while at < len(data):
        end = data.index(b"\n", at)
        head_fields = data[at:end].decode("ascii").split(" ")
        if len(head_fields) != 3:  # "<hash> missing", as in a partial clone
            at = end + 1
            continue
        size = int(head_fields[2])
        result[head_fields[0]] = data[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return result


def _git(folder: Path, *arguments: str, stdin: bytes | None = None) -> bytes | None:
    """Run git and return what it prints; None where there is no git, no repository or no commit."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), "-c", "core.quotePath=false", *arguments],  # noqa: S607
            input=stdin if stdin is not None else b"",
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def commit_time(folder: Path) -> dt.datetime | None:
    """When the commit checked out was made."""
    out = _git(folder, "log", "-1", "--format=%cI")
    return dt.datetime.fromisoformat(out.decode("ascii").strip()) if out and out.strip() else None


def is_ancestor(folder: Path, older: str, newer: str) -> bool:
    """Whether commit `newer` is `older` or comes after it; False also where one of them is not known here."""
    return _git(folder, "merge-base", "--is-ancestor", older, newer) is not None
