"""Everything that a private page follows from, as one hash: the same hash, the same page.

That is the program and its templates, mkdocs.yml, the day, the bytes of the notice's own files, its state, what fills
it for a client, and of other notices what it may link to. Changing any other notice changes no hash, so a build makes
anew only what it must.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from portal import installed, words
from portal.config import Settings
from portal.notice import Notice, Version
from portal.plan import Entry, Plan
from portal.standing import Standings

_MAKERS = ("babel", "cryptography", "jinja2", "markdown", "markupsafe", "nh3", "pygments", "pymdown-extensions")


class Circumstances:
    """The hashes of a plan's private pages."""

    def __init__(self, plan: Plan, standings: Standings) -> None:
        self._plan, self.standings = plan, standings
        self._around: dict[str, str] = {}
        self._linked = ""
        settings = plan.settings
        self.common = hashed(
            configured(settings),
            _contents(settings.root / "site_templates"),
            plan.now.astimezone(settings.zone).date().isoformat(),
        )

    def of(
        self, what: str, entry: Entry, version: Version, language: str, values: Mapping[str, str] | None, *more: str
    ) -> str:
        """The hash of one thing made of a version for readers of a language; `more` is what else it is made of."""
        filled = json.dumps(values, ensure_ascii=False, sort_keys=True)
        return hashed(self.around(entry), what, str(version.number), language, filled, *more)

    def recall(self, around: Mapping[str, str], addresses: str) -> None:
        """Know from an earlier build what is the same for notices, by id, and for whatever a text may link to."""
        self._around.update(around)
        self._linked = addresses

    def around(self, entry: Entry) -> str:
        """The hash of all that things made of a notice have in common."""
        if entry.id not in self._around:
            self._around[entry.id] = self._of_entry(entry)
        return self._around[entry.id]

    def _of_entry(self, entry: Entry) -> str:
        standing = self.standings.of(entry)
        replaced = self.standings.replaced_at(entry)
        facts = [
            entry.id,
            entry.state,
            standing.key,
            [(at.isoformat(), key) for at, key in standing.ahead],
            replaced and replaced.isoformat(),
            bool(entry.values),
            [
                (
                    v.number,
                    v.on.isoformat(),
                    v.note,
                    v.minor,
                    sorted((code, t.path, t.sha256) for code, t in v.texts.items()),
                )
                for v in entry.versions
            ],
            [(found.name, found.file.stat().st_size) for found in entry.attachments],
            self._relatives if entry.successor or _has_relatives(entry.notice) else "",
            self.addresses if _may_link(entry) else "",
        ]
        return hashed(self.common, repr(facts))

    @cached_property
    def _relatives(self) -> str:
        """Whatever a page may say of public notices that it supersedes, answers, or is superseded by."""
        return hashed(
            *(
                f"{e.id} {e.state} {e.successor} {sorted((code, t.notice.title) for code, t in e.latest.texts.items())}"
                for e in self._plan.public
            )
        )

    @property
    def addresses(self) -> str:
        """The hash of whatever a text may link to: public notices by name, and hand-written pages."""
        self._linked = self._linked or self._addresses()
        return self._linked

    def _addresses(self) -> str:
        settings = self._plan.settings
        docs = settings.root / str(settings.document.data.get("docs_dir", "docs"))
        paths = {text.path for e in self._plan.public for v in e.versions for text in v.texts.values()}
        pages = {file.relative_to(docs).as_posix() for file in docs.rglob("*.md")}
        return hashed(*sorted(e.id for e in self._plan.public), "", *sorted(paths), "", *sorted(pages))


def _has_relatives(notice: Notice) -> bool:
    return bool(notice.supersedes or notice.answers)


def _may_link(entry: Entry) -> bool:
    return any(text.links for v in entry.versions for text in v.texts.values())


@lru_cache(maxsize=1)
def program() -> str:
    """The hash of everything installed that makes pages: this package, its templates and words, and its libraries."""
    return hashed(
        sys.version,
        *(f"{name} {installed.version(name)}" for name in _MAKERS),
        _contents(Path(__file__).parent, ".py"),
        _contents(words.TEMPLATES),
    )


def configured(settings: Settings) -> str:
    """The hash of the program and of how a portal is configured."""
    said = json.dumps(settings.document.data, default=str, sort_keys=True)
    return hashed(program(), settings.site_url, said)


def _contents(folder: Path, ending: str = "") -> str:
    return hashed(*_told(folder, ending))


def _told(folder: Path, ending: str) -> Iterator[str]:
    for above, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            file = f"{above}/{name}"
            if name.endswith(ending) and not name.endswith(".pyc") and os.path.isfile(file):  # noqa: PTH113 - as below
                with open(file, "rb") as opened:  # noqa: PTH123 - asked by every build, and a Path takes longer than that
                    yield file.removeprefix(str(folder))
                    yield hashlib.sha256(opened.read()).hexdigest()


def hashed(*parts: str) -> str:
    """The first half of the SHA-256, in hexadecimal, of parts that cannot run into each other."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.sha256(b"".join([b"%d:%b" % (len(part), part) for part in encoded])).hexdigest()[:32]
