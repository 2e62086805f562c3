"""The guest in MkDocs: one pass per language that renders a portal's own pages, and the shells for everything else.

The only import of MkDocs. build.py calls `render`; plain `mkdocs build` and `mkdocs serve` find the plugin by its entry
point and get the whole public site from it.
"""
# ruff: noqa: ARG002 - MkDocs hands every event all its arguments by name

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import CodeType

from jinja2 import Environment, FileSystemLoader
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, MkDocsException, PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs.theme import Theme
from mkdocs.utils.templates import TemplateContext

from portal import chunked, explain, frontmatter, history, hosting, plan, shells, sources, words
from portal.addresses import SEARCH, Addresses
from portal.article import Articles
from portal.config import CONFIG_FILE, Settings
from portal.config import load as portal_settings
from portal.errors import Location, Misconfigured, PortalError, Problem, Severity, errors_in, order, printable
from portal.plan import Plan
from portal.proofreading import Proofreader
from portal.prose import Prose
from portal.shells import BOARD, OUTLINED, PLAIN, SHELLS, slot
from portal.site import files as public_files
from portal.templates import Kept
from portal.words import TEMPLATES

NAME = "duenotice"
HOME = "index.md"

_log = logging.getLogger(f"mkdocs.plugins.{NAME}")
_COMPILED: dict[tuple[str, str], CodeType] = {}
"""The theme's templates, for the next language."""
_RESERVED = frozenset(
    {"board", "calendar", "editions", "feeds", "lookup", "my", "notices", "schemas", "search", "subscribe"}
)
"""The first steps of the program's own addresses."""
_UNUSED = re.compile(r"assets/javascripts/(?:bundle\.|lunr/|workers/)|.*\.map$|sitemap\.xml$")
"""The theme's own script, files that only its search or a debugger asks for, and a template that pages.py replaces."""
_EVERYWHERE = re.compile(r"assets/(duenotice(?:-shell|-colours|-board)?|search(?:-engine)?)\.(css|js)$")
"""What every page loads: published with a hash in the name, so that browsers may keep it for good."""
_SKIP = re.compile(r'(<div data-md-component="skip">).*?(</div>)', re.DOTALL)
"""The theme's way past the header, which would lead past a notice's title too, and stands on few pages."""
_STOPPED = "MkDocs cannot render the site's own pages"
_CONFIG_KEY = re.compile(r"Config value '(\w+)'|in the '(\w+)' configuration")
_DOC_FILE = re.compile(r"Doc file '([^']+)'")


class _Refused(PluginError):
    """A mistake in somebody's file stops the pass; MkDocs prints it as one line."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.location}: {problem.message}" + (f" ({problem.hint})" if problem.hint else ""))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Source:
    """What a page of one pass is made from."""

    file: str
    """Its path in the content folder, with the language."""
    language: str
    """The language it is written in; empty for a page that stands for all of them."""
    translations: frozenset[str]
    """The languages in which this page exists."""


class _Visible(FileSystemLoader):
    """Lists nothing in hidden folders, over which MkDocs passes file by file: nearly all of it is the theme's icons."""

    def list_templates(self) -> list[str]:
        found: set[str] = set()
        for top in self.searchpath:
            for folder, inner, names in os.walk(top):
                inner[:] = [name for name in inner if not name.startswith(".")]
                found.update(Path(folder, name).relative_to(top).as_posix() for name in names)
        return sorted(found)


def _environment(theme: Theme, make: Callable[[], Environment]) -> Environment:
    env = make()
    env.loader = _Visible(theme.dirs)
    return env


class _NoOptions(Config):  # type: ignore[no-untyped-call]
    """Everything is said once, in `extra.duenotice`."""


