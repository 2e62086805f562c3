"""Public boards at full size: a first build, one after a change, and what each notice costs; beside their peers."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench import board
from bench.board import NOW
from bench.figures import Figure
from bench.portals import SECRET
from bench.running import REPOSITORY, Failed, Run, run

COUNT = 10_000
_OF_MKDOCS, _OF_HUGO = 0.55, 0.15
"""What is promised: a first build in that part of MkDocs' time, one after a change in that part of Hugo's."""
_TIMES = 5
"""What takes about a second is measured so often, and Hugo's build as often: the median of each is told."""
_SMALL, _LARGE = 1_000, 30_000
_COMMITS = 20_000


def measure(folder: Path) -> Iterator[Figure]:
    mkdocs = _peer(folder / "mkdocs")
    hugo = _peer(folder / "hugo")
    name, memory = f"{COUNT:,} notices, first build", f"memory for {COUNT:,} notices"
    portal = folder / "portal"
    board.portal(portal, COUNT)
    first = build(portal)
    limit = _OF_MKDOCS * mkdocs.seconds if isinstance(mkdocs, Run) else None
    yield Figure(name, first.seconds, "s", limit=limit, note="two languages, search included")
    yield Figure(memory, first.peak / 1e6, "MB", limit=350)
    for subject, done in (("MkDocs Material", mkdocs), ("Hugo", hugo)):
        if isinstance(done, Run):
            yield Figure(name, done.seconds, "s", subject)
            yield Figure(memory, done.peak / 1e6, "MB", subject)
        else:
            yield Figure(name, None, "s", subject, note=str(done).splitlines()[0][:80])
    yield Figure("build without a change", median(build(portal).seconds for _ in range(_TIMES)), "s")
    limit = _OF_HUGO * hugo.seconds if isinstance(hugo, Run) else None
    changed = median(_changed(portal, COUNT // 2 + nth) for nth in range(_TIMES))
    yield Figure("build after the words of one notice changed", changed, "s", limit=limit)
    board.retitle(portal, COUNT // 2)
    yield Figure("build after the title of one notice changed", build(portal).seconds, "s")
    yield Figure("files that a clean build makes otherwise", len(_differing(portal, folder / "clean")), "", limit=0)
    yield from _history(portal)
    shutil.rmtree(portal)
    yield from _each(folder, first)


def _changed(portal: Path, number: int) -> float:
    board.touch(portal, number)
    return build(portal).seconds


def build(portal: Path, *options: str) -> Run:
    """One run of `build.py build`, as people start it."""
    command: list[str | Path] = [sys.executable, REPOSITORY / "build.py", "build", "--root", portal, "--now", NOW]
    return run([*command, *options], environment={"PORTAL_SECRET": SECRET})


def _peer(folder: Path) -> Run | Failed:
    """A full build of the same texts by another generator, which must be installed: pip's MkDocs, Debian's Hugo."""
    try:
        if folder.name == "hugo":
            board.hugo(folder, COUNT)
            return sorted((_whole(folder) for _ in range(_TIMES)), key=lambda each: each.seconds)[_TIMES // 2]
        board.mkdocs(folder, COUNT)
        return run([sys.executable, "-m", "mkdocs", "build", "--quiet"], cwd=folder)
    except Failed as error:
        return error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _whole(hugo: Path) -> Run:
    """Hugo's build of all there is, where nothing was built before."""
    shutil.rmtree(hugo / "public", ignore_errors=True)
    return run(["hugo", "--quiet"], cwd=hugo)


def _differing(portal: Path, clean: Path) -> set[str]:
    """The files of a site that a build which remembers nothing makes with other bytes, or not at all."""
    shutil.copytree(portal, clean, ignore=shutil.ignore_patterns("site", ".site*", ".cache"))
    build(clean)
    ours, theirs = _hashes(portal / "site"), _hashes(clean / "site")
    shutil.rmtree(clean)
    return {path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)}


def _hashes(site: Path) -> dict[str, str]:
    files = (file for file in site.rglob("*") if file.is_file())
    return {file.relative_to(site).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _history(portal: Path) -> Iterator[Figure]:
    """The same board with a long history: what its reading adds once it was read."""
    board.age(portal, _COMMITS)
    build(portal)
    again = build(portal)
    yield Figure(f"build without a change, {_COMMITS:,} commits", again.seconds, "s")


def _each(folder: Path, first: Run) -> Iterator[Figure]:
    """Whether a notice costs the same on a small board and on a large one."""
    costs = {COUNT: first.seconds / COUNT}
    for count in (_SMALL, _LARGE):
        portal = folder / str(count)
        board.portal(portal, count)
        costs[count] = build(portal).seconds / count
        shutil.rmtree(portal)
    for count, seconds in sorted(costs.items()):
        yield Figure(f"first build, for each of {count:,} notices", seconds * 1000, "ms")
