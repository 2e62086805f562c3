"""The engine's output, taken apart: absolute addresses, slots, tables of contents, and when it is rendered anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portal import parallel, shells
from portal.config import Settings
from portal.errors import Location, PortalError, Problem, Severity
from portal.prose import Heading
from portal.shells import Page
from tests.conftest import PortalFolder

SHELL = """<html lang="{language}"><title>/duenotice:title/</title>
<meta name="description" content="/duenotice:description/"><meta name="robots" content="/duenotice:robots/">
<link rel="canonical" href="/duenotice:canonical/">/duenotice:alternates/

   <a href="/_shells/{kind}/">/duenotice:title/</a>
<a href="/duenotice:to-zh/">中文</a><a href="/duenotice:to-en/">English</a>
<ul>{outline}</ul><main>/duenotice:body/</main></html>"""


def engine(settings: Settings, folder: Path) -> None:
    """Writes what a very plain engine would render."""
    for language, prefix in (("zh", ""), ("en", "en/")):
        pages = {
            f"{prefix}index.html": f"<main>{language} <!-- duenotice:board --> end</main>",
            f"{prefix}contact/index.html": (
                f'<link rel="canonical" href="{settings.site_url}{prefix}contact/"><h1>contact {language}</h1>'
            ),
            "assets/site.css": "body {}",
            "_shells/outlined/index.html": SHELL.format(
                language=language, kind="outlined", outline='/duenotice:outline/<a href="#/duenotice:first/">skip</a>'
            ),
            "_shells/plain/index.html": SHELL.format(language=language, kind="plain", outline=""),
        }
        for path, text in pages.items():
            file = folder / language / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "absolute"),
    [
        ('<a href="../contact/#who">', '<a href="/docs/en/contact/#who">'),
        ("<img alt='' src='../assets/a.png'>", "<img alt='' src=\"/docs/en/assets/a.png\">"),
        ('<a href="">', '<a href="/docs/en/plan/">'),
        ('<a href="./?p=1&amp;q=2">', '<a href="/docs/en/plan/?p=1&amp;q=2">'),
        (
            '<script src="../x.js">a = \'<a href="y">\'</script>',
            '<script src="/docs/en/x.js">a = \'<a href="y">\'</script>',
        ),
        ('<a href="#top">', '<a href="#top">'),
        ('<a href="/x/">', '<a href="/x/">'),
        ('<a href="mailto:a@example.com">', '<a href="mailto:a@example.com">'),
        ('<a href="https://example.org/">', '<a href="https://example.org/">'),
        ('<code>&lt;a href="z"&gt;</code>', '<code>&lt;a href="z"&gt;</code>'),
        ('<!-- <a href="w"> -->', '<!-- <a href="w"> -->'),
    ],
)
def test_relative_addresses_become_absolute(written: str, absolute: str) -> None:
    """A page's relative links, images and scripts name the same target from any depth; the rest stays as it is."""
    assert shells.absolute(written, "/docs/en/plan/") == absolute


def test_the_outline_nests_by_level() -> None:
    """Deeper headings stand inside the one above them, and their text is escaped."""
    headings = (Heading(2, "a", "A & B"), Heading(4, "b", "b"), Heading(3, "c", "c"), Heading(2, "d", "D"))

    def item(identity: str, text: str, inner: str = "") -> str:
        return (
            f'<li class="md-nav__item"><a href="#{identity}" class="md-nav__link">'
            f'<span class="md-ellipsis">{text}</span></a>{inner}</li>'
        )

    inner = f'<ul class="md-nav__list">{item("b", "b")}{item("c", "c")}</ul>'
    below = f'<nav class="md-nav" aria-label="A &amp; B">{inner}</nav>'
    assert shells.outline(headings) == item("a", "A &amp; B", below) + item("d", "D")


def test_a_page_is_poured_into_the_shell_of_its_language(portal_folder: PortalFolder) -> None:
    """Every slot is filled, escaped where it is text; the language menu leads to the same notice."""
    rendered = shells.fetch(portal_folder.settings(), engine)
    page = Page(
        path="en/notices/a/",
        title="Fees <2027>",
        description='"more"',
        body=b"<h1>Fees</h1>",
        headings=(Heading(2, "why", "Why"),),
        canonical="notices/a/",
        switch={"zh": "notices/a/", "en": "en/notices/a/"},
        translations=("zh", "en"),
        listed=False,
    )
    assert rendered.pour("en", page).decode() == (
        '<html lang="en"><title>Fees &lt;2027&gt;</title>\n'
        '<meta name="description" content="&quot;more&quot;"><meta name="robots" content="noindex">\n'
        '<link rel="canonical" href="https://notices.example.com/notices/a/">'
        '<link rel="alternate " hreflang="zh" href="https://notices.example.com/notices/a/">'
        '<link rel="alternate " hreflang="en" href="https://notices.example.com/en/notices/a/">\n'
        '<a href="/en/notices/a/">Fees &lt;2027&gt;</a>\n'
        '<a href="/notices/a/">中文</a><a href="/en/notices/a/">English</a>\n'
        '<ul><li class="md-nav__item"><a href="#why" class="md-nav__link"><span class="md-ellipsis">Why</span></a></li>'
        '<a href="#why">skip</a></ul><main><h1>Fees</h1></main></html>'
    )


