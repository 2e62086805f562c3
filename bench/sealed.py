"""Sealed pages at full size: a first build, one without a change, one after a change; and beside their peers."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import markdown

from bench import peers, portals
from bench.figures import OURS, Figure
from bench.portals import FULL, NOW, SECRET, Size
from bench.running import REPOSITORY, Failed, Run, run
from portal import config, sealing
from portal.cli import reading

_PAGES = 200
_LISTED = 5


def measure(folder: Path) -> Iterator[Figure]:
    portal = folder / "portal"
    portals.write(portal, FULL)
    first = build(portal)
    yield Figure("first build, 10,000 clients, Markdown included", first.seconds, "s")
    yield Figure("memory of the first build", first.peak / 1e6, "MB", limit=500)
    yield Figure(f"largest index of {_LISTED} notices", _largest_index(portal), "B", limit=4096)
    _forget_all_but_prose(portal)
    yield Figure("first build, 10,000 clients, texts converted before", build(portal).seconds, "s", limit=20)
    again = build(portal)
    yield Figure("build without a change", again.seconds, "s", limit=2)
    portals.touch(portal, "private-0101")
    changed = build(portal)
    yield Figure("build after one notice changed", changed.seconds, "s", limit=2)
    yield Figure("memory of that build", changed.peak / 1e6, "MB", limit=500)
    yield from beside_peers(folder / "peers")


def _largest_index(portal: Path) -> int:
    """Bytes of the largest file in which a contact's notices are listed, where they are so many."""
    plan = reading.read(portal, NOW).plan
    secret = config.secret({"PORTAL_SECRET": SECRET})
    assert secret is not None, "it is given"
    full = [binder for binder in plan.binders if len(binder.sheets) == _LISTED]
    names = [sealing.code(secret, binder.holder.key, binder.holder.epoch).index_name for binder in full]
    return max((portal / "site/my/s" / name).stat().st_size for name in names)


def _forget_all_but_prose(portal: Path) -> None:
    """Take away the site and what is remembered of it, and leave the texts that were converted."""
    settings = config.load(portal)
    shutil.rmtree(portal / "site")
    for file in settings.cache_dir.iterdir():
        if not file.name.startswith("prose"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()


def beside_peers(folder: Path) -> Iterator[Figure]:
    """The same 200 notices by each: as private notices, as HTML pages with a password, as MkDocs pages with one.

    Ours has its whole site made and checked, MkDocs' part included; StatiCrypt is given finished pages.
    """
    portal = folder / "portal"
    portals.write(portal, Size(clients=40, private=_PAGES, public=0, values=False))
    pages = folder / "pages"
    pages.mkdir()
    for file in sorted((portal / "notices/2026").glob("private-*.md")):
        text = file.read_text(encoding="utf-8").split("\n---\n", 1)[1]
        (pages / f"{file.name.split('.')[0]}.md").write_text(text, encoding="utf-8")
        page = f"<!doctype html><html><body>{markdown.markdown(text)}</body></html>"
        (pages / f"{file.name.split('.')[0]}.html").write_text(page, encoding="utf-8")
    yield from _figures(OURS, lambda: build(portal), portal / "site" / "my" / "s", "*")
    out = folder / "staticrypt"
    yield from _figures(f"StatiCrypt {peers.STATICRYPT}", lambda: peers.staticrypt(pages, out), out, "*.html")
    mkdocs = folder / "mkdocs"
    name = f"encryptcontent {peers.ENCRYPTCONTENT}"
    yield from _figures(name, lambda: peers.encryptcontent(pages, mkdocs), mkdocs / "site", "private-*/index.html")


def _figures(subject: str, work: Callable[[], Run], out: Path, pattern: str) -> Iterator[Figure]:
    """Time, memory and size of one run; what is not there is told as absent."""
    time, memory, size = f"{_PAGES} pages", f"memory for {_PAGES} pages", f"bytes of {_PAGES} locked pages"
    try:
        done = work()
    except Failed as error:
        for name, unit in ((time, "s"), (memory, "MB"), (size, "B")):
            yield Figure(name, None, unit, subject, note=str(error).splitlines()[0][:80])
        return
    yield Figure(time, done.seconds, "s", subject)
    yield Figure(memory, done.peak / 1e6, "MB", subject)
    yield Figure(size, sum(file.stat().st_size for file in out.glob(pattern)), "B", subject)


def build(portal: Path) -> Run:
    """One run of `build.py build`, as people start it."""
    command: list[str | Path] = [sys.executable, REPOSITORY / "build.py", "build", "--root", portal, "--now", NOW]
    return run(command, environment={"PORTAL_SECRET": SECRET})
