"""What a post's body says: its first heading, and what will not work outside the program it was written for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portal.decoded import Fault

_FENCED = re.compile(r"^[ \t]*(`{3,40}|~{3,40})[^`\n]*\n.*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(?<!`)(`{1,9})(?!`)[^\n]{0,500}?(?<!`)\1(?!`)")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S.*)$|^(?![-=#>*\s])(.+)\n(?:=+|-{3,})[ \t]*$", re.MULTILINE)
_FOREIGN = (
    (re.compile(r"\{\{[<%]"), "hugo-shortcode", "a Hugo shortcode"),
    (re.compile(r"\{%"), "liquid-tag", "a Liquid tag"),
    (re.compile(r"\{\{(?![<%])"), "liquid-value", "a template value {{ … }}"),
    (
        re.compile(
            r"^(?:import\s.{1,500}?\sfrom\s+['\"]|import\s+['\"]|export\s+(?:const|default|function)\s)", re.MULTILINE
        ),
        "mdx-module",
        "an MDX import or export",
    ),
    (re.compile(r"^[ \t]*</?[A-Z][A-Za-z.]*[\s/>]", re.MULTILINE), "mdx-component", "an MDX component"),
    (re.compile(r"^[ \t]*:::", re.MULTILINE), "container", "a ::: container"),
)
_SUSPECT = re.compile(
    r"\{[{%]|\]\((?!https?:)|<img|^(?:import|export)\s|^[ \t]*(?:</?[A-Z]|:::)", re.MULTILINE | re.IGNORECASE
)
"""What any of the oddities begins with; most bodies have none of it."""
_IMAGE = re.compile(
    r"!\[[^\]\n]{0,500}\]\(\s{0,9}<?([^)\s>]{1,500})|<img\b[^>]{0,500}?\bsrc\s{0,9}=\s{0,9}[\"']?([^\"'\s>]{1,500})",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"(?<!!)\[[^\]\n]{0,500}\]\(\s{0,9}<?([^)\s>]{1,500}\.(?:pdf|zip|docx?|xlsx?|pptx?|csv|png|jpe?g|gif|svg|mp[34]))[)\s>]",
    re.IGNORECASE,
)
_LONGEST_HEADING = 1000  # characters
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#|\{", re.IGNORECASE)


def heading(text: str) -> tuple[str, int] | None:
    """The words of the first heading, and its line from 1."""
    match = _HEADING.search(_without_code(text, inline=False))
    if match is None:
        return None
    words = (match[1] or match[2])[:_LONGEST_HEADING].strip()
    words = re.sub(r"\{[#:.][^}]*\}$", "", words).rstrip(" \t#")
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", words)
    words = re.sub(r"[*`]|<[^>]*>|\b__|__\b", "", words).strip()
    return (words, text.count("\n", 0, match.start()) + 1) if words else None


def oddities(text: str, body_line: int) -> Iterator[Fault]:
    """Template code that will stand in the page as text, and files that do not come along; one fault for each sort."""
    if not _SUSPECT.search(text):
        return
    prose = _without_code(text, inline=True)
    for pattern, code, name in _FOREIGN:
        found = pattern.search(prose)
        if found is not None:
            line = body_line + prose.count("\n", 0, found.start())
            yield Fault(
                (line, 1),
                code,
                f"{name} in the body; it will stand there as text",
                "write it out in Markdown, or remove it",
            )
    matches = sorted([*_IMAGE.finditer(prose), *_FILE.finditer(prose)], key=re.Match.start)
    files = [m for m in matches if not _ELSEWHERE.match(next(filter(None, m.groups())))]
    if files:
        line = body_line + prose.count("\n", 0, files[0].start())
        message = f"images or files of the old site: {len(files)}; they do not come along"
        yield Fault(
            (line, 1),
            "files-stay",
            message,
            "copy them beside the notice and list them in 'attachments', or link to where they are",
        )


def _without_code(text: str, *, inline: bool) -> str:
    """The text with its code blanked out, every line where it was."""
    if "```" in text or "~~~" in text:
        text = _FENCED.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    return _INLINE_CODE.sub(lambda m: " " * len(m[0]), text) if inline and "`" in text else text
