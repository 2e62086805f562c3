"""The public site, file by file: notices and lists poured into the shells, and what belongs to the site as a whole.

Only the public part of the plan is read, so that no byte of it can depend on what is private.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from urllib.parse import quote

from portal import cards, chunked, editions, installed, moved, words
from portal.addresses import BUILD, MY, QR
from portal.almanac import Almanac
from portal.article import Articles
from portal.board import Boards
from portal.board import name as board_name
from portal.bundles import Bundle
from portal.changes import Changes
from portal.chunked import File
from portal.circumstances import hashed, program
from portal.editions import Month
from portal.notice import Version
from portal.plan import Attachment, Entry, Listing, Plan
from portal.premises import Premises
from portal.selector import Selectors
from portal.shells import Page, Shells
from portal.stationery import Templates, Voice
from portal.words import TEMPLATES

_LOST = "assets/duenotice-lost.js"
_LISTS, _EDITIONS = "lists", "editions"
"""What one worker makes: another would word the same items, and find out how all notices stood, once more."""
_CONTACT = "contact/"
"""The page of a portal's own that says how to reach the firm, where it has one."""


def files(plan: Plan, shells: Shells, articles: Articles) -> Iterator[File]:
    """Every page, and the files that lie beside notices, each path once."""
    taken: set[str] = set()
    made = (
        bundle.make()
        for bundle in bundles(plan, shells, articles, Premises(plan, articles.circumstances[False], shells.mark))
    )
    for path, data in chain(chain.from_iterable(made), attached(plan), [build(plan)]):
        taken.add(path)
        yield path, data
    yield from moved.files(plan, taken)


def bundles(plan: Plan, shells: Shells, articles: Articles, premises: Premises) -> Iterator[Bundle]:
    """The pages of the site, as what is made together."""
    months = editions.months(plan.public, plan.now, plan.settings.zone)
    selectors = Selectors(plan, months)
    recent = selectors.follows

    def content() -> Iterator[File]:
        return ((path, shells.content(path, selectors.menus)) for path in shells.files)

    yield Bundle(premises.of("content", recent), content)
    yield from _lists(plan, shells, selectors, premises)
    yield from _editions(plan, shells, months, selectors, premises)
    yield from of_notices(plan, shells, articles, premises, selectors)
    yield Bundle(premises.of("whole", recent, premises.all_fronts), partial(_of_the_site, plan, shells, selectors))


def of_notices(
    plan: Plan, shells: Shells, articles: Articles, premises: Premises, selectors: Selectors
) -> Iterator[Bundle]:
    """The pages of each notice of a plan, and the codes that lead to them."""
    changes, around = Changes(plan, articles), hashed(premises.frame, selectors.follows)
    site_url = plan.settings.site_url
    for entry in plan.public:
        make = partial(_notice, plan, shells, articles, changes, entry, selectors)
        yield Bundle(hashed(around + premises.whole(entry)), make)
        codes = [page + QR for page in _pages_with_words(plan, entry)]
        yield Bundle(hashed(program(), "codes", site_url, *codes), partial(_codes, site_url, codes))


def prepare(plan: Plan, articles: Articles) -> None:
    """Have at hand what the pages of every notice need, before processes are started that make them."""
    from portal import qr

    articles.prepare()
    qr.svg(plan.settings.site_url)


def of_notice(plan: Plan, shells: Shells, articles: Articles, entry: Entry) -> Iterator[File]:
    """The pages of one notice alone; `entry` need not be as the plan has it."""
    selectors = Selectors(plan, editions.months(plan.public, plan.now, plan.settings.zone))
    return _notice(plan, shells, articles, Changes(plan, articles), entry, selectors)


def attached(plan: Plan) -> Iterator[File]:
    """The files that lie beside notices and come along with them."""
    addresses = plan.addresses(plan.settings.default_language)
    for entry in plan.public:
        for attachment in entry.attachments:
            yield addresses.attachment(entry.id, attachment.name), chunked.of(attachment.file)


