"""What the engine rendered, taken apart once: shells to pour pages into, and the content pages and assets to pass on.

The engine (MkDocs and its theme) is started only when something it reads has changed. Nothing here imports it: whoever
calls hands over the function that renders.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import quote, urljoin

from portal import addresses, parallel
from portal.config import CONFIG_FILE, Settings
from portal.errors import Location, PortalError, Problem, Severity
from portal.installed import Missing, version
from portal.prose import Heading
from portal.words import TEMPLATES

Render = Callable[[Settings, Path], None]
"""Renders every language of a portal's own pages into `<folder>/<language>/`, and notes what is wrong with them."""

SHELLS = "_shells"
"""The folder in a language's output that holds the shells; it is never published."""
OUTLINED, PLAIN = "outlined", "plain"
"""The two shells of a language: with tables of contents, and without."""

BOARD = "<!-- duenotice:board -->"
"""Where the board goes on the home page."""

_SLOT = re.compile(r"/duenotice:([A-Za-z-]+)/")
_BLANK = re.compile(r"\s*\n\s*")
_PACKAGES = ("duenotice", "mkdocs", "mkdocs-material", "jinja2", "markdown", "pymdown-extensions")
_STORE = "engine"
"""The folder of the cache that holds what the engine rendered."""
_PROBLEMS = "problems.json"
_SUM = "sum"
"""The file of a rendering that tells whether it is whole."""


def slot(name: str) -> str:
    """The mark that a shell carries where something is poured in; it looks like a path, so that URL filters keep it."""
    return f"/duenotice:{name}/"


class Page(NamedTuple):
    """What is poured into a shell."""

    path: str
    """Its address below the site's root."""
    title: str
    description: str
    body: bytes
    """HTML as UTF-8, with the page's one h1; several pages may have the same."""
    headings: tuple[Heading, ...] = ()
    canonical: str | None = None
    """The path that search engines shall list instead of this page's own."""
    switch: Mapping[str, str] = {}
    """Language to the path that its entry in the language menu leads to."""
    translations: tuple[str, ...] = ()
    """The languages of `switch` in which the same text really exists."""
    listed: bool = True
    """Whether search engines may list it."""
    selector: str = ""
    """The header's menu of versions and editions, as HTML."""


class Shell(NamedTuple):
    """A rendered page cut at its slots, as UTF-8."""

    literals: tuple[bytes, ...]
    """What stands before, between and after them."""
    slots: tuple[str, ...]

    def pour(self, values: Mapping[str, bytes]) -> bytes:
        """The page with its slots filled. Raises KeyError for a slot without a value."""
        poured = [b""] * (len(self.literals) + len(self.slots))
        poured[::2] = self.literals
        poured[1::2] = [values[name] for name in self.slots]
        return b"".join(poured)


@dataclass(frozen=True, slots=True)
class Shells:
    """Everything that the engine made, ready for use."""

    settings: Settings
    mark: str
    """The same as long as the engine would render the same."""
    files: Mapping[str, Path]
    """Path below the site's root to the file: the theme's assets, and the content pages except home."""
    contents: Mapping[str, Mapping[str, str]]
    """The path of a content page without its language to its path in each language it is written in; home is ''."""
    problems: tuple[Problem, ...]
    _shells: Mapping[tuple[str, str], Shell]
    _homes: Mapping[str, tuple[str, str]]

    def pour(self, language: str, page: Page) -> bytes:
        """A page of the site in a language's shell."""
        settings = self.settings
        shell = self._shells[language, OUTLINED if page.headings else PLAIN]
        values = {
            "title": html.escape(page.title),
            "description": html.escape(page.description),
            "robots": "all" if page.listed else "noindex",
            "address": html.escape(settings.base + page.path),
            "canonical": html.escape(settings.site_url + (page.path if page.canonical is None else page.canonical)),
            "alternates": alternates(settings, {code: page.switch[code] for code in page.translations}),
            "selector": page.selector,
            "outline": outline(page.headings),
            "first": html.escape(page.headings[0].id) if page.headings else "",
        }
        for code in settings.languages:
            path = page.switch.get(code)
            home = addresses.of(code, settings.default_language).home
            values[f"to-{code}"] = html.escape(settings.base + (home if path is None else path))
        return shell.pour({"body": page.body, **{name: value.encode() for name, value in values.items()}})

    def home(self, language: str, board: str, selector: str) -> bytes:
        """The home page of a language, with the board in its place and the header's menu."""
        before, after = (half.replace(slot("selector"), selector) for half in self._homes[language])
        return (before + board + after).encode()

    def content(self, path: str, selectors: Mapping[str, str]) -> bytes:
        """One of `files`; a page gets the header's menu in its language."""
        data = self.files[path].read_bytes()
        if not path.endswith(".html"):
            return data
        default = self.settings.default_language
        own = (code for code in selectors if code != default and path.startswith(addresses.of(code, default).prefix))
        return data.replace(slot("selector").encode(), selectors[next(own, default)].encode())


