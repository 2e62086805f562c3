"""The versions of each notice, and what once stood in the registry: the only caller of git.

Version k of a notice is its text with k-1 lines of `revisions`: the last such text on the first-parent history. One
`git log` lists every blob that ever stood in a notices folder, one `git cat-file` fetches those that are needed. What
an earlier build listed and read is not asked for again: commits do not change, so only those since are listed.
"""

from __future__ import annotations

import datetime as dt
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from portal import epochs, states
from portal.config import Settings
from portal.errors import PortalError, Problem, Severity
from portal.notice import Dossier, Notice, Text, Version
from portal.paper import Paper, as_paper, notice_of, rendered
from portal.readings import Readings
from portal.sources import Filed, Sources

ROOM = "history"
"""Where readings keep what was committed: texts by their blobs, and"""
_LOG = "log "
"""by what begins so, what git says of a folder."""
_FOR_EVER = [0, 0, 0, 0]
"""The stamp of what cannot change: commits, and files by their hash."""


class History(NamedTuple):
    """Every notice with its versions, and the commit they were read at."""

    dossiers: Mapping[str, Dossier]
    commit: str | None
    """Full hash of HEAD in the portal's repository; None without one."""
    problems: tuple[Problem, ...]


class Committed(NamedTuple):
    """A state of a file that was committed."""

    paper: Paper
    notice: Notice | None
    """What its front matter describes, where that can be read."""
    at: dt.datetime
    """When: the committer's clock, timezone-aware."""


def read(settings: Settings, sources: Sources, readings: Readings | None = None) -> History:
    """Find the texts of older versions. A missing one is a warning, in a shallow clone an error.

    What `readings` hold of an earlier build is not read again.
    """
    automatic = settings.options.versions == "automatic"
    wanted = {
        paper.file
        for filed in sources.notices.values()
        if automatic or filed.notice.version > 1
        for paper in (filed.paper, *filed.translations.values())
    }
    past = _Past(settings, wanted, readings or Readings())
    problems: list[Problem] = []
    made = _by_change if automatic else _by_revision
    dossiers = {
        identity: Dossier(identity, tuple(made(settings, filed, past, problems)))
        for identity, filed in sources.notices.items()
    }
    return History(dossiers, head(settings.root), tuple(problems))


def _by_revision(settings: Settings, filed: Filed, past: _Past, problems: list[Problem]) -> Iterator[Version]:
    """`versions: revisions`: version k has k-1 lines; its text is the last one that had."""
    notice = filed.notice
    originals: dict[int, tuple[Paper, Text]] = {notice.version: (filed.paper, filed.text())}
    if notice.version > 1:
        for committed in past.states(filed.paper.file):
            older = committed.notice
            if older is not None and older.id == notice.id:
                originals.setdefault(older.version, (committed.paper, _as_text(committed.paper, older)))
    for number in range(1, notice.version + 1):
        line = notice.revisions[number - 2] if number > 1 else None
        texts: dict[str, Text] = {}
        original = originals.get(number)
        if original is None:
            problems.append(_unavailable(filed, number, past))
        else:
            paper, texts[paper.language] = original
            for language, working in filed.translations.items():
                text = _translation(paper, number, working, past, problems)
                if text is not None:
                    texts[language] = text
        yield Version(
            number=number,
            on=states.instant(line.on if line else notice.date, settings.zone),
            note=line.note if line else "",
            minor=line.minor if line else False,
            texts=texts,
            language=filed.paper.language,
        )


def _by_change(settings: Settings, filed: Filed, past: _Past, problems: list[Problem]) -> Iterator[Version]:
    """`versions: automatic`: every text that stood published for a while is a version, whatever it says of itself.

    A text was published if its own date had come before the next one replaced it. The first is dated by its front
    matter, since it may be older than the repository; the others by their commits, which are taken to run forwards.
    """
    live = _live(settings, filed, past)
    for number, (paper, notice, on) in enumerate(live, start=1):
        until = live[number][2] if number < len(live) else None
        original = _as_text(paper, notice)
        texts = {original.language: original}
        for language, working in filed.translations.items():
            states_then = (c.paper for c in past.states(working.file) if until is None or c.at < until)
            translation = working if until is None else next(states_then, None)
            if translation is not None:
                text, found = rendered(paper, translation)
                if text is not None:
                    texts[language] = text
                elif until is None:
                    problems += found
        revisions = original.notice.revisions
        note = revisions[-1].note if number > 1 and revisions else ""
        yield Version(number, on, note, minor=False, texts=texts, language=filed.paper.language)


