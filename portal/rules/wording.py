"""Words that the house would rather not read: titles that say nothing, promises nobody keeps, jargon."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from portal.config import Settings, Wording
from portal.errors import Location, Severity
from portal.notice import TEXT_KEYS
from portal.paper import Paper
from portal.rules.case import Case, Finding, Rule, Scope

_List: TypeAlias = Literal["vague_titles", "absolute", "jargon"]

DEFAULTS: MappingProxyType[str, Wording] = MappingProxyType(
    {
        "zh": Wording.model_construct(
            vague_titles=tuple(
                "通知 公告 重要 温馨 提示 提醒 最新 紧急 关于 事项 调整 变更 更新 说明 相关 有关 的".split()
            ),
            absolute=tuple("绝对 百分之百 万无一失 零风险 永不涨价 永久免费 全网最低 行业第一 国家级 终身保证".split()),
            jargon=tuple("赋能 抓手 颗粒度 底层逻辑 方法论 组合拳 生态化反 心智 链路 顶层设计".split()),
        ),
        "en": Wording.model_construct(
            vague_titles=tuple(
                "a an the and our of on about important urgent notice notices announcement update updates news change"
                " changes information info reminder attention please read".split()
            ),
            absolute=(
                *("100% safe", "100% secure", "risk-free", "no risk at all", "never fails", "cannot fail"),
                *("absolutely no", "lowest price", "forever free", "guaranteed savings"),
            ),
            jargon=(
                "synergy",
                "synergies",
                "leverage",
                "paradigm shift",
                "best-in-class",
                "low-hanging fruit",
                "holistic",
            ),
        ),
    }
)
"""What holds where mkdocs.yml has no list of its own. Short on purpose: a house adds what it keeps correcting."""

_CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_ALIKE = (("\u0131", "i"), ("\u0307", ""))
"""Where a pattern that ignores case takes more letters for one than folding does: the Turkish i and I."""
_HEADS = frozenset(key.split(".")[0] for key in TEXT_KEYS)


def without_code(body: str) -> str:
    """A body whose code is blanked out, every line and every character in its place."""
    return _CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), body) if "`" in body or "~~~" in body else body


def texts_in(paper: Paper) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text of the front matter that readers see, with the path of its key."""
    for key, value in paper.data.items():
        if key in _HEADS or key == "details":
            yield from _strings((key,), value)


def _strings(path: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(inner, str):
                yield (*path, key), inner
            else:
                yield from _strings((*path, key), inner)


def _words(settings: Settings, language: str, which: _List) -> tuple[str, ...]:
    for wording in (settings.options.wording.get(language), DEFAULTS.get(language)):
        chosen: tuple[str, ...] | None = getattr(wording, which) if wording else None
        if chosen is not None:
            return chosen
    return ()


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the words; one in Latin letters only where it stands by itself."""
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(
        "|".join(rf"(?<![A-Za-z]){re.escape(w)}(?![A-Za-z])" if w.isascii() else re.escape(w) for w in ordered),
        re.IGNORECASE,
    )


def _vague(case: Case) -> Iterator[Finding]:
    for paper in (case.filed.paper, *case.filed.translations.values()):
        words, title = _words(case.settings, paper.language, "vague_titles"), paper.data.get("title")
        if words and isinstance(title, str) and not re.sub(r"[\W\d_]", "", _pattern(words).sub("", title)):
            message = "the title does not say what it is about"
            yield Finding(paper.at("title"), message, "name what changes, and from when")


def _found(which: _List, message: str, hint: str, case: Case) -> Iterator[Finding]:
    """One finding for each file, at the first of the words in it."""
    for paper in (case.filed.paper, *case.filed.translations.values()):
        words = _words(case.settings, paper.language, which)
        if not words:
            continue
        found = next(_first(_pattern(words), paper), None) if _may_have(words, paper) else None
        if found is not None:
            where, word = found
            yield Finding(where, message.format(word=word), hint)


def _may_have(words: tuple[str, ...], paper: Paper) -> bool:
    """Whether one of the words may stand in a file; looking for each alone is quicker than for all at once."""
    folded = "\n".join([text for _, text in texts_in(paper)] + [paper.body]).casefold()
    for letter, read_as in _ALIKE:
        folded = folded.replace(letter, read_as)
    return any(word.casefold() in folded for word in words)


def _first(pattern: re.Pattern[str], paper: Paper) -> Iterator[tuple[Location, str]]:
    for path, text in texts_in(paper):
        match = pattern.search(text)
        if match:
            yield paper.at(*path), match[0]
    body = without_code(paper.body)
    match = pattern.search(body)
    if match:
        yield Location(paper.shown, paper.body_line + body.count("\n", 0, match.start())), match[0]


def _any_of(which: _List, message: str, hint: str) -> Callable[[Case], Iterator[Finding]]:
    return partial(_found, which, message, hint)


RULES = (
    Rule("vague-title", Severity.WARNING, "a title that says nothing", _vague, scope=Scope.OWN),
    Rule(
        "absolute-claim",
        Severity.WARNING,
        "a claim that nobody can keep",
        _any_of(
            "absolute", "'{word}' is a claim that nobody can keep", "say what you do, in figures where you have them"
        ),
        scope=Scope.OWN,
    ),
    Rule(
        "jargon",
        Severity.WARNING,
        "a word that clients do not use",
        _any_of("jargon", "'{word}' is a word that clients do not use", "say it as you would on the telephone"),
        scope=Scope.OWN,
    ),
)