def alternates(settings: Settings, translations: Mapping[str, str]) -> str:
    """The lines of a page's head that tell search engines its paths in other languages; nothing for a single one."""
    # The space keeps the theme's script from asking each of these addresses for a sitemap of its own: it looks for
    # exactly [rel=alternate], while HTML takes rel as words between spaces.
    return "".join(
        f'<link rel="alternate " hreflang="{language}" href="{html.escape(settings.site_url + path)}">'
        for language, path in (translations.items() if len(translations) > 1 else ())
    )


def outline(headings: Sequence[Heading]) -> str:
    """Headings as the items of the theme's table of contents, deeper ones inside those above them."""
    items = []
    at = 0
    while at < len(headings):
        heading, below = headings[at], at + 1
        while below < len(headings) and headings[below].level > heading.level:
            below += 1
        text, inner = html.escape(heading.text), outline(headings[at + 1 : below])
        nested = f'<nav class="md-nav" aria-label="{text}"><ul class="md-nav__list">{inner}</ul></nav>' if inner else ""
        items.append(
            f'<li class="md-nav__item"><a href="#{html.escape(heading.id)}" class="md-nav__link">'
            f'<span class="md-ellipsis">{text}</span></a>{nested}</li>'
        )
        at = below
    return "".join(items)


_ATTRIBUTES = r"""(?:[^<>"']|"[^"]*"|'[^']*')*"""
_TAGS = re.compile(
    rf"<!--.*?-->|(<(script|style|textarea)\b{_ATTRIBUTES}>)(.*?)(?=</\2)|<[a-z]{_ATTRIBUTES}>",
    re.DOTALL | re.IGNORECASE,
)
_URL = re.compile(r"""(\s(?:href|src|poster|data|action)=)(["'])(.*?)\2""", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/|#", re.IGNORECASE)


def absolute(page: str, address: str) -> str:
    """A rendered page with every relative URL in it made an absolute path, so that it reads the same at any depth.

    `address` is the page's own path on its host. Fragments, absolute paths and other hosts stay as they are.
    """

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0] if match[0].startswith("<!--") else _URL.sub(url, match[0])
        return _URL.sub(url, match[1]) + match[3]

    def url(match: re.Match[str]) -> str:
        target = html.unescape(match[3])
        if _ELSEWHERE.match(target):
            return match[0]
        return f'{match[1]}"{html.escape(urljoin(address, target))}"'

    return _TAGS.sub(one, page)


def fetch(settings: Settings, render: Render, mark: str | None = None) -> Shells:
    """The shells of a portal, rendered anew only if something that the engine reads has changed: `mark` is its
    fingerprint, if that is known.

    A rendering is made in a folder of its own and then renamed, so that a killed one leaves nothing that counts.
    Raises PortalError where the engine cannot render.
    """
    store = settings.cache_dir / _STORE
    rendered = store / (mark or fingerprint(settings))
    if not _is_whole(rendered):
        _remove(rendered)
        store.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=store, prefix=".rendering-") as folder:
            fresh = Path(folder, "fresh")
            render(settings, fresh)
            (fresh / _SUM).write_text(_sum(fresh), encoding="ascii")
            try:
                fresh.rename(rendered)
            except OSError:
                if not rendered.is_dir():  # it is there when another build was faster
                    raise
        _forget_old(store, rendered)
    return load(settings, rendered)


def ahead(settings: Settings, render: Render) -> Callable[[], None]:
    """Have the engine render beside whatever is done meanwhile, where it never did; what is given back waits for it.

    Why it cannot, `fetch` will say.
    """
    if (settings.cache_dir / _STORE).is_dir():
        return lambda: None
    return parallel.aside(partial(_try, settings, render))


def _try(settings: Settings, render: Render) -> None:
    with suppress(PortalError, OSError):
        fetch(settings, render)


def forget(settings: Settings) -> None:
    """Have the next `fetch` render anew."""
    shutil.rmtree(settings.cache_dir / _STORE, ignore_errors=True)


def _forget_old(store: Path, current: Path) -> None:
    """Remove what an earlier state of the portal, or a killed rendering, left more than an hour ago."""
    newest = current.stat().st_mtime
    for other in store.iterdir():
        if other != current and other.stat().st_mtime < newest - 3600:
            _remove(other)


def _is_whole(rendered: Path) -> bool:
    """Whether a rendering is there as it was made: half a megabyte, looked at in milliseconds."""
    try:
        return (rendered / _SUM).read_text(encoding="ascii") == _sum(rendered)
    except (OSError, ValueError):
        return False