def _live(settings: Settings, filed: Filed, past: _Past) -> list[tuple[Paper, Notice, dt.datetime]]:
    """The original's texts that were published, oldest first, each with when; at least the working text."""
    committed = list(reversed(past.states(filed.paper.file)))
    working = Committed(
        filed.paper, filed.notice, committed[-1].at if committed else states.instant(filed.notice.date, settings.zone)
    )
    distinct = [working]
    for older in reversed(committed):
        if (older.paper.data, older.paper.body) == (distinct[0].paper.data, distinct[0].paper.body):
            distinct[0] = older
        elif older.notice is not None:
            distinct.insert(0, older)
    live: list[tuple[Paper, Notice, dt.datetime]] = []
    for position, state in enumerate(distinct):
        notice = state.notice
        assert notice is not None, "only readable states are kept"
        on = states.instant(notice.date, settings.zone)
        if live:
            on = max(on, state.at, live[-1][2])
        last = position == len(distinct) - 1
        if last or (on < distinct[position + 1].at and not notice.draft):
            live.append((state.paper, notice, on))
    return live


def _as_text(paper: Paper, notice: Notice) -> Text:
    return Text(
        paper.language,
        notice,
        paper.body,
        paper.shown,
        paper.body_line,
        sha256=paper.sha256,
        front=paper.front,
        links=paper.links,
    )


def _translation(original: Paper, number: int, working: Paper, past: _Past, problems: list[Problem]) -> Text | None:
    """The words of one language for one version: the working file's, or the last in history that rendered it."""
    if working.translates == number:
        text, found = rendered(original, working)
        problems += found
        return text
    for committed in past.states(working.file):
        if committed.paper.translates == number:
            text, _ = rendered(original, committed.paper)
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

    def __init__(self, settings: Settings, files: set[Path], readings: Readings) -> None:
        self._settings = settings
        self._readings = readings
        self.repository = False
        self.shallow = False
        self._states: dict[Path, list[Committed]] = {}
        if not files:
            return
        for folder in settings.notice_dirs():
            inside = {file for file in files if file.is_relative_to(folder)}
            top = _git(folder, "rev-parse", "--is-shallow-repository") if folder.is_dir() else None
            if top is None:
                continue
            self.repository = True
            self.shallow = self.shallow or top.strip() == b"true"
            if inside:
                self._load(folder, inside)

    def states(self, file: Path) -> list[Committed]:
        """The committed states of a file that can be read, newest first."""
        return self._states.get(file, [])

    def _load(self, folder: Path, files: set[Path]) -> None:
        log = _log(folder, self._readings, whole=not self.shallow)
        past = {
            file: [(blob, self._readings.recall(ROOM, str(blob), _FOR_EVER)) for blob in blobs]
            for file, blobs in _blobs(folder, files, log).items()
        }
        new = {blob.name for blobs in past.values() for blob, known in blobs if known is None}
        texts = _contents(folder, new) if new else {}
        for file, blobs in past.items():
            found = self._states[file] = []
            for blob, known in blobs:
                if known is None and blob.name in texts:
                    paper = as_paper(self._settings, folder / blob.path, texts[blob.name])[0]
                    known = (paper, notice_of(paper)[0] if paper is not None else None)
                    self._readings.keep(ROOM, str(blob), _FOR_EVER, known)
                if known is not None and known[0] is not None:
                    found.append(Committed(known[0], known[1], blob.at))


def holds_private(readings: Readings) -> bool:
    """Whether any committed text that a build read, and its readings hold, was written for some only."""
    room = readings.rooms.get(ROOM, {})
    papers = (said[0] for name, (_, said) in room.items() if not name.startswith(_LOG))
    return any(paper is not None and paper.data.get("audience", "public") != "public" for paper in papers)


class _Blob(NamedTuple):
    """What git kept of a file: the hash of its content, its path then, and when it was committed."""

    name: str
    path: str
    at: dt.datetime

    def __str__(self) -> str:
        return f"{self.name} {self.path}"


