"""Which files of a folder are posts, and which are passed over, with the reason."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from portal.decoded import Fault

_ENDINGS = frozenset({".md", ".markdown", ".mdx", ".mdown", ".mkd"})
_OTHER_POSTS = frozenset({".html", ".htm", ".textile", ".rst", ".adoc", ".asciidoc", ".org", ".erb"})
_NOT_POSTS = frozenset(
    """node_modules archetypes scaffolds themes layouts _layouts _includes _sass _site _data _plugins _build
    _partials _templates""".split()
)
_PAPERS = re.compile(
    r"(?i:readme)(?:[._-][A-Za-z_-]+)?|LICENSE|LICENCE|CHANGELOG|CONTRIBUTING|CODE_OF_CONDUCT|SECURITY|SUMMARY|AUTHORS|NOTICE"
)
LARGEST = 2_000_000
"""Bytes of a post; a longer one is no announcement."""


@dataclass(slots=True)
class Walk:
    """A folder's files, sorted by path."""

    posts: list[PurePosixPath] = field(default_factory=list)
    others: list[PurePosixPath] = field(default_factory=list)
    """Posts that are not Markdown."""
    refused: list[tuple[PurePosixPath, Fault]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def sites(self) -> frozenset[PurePosixPath]:
        """The folders of Jekyll sites, which keep their posts in `_posts`: what else stands there is mostly pages."""
        return frozenset(
            PurePosixPath(*path.parts[: path.parts.index("_posts")]) for path in self.posts if "_posts" in path.parts
        )


def walk(folder: Path) -> Walk:
    """Look through a folder; links are never followed. Raises nothing: an unreadable folder is a refusal."""
    found = Walk()
    top = folder.resolve()

    def unreadable(error: OSError) -> None:
        place = PurePosixPath(Path(error.filename).relative_to(folder).as_posix())
        found.refused.append(
            (
                place,
                Fault((1, 1), "unreadable", f"the folder cannot be read: {error.strerror}", "check its permissions"),
            )
        )

    for here, folders, files in os.walk(folder, onerror=unreadable):
        within = PurePosixPath(Path(here).relative_to(folder).as_posix())
        for name in list(folders):
            if name.startswith(".") or name.lower() in _NOT_POSTS:
                found.skipped["folders that hold no posts (hidden, node_modules, layouts, themes …)"] += 1
                folders.remove(name)
            elif Path(here, name).is_symlink():
                _link(found, top, Path(here, name), within / name)
                folders.remove(name)
        folders.sort()
        for name in sorted(files):
            _sort(found, top, Path(here, name), within / name)
    return found


def _sort(found: Walk, top: Path, file: Path, path: PurePosixPath) -> None:
    ending = file.suffix.lower()
    if file.name.startswith("."):
        return
    if ending in _OTHER_POSTS and _is_post(file):
        found.others.append(path)
    elif ending not in _ENDINGS:
        found.skipped["files that are not Markdown"] += 1
    elif file.is_symlink():
        _link(found, top, file, path)
    elif _PAPERS.fullmatch(file.stem):
        found.skipped["README, LICENSE and the like"] += 1
    elif file.stem.startswith("_index"):
        found.skipped["section pages"] += 1
    elif file.name.startswith("_"):
        found.skipped["partials (names that begin with _)"] += 1
    elif fault := _unfit(file):
        found.refused.append((path, fault))
    else:
        found.posts.append(path)


def _link(found: Walk, top: Path, file: Path, path: PurePosixPath) -> None:
    try:
        inside = file.resolve(strict=True).is_relative_to(top)
    except (OSError, RuntimeError):
        found.refused.append(
            (
                path,
                Fault((1, 1), "broken-link", "a symbolic link that leads nowhere", "remove it, or copy the file here"),
            )
        )
        return
    if inside:
        found.skipped["symbolic links within the folder"] += 1
    else:
        found.refused.append(
            (path, Fault((1, 1), "link-outside", "a symbolic link that leads out of the folder", "copy the file here"))
        )


def _unfit(file: Path) -> Fault | None:
    try:
        status = file.stat()
    except OSError as error:
        return Fault((1, 1), "unreadable", f"the file cannot be read: {error.strerror}", "check its permissions")
    if not stat.S_ISREG(status.st_mode):
        return Fault((1, 1), "not-a-file", "this is no ordinary file", "remove it")
    if status.st_size > LARGEST:
        return Fault(
            (1, 1),
            "too-large",
            f"the file has {status.st_size:,} bytes; a post has at most {LARGEST:,}",
            "split it, or attach it to a notice",
        )
    return None


def _is_post(file: Path) -> bool:
    """Whether a file that is not Markdown begins like a post, with front matter."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        with file.open("rb") as stream:
            return stream.read(8).lstrip(b"\xef\xbb\xbf").startswith((b"---\n", b"---\r", b"+++\n", b"+++\r"))
    except OSError:
        return False
