"""The real engine: what it renders for build.py, and what plain `mkdocs build` and `mkdocs serve` give."""

from __future__ import annotations

import datetime as dt
import http.client
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from mkdocs.config import load_config
from mkdocs.structure.files import Files
from playwright.sync_api import Browser

from portal import mkdocs_plugin, shells
from portal.article import Articles
from portal.errors import Misconfigured, PortalError
from portal.prose import Prose
from portal.site import files
from tests.conftest import MKDOCS, NOW, REPOSITORY, PortalFolder

NOTICE = """
title: 服务费调整
date: 2025-11-01
kind: fee-change
summary: 自明年起调整。
effective: 2026-02-01
action: {needed: false}
"""


def furnish(folder: PortalFolder) -> PortalFolder:
    """A portal below a path of its host, with content pages, one of them without a translation, and two notices."""
    config = MKDOCS.format(theme=REPOSITORY / "site_templates" / "theme")
    config = config.replace("https://notices.example.com/", "https://example.com/portal/")
    folder.write("mkdocs.yml", f"{config}nav: [index.md, 怎么联系: contact.md]\n")
    folder.write("content/index.zh.md", "---\ntitle: 公告\n---\n# 公告\n\n<!-- duenotice:board -->\n\n完\n")
    folder.write("content/index.en.md", "---\ntitle: Notices\n---\nNo mark here.\n")
    contact = "---\ntitle: {}\n---\n## {}\n\n[home](index.md) [rules](house/rules.md) ![map](img/map.png)\n"
    folder.write("content/contact.zh.md", contact.format("联系我们", "电话"))
    folder.write("content/contact.en.md", contact.format("Contact", "Phone"))
    folder.write("content/house/rules.zh.md", "---\ntitle: 规则\n---\n[联系](../contact.md)\n")
    folder.write("content/imprint.md", "# 版权 / Imprint\n")
    folder.write("content/img/map.png", b"PNG")
    folder.notice("fees", NOTICE, "## 原因\n\n见 [联系](../../content/contact.zh.md) 与 [计划](plan.zh.md)。\n")
    folder.notice("plan", "title: 计划\ndate: 2025-11-02")
    folder.notice("plan", "translates: 1\ntitle: Plan", "## Why\n\nText.\n", lang="en")
    folder.commit("everything")
    return folder