def texts_at(settings: Settings, revision: str) -> dict[Path, bytes]:
    """Every Markdown file and table of the notices folders as it stood where the history checked out left `revision`.

    That is `revision` itself where it is an ancestor; on a branch it is the fork, so that what others committed
    since is nobody's change here. A folder in another repository, which does not know `revision`, adds nothing.
    Raises PortalError where the portal's own repository does not know it.
    """
    result: dict[Path, bytes] = {}
    for inside, below, fork in _forks(settings, revision):
        out = _git(inside, "ls-tree", "-r", "-z", fork, "--", below if below == "." else f"{below}/")
        blobs: dict[str, list[str]] = {}
        for line in (out or b"").split(b"\0"):
            about, _, path = line.decode("utf-8", "surrogateescape").partition("\t")
            if path.endswith((".md", ".csv")):
                blobs.setdefault(about.split(" ")[2], []).append(path)
        texts = _contents(inside, set(blobs)) if blobs else {}
        result |= {inside / path: texts[blob] for blob, paths in blobs.items() if blob in texts for path in paths}
    return result


def altered_since(settings: Settings, revision: str) -> frozenset[Path]:
    """The files of the notices folders that have other bytes than there, or are gone. Raises as `texts_at`."""
    result: set[Path] = set()
    for inside, below, fork in _forks(settings, revision):
        order = ("diff", "--name-only", "--no-renames", "--diff-filter=MDT", "--relative", "-z")
        out = _git(inside, *order, fork, "--", below)
        result |= {inside / path.decode("utf-8", "surrogateescape") for path in (out or b"").split(b"\0") if path}
    return frozenset(result)


def _forks(settings: Settings, revision: str) -> Iterator[tuple[Path, str, str]]:
    """For each notices folder one that is there, the path from it, and the commit at which HEAD left `revision`."""
    if _fork(settings.root, revision) is None:
        hint = "name a commit, branch or tag that is here; in CI fetch the whole history (fetch-depth: 0)"
        raise PortalError(f"there is no revision '{revision}' to compare with", hint)
    for folder in settings.notice_dirs():
        inside = next(place for place in (folder, *folder.parents) if place.is_dir())
        fork = _fork(inside, revision)
        if fork is not None:
            yield inside, folder.relative_to(inside).as_posix(), fork


class Recorded(NamedTuple):
    """What one commit made of the registry."""

    commit: str
    """Its full hash."""
    at: dt.datetime
    """When: the committer's clock, timezone-aware."""
    files: Mapping[str, bytes | None]
    """File name to what it held from then on; None: it was removed."""


class RegistryHistory(NamedTuple):
    """What once stood in the registry, oldest first."""

    commits: tuple[Recorded, ...] = ()
    known: bool = False
    """Whether there is a repository to ask."""
    shallow: bool = False
    """Whether only the end of the history is here."""


def of_registry(settings: Settings, *, revised_only: bool = False) -> RegistryHistory:
    """The registry on the first-parent history. With `revised_only` without the client files that never changed."""
    folder = settings.registry_dir
    top = _git(folder, "rev-parse", "--is-shallow-repository") if folder.is_dir() else None
    if top is None:
        return RegistryHistory()
    changes = list(_changes(folder))
    times = Counter(name for _, _, found in changes for name in found)
    if revised_only:
        times.update(_uncommitted(folder))
    commits: list[tuple[str, dt.datetime, dict[str, str]]] = []
    for commit, at, found in reversed(changes):
        kept = {n: blob for n, blob in found.items() if not revised_only or times[n] > 1 or n == epochs.EPOCHS_FILE}
        if kept:
            commits.append((commit, at, kept))
    texts = _contents(folder, {blob for _, _, found in commits for blob in found.values() if blob})
    return RegistryHistory(
        tuple(
            Recorded(commit, at, {name: texts.get(blob, b"") if blob else None for name, blob in found.items()})
            for commit, at, found in commits
        ),
        known=True,
        shallow=top.strip() == b"true",
    )


def _uncommitted(folder: Path) -> list[str]:
    """The files right in a folder that are not as they were committed last."""
    out = _git(folder, "diff", "--name-only", "--no-renames", "--relative", "-z", "HEAD", "--", ".") or b""
    return [path.decode("utf-8", "surrogateescape") for path in out.split(b"\0") if path]


