"""Where notices used to be: pages at old addresses that lead to the new ones, and what stands in their way."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterator, Set
from pathlib import PurePosixPath

from portal import chunked, words
from portal.chunked import File
from portal.errors import Problem
from portal.notice import former_file
from portal.plan import Entry, Plan
from portal.sources import Sources
from portal.words import TEMPLATES

_SCRIPT = "assets/duenotice-moved.js"
"""Takes the fragment along, which no refresh does."""


def files(plan: Plan, taken: Set[str]) -> Iterator[File]:
    """The pages at former ids and former paths. What is `taken` stays as it is."""
    former = [entry for entry in plan.public if entry.notice.redirects]
    there = _Tree(taken if former else frozenset())
    for entry in former:
        for old in entry.notice.redirects:
            for path, data in _from_path(plan, entry, old) if old.startswith("/") else _from_id(plan, entry, old):
                if there.takes(path):
                    yield path, data


def problems(plan: Plan, sources: Sources, taken: Set[str]) -> Iterator[Problem]:
    """Former paths at which something else stands; former ids are for the rules. `taken`: the hand-written pages."""
    if not any(filed.notice.redirects for filed in sources.notices.values()):
        return
    living = {f"{plan.addresses(code).notice(e.id)}index.html" for e in plan.public for code in plan.settings.languages}
    there = _Tree(taken | living)
    for _, filed in sorted(sources.notices.items()):
        for position, old in enumerate(filed.notice.redirects):
            file = former_file(old)
            if file is not None and not there.free(file):
                message, hint = f"there is something else at {old}", "remove the redirect, or what stands there"
                yield Problem(filed.paper.at("redirects", position), "redirect-taken", message, hint)


class _Tree:
    """The files that are there, so that none is put where a file or a folder of the same name stands."""

    def __init__(self, files: Set[str]) -> None:
        self._files = set(files)
        self._folders = {str(folder) for file in files for folder in PurePosixPath(file).parents}

    def free(self, file: str) -> bool:
        above = (str(folder) for folder in PurePosixPath(file).parents)
        return file not in self._files and file not in self._folders and self._files.isdisjoint(above)

    def takes(self, file: str) -> bool:
        """Put a file there, if nothing is in its way."""
        if not self.free(file):
            return False
        self._files.add(file)
        self._folders.update(str(folder) for folder in PurePosixPath(file).parents)
        return True


def _from_path(plan: Plan, entry: Entry, old: str) -> Iterator[tuple[str, bytes]]:
    file = former_file(old)
    if file is not None:
        language = entry.latest.language
        yield file, _page(plan, entry, language, plan.addresses(language).notice(entry.id))


def _from_id(plan: Plan, entry: Entry, old: str) -> Iterator[File]:
    """Every page that the notice had, or has, under a former id; its files stand there once more."""
    for language in plan.settings.languages:
        addresses = plan.addresses(language)
        pairs = [(addresses.notice(old), addresses.notice(entry.id))]
        pairs += [(addresses.version(old, v.number), addresses.version(entry.id, v.number)) for v in entry.versions]
        if len(entry.versions) > 1:
            pairs.append((addresses.changes(old), addresses.changes(entry.id)))
        for former, target in pairs:
            yield f"{former}index.html", _page(plan, entry, language, target)
    for attachment in entry.attachments:
        yield (
            plan.addresses(plan.settings.default_language).attachment(old, attachment.name),
            chunked.of(attachment.file),
        )


def _page(plan: Plan, entry: Entry, language: str, target: str) -> bytes:
    spoken = words.load(language, "site")
    to, canonical = (html.escape(start + target) for start in (plan.settings.base, plan.settings.site_url))
    title, text = html.escape(spoken("moved.title")), html.escape(entry.text(language).notice.title)
    script = (TEMPLATES / "theme" / _SCRIPT).read_bytes()
    mark = hashlib.sha256(script).hexdigest()[:8]
    return (
        f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta name="robots" content="noindex">\n<link rel="canonical" href="{canonical}">\n'
        f'<script src="{html.escape(plan.settings.base)}{_SCRIPT}?{mark}" data-to="{to}"></script>\n'
        f'<noscript><meta http-equiv="refresh" content="0; url={to}"></noscript>\n'
        f'<h1>{title}</h1>\n<p>{html.escape(spoken("moved.text"))} <a href="{to}">{text}</a></p>\n</html>\n'
    ).encode()