def test_a_page_without_headings_has_no_table_of_contents(portal_folder: PortalFolder) -> None:
    """The plain shell is used; without a counterpart the language menu leads to the other home."""
    rendered = shells.fetch(portal_folder.settings(), engine)
    text = rendered.pour("zh", Page(path="x/", title="x", description="x", body=b"y")).decode()
    assert "<ul></ul><main>y</main>" in text
    assert '<a href="/">中文</a><a href="/en/">English</a>' in text
    assert '<link rel="canonical" href="https://notices.example.com/x/">\n' in text


def test_the_engine_runs_once_until_something_it_reads_changes(portal_folder: PortalFolder) -> None:
    """A changed notice does not start it; a changed content page, theme or configuration does."""
    runs: list[str] = []

    def render(settings: Settings, folder: Path) -> None:
        runs.append(settings.site_name)
        engine(settings, folder)

    shells.fetch(portal_folder.settings(), render)
    portal_folder.notice("a", "title: A\ndate: 2026-12-01")
    portal_folder.client("yunshan", "name: 云杉")
    shells.fetch(portal_folder.settings(), render)
    assert len(runs) == 1
    portal_folder.write("content/index.zh.md", "# 另一个首页")
    shells.fetch(portal_folder.settings(), render)
    assert len(runs) == 2
    text = (portal_folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    portal_folder.write("mkdocs.yml", text.replace("试用公告", "新公告"))
    shells.fetch(portal_folder.settings(), render)
    assert runs[2] == "新公告"


def test_the_first_rendering_goes_on_beside_other_work(portal_folder: PortalFolder) -> None:
    """Another process makes it, `fetch` finds it, and no later build begins one before it knows that it must."""

    def render(settings: Settings, folder: Path) -> None:
        portal_folder.write("by", str(os.getpid()))
        engine(settings, folder)

    settings = portal_folder.settings()
    rendered = shells.ahead(settings, render)
    rendered()
    assert (portal_folder.root / "by").read_text() != str(os.getpid()) or parallel.processors() == 1
    (portal_folder.root / "by").unlink()
    assert shells.fetch(settings, render).home("zh", "B", "") == b"<main>zh B end</main>"
    portal_folder.write("content/index.zh.md", "# 另一个首页")
    shells.ahead(settings, render)()
    assert not (portal_folder.root / "by").exists()


def test_why_there_is_no_rendering_is_told_by_whoever_needs_it(portal_folder: PortalFolder) -> None:
    """Not by the one that was begun ahead, before the problems of sources are told."""

    def fails(settings: Settings, folder: Path) -> None:
        raise PortalError("the engine stopped")

    shells.ahead(portal_folder.settings(), fails)()
    with pytest.raises(PortalError, match="the engine stopped"):
        shells.fetch(portal_folder.settings(), fails)


def test_a_killed_rendering_leaves_nothing_that_counts(portal_folder: PortalFolder) -> None:
    """Half an output is never taken for a whole one; the next run renders again."""

    def killed(settings: Settings, folder: Path) -> None:
        engine(settings, folder)
        (folder / "en" / "en" / "index.html").unlink()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shells.fetch(portal_folder.settings(), killed)
    rendered = shells.fetch(portal_folder.settings(), engine)
    assert rendered.home("en", "BOARD", "") == b"<main>en BOARD end</main>"
    assert len(list((portal_folder.root / ".cache" / "duenotice" / "engine").iterdir())) == 1


def test_a_damaged_rendering_is_made_anew(portal_folder: PortalFolder) -> None:
    """Somebody cleaned up in the cache, and took a file of it away."""
    shells.fetch(portal_folder.settings(), engine)
    for file in (portal_folder.root / ".cache" / "duenotice" / "engine").rglob("_shells/plain/index.html"):
        file.unlink()
    rendered = shells.fetch(portal_folder.settings(), engine)
    assert rendered.home("en", "BOARD", "") == b"<main>en BOARD end</main>"


def test_assets_and_content_pages_are_passed_on(portal_folder: PortalFolder) -> None:
    """Each language gives its own pages, the default one the assets; shells and home are not among the files."""
    rendered = shells.fetch(portal_folder.settings(), engine)
    assert sorted(rendered.files) == ["assets/site.css", "contact/index.html", "en/contact/index.html"]
    assert rendered.contents == {"": {"zh": "", "en": "en/"}, "contact/": {"zh": "contact/", "en": "en/contact/"}}


def test_what_was_wrong_with_content_is_told_every_time(portal_folder: PortalFolder) -> None:
    """The problems of a rendering come with its output, also when that is taken from the cache."""
    problem = Problem(
        Location("content/index.zh.md", 3), "content", "a link leads nowhere", "mend it", Severity.WARNING
    )

    def render(settings: Settings, folder: Path) -> None:
        engine(settings, folder)
        shells.note(folder, [problem])

    shells.fetch(portal_folder.settings(), render)
    assert shells.fetch(portal_folder.settings(), render).problems == (problem,)


def test_a_theme_that_shows_no_content_is_refused(portal_folder: PortalFolder) -> None:
    """A portal's own template without the page's content is an error with a hint, not a site of empty pages."""

    def render(settings: Settings, folder: Path) -> None:
        engine(settings, folder)
        (folder / "zh" / "_shells" / "plain" / "index.html").write_text("<html></html>", encoding="utf-8")

    with pytest.raises(PortalError, match="show no page content"):
        shells.fetch(portal_folder.settings(), render)