class DuenoticePlugin(BasePlugin[_NoOptions]):  # type: ignore[no-untyped-call]
    """Bends one MkDocs build into the pass of one language."""

    def __init__(self) -> None:
        self._given: tuple[Settings, str] | None = None
        self._own: Settings | None = None
        self._sources: dict[str, _Source] = {}

    def take(self, settings: Settings, language: str) -> None:
        """Be the pass of one language for somebody who asked for it; without this, be the whole public site."""
        self._given = settings, language

    @property
    def settings(self) -> Settings:
        settings = self._given[0] if self._given else self._own
        assert settings is not None, "on_config comes first"
        return settings

    @property
    def language(self) -> str:
        return self._given[1] if self._given else self.settings.default_language

    @property
    def prefix(self) -> str:
        return Addresses(self.language, self.settings.default_language).prefix

    def source(self, page: str) -> str:
        """The file in the content folder that a page's name without a language stands for in this pass."""
        return self._sources[page].file if page in self._sources else page

    # --- the engine as a pass needs it -----------------------------------------------------------------------

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        if self._given is None:
            self._own = _settings(config)
        if config.theme.name != "material":
            raise PluginError("the pages of Duenotice are made for the theme 'material': write theme: {name: material}")
        config.use_directory_urls = True
        config.site_name = self.settings.name_in(self.language)
        if self.language != self.settings.default_language:
            config.site_description = None
        config.repo_url = config.edit_uri = None  # the theme would ask the repository's host for its fame
        config.theme["language"] = self.language
        config.theme["font"] = False  # it would come from another host
        config.theme["features"] = [f for f in config.theme["features"] if not f.startswith("navigation.instant")]
        config.theme.static_templates = set()  # 404 and sitemap speak of notices, so pages.py writes them
        ours = str(TEMPLATES / "theme")
        if not any(Path(folder).resolve() == Path(ours) for folder in config.theme.dirs):
            config.theme.dirs.insert(1 if config.theme.custom_dir else 0, ours)
        config.extra.setdefault("generator", False)
        config.extra["feeds"] = self._feeds()
        config.extra["doors"] = self._doors()
        config.extra["search"] = self._search()
        config.extra["filing"] = self.settings.options.filing.links()
        config.extra["scope"] = self.settings.base
        config.extra["policy"] = "" if _is_served(self.settings) else hosting.DOCUMENT_POLICY
        for name in ("search", "material/search"):
            if name in config.plugins:
                config.plugins[name].config["enabled"] = False
        config.theme.get_env = partial(_environment, config.theme, config.theme.get_env)  # type: ignore[method-assign]
        return config

    def _feeds(self) -> list[dict[str, str]]:
        """The feeds that every page's head names."""
        address = Addresses(self.language, self.settings.default_language)
        name = self.settings.name_in(self.language)
        types = {"atom": "application/atom+xml", "json": "application/feed+json"}
        return [
            {"title": name, "type": media, "href": self.settings.site_url + address.feed("", ending)}
            for ending, media in types.items()
        ]

    def _doors(self) -> list[dict[str, str]]:
        """The pages that every page's foot names."""
        address = Addresses(self.language, self.settings.default_language)
        places = {address.subscribe: ("feeds", "subscribe.footer"), address.lookup: ("lookup", "footer")}
        return [
            {"href": self.settings.base + path, "name": words.load(self.language, vocabulary)(key)}
            for path, (vocabulary, key) in places.items()
        ]

    def _search(self) -> dict[str, str]:
        """What every page's header says of the search."""
        address, spoken = Addresses(self.language, self.settings.default_language), words.load(self.language, "search")
        places = {"page": self.settings.base + address.search, "index": self.settings.base + SEARCH}
        return places | {key: spoken(key) for key in ("label", "placeholder", "open")}

    @event_priority(-50)  # after plugins that add files
    def on_files(self, files: Files, config: MkDocsConfig) -> Files:
        """Give each page the name it has in every language, made from the file that this language shall show."""
        texts: dict[str, dict[str, File]] = {}
        for file in list(files):
            if file.is_documentation_page():
                stem, language = self._parted(file.src_uri)
                texts.setdefault(f"{stem}.md", {})[language] = file
                files.remove(file)
            elif _UNUSED.match(file.src_uri):
                files.remove(file)
            elif _EVERYWHERE.match(file.src_uri):
                file.dest_uri = _hashed(file)
        for name, written in texts.items():
            files.append(self._shown(name, written, config))
        if HOME not in texts:
            home = File.generated(config, HOME, content=f"# {config.site_name}\n")
            home.dest_uri = self.prefix + home.dest_uri
            files.append(home)
        for kind in (OUTLINED, PLAIN):
            name = f"{SHELLS}/{kind}.md"
            files.append(File.generated(config, name, content="", inclusion=InclusionLevel.NOT_IN_NAV))
        return files

    def _parted(self, path: str) -> tuple[str, str]:
        stem = path.removesuffix(".md")
        for language in self.settings.languages:
            if stem.endswith(f".{language}"):
                return stem.removesuffix(f".{language}"), language
        return stem, ""

    def _shown(self, name: str, written: dict[str, File], config: MkDocsConfig) -> File:
        preferred = (self.language, self.settings.default_language, "", *written)
        language = next(code for code in preferred if code in written)
        file = written[language]
        if name.removesuffix(".md").split("/")[0] in _RESERVED:
            where = Location(_content_path(config, self.settings, file.src_uri))
            raise _Refused(
                Problem(where, "reserved-address", "the program uses this address itself", "rename the page")
            )
        hidden = file.inclusion in (InclusionLevel.EXCLUDED, InclusionLevel.DRAFT)
        inclusion = file.inclusion if hidden else InclusionLevel.UNDEFINED  # nav is about the neutral names
        if file.abs_src_path:
            shown = File.generated(config, name, abs_src_path=file.abs_src_path, inclusion=inclusion)
        else:
            shown = File.generated(config, name, content=file.content_bytes, inclusion=inclusion)
        if language or name == HOME:
            shown.dest_uri = self.prefix + shown.dest_uri
        self._sources[name] = _Source(file.src_uri, language, frozenset(written) & set(self.settings.languages))
        return shown

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
        home = files.get_file_from_path(HOME)
        assert home is not None, "on_files sees to it"
        nav.homepage = home.page
        if self.language != self.settings.default_language:
            for page in nav.pages:
                page.__dict__.pop("title", None)  # a title in mkdocs.yml is in the default language
        return nav

    def on_env(self, env: Environment, config: MkDocsConfig, files: Files) -> Environment:
        env.globals["asset"] = _assets(files, self.settings.base)
        env.bytecode_cache = Kept(_COMPILED)  # the theme is the same in every language
        return env

    # --- its pages -------------------------------------------------------------------------------------------

    def on_page_read_source(self, page: Page, config: MkDocsConfig) -> str | None:
        """Refuse what MkDocs would answer with a traceback, or with silence: a wrong encoding, broken front matter."""
        if page.file.abs_src_path is None:
            return None
        data = Path(page.file.abs_src_path).read_bytes()
        leaf = frontmatter.split(data)
        if leaf.front.faults and leaf.front.faults[0].code != "no-front-matter":
            shown = _content_path(config, self.settings, self.source(page.file.src_uri))
            raise _Refused(explain.faults(shown, leaf.front.faults)[0])
        return None

    def on_page_markdown(self, markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
        page.meta["selector"] = slot("selector")
        if _is_shell(page):
            page.meta["template"] = "shell.html"
            page.meta.update({name: slot(name) for name in ("title", "description", "robots", "alternates")})
        return markdown

    def on_page_content(self, html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
        if _is_shell(page):
            page.canonical_url = slot("canonical")
            if page.file.name == OUTLINED:
                page.meta["outline"] = slot("outline")
                page.toc = TableOfContents([AnchorLink("", slot("first"), 2)])
            return slot("body")
        source = self._sources.get(page.file.src_uri)
        if source and source.language not in ("", self.language):
            html = f'<div lang="{source.language}">{html}</div>'
        if page.file.src_uri == HOME and BOARD not in html:
            html += BOARD
        return html

    def on_page_context(
        self, context: TemplateContext, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        if _is_shell(page):
            links = {code: slot(f"to-{code}") for code in self.settings.languages}
            if page.file.name == OUTLINED:
                context["nav"] = _with_page_after_home(nav, page)
        else:
            switch = self._switch(page)
            links = {code: self.settings.base + path for code, path in switch.items()}
        names = self.settings.options.languages
        config.extra["alternate"] = [{"name": names[code], "link": link, "lang": code} for code, link in links.items()]
        return context

    def _switch(self, page: Page) -> dict[str, str]:
        """Where the language menu of a content page leads; also tells search engines of its translations."""
        settings = self.settings
        prefixes = {code: Addresses(code, settings.default_language).prefix for code in settings.languages}
        source = self._sources.get(page.file.src_uri)
        if source is None or page.file.src_uri == HOME:
            switch, translated = prefixes, frozenset(prefixes)
        elif not source.language:
            return {**prefixes, settings.default_language: page.url}
        else:
            path = page.url.removeprefix(self.prefix)
            switch = {code: prefix + path for code, prefix in prefixes.items()}
            translated = source.translations
            page.canonical_url = settings.site_url + switch[source.language]
        page.meta["alternates"] = shells.alternates(settings, {c: p for c, p in switch.items() if c in translated})
        return switch

    def on_post_page(self, output: str, page: Page, config: MkDocsConfig) -> str:
        skip = f'\\1<a href="#dn-main" class="md-skip">{words.load(self.language, "site")("skip")}</a>\\2'
        return shells.absolute(_SKIP.sub(skip, output, count=1), self.settings.base + page.url)

    # --- the whole public site, for plain `mkdocs build` and `mkdocs serve` ----------------------------------

    def on_post_build(self, config: MkDocsConfig) -> None:
        if self._given is None:
            with _in_mkdocs_words():
                self._pour(Path(config.site_dir), Path(config.config_file_path))

    def on_serve(
        self, server: LiveReloadServer, config: MkDocsConfig, builder: Callable[..., None]
    ) -> LiveReloadServer:
        for folder in (*self.settings.notice_dirs(), self.settings.registry_dir):
            if folder.is_dir():
                server.watch(str(folder))
        return server

    def _pour(self, site: Path, config_file: Path) -> None:
        """Take this pass's output out of `site`, add the other languages', and fill `site` with the finished pages."""
        with TemporaryDirectory() as folder:
            rendered = Path(folder)
            (rendered / self.language).mkdir()
            for item in site.iterdir():
                if not item.name.startswith("."):
                    shutil.move(item, rendered / self.language)
            for language in self.settings.languages:
                if language != self.language:
                    _pass(self.settings, language, config_file, rendered / language)
            made, articles = _public(self.settings)
            for path, data in public_files(made, shells.load(self.settings, rendered), articles):
                file = site / path
                file.parent.mkdir(parents=True, exist_ok=True)
                chunked.write(file, data)


def render(settings: Settings, out: Path) -> None:
    """Render every language of a portal's own pages into `out/<language>/`. Raises PortalError where MkDocs cannot."""
    problems: list[Problem] = []
    for language in settings.languages:
        with _listening() as heard:
            try:
                plugin = _pass(settings, language, settings.root / CONFIG_FILE, out / language)
            except (Abort, MkDocsException) as error:
                raise Misconfigured(_stopped(settings, error, heard), _STOPPED) from error
            except PortalError:
                raise
            except Exception as error:  # whatever another plugin or a hook of the portal throws
                thrown = f"{type(error).__name__}: {error}"
                raise Misconfigured([_told(settings, thrown, "try `mkdocs build`")], _STOPPED) from error
        problems += [_as_problem(settings, record, plugin) for record in heard]
    shells.note(out, list(dict.fromkeys(problems)))


def _pass(settings: Settings, language: str, config_file: Path, out: Path) -> DuenoticePlugin:
    config = load_config(str(config_file), site_dir=str(out))
    plugin = config.plugins.get(NAME)
    if not isinstance(plugin, DuenoticePlugin):
        raise PortalError(
            "mkdocs.yml does not use the plugin 'duenotice'", "add it under plugins:", Location(CONFIG_FILE)
        )
    config.site_url = settings.site_url
    plugin.take(settings, language)
    build(config)
    return plugin


def _public(settings: Settings) -> tuple[Plan, Articles]:
    """The plan of this moment; whatever is wrong with what people wrote is logged, and an error ends the build."""
    found = sources.read(settings)
    past = history.read(settings, found)
    made = plan.make(settings, found, past, dt.datetime.now(settings.zone))
    articles = Articles(made, Prose(settings, settings.cache_dir))
    problems = [*found.problems, *past.problems]
    reader = Proofreader(made, articles)
    for entry in made.public:
        problems += reader.read(entry)
    _log_all(problems)
    if errors := errors_in(problems):
        raise PluginError(f"{len(errors)} of the mistakes above must be mended first")
    return made, articles


def _is_served(settings: Settings) -> bool:
    """Whether this is `mkdocs serve`, at an address of its own: its inline script in each page would be refused.

    MkDocs tells only a plugin with `on_startup`, and then every pass would get the same one.
    """
    declared = settings.document.data.get("site_url")
    return isinstance(declared, str) and declared.rstrip("/") != settings.site_url.rstrip("/")


def _settings(config: MkDocsConfig) -> Settings:
    with _in_mkdocs_words():
        read = portal_settings(Path(config.config_file_path).parent)
    return replace(read, site_url=config.site_url or read.site_url)  # `mkdocs serve` has one of its own


@contextmanager
def _in_mkdocs_words() -> Iterator[None]:
    """Turn the portal's errors into lines of MkDocs's log and one that ends its build."""
    try:
        yield
    except PortalError as error:
        if isinstance(error, Misconfigured):
            _log_all(error.problems)
        raise PluginError(f"{error} ({error.hint})" if error.hint else str(error)) from error


def _log_all(problems: list[Problem]) -> None:
    for problem in sorted(dict.fromkeys(problems), key=order):
        level = logging.ERROR if problem.severity is Severity.ERROR else logging.WARNING
        hint = f" ({problem.hint})" if problem.hint else ""
        _log.log(level, "%s", printable(f"{problem.location}: {problem.code}: {problem.message}{hint}"))


@contextmanager
def _listening() -> Iterator[list[logging.LogRecord]]:
    """Collect what MkDocs warns of, instead of letting it print."""
    heard: list[logging.LogRecord] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    logger, ear = logging.getLogger("mkdocs"), Ear(logging.WARNING)
    propagate = logger.propagate
    logger.addHandler(ear)
    logger.propagate = False
    try:
        yield heard
    finally:
        logger.removeHandler(ear)
        logger.propagate = propagate


def _as_problem(settings: Settings, record: logging.LogRecord, plugin: DuenoticePlugin) -> Problem:
    message = _line(record)
    named = _DOC_FILE.match(message)
    if named is None:
        return _told(settings, message, "")._replace(severity=Severity.WARNING)
    folder = Path(str(settings.document.data.get("docs_dir") or "docs"))
    where = Location((folder / plugin.source(named[1])).as_posix())
    return Problem(where, "content", message[named.end() :].strip(), severity=Severity.WARNING)


def _stopped(settings: Settings, error: BaseException, heard: list[logging.LogRecord]) -> list[Problem]:
    cause = error.__context__
    if isinstance(cause, _Refused):
        return [cause.problem]
    said = [_line(record) for record in heard if record.levelno >= logging.ERROR] or [" ".join(str(error).split())]
    return [_told(settings, message, "mend it there, or the page it names") for message in said]


def _told(settings: Settings, message: str, hint: str) -> Problem:
    """What MkDocs says, at the key of mkdocs.yml that it names."""
    named = _CONFIG_KEY.search(message)
    place = settings.document.place((named[1] or named[2],)) if named else (1, 1)
    return Problem(Location(CONFIG_FILE, *place), "mkdocs", message, hint)


def _line(record: logging.LogRecord) -> str:
    return " ".join(record.getMessage().split())


def _content_path(config: MkDocsConfig, settings: Settings, path: str) -> str:
    return settings.shown(Path(config.docs_dir, path))


def _is_shell(page: Page) -> bool:
    return page.file.src_uri.startswith(f"{SHELLS}/")


def _with_page_after_home(nav: Navigation, page: Page) -> Navigation:
    """The navigation in which a notice stands below home, so that phones find its table of contents there."""
    after = 1 if nav.items and nav.items[0] == nav.homepage else 0
    longer = Navigation([*nav.items[:after], page, *nav.items[after:]], nav.pages)
    longer.homepage = nav.homepage
    return longer


def _hashed(file: File) -> str:
    """Where one of the theme's files is published: among those of the engine that are named like this."""
    stem, _, ending = PurePosixPath(file.src_uri).name.rpartition(".")
    folder = {"css": "stylesheets", "js": "javascripts"}[ending]
    return f"assets/{folder}/{stem}.{hashlib.sha256(file.content_bytes).hexdigest()[:8]}.{ending}"


def _assets(files: Files, base: str) -> Callable[[str], str]:
    """Addresses of the theme's own files, which change when the file does: in the name, or else in a query."""

    def address(path: str) -> str:
        file = files.get_file_from_path(path)
        if file is None:
            return base + path
        mark = "" if file.dest_uri != path else f"?{hashlib.sha256(file.content_bytes).hexdigest()[:8]}"
        return f"{base}{file.dest_uri}{mark}"

    return address
