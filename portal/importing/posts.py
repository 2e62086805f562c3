"""The posts of a folder as read, and those that make up one notice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import PurePosixPath

from portal.decoded import Fault
from portal.importing.fields import Fields
from portal.importing.languages import Marked
from portal.importing.matter import Matter


@dataclass(frozen=True, slots=True)
class Post:
    """A source file that was read and is in a language of the portal."""

    path: PurePosixPath
    shown: str
    marked: Marked
    name: str
    language: str
    matter: Matter
    fields: Fields
    trace: str
    """The first 16 hex digits of the SHA-256 of its bytes."""
    guessed: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one notice: the original, and what renders it in other languages."""

    original: Post
    translations: tuple[Post, ...]
    date: dt.date

    @property
    def posts(self) -> tuple[Post, ...]:
        return (self.original, *self.translations)


_KEYS = ("translationKey", "translation_key", "i18n_key", "lang-ref", "lang_ref")


def common(post: Post) -> PurePosixPath | str:
    """What the languages of one post have in common: a key that names it, or else its path without the language."""
    data = post.matter.data
    names = [*_KEYS, *(["ref", "page_id"] if "lang" in data else [])]
    return next((f"{name}:{data[name]}" for name in names if isinstance(data.get(name), str)), post.marked.key)


def preference(post: Post) -> tuple[int, PurePosixPath]:
    """Of two files in one language: the marked one, then the unmarked, then one of another script or region."""
    marker = (post.marked.marker or "").lower().replace("_", "-")
    if marker in {"tw", "zh-tw", "zh-hk", "zh-mo"} or "hant" in marker:
        return (2, post.path)
    return (0 if marker else 1, post.path)