def _of_the_site(plan: Plan, shells: Shells, selectors: Selectors) -> Iterator[File]:
    yield "404.html", shells.pour(plan.settings.default_language, _missing(plan, shells, selectors))
    yield "sitemap.xml", _sitemap(plan, shells).encode()
    yield "robots.txt", _robots(plan).encode()


def _lists(plan: Plan, shells: Shells, selectors: Selectors, premises: Premises) -> Iterator[Bundle]:
    boards = Boards(plan, premises.standings)
    fronts = {entry.id: premises.front(entry) for entry in plan.public}

    def told_of(entries: Sequence[Entry]) -> str:
        return "".join([fronts[entry.id] for entry in entries])

    around = premises.of("list", selectors.follows, [listing.key for listing in boards.listings])
    counts = hashed(*(str(len(listing.entries)) for listing in boards.listings))
    soon = hashed(told_of(boards.standing))
    for listing in boards.listings:
        pages = listing.pages(plan.settings.options.page_size)
        for number, entries in enumerate(pages, start=1):
            first = (counts if number == 1 else "", soon if not listing.key and number == 1 else "")
            follows = hashed(around, listing.key, str(number), str(len(pages)), *first, told_of(entries))
            yield Bundle(follows, partial(_list, plan, shells, boards, listing, number, selectors), _LISTS)
    for piece in cards.pieces(boards):
        follows = hashed(premises.frame, "cards", piece.name, told_of(piece.entries))
        yield Bundle(follows, partial(cards.files, boards, piece), _LISTS)
    yield Bundle(premises.of("cards", premises.all_fronts), partial(cards.lists, boards), _LISTS)


def _list(
    plan: Plan, shells: Shells, boards: Boards, listing: Listing, number: int, selectors: Selectors
) -> Iterator[File]:
    for language in plan.settings.languages:
        path = plan.addresses(language).listing(listing.key, number)
        board = boards.render(listing, number, language)
        if path == plan.addresses(language).home:
            yield f"{path}index.html", shells.home(language, board, selectors.board(language))
        else:
            page = _list_page(plan, listing, number, language, board)
            yield f"{path}index.html", shells.pour(language, page._replace(selector=selectors.board(language)))


def _editions(
    plan: Plan, shells: Shells, months: Sequence[Month], selectors: Selectors, premises: Premises
) -> Iterator[Bundle]:
    """The board of each month that is over, and the list of them."""
    almanac = Almanac(plan, months)
    around = premises.of("edition", [str(month) for month in months])
    told = [hashlib.sha256() for _ in months]
    for entry, shown in editions.shown(plan.public, months, plan.settings.zone):
        front = premises.front(entry).encode()
        for at in shown:
            told[at].update(front)
    for month, fronts in zip(months, told, strict=True):
        make = partial(_edition, plan, shells, almanac, month, selectors)
        yield Bundle(hashed(around, str(month), fronts.hexdigest()), make, _EDITIONS)
    index = partial(_editions_index, plan, shells, almanac, selectors)
    yield Bundle(hashed(around, "index", premises.all_fronts), index, _EDITIONS)


def _editions_index(plan: Plan, shells: Shells, almanac: Almanac, selectors: Selectors) -> Iterator[File]:
    languages = plan.settings.languages
    for language in languages:
        w = words.load(language)
        paths = {code: plan.addresses(code).editions for code in languages}
        page = Page(
            path=paths[language],
            title=w("editions.title"),
            description=w("editions.about"),
            body=f"<h1>{html.escape(w('editions.title'))}</h1>\n{almanac.index(language)}".encode(),
            switch=paths,
            translations=languages,
            selector=selectors.board(language),
        )
        yield f"{page.path}index.html", shells.pour(language, page)