def _sum(rendered: Path) -> str:
    """A hash of every file of a rendering. Raises OSError."""
    digest = hashlib.sha256()
    for file in sorted(rendered.rglob("*")):
        if file.name != _SUM and not file.is_dir():
            data = file.read_bytes()
            digest.update(f"{file.relative_to(rendered).as_posix()}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()


def _remove(rendered: Path) -> None:
    if rendered.is_dir():
        shutil.rmtree(rendered, ignore_errors=True)
    else:
        rendered.unlink(missing_ok=True)


def fingerprint(settings: Settings) -> str:
    """A hash of everything that the engine's output depends on; notices and clients are not among it.

    Raises PortalError where a package of the engine is missing.
    """
    digest = hashlib.sha256()
    try:
        facts = [settings.site_url, sys.version, *(f"{name} {version(name)}" for name in _PACKAGES)]
    except Missing as error:
        raise PortalError(f"{error} is not installed", "install requirements.txt and this program itself") from error
    digest.update("\0".join(facts).encode())
    for name, file in _read_by_the_engine(settings):
        data = file.read_bytes()
        digest.update(f"\0{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:32]


def _read_by_the_engine(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Every file that MkDocs reads for a portal, with a name that does not depend on where the portal lies."""
    options = settings.document.data
    theme, hooks = options.get("theme"), options.get("hooks")
    files = [CONFIG_FILE, options.get("INHERIT"), *(hooks if isinstance(hooks, list) else [])]
    folders = [options.get("docs_dir") or "docs", theme.get("custom_dir") if isinstance(theme, dict) else None]
    for name in files:
        if isinstance(name, str) and (settings.root / name).is_file():
            yield name, settings.root / name
    yield "", Path(__file__).with_name("mkdocs_plugin.py")
    ours = [TEMPLATES / "theme", TEMPLATES / "words"]
    for folder in [*ours, *(settings.root / name for name in folders if isinstance(name, str))]:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                yield file.relative_to(folder).as_posix(), file


def load(settings: Settings, rendered: Path) -> Shells:
    """Read what the engine rendered into `rendered/<language>/`."""
    files: dict[str, Path] = {}
    contents: dict[str, dict[str, str]] = {"": {}}
    shells: dict[tuple[str, str], Shell] = {}
    homes: dict[str, tuple[str, str]] = {}
    for language in settings.languages:
        prefix = addresses.of(language, settings.default_language).prefix
        folder = rendered / language
        for kind in (OUTLINED, PLAIN):
            own = f"{SHELLS}/{kind}/"
            shells[language, kind] = _cut(
                (folder / own / "index.html").read_text(encoding="utf-8"), settings.base + own
            )
        before, mark, after = (folder / prefix / "index.html").read_text(encoding="utf-8").partition(BOARD)
        assert mark, "the plugin sees to it that home has a place for the board"
        homes[language] = (before, after)
        contents[""][language] = prefix
        # A pass for another language repeats assets and the pages without a language; only its own are taken from it.
        for file in sorted((folder / prefix).rglob("*")):
            path = file.relative_to(folder).as_posix()
            if not file.is_file() or path.startswith(f"{SHELLS}/") or path == f"{prefix}index.html":
                continue
            files[path] = file
            address = path.removesuffix("index.html")
            if address != path and _is_original(file, settings.site_url + quote(address)):
                contents.setdefault(address.removeprefix(prefix), {})[language] = address
    return Shells(settings, rendered.name, files, contents, _problems(rendered), shells, homes)


def _is_original(page: Path, address: str) -> bool:
    """Whether a page is listed under its own address, rather than standing in for a missing translation."""
    return f'rel="canonical" href="{html.escape(address)}"' in page.read_text(encoding="utf-8")


def _cut(page: str, own: str) -> Shell:
    page = _BLANK.sub("\n", page)  # templates leave a third of a page empty, and there is one for every version
    parts = _SLOT.split(page.replace(f'href="{own}"', f'href="{slot("address")}"'))
    if "body" not in parts[1::2]:
        raise PortalError(
            "the theme's templates show no page content", "let your own main.html extend the one of Duenotice"
        )
    return Shell(tuple(part.encode() for part in parts[::2]), tuple(parts[1::2]))


def note(rendered: Path, problems: Sequence[Problem]) -> None:
    """Keep the problems of a rendering with it, so that they are told as long as its output is used."""
    (rendered / _PROBLEMS).write_text(json.dumps([p.as_json() for p in problems]), encoding="utf-8")


def _problems(rendered: Path) -> tuple[Problem, ...]:
    file = rendered / _PROBLEMS
    found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    return tuple(
        Problem(
            Location(p["file"], p["line"], p["column"]), p["code"], p["message"], p["hint"], Severity(p["severity"])
        )
        for p in found
    )
