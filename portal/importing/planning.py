"""From a folder of posts to the notice files they become: one plan, checked before anything is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath

from portal import explain
from portal.config import Settings
from portal.decoded import Fault
from portal.errors import Location, PortalError, Problem, Severity, errors_in, order
from portal.importing import bodies, composing, fields, folders, languages, matter, moments, naming
from portal.importing.fields import Fields
from portal.importing.languages import Marked, Markers
from portal.importing.matter import Matter
from portal.importing.outcome import Import, Planned
from portal.importing.posts import Group, Post, common, preference
from portal.paper import Paper, as_paper, notice_of, read_file, rendered


def survey(folder: Path, settings: Settings, taken_ids: Collection[str]) -> Import:
    """Plan the import of a folder; reads only. `taken_ids` are the ids that the portal's notices have.

    Raises PortalError where there is no such folder, or it holds the portal's own notices.
    """
    _refuse_own(folder, settings)
    return _Survey(folder, settings, frozenset(taken_ids)).run()


def write(planned: Import, settings: Settings) -> None:
    """Write the planned files. Raises PortalError where one cannot be written, or has come to be there meanwhile."""
    for plan in planned.planned:
        where = Location(settings.shown(plan.target))
        try:
            plan.target.parent.mkdir(parents=True, exist_ok=True)
            with plan.target.open("xb") as stream:
                stream.write(plan.data)
        except FileExistsError:
            raise PortalError("there is such a file already", "run the import again", where) from None
        except OSError as error:
            raise PortalError(
                f"the notice cannot be written: {error.strerror}", "mend this and run the import again", where
            ) from error


def _refuse_own(folder: Path, settings: Settings) -> None:
    if not folder.is_dir():
        raise PortalError(f"{folder} is not a folder", "name the folder that holds the posts")
    there = folder.resolve()
    for own in settings.notice_dirs():
        own = own.resolve()
        if own.is_relative_to(there) or there.is_relative_to(own):
            raise PortalError(f"{folder} holds this portal's own notices", "name a folder of posts outside them")


class _Survey:
    """One run over a folder: collects outcomes as it goes."""

    def __init__(self, folder: Path, settings: Settings, taken: frozenset[str]) -> None:
        self._folder = folder
        self._settings = settings
        self._prefix = settings.shown(folder)
        self._taken = taken
        self._earlier = dict(composing.traces(settings))
        self._planned: list[Planned] = []
        self._guessed: list[Problem] = []
        self._left: list[Problem] = []
        self._refused: list[Problem] = []
        self._already: list[str] = []

    def run(self) -> Import:
        walk = folders.walk(self._folder)
        for path, fault in walk.refused:
            self._refuse(self._shown(path), fault)
        for path in walk.others:
            fault = Fault(
                (1, 1),
                "not-markdown",
                "this post is not Markdown; it was not imported",
                "convert it, for example with pandoc",
            )
            self._leave(self._shown(path), fault)
        markers = Markers(walk.posts, self._settings.languages)
        sites = walk.sites
        together: dict[PurePosixPath | str, list[Post]] = {}
        for path in walk.posts:
            marked = markers.read(path)
            found = self._take_apart(path)
            if found is None:
                continue
            if found[1].date is None and "date" not in found[0].data:
                if path.stem.partition(".")[0] == "index":
                    walk.skipped["section pages"] += 1
                    continue
                if not {"_posts", "_drafts"} & set(path.parts) and any(path.is_relative_to(site) for site in sites):
                    walk.skipped["pages without a date, of a site that keeps its posts in _posts"] += 1
                    continue
            post = self._in_a_language(path, marked, *found)
            if post is not None:
                together.setdefault(common(post), []).append(post)
        groups = [group for posts in together.values() if (group := self._group(posts)) is not None]
        self._plan(groups)
        return Import(
            folder=self._folder,
            planned=tuple(sorted(self._planned, key=lambda plan: plan.target)),
            guessed=tuple(sorted(self._guessed, key=order)),
            left=tuple(sorted(self._left, key=order)),
            refused=tuple(sorted(self._refused, key=order)),
            already=tuple(sorted(self._already)),
            skipped=dict(sorted(walk.skipped.items())),
        )

    def _take_apart(self, path: PurePosixPath) -> tuple[Matter, Fields, str] | None:
        try:
            data = (self._folder / path).read_bytes()
        except OSError as error:
            self._refuse(
                self._shown(path),
                Fault((1, 1), "unreadable", f"the file cannot be read: {error.strerror}", "check its permissions"),
            )
            return None
        parts = matter.read(data)
        if parts.faults:
            self._refuse(self._shown(path), *parts.faults)
            return None
        bare = str(path.with_suffix(""))
        found = fields.of(parts, naming.plain_name(PurePosixPath(bare.removesuffix("/index"))), moments.in_path(bare))
        if "_drafts" in path.parts and not found.draft:
            found = replace(found, draft=True, mapped=(*found.mapped, ("_drafts/", "draft")))
        return parts, found, hashlib.sha256(data).hexdigest()[:16]

    def _in_a_language(
        self, path: PurePosixPath, marked: Marked, parts: Matter, found: Fields, trace: str
    ) -> Post | None:
        shown = self._shown(path)
        known = ", ".join(self._settings.languages)
        said = found.language if found.language and languages.code(found.language) else marked.marker
        guessed: tuple[Fault, ...] = ()
        if said is not None:
            language = languages.code(said) or said
            if language not in self._settings.languages:
                fault = Fault(
                    (1, 1),
                    "language-unknown",
                    f"it is in '{said}', the portal has {known}; it was not imported",
                    "add the language to mkdocs.yml, or translate it",
                )
                self._leave(shown, fault)
                return None
        else:
            language = languages.of_text(found.title, parts.text) or self._settings.default_language
            if language not in self._settings.languages:
                fault = Fault(
                    (1, 1),
                    "language-unknown",
                    f"its text looks like '{language}', the portal has {known}",
                    "add the language to mkdocs.yml, or say 'lang: …' in the file",
                )
                self._refuse(shown, fault)
                return None
            guessed = (Fault((1, 1), "language-from-text", f"the language was told from the text: {language}"),)
        name = naming.plain_name(marked.key)
        return Post(path, shown, marked, name, language, parts, found, trace, (*parts.mended, *found.guessed, *guessed))

    def _group(self, posts: list[Post]) -> Group | None:
        """One post for each language, the original first; what cannot be part of it is refused."""
        chosen: dict[str, Post] = {}
        for post in sorted(posts, key=preference):
            twin = chosen.setdefault(post.language, post)
            if twin is not post:
                fault = Fault(
                    (1, 1),
                    "language-twice",
                    f"{twin.path} is this post in '{post.language}' already",
                    "rename one of the two, or leave it out",
                )
                self._refuse(post.shown, fault)
        original = min(chosen.values(), key=self._originality)
        date = next((post.fields.date for post in (original, *chosen.values()) if post.fields.date is not None), None)
        if date is None:
            for post in chosen.values():
                fault = Fault(
                    (1, 1),
                    "no-date",
                    "neither the file nor its name says when it was published",
                    "add a line date: 2027-01-31 to its front matter",
                )
                unread = next((left for left in post.fields.left if left.code == "date-unreadable"), None)
                if unread is not None:
                    fault = Fault(unread.place, "no-date", unread.message, "write it as date: 2027-01-31")
                self._refuse(post.shown, fault)
            return None
        if original.fields.date is None:
            fault = Fault((1, 1), "date-from-translation", "no date; the one of its translation was taken")
            original = replace(original, guessed=(*original.guessed, fault))
        translations = []
        for post in chosen.values():
            if post.language == original.language:
                continue
            if post.fields.draft and not original.fields.draft:
                fault = Fault(
                    (1, 1),
                    "draft-translation",
                    "a draft, but its original is public; it was not imported",
                    "import it when it is finished",
                )
                self._leave(post.shown, fault)
            else:
                translations.append(post)
        return Group(original, tuple(translations), date)

    def _originality(self, post: Post) -> tuple[bool, bool, int]:
        earlier = self._earlier.get(post.trace)
        return (
            earlier is None or earlier.translation,
            post.fields.draft,
            self._settings.languages.index(post.language),
        )

    def _plan(self, groups: list[Group]) -> None:
        fresh: list[Group] = []
        used: set[str] = set()
        for group in groups:
            earlier = [self._earlier[post.trace] for post in group.posts if post.trace in self._earlier]
            if earlier:
                used.add(earlier[0].id)
                self._plan_group(group, earlier[0].id, earlier[0].file.parent)
            else:
                fresh.append(group)
        first = self._settings.notice_dirs()[0]
        for group in sorted(fresh, key=lambda g: (g.date.strftime("%Y-%m-%d"), g.original.path)):
            identity = _identity(group, used)
            used.add(identity)
            if identity in self._taken:
                for post in group.posts:
                    fault = Fault(
                        (1, 1),
                        "id-taken",
                        f"the portal has a notice '{identity}' already",
                        "rename the file (or its slug), or edit that notice",
                    )
                    self._refuse(post.shown, fault)
            else:
                self._plan_group(group, identity, first / f"{group.date.year:04}")

    def _plan_group(self, group: Group, identity: str, folder: Path) -> None:
        original: Paper | None = None
        for post in group.posts:
            target = folder / f"{identity}.{post.language}.md"
            translation = post is not group.original
            data = composing.compose(post, group.original if translation else None, group.date)
            if post.trace in self._earlier:
                self._already.append(post.shown)
                if not translation:
                    original, _ = read_file(self._settings, self._earlier[post.trace].file)
                continue
            if target.exists():
                shown = self._settings.shown(target)
                self._refuse(
                    post.shown,
                    Fault(
                        (1, 1),
                        "file-there",
                        f"{shown} is there already",
                        "rename the file (or its slug), or edit that notice",
                    ),
                )
                continue
            paper, problems = self._proof(target, data, original if translation else None, translation)
            if not translation:
                original = paper
            if problems:
                self._refuse(
                    post.shown,
                    *(Fault((1, 1), p.code, f"it would be no valid notice: {p.message}", p.hint) for p in problems),
                )
                continue
            mapped = tuple(pair for pair in post.fields.mapped if not (translation and pair[1] in {"date", "draft"}))
            draft = post.fields.draft and not translation
            self._planned.append(
                Planned(
                    post.shown,
                    target,
                    self._settings.shown(target),
                    identity,
                    post.language,
                    translation,
                    draft,
                    data,
                    mapped,
                )
            )
            self._guess(post.shown, *(f for f in post.guessed if not (translation and f.code.startswith("date-"))))
            self._leave(
                post.shown,
                *post.matter.odd,
                *post.fields.left,
                *bodies.oddities(post.matter.text, post.matter.body_line),
            )

    def _proof(
        self, target: Path, data: bytes, original: Paper | None, translation: bool
    ) -> tuple[Paper | None, list[Problem]]:
        """Read what would be written as the portal will: nothing that it would refuse is ever written."""
        paper, problems = as_paper(self._settings, target, data)
        if paper is not None and not translation:
            problems += notice_of(paper)[1]
        elif paper is not None and original is not None:
            problems += rendered(original, paper)[1]
        elif paper is not None:
            problems.append(
                Problem(
                    Location(self._settings.shown(target)),
                    "no-original",
                    "its original was refused",
                    "mend the original and import again",
                )
            )
        return paper, errors_in(problems)

    def _shown(self, path: PurePosixPath) -> str:
        """A file's path on one line, whatever bytes its name has."""
        text = os.fsencode(f"{self._prefix}/{path}").decode("utf-8", "replace")
        return "".join(c if c.isprintable() else "�" for c in text)

    def _refuse(self, shown: str, *faults: Fault) -> None:
        self._refused += explain.faults(shown, faults)

    def _guess(self, shown: str, *faults: Fault) -> None:
        self._guessed += explain.faults(shown, faults, Severity.WARNING)

    def _leave(self, shown: str, *faults: Fault) -> None:
        self._left += explain.faults(shown, faults, Severity.WARNING)


def _identity(group: Group, used: Collection[str]) -> str:
    post = group.original
    slug = post.matter.data.get("slug")
    said = str(slug).strip("/").rpartition("/")[2] if isinstance(slug, (str, int)) else ""
    found = naming.identity(said) or naming.identity(post.name) or naming.nameless(post.marked.key, group.date)
    return found if found not in used else naming.apart(found, post.marked.key, group.date, used)