def _edition(plan: Plan, shells: Shells, almanac: Almanac, month: Month, selectors: Selectors) -> Iterator[File]:
    languages = plan.settings.languages
    for language in languages:
        w, site = words.load(language), plan.settings.name_in(language)
        paths = {code: plan.addresses(code).edition(str(month)) for code in languages}
        title = w("editions.page", month=words.month(month.first, language))
        page = Page(
            path=paths[language],
            title=title,
            description=f"{site}: {title}",
            body=f"<h1>{html.escape(title)}</h1>\n".encode() + almanac.page(month, language),
            switch=paths,
            translations=languages,
            selector=selectors.board(language, month),
        )
        yield f"{page.path}index.html", shells.pour(language, page)


def _list_page(plan: Plan, listing: Listing, number: int, language: str, board: str) -> Page:
    spoken = words.load(language, "site")
    name = board_name(listing.key, Voice(plan.settings, language))
    title = spoken("board.page", title=name, number=number) if number > 1 else name
    site = plan.settings.name_in(language)
    paths = {code: plan.addresses(code).listing(listing.key, number) for code in plan.settings.languages}
    return Page(
        path=paths[language],
        title=title,
        # Only the first page counts, so that the others stay as they are while notices come.
        description=f"{site}: {title}"
        if number > 1
        else spoken("board.description", site=site, name=name, count=len(listing.entries)),
        body=board.encode(),
        switch=paths,
        translations=plan.settings.languages,
    )


def _notice(
    plan: Plan, shells: Shells, articles: Articles, changes: Changes, entry: Entry, selectors: Selectors
) -> Iterator[File]:
    """A page for each version, the latest once more under the notice's own address, and one of what changed."""
    own = {code: plan.addresses(code).notice(entry.id) for code in plan.settings.languages}
    for version in entry.versions:
        paths = {code: plan.addresses(code).version(entry.id, version.number) for code in plan.settings.languages}
        for language in plan.settings.languages:
            page = _article_page(plan, articles, entry, version, language, paths, selectors)
            written = _written_in(version, language)
            if version is entry.latest:
                latest = page._replace(path=own[language], canonical=own[written], switch=own)
                yield f"{latest.path}index.html", shells.pour(language, latest)
            title = words.load(language, "site")("version", title=page.title, number=version.number)
            found_at = (own if version is entry.latest else paths)[written]
            yield f"{page.path}index.html", shells.pour(language, page._replace(title=title, canonical=found_at))
    if len(entry.versions) > 1:
        yield from _changes(plan, shells, changes, entry, selectors)


def _pages_with_words(plan: Plan, entry: Entry) -> Iterator[str]:
    """The pages of a notice's versions in the languages that each has."""
    for version in entry.versions:
        for language in plan.settings.languages:
            if language in version.texts:
                yield plan.addresses(language).version(entry.id, version.number)


def _codes(site_url: str, paths: Sequence[str]) -> Iterator[File]:
    """The QR codes of pages, which stay as they are while words change."""
    from portal import qr  # segno comes with it, and only what is made needs codes

    for path in paths:
        yield path, qr.svg(site_url + path.removesuffix(QR))


def _changes(
    plan: Plan, shells: Shells, changes: Changes, entry: Entry, selectors: Selectors
) -> Iterator[tuple[str, bytes]]:
    paths = {code: plan.addresses(code).changes(entry.id) for code in plan.settings.languages}
    for language in plan.settings.languages:
        shown = changes.render(entry, language, file_url=lambda a: _file_url(plan, entry, a))
        page = Page(
            path=paths[language],
            title=words.load(language, "site")("changes", title=shown.title),
            description=shown.summary,
            body=shown.html.encode(),
            headings=shown.headings,
            switch=paths,
            translations=tuple(code for code in plan.settings.languages if code in entry.latest.texts),
            selector=selectors.notice(entry, None, language),
        )
        yield f"{page.path}index.html", shells.pour(language, page)


def _file_url(plan: Plan, entry: Entry, attachment: Attachment) -> str:
    address = plan.addresses(plan.settings.default_language).attachment(entry.id, attachment.name)
    return plan.settings.base + quote(address)


