"""What a reader's first question costs on a board of 10,000 notices, in bytes that travel; beside Pagefind.

Chromium asks the built site as a reader does, in the header of the board, with nothing kept from before. Counted is
whatever is fetched from the first character typed until results stand there: scripts, index and excerpts, as a host
sends them. Pagefind indexes the same texts, one page each, and is asked for the same number of excerpts.
"""

from __future__ import annotations

import html
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench import board
from bench.build import build
from bench.figures import OURS, Figure
from bench.hosting import Host, served
from bench.running import CACHE, Failed, run

PAGEFIND = "1.5.2"
COUNT = 10_000
_LIMIT = 300_000
"""Bytes that the first question may fetch."""
_QUESTIONS = {
    "in simplified Chinese": "增值税",
    "in traditional Chinese": "滯納",
    "in English": "payroll",
    "in Chinese, half a sentence": next(board.notices(COUNT)).body.partition("，")[0],
}
_SHOWN = 10
"""Excerpts that are fetched to be shown."""
_CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
_ASK_PAGEFIND = """async ([word, shown]) => {
  const pagefind = await import("/pagefind/pagefind.js");
  const found = await pagefind.search(word);
  await Promise.all(found.results.slice(0, shown).map((result) => result.data()));
  return found.results.length;
}"""


def measure(folder: Path) -> Iterator[Figure]:
    portal, pages = folder / "portal", folder / "pages"
    board.portal(portal, COUNT)
    build(portal)
    yield from _size(OURS, portal / "site" / "search")
    with _asking() as browser:
        if browser is None:
            yield Figure("first question", None, "B", note="chromium is not installed; run: apt-get install chromium")
            return
        yield from _asked(browser, portal / "site", OURS, _in_the_header)
        shutil.rmtree(portal)
        try:
            _pagefind(pages)
        except Failed as failure:
            yield Figure("search index", None, "MB", "Pagefind", note=str(failure).splitlines()[0][:80])
            return
        yield from _size("Pagefind", pages / "pagefind")
        yield from _asked(browser, pages, "Pagefind", _of_pagefind)


def _size(subject: str, index: Path) -> Iterator[Figure]:
    """How large an index is on the disk, uncompressed as far as it is not compressed by itself."""
    sizes = [file.stat().st_size for file in index.rglob("*") if file.is_file()]
    yield Figure(f"search index of {COUNT:,} notices", sum(sizes) / 1e6, "MB", subject, note=f"{len(sizes):,} files")


@contextmanager
def _asking() -> Iterator[Browser | None]:
    """Chromium, where it is installed."""
    found = shutil.which("chromium")
    if found is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_CHROMIUM))
        yield browser
        browser.close()


def _asked(browser: Browser, site: Path, subject: str, ask: Callable[[Page, str], int]) -> Iterator[Figure]:
    """Each question as the first one of somebody who was never there before."""
    with served(site) as host:
        for name, word in _QUESTIONS.items():
            page = browser.new_context().new_page()
            page.goto(host.address + ("" if "Chinese" in name else "en/"))
            page.wait_for_load_state("networkidle")
            host.sent.clear()
            found = ask(page, word)
            page.wait_for_load_state("networkidle")
            note = f"“{word}”: {len(host.sent)} requests, {found:,} found"
            limit = _LIMIT if subject == OURS else None
            yield Figure(f"first question {name}", _bytes(host), "B", subject, limit=limit, note=note)
            page.context.close()


def _bytes(host: Host) -> int:
    return sum(size for _, size in host.sent)


def _in_the_header(page: Page, word: str) -> int:
    """Ask as a reader does; how many notices the search says that it found."""
    page.keyboard.press("/")
    page.keyboard.insert_text(word)
    page.locator(".dn-search__result").first.wait_for()
    said = page.locator(".dn-search__panel [role=status]").inner_text()
    return int("".join(letter for letter in said if letter.isdigit()) or "0")


def _of_pagefind(page: Page, word: str) -> int:
    found: int = page.evaluate(_ASK_PAGEFIND, [word, _SHOWN])
    return found


def _pagefind(pages: Path) -> None:
    """The same texts as pages of nothing else, and Pagefind's index of them. Raises Failed where it cannot be had."""
    home = CACHE / f"pagefind-{PAGEFIND}"
    python = home / "bin" / "python"
    if not python.exists():
        run([sys.executable, "-m", "venv", home])
        run([python, "-m", "pip", "install", "--quiet", f"pagefind[extended]=={PAGEFIND}"])
    for language, place in (("zh", ""), ("en", "en/")):
        _put(pages / place / "index.html", language, "Notices", "")
    for one in board.notices(COUNT):
        _put(pages / f"{one.name}.html", one.language, one.title, one.body)
    run([python, "-m", "pagefind", "--site", pages, "--quiet"])


def _put(file: Path, language: str, title: str, body: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in body.splitlines() if line)
    head = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
    )
    file.write_text(f"{head}<body><main><h1>{html.escape(title)}</h1>{lines}</main></body></html>", encoding="utf-8")