def _changes(folder: Path) -> Iterator[tuple[str, dt.datetime, dict[str, str]]]:
    """Commit, moment, and the blob of each file right in a folder that it changed, '' where removed; newest first."""
    order = ("log", "--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames", "-z", "--relative")
    out = _git(folder, *order, "--format=%x01%H %ct", "--", ".")
    found: dict[str, str] = {}
    fields = iter((out or b"").split(b"\0"))
    for entry in fields:
        entry = entry.lstrip(b"\n")
        if entry.startswith(b"\x01"):
            commit, _, at = entry[1:].decode("ascii").strip().partition(" ")
            found = {}
            yield commit, dt.datetime.fromtimestamp(int(at), dt.UTC), found
        elif entry.startswith(b":"):
            blob = entry.split(b" ")[3].decode("ascii")
            path = next(fields, b"").decode("utf-8", "surrogateescape")
            if "/" not in path and path.endswith((".yml", ".yaml", ".json")):
                found[path] = "" if set(blob) == {"0"} else blob


def _fork(folder: Path, revision: str) -> str | None:
    """The full hash of the commit at which HEAD left `revision`; without a common one, of `revision`."""
    known = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if known is None:
        return None
    commit = known.decode("ascii").strip()
    shared = _git(folder, "merge-base", commit, "HEAD")
    return shared.decode("ascii").strip() if shared else commit


def head(folder: Path) -> str | None:
    """The full hash of the commit checked out, or None without a repository or commit."""
    out = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    return out.decode("ascii").strip() if out else None


def recorded_between(folder: Path, older: str, newer: str) -> list[Path] | None:
    """The files of a folder that commits changed since, even if back; None where one is not the other's past."""
    if not _first_parents_lead(folder, newer, older):
        return None
    order = ("--first-parent", "-m", "--name-only", "--no-renames", "--relative", "-z", "--format=")
    out = _git(folder, "log", *order, f"{older}..{newer}") or b""
    return [folder / path.decode("utf-8", "surrogateescape") for path in out.split(b"\0") if path]


def _log(folder: Path, readings: Readings, *, whole: bool) -> bytes:
    """What git says of every commit on the first-parent history that changed a folder, newest first.

    A file counts as renamed from 30 % of likeness on, because people rename and revise in one go; that the id is
    the same is checked by whoever reads the texts. Only a `whole` history is remembered: what a shallow one ends with
    looks as if everything had begun there.
    """
    name, now = f"{_LOG}{folder}", head(folder)
    past = readings.recall(ROOM, name, _FOR_EVER) if whole else None
    if past is not None and past[0] != now and not _first_parents_lead(folder, now, past[0]):
        past = None
    order = ("--first-parent", "-m", "--raw", "--no-abbrev", "-M30%", "-z", "--relative", "--format=%x01%ct")
    if past is not None and past[0] == now:
        return bytes(past[1])
    span = [f"{past[0]}..{now}"] if past is not None else [now or "HEAD"]
    since = _git(folder, "log", *order, *span, "--", ".") or b""
    told = since + (past[1] if past is not None else b"")
    if whole and now is not None:
        readings.keep(ROOM, name, _FOR_EVER, (now, told))
    return told


def _first_parents_lead(folder: Path, newer: str | None, older: str) -> bool:
    """Whether a commit lies on the first-parent history of another: then what came before it is the same for both."""
    if newer is None or not is_ancestor(folder, older, newer):
        return False
    since = (_git(folder, "rev-list", "--first-parent", "--parents", f"{older}..{newer}") or b"").decode("ascii")
    return since.splitlines()[-1].split(" ")[1:2] == [older] if since else False


def _blobs(folder: Path, files: set[Path], log: bytes) -> dict[Path, list[_Blob]]:
    """Of each file the blobs in what git said of a folder, newest first."""
    follows = {file.relative_to(folder).as_posix(): file for file in files}
    result: dict[Path, list[_Blob]] = {file: [] for file in files}
    at = dt.datetime.fromtimestamp(0, dt.UTC)
    fields = iter(log.split(b"\0"))
    for entry in fields:
        entry = entry.lstrip(b"\n")
        if entry.startswith(b"\x01"):
            at = dt.datetime.fromtimestamp(int(entry[1:]), dt.UTC)
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
            result[file].append(_Blob(new, path, at))
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


def is_ancestor(folder: Path, older: str, newer: str) -> bool:
    """Whether commit `newer` is `older` or comes after it; False also where one of them is not known here."""
    return _git(folder, "merge-base", "--is-ancestor", older, newer) is not None


def knows(folder: Path, commit: str) -> bool:
    """Whether a commit is here. True also where nobody can tell: without a repository, or in a shallow clone."""
    if _git(folder, "rev-parse", "--is-shallow-repository") != b"false\n":
        return True
    return _git(folder, "cat-file", "-e", f"{commit}^{{commit}}") is not None