def _article_page(
    plan: Plan,
    articles: Articles,
    entry: Entry,
    version: Version,
    language: str,
    paths: Mapping[str, str],
    selectors: Selectors,
) -> Page:
    article = articles.render(entry, version, language, file_url=lambda a: _file_url(plan, entry, a), private=False)
    return Page(
        path=paths[language],
        title=article.title,
        description=article.summary or article.title,
        body=article.html.encode(),
        headings=article.headings,
        switch=paths,
        translations=tuple(code for code in plan.settings.languages if code in version.texts),
        listed=version is entry.latest,
        selector=selectors.notice(entry, version, language),
    )


def _written_in(version: Version, language: str) -> str:
    """The language of the text that a page in `language` shows."""
    text = version.text(language)
    return text.language if text else language


def _missing(plan: Plan, shells: Shells, selectors: Selectors) -> Page:
    """The page for an address that is not there, in every language: hosts know only one."""
    settings, default = plan.settings, plan.settings.default_language
    parts: list[dict[str, object]] = []
    for language in settings.languages:
        addresses = plan.addresses(language)
        contact = shells.contents.get(_CONTACT, {}).get(language)
        ways = {"home": addresses.home, "lookup": addresses.lookup, "contact": contact}
        parts.append(
            {
                "language": language,
                "spoken": words.load(language, "site"),
                "search": settings.base + addresses.search,
                "ways": [(key, settings.base + path) for key, path in ways.items() if path is not None],
            }
        )
    # A link to the private pages whose # became %23 on the way asks the host for a file that it does not know.
    mark = hashlib.sha256((TEMPLATES / "theme" / _LOST).read_bytes()).hexdigest()[:8]
    body = (
        Templates(settings)
        .get_template("missing.html")
        .render(parts=parts, script=f"{settings.base}{_LOST}?{mark}", door=settings.base + MY)
    )
    title = words.load(default, "site")("missing.title")
    return Page(
        path="", title=title, description=title, body=body.encode(), listed=False, selector=selectors.board(default)
    )


def _sitemap(plan: Plan, shells: Shells) -> str:
    """sitemap.xml: content pages and the latest version of each notice, with their translations (sitemaps.org 0.9)."""
    blocks = [block for paths in shells.contents.values() for block in _places(plan, paths, None)]
    every = [plan.addresses(code) for code in plan.settings.languages]
    for paths in ({a.language: a.lookup for a in every}, {a.language: a.subscribe for a in every}):
        blocks += _places(plan, paths, None)
    for entry in plan.public:
        paths = {
            code: plan.addresses(code).notice(entry.id)
            for code in plan.settings.languages
            if code in entry.latest.texts
        }
        day = entry.latest.on.astimezone(plan.settings.zone).date().isoformat()
        blocks += _places(plan, paths, day)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
        + "".join(blocks)
        + "</urlset>\n"
    )


def _places(plan: Plan, paths: Mapping[str, str], changed: str | None) -> Iterator[str]:
    """A page's <url> blocks, one for each language."""
    full = {code: html.escape(plan.settings.site_url + path) for code, path in paths.items()}
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{address}"/>'
        for code, address in full.items()
        if len(full) > 1
    )
    day = f"<lastmod>{changed}</lastmod>" if changed else ""
    for address in full.values():
        yield f"<url><loc>{address}</loc>{day}{others}</url>\n"


def _robots(plan: Plan) -> str:
    settings = plan.settings
    return f"User-agent: *\nDisallow: {settings.base}{MY}\n\nSitemap: {settings.site_url}sitemap.xml\n"


def build(plan: Plan) -> File:
    """Which commit and moment the site shows; the mailer asks it whether its links are there."""
    facts = {"commit": plan.commit, "time": plan.now.isoformat(), "program": installed.version("duenotice")}
    return BUILD, (json.dumps(facts) + "\n").encode()
