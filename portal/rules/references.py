"""What a notice says of other notices: what it replaces, answers, links to and is called by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from portal import explain
from portal.errors import Location, Severity
from portal.paper import Paper, name_parts
from portal.rules.case import Case, Finding, House, Rule
from portal.rules.wording import texts_in, without_code
from portal.sources import Filed, inside

_TARGET = re.compile(r"\]\(\s*<?([^()\s<>]+)|^ {0,3}\[[^\]\n]+\]:\s*<?([^\s<>]+)|href=[\"']([^\"'\s]+)", re.MULTILINE)
"""Where a Markdown link leads: in round brackets, in a reference below the text, or in HTML."""


def _named(case: Case) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if case.notice.supersedes:
        yield ("supersedes",), case.notice.supersedes
    for i, answered in enumerate(case.notice.answers):
        yield ("answers", i), answered


def _unknown(house: House) -> Iterator[Finding]:
    notices = house.sources.notices
    for case, key, identity in _all_named(house):
        if identity == case.notice.id:
            yield case.finding("a notice cannot refer to itself", "name the other notice", *key)
        elif identity not in notices:
            near = explain.nearest(identity, notices)
            hint = f"did you mean '{near}'?" if near and notices[near].notice.public else "check the id"
            yield case.finding("there is no notice with this id", hint, *key)


def _private(house: House) -> Iterator[Finding]:
    notices = house.sources.notices
    for case, key, identity in _all_named(house):
        if case.notice.public and identity in notices and not notices[identity].notice.public:
            hint = "remove the reference, or give this notice an audience"
            yield case.finding("a public notice refers to a private one", hint, *key)


def _all_named(house: House) -> Iterator[tuple[Case, tuple[str | int, ...], str]]:
    for case in house.cases():
        if case.notice.supersedes or case.notice.answers:  # most notices name no other
            yield from ((case, key, identity) for key, identity in _named(case))


def _cycle(house: House) -> Iterator[Finding]:
    """Told once for each circle, at the notice whose id comes first."""
    older = {c.notice.id: c.notice.supersedes for c in house.cases() if c.notice.supersedes}
    for start in sorted(older):
        seen, at = {start}, older[start]
        while at in older and at not in seen:
            seen.add(at)
            at = older[at]
        if at == start and len(seen) > 1 and min(seen) == start:
            where = house.sources.notices[start].paper.at("supersedes")
            yield Finding(where, "these notices supersede one another in a circle", "the newest names the one before")


def _redirects(house: House) -> Iterator[Finding]:
    former: dict[str, str] = {}
    for case in house.cases():
        for i, identity in enumerate(case.notice.redirects):
            if identity in house.sources.notices:
                message = "this former id is the id of a notice that is there"
                yield case.finding(message, "remove it, or give the other notice its own id", "redirects", i)
            elif former.setdefault(identity, case.notice.id) != case.notice.id:
                yield case.finding("two notices claim this former id", "leave it with one of them", "redirects", i)


def _links(house: House) -> Iterator[Finding]:
    """Links from the texts of public notices to private notices, or to what is attached to them."""
    private = {_stem for f in house.sources.notices.values() if not f.notice.public for _stem in _names(f)}
    private -= {_stem for f in house.sources.notices.values() if f.notice.public for _stem in _names(f)}
    if not private:
        return
    for case in house.cases():
        if case.notice.public:
            own = set(case.notice.attachments)
            for paper in (case.filed.paper, *case.filed.translations.values()):
                for where, target in _targets(paper):
                    name = unquote(target.partition("#")[0]).rstrip("/").rsplit("/", 1)[-1]
                    stem = name_parts(house.settings, name.removesuffix(".md"))[0]
                    if (stem in private or name in private) and name not in own:
                        message = "a public notice links to a private one"
                        yield Finding(where, message, "remove the link: a private notice has no public address")


def _names(filed: Filed) -> Iterator[str]:
    yield filed.notice.id
    yield filed.paper.stem
    yield from filed.notice.attachments


def _targets(paper: Paper) -> Iterator[tuple[Location, str]]:
    """Every link that leads to another place of this site, and where it stands."""
    body = without_code(paper.body)
    for match in _TARGET.finditer(body):
        line = paper.body_line + body.count("\n", 0, match.start(match.lastindex or 0))
        yield Location(paper.shown, line), match[match.lastindex or 0]
    for path, text in texts_in(paper):
        for match in _TARGET.finditer(text):
            yield paper.at(*path), match[match.lastindex or 0]


def _shared(house: House) -> Iterator[Finding]:
    """A file that lies open for all is no secret of the notice that also has it."""
    open_files = {file: case.notice.id for case in house.cases() if case.notice.public for _, file in _files(case)}
    for case in house.cases():
        if case.notice.public:
            continue
        for i, file in _files(case):
            if file in open_files:
                message = f"the public notice {open_files[file]} has this file too, so it is sealed for nobody"
                yield case.finding(
                    message, "take it out of one of the two, or attach a copy of your own", "attachments", i
                )


def _files(case: Case) -> Iterator[tuple[int, Path]]:
    for i, name in enumerate(case.notice.attachments):
        file = inside(case.filed.paper.file.parent, name)
        if file is not None and file.is_file():
            yield i, file.resolve()


RULES = (
    Rule("unknown-notice", Severity.ERROR, "a reference to a notice that is not there", of_house=_unknown),
    Rule("refers-to-private", Severity.ERROR, "a public notice that names a private one", of_house=_private),
    Rule("link-to-private", Severity.ERROR, "a public notice that links to a private one", of_house=_links),
    Rule(
        "shared-attachment", Severity.WARNING, "a file that a public and a private notice both have", of_house=_shared
    ),
    Rule("supersedes-cycle", Severity.ERROR, "notices that supersede one another", of_house=_cycle),
    Rule("redirect-taken", Severity.ERROR, "a former id that belongs to another notice", of_house=_redirects),
)