@pytest.fixture
def portal(tmp_path: Path) -> PortalFolder:
    """A portal to change."""
    return furnish(PortalFolder(tmp_path / "portal"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The public site of such a portal, to look at."""
    return poured(furnish(PortalFolder(tmp_path_factory.mktemp("site") / "portal")))


def poured(folder: PortalFolder, now: str = NOW) -> dict[str, bytes]:
    """The public site as build.py makes it."""
    plan = folder.plan(now)
    rendered = shells.fetch(plan.settings, mkdocs_plugin.render)
    assert rendered.problems == ()
    return dict(files(plan, rendered, Articles(plan, Prose(plan.settings))))


def mkdocs(folder: PortalFolder, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", *arguments]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder.root, env=environment, check=False, capture_output=True, text=True)


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class Outline(HTMLParser):
    """What a page refers to, its ids and how many h1 it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.titles = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        self.titles += tag == "h1"
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in {"script", "img", "iframe", "source"} and "src" in found:
            self.loads.append(found["src"])
        if tag == "link" and found["rel"] in {"stylesheet", "icon"}:
            self.loads.append(found["href"])


def test_every_link_of_the_site_leads_somewhere(site: dict[str, bytes]) -> None:
    """Each page has one h1, loads nothing from another host, and links to pages and anchors that exist."""
    outlines = {path: Outline(data.decode()) for path, data in site.items() if path.endswith(".html")}
    assert len(outlines) > 20
    for path, outline in outlines.items():
        assert outline.titles == 1, path
        for target in [*outline.links, *outline.loads]:
            address = urlsplit(urljoin(f"https://example.com/portal/{path}", target))
            if address.scheme == "mailto":
                continue
            assert address.netloc == "example.com", (path, target)
            assert address.path.startswith("/portal/"), (path, target)
            below = unquote(address.path.removeprefix("/portal/"))
            if below == "my/":
                continue
            file = f"{below}index.html" if below.endswith("/") or not below else below
            assert file in site, (path, target)
            if address.fragment and not address.fragment.startswith("__"):
                assert unquote(address.fragment) in outlines[file].ids, (path, target)


def test_pages_say_their_language_and_find_each_other(site: dict[str, bytes]) -> None:
    """A notice's English page is in English around it, and its language link leads to the same notice."""
    page = site["en/notices/plan/index.html"].decode()
    assert '<html lang="en"' in page
    assert "<title>Plan - Trial notices</title>" in page
    assert re.search(r'<a href="/portal/notices/plan/" hreflang="zh"', page)
    assert '<link rel="canonical" href="https://example.com/portal/en/notices/plan/">' in page
    assert "generator" not in page
    assert "duenotice:" not in page


def test_both_tables_of_contents_are_filled(site: dict[str, bytes]) -> None:
    """The headings of a notice stand in the sidebar, and in the drawer that phones have."""
    page = site["en/notices/plan/index.html"].decode()
    assert page.count('<a href="#why" class="md-nav__link">') == 2


def test_content_pages_in_each_language(site: dict[str, bytes]) -> None:
    """Navigation shows the pages' own titles; a page without a translation says whose language it is in."""
    named = r'<a href="{}" class="md-nav__link[^"]*">\s*<span class="md-ellipsis">\s*{}\s'
    assert re.search(named.format("/portal/contact/", "怎么联系"), site["index.html"].decode())
    assert re.search(named.format("/portal/en/contact/", "Contact"), site["en/index.html"].decode())
    rules = site["en/house/rules/index.html"].decode()
    assert '<div lang="zh">' in rules
    assert '<link rel="canonical" href="https://example.com/portal/house/rules/">' in rules
    assert 'href="/portal/en/contact/"' in rules
    assert "imprint/index.html" in site
    assert "en/imprint/index.html" not in site
    assert "https://example.com/portal/en/house/rules/" not in site["sitemap.xml"].decode()


def test_inline_scripts_are_the_same_on_every_page(site: dict[str, bytes]) -> None:
    """So that a Content Security Policy can allow them by their hashes."""
    scripts = {
        path: frozenset(re.findall(r"<script>(.*?)</script>", data.decode(), re.DOTALL))
        for path, data in site.items()
        if path.endswith(".html")
    }
    assert len(set(scripts.values())) == 1


def test_a_browser_finds_all_it_asks_for_on_this_host(
    site: dict[str, bytes], tmp_path: Path, serve: Callable[[Path], str], browser: Browser
) -> None:
    """No request fails or leaves the host, nothing is wider than a phone, and the language link keeps the notice."""
    for path, data in site.items():
        file = tmp_path / "portal" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    base = serve(tmp_path)
    page = browser.new_page(viewport={"width": 390, "height": 800})
    asked: list[str] = []
    answers: list[tuple[int, str]] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: answers.append((response.status, response.url)))
    page.goto(f"{base}portal/notices/plan/", wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"{base}portal/en/notices/plan/", wait_until="networkidle")
    page.close()
    assert [url for url in asked if not url.startswith(base)] == []
    assert [answer for answer in answers if answer[0] not in (200, 304)] == []


def test_a_changed_notice_does_not_even_import_mkdocs(portal: PortalFolder) -> None:
    """With the shells in the cache, pouring needs nothing of the engine."""
    poured(portal)
    portal.notice("new", "title: 新的\ndate: 2025-11-03")
    code = """if True:
        import sys
        from pathlib import Path
        from portal import config, shells
        def render(settings, out):
            raise AssertionError("the engine was started")
        shells.fetch(config.load(Path(sys.argv[1])), render)
        from portal import site
        assert not [name for name in sys.modules if name.split(".")[0] in {"mkdocs", "material"}]
    """
    subprocess.run([sys.executable, "-c", code, str(portal.root)], cwd=REPOSITORY, check=True)


def test_files_of_a_theme_are_those_that_mkdocs_finds(portal: PortalFolder) -> None:
    """Though nobody looks through hidden folders: in them is none that it would publish."""
    config = load_config(str(portal.root / "mkdocs.yml"))
    config.theme.dirs.insert(0, str(portal.root / "own"))
    for name in (".icons/own.svg", "assets/.kept/own.css", "assets/.own.js", "assets/own.css", "assets/deep/own.js"):
        portal.write(f"own/{name}", "")
    found = []
    for env in (config.theme.get_env(), mkdocs_plugin._environment(config.theme, config.theme.get_env)):
        theme = Files([])
        theme.add_files_from_theme(env, config)
        found.append([file.src_uri for file in theme])
    assert found[0] == found[1]
    assert [name for name in found[1] if "own" in name] == ["assets/deep/own.js", "assets/own.css"]


def test_plain_mkdocs_builds_the_public_site(portal: PortalFolder) -> None:
    """`mkdocs build --strict` gives the files that build.py pours, but for the time of the build."""
    portal.client("yunshan", "name: 云杉贸易\ncontacts: [{id: lin, name: 林岚, email: lin@example.com}]")
    portal.notice("deal", "title: 单独约定\ndate: 2025-11-03\naudience: {clients: [yunshan]}")
    portal.commit("something private")
    done = mkdocs(portal, "build", "--strict")
    assert done.returncode == 0, done.stderr
    # Editions are made by the month, so the clock has to be the one that MkDocs knows.
    now = dt.datetime.now(dt.UTC).isoformat()
    built, expected = files_in(portal.root / "site"), poured(portal, now)
    assert sorted(built) == sorted(expected)
    assert not any("单独约定".encode() in data for data in built.values())
    assert 'href="/portal/en/notices/plan/"' in built["en/index.html"].decode()


@pytest.mark.parametrize(
    ("path", "content", "line"),
    [
        ("content/contact.en.md", "---\ntitle: a\n---\ntext \xe9\n".encode("latin-1"), "content/contact.en.md:4:6"),
        ("notices/2025/plan.zh.md", b"---\ntitle: a\ndate: 2025-02-30\n---\n", "notices/2025/plan.zh.md:3"),
    ],
)
def test_mistakes_are_lines_and_not_tracebacks(portal: PortalFolder, path: str, content: bytes, line: str) -> None:
    """Plain MkDocs stops with a line that names the place."""
    portal.write(path, content)
    done = mkdocs(portal, "build")
    assert done.returncode == 1
    assert line in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("path", "content", "location", "message"),
    [
        ("content/contact.en.md", "---\ntitle: [a\n---\n", "content/contact.en.md:3:1", "did not find"),
        ("content/notices.zh.md", "text\n", "content/notices.zh.md:1:1", "uses this address itself"),
    ],
)
def test_what_stops_mkdocs_reaches_build_py_with_its_place(
    portal: PortalFolder, path: str, content: str, location: str, message: str
) -> None:
    """A content page that cannot be read is an error with its own file and line."""
    portal.write(path, content)
    with pytest.raises(Misconfigured) as caught:
        shells.fetch(portal.settings(), mkdocs_plugin.render)
    (problem,) = caught.value.problems
    assert str(problem.location) == location
    assert message in problem.message


