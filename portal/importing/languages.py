"""Which language a post is in: from its path, its front matter, or its text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_KNOWN = frozenset(
    """ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nb nl no pl pt ro ru sk sl sr sv ta
    th tr uk vi zh""".split()
)
_ALSO = {
    "cn": "zh",
    "chs": "zh",
    "tw": "zh",
    "jp": "ja",
    "kr": "ko",
    "english": "en",
    "chinese": "zh",
    "中文": "zh",
    "英文": "en",
}
_CODE = re.compile(r"([a-z]{2,3})(?:[-_](?:[a-z]{2}|hans|hant|latn|cyrl)){0,2}", re.IGNORECASE)
_SURE_PARENTS = frozenset({"i18n", "_i18n", "locales", "content", "translations"})
_LOOKED_AT = 2500  # characters of a text: enough to tell its script


def code(marker: str) -> str | None:
    """The language that zh-CN, zh_Hans, EN or cn stands for; None for a word that is no language."""
    word = marker.lower()
    if word in _ALSO:
        return _ALSO[word]
    match = _CODE.fullmatch(word)
    return match[1] if match is not None and match[1] in _KNOWN else None


@dataclass(frozen=True, slots=True)
class Marked:
    """A file's path, with its language taken out of it: what the files of one post have in common."""

    key: PurePosixPath
    """Without ending, language and index."""
    marker: str | None
    """As written: zh-cn, en-us."""

    @property
    def language(self) -> str | None:
        return code(self.marker) if self.marker else None


class Markers:
    """Tells a language in a path (`zh-cn/`, `content/en/`, `.zh.md`) from a word that looks like one (`it/`, `.id.md`).

    A code that is none of the portal's counts only in company: beside another language, or where languages are kept.
    """

    def __init__(self, paths: Iterable[PurePosixPath], languages: Collection[str]) -> None:
        self._languages = languages
        self._folders: dict[PurePosixPath, set[str]] = {}
        self._stems: dict[PurePosixPath, set[str]] = {}
        for path in paths:
            for folder in path.parents:
                if folder.name and code(folder.name):
                    self._folders.setdefault(folder.parent, set()).add(folder.name)
            self._stems.setdefault(path.parent / path.stem.partition(".")[0], set()).add(path.stem)

    def read(self, path: PurePosixPath) -> Marked:
        """Take the language out of a path; the file's own name speaks before its folders."""
        stem = path.stem
        name, dot, suffix = stem.rpartition(".")
        marker = None
        if dot and name and self._sure(suffix, len(self._stems.get(path.parent / stem.partition(".")[0], ())) > 1):
            marker, stem = suffix, name
        parts: list[str] = []
        for i, part in enumerate(path.parent.parts):
            parent = PurePosixPath(*path.parts[:i])
            company = len(self._folders.get(parent, ())) > 1 or parent.name in _SURE_PARENTS
            if self._sure(part, company):
                marker = marker or part
            else:
                parts.append(part)
        # Docusaurus keeps translations of blog/ in i18n/<language>/docusaurus-plugin-content-blog/
        folder = re.sub(r"(?:^|/)i18n/docusaurus-plugin-content-", "/", "/".join(parts)).lstrip("/")
        return Marked(PurePosixPath(folder, *([] if stem == "index" and folder else [stem])), marker)

    def _sure(self, word: str, company: bool) -> bool:
        language = code(word)
        return language is not None and (language in self._languages or len(word) > 3 or company)


_SCRIPTS = {
    "zh": re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+"),
    "ja": re.compile("[\u3040-\u30ff]+"),
    "ko": re.compile("[\uac00-\ud7a3\u1100-\u11ff]+"),
    "ru": re.compile("[\u0400-\u052f]+"),
    "el": re.compile("[\u0370-\u03ff]+"),
    "ar": re.compile("[\u0600-\u06ff]+"),
    "he": re.compile("[\u0590-\u05ff]+"),
    "th": re.compile("[\u0e00-\u0e7f]+"),
    "hi": re.compile("[\u0900-\u097f]+"),
}
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")
_NOT_PROSE = re.compile(
    r"^(```|~~~).*?^\1|`[^`\n]*`|\{[%{].*?[%}]\}|https?://[^\s)>\"]+|<[^>\n]{1,300}>", re.MULTILINE | re.DOTALL
)
_SHARE = 0.1
"""Of a text's letters, from which on a script gives it its language: Chinese posts about software are half Latin."""


def of_text(title: str, body: str) -> str | None:
    """The language that a text's script suggests; Latin letters count as English. None for a text without letters."""
    text = title + "\n" + _NOT_PROSE.sub(" ", body[:_LOOKED_AT])
    latin = _letters(_LATIN, text)
    if text.isascii():
        return "en" if latin else None
    counts = {language: _letters(script, text) for language, script in _SCRIPTS.items()}
    total = latin + sum(counts.values())
    if total == 0:
        return None
    # Japanese is written in Han characters as well, so its own letters decide.
    if counts["ja"] > 2 and counts["ja"] >= _SHARE * max(counts["zh"], _SHARE * total):
        return "ja"
    language = max(counts, key=counts.__getitem__)
    return language if counts[language] >= _SHARE * total else "en"


def _letters(script: re.Pattern[str], text: str) -> int:
    return sum(map(len, script.findall(text)))