def test_what_mkdocs_warns_of_reaches_build_py_with_its_place(portal: PortalFolder) -> None:
    """A broken link between content pages is a warning in the author's own file."""
    portal.write("content/contact.en.md", "[there](nowhere.md)\n")
    rendered = shells.fetch(portal.settings(), mkdocs_plugin.render)
    assert [(p.location.file, p.severity.value) for p in rendered.problems] == [("content/contact.en.md", "warning")]
    assert "nowhere.md" in rendered.problems[0].message


def test_a_portal_without_the_plugin_is_told(portal: PortalFolder) -> None:
    """The error says which line is missing."""
    config = (portal.root / "mkdocs.yml").read_text(encoding="utf-8")
    portal.write("mkdocs.yml", config.replace("  - duenotice", "  []"))
    with pytest.raises(PortalError, match="does not use the plugin"):
        shells.fetch(portal.settings(), mkdocs_plugin.render)


@pytest.fixture
def served(portal: PortalFolder, tmp_path: Path) -> Iterator[str]:
    """`mkdocs serve` on a free loopback port; its address with the site's base."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (tmp_path / "serve.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"],
            cwd=portal.root,
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{port}/portal/"
    finally:
        server.terminate()
        server.wait(10)


def test_mkdocs_serve_shows_a_changed_notice(portal: PortalFolder, served: str) -> None:
    """The board is served in every language, and follows what an author writes."""
    assert "2025-11-02" in eventually(served, "计划")
    assert "Plan" in eventually(f"{served}en/notices/plan/", "Plan")
    portal.notice("plan", "title: 改过的计划\ndate: 2025-11-02")
    assert "改过的计划" in eventually(served, "改过的计划")


def eventually(address: str, text: str) -> str:
    """The page at an address, as soon as it shows a text; at most 20 seconds."""
    end = time.monotonic() + 20
    page = ""
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                page = response.read().decode()
        except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
            page = ""
        if text in page:
            return page
        time.sleep(0.2)
    pytest.fail(f"{address} never showed {text}; at the end it showed {page[:200]!r}")
