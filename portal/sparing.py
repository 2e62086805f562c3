"""Python-Markdown with less to do for the same HTML.

Most blocks are paragraphs, most texts have nothing in them that could begin an inline pattern, most items of lists
begin with strong words and have no other markup, and hardly any text asks for a table of contents; the library asks
every processor about every block, tries every pattern on every text, and draws up the contents always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from xml.etree.ElementTree import HTML_EMPTY, Element

from markdown import Markdown, inlinepatterns
from markdown.blockprocessors import BlockProcessor, ParagraphProcessor
from markdown.extensions.attr_list import AttrListTreeprocessor
from markdown.extensions.toc import TocExtension, TocTreeprocessor, escape_cdata
from markdown.inlinepatterns import Pattern
from markdown.preprocessors import NormalizeWhitespace
from markdown.serializers import to_xhtml_string
from markdown.treeprocessors import InlineProcessor, UnescapeTreeprocessor
from markdown.util import ETX, STX, AtomicString, Registry

_NEEDED = {
    inlinepatterns.BACKTICK_RE: ("`",),
    inlinepatterns.ESCAPE_RE: ("\\",),
    inlinepatterns.LINK_RE: ("[",),
    inlinepatterns.IMAGE_LINK_RE: ("![",),
    inlinepatterns.AUTOLINK_RE: ("<",),
    inlinepatterns.AUTOMAIL_RE: ("<",),
    inlinepatterns.LINE_BREAK_RE: ("  \n",),
    inlinepatterns.HTML_RE: ("<",),
    inlinepatterns.ENTITY_RE: ("&",),
    r"\*|_": ("*", "_"),
    r"\~": ("~",),
    r"\[\^([^\]]*)\]": ("[^",),
}
"""By regular expression, what a text must have for it to match: one of these. A pattern that is not here may always."""
_TAKEN = {"admonition": ("!!!", "    "), "details": ("???", "    "), "hashheader": ("#",), "table": ("|",)}
"""By processor, what a block must have to be taken: one of these."""
_EMPHASIS = r"\*|_"
_STRONGLY_BEGUN = re.compile(r"\*\*([^\s*_](?:[^*_]*[^\s*_])?)\*\*([^*_]*)")
"""A text in which the pattern of emphasis finds some strong words at the beginning, and no more."""
_LINE = r"\*{0,2}[^\W\d_].*"
_PARAGRAPH = re.compile(rf"{_LINE}(?:\n{_LINE})*")
"""A block whose every line begins with a letter, perhaps an emphasised one: nothing else begins so."""
_UNEVEN = (STX, ETX, "\r", "\t", " \n")
"""What the library makes even before it reads a text."""
_MARKUP = re.compile('[&<>"]')


class Contents(TocExtension):
    """The library's, drawing up a table of contents only where a text has the mark for one."""

    class TreeProcessorClass(TocTreeprocessor):
        _asked = False

        def run(self, doc: Element) -> None:
            self._asked = self.marker in "\0".join(doc.itertext())
            super().run(doc)

        def build_toc_div(self, toc_list: list[Any]) -> Element:
            return super().build_toc_div(toc_list) if self._asked else Element("div")

        def replace_marker(self, root: Element, elem: Element) -> None:
            if self._asked:
                super().replace_marker(root, elem)


class _Whitespace(NormalizeWhitespace):
    """Has nothing to do where there are no tabs, no line feeds of other systems, and no lines of spaces."""

    def run(self, lines: list[str]) -> list[str]:
        text = "\n".join([*lines, ""])
        return super().run(lines) if any(each in text for each in _UNEVEN) else [*lines, "", ""]


class _Inlines(InlineProcessor):
    """Tries only those patterns that something in the document could match.

    What a pattern makes of a text has no character that the text had not, so that no other comes to match.
    """

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self._all = list(md.inlinePatterns)

    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        texts = ["\0".join(_texts(child)) for child in tree]
        whole = "\0".join(texts)
        patterns = [pattern for pattern in self._all if may_match(pattern, whole)]
        if not patterns:
            return tree
        self.inlinePatterns: Any = patterns
        if any(child.tail for child in tree):
            return super().run(tree, ancestors)
        emphasis = [pattern.pattern for pattern in patterns] == [_EMPHASIS]
        some = Element(tree.tag)  # where no tail brings it children, it need only have those that something may change
        for child, text in zip(tree, texts, strict=True):
            if any(may_match(pattern, text) for pattern in patterns) and not (emphasis and _only_strong(child)):
                some.append(child)
        super().run(some, ancestors)
        return tree


def _only_strong(tree: Element) -> bool:
    """Make the strong words that texts begin with; whether nothing else is left to emphasise."""
    for element in list(tree.iter()):
        text = element.text or ""
        begun = None if isinstance(text, AtomicString) else _STRONGLY_BEGUN.fullmatch(text)
        if begun:
            strong = Element("strong")
            strong.text, strong.tail = begun[1], begun[2]
            element.text = None
            element.insert(0, strong)
    return not any("*" in text or "_" in text for text in _texts(tree))


class _Attributes(AttrListTreeprocessor):
    """Looks for lists of attributes only in a document that has what begins them."""

    def run(self, doc: Element) -> None:
        if "{" in "".join(doc.itertext()):
            super().run(doc)


class _Unescape(UnescapeTreeprocessor):
    """Looks for escaped characters only in a document that has one."""

    def run(self, root: Element) -> None:
        said = (value for element in root.iter() for _, value in element.items() if value)
        if STX in "".join(root.itertext()) or any(STX in value for value in said):
            super().run(root)


class _Paragraph(ParagraphProcessor):
    """Takes what can be nothing but a paragraph before all others are asked about it."""

    def test(self, parent: Element, block: str) -> bool:  # noqa: ARG002 - the library's
        return _PARAGRAPH.fullmatch(block) is not None


class _Settled(Registry[BlockProcessor]):
    """Processors in their order, which is found out once and not for every block."""

    def __init__(self, processors: Registry[BlockProcessor]) -> None:
        self.__dict__.update(processors.__dict__)
        self._order = list(processors)

    def __iter__(self) -> Iterator[BlockProcessor]:
        return iter(self._order)


def spare(converter: Markdown) -> None:
    """Have a converter, whose extensions are all in place, do no more than it must."""
    blocks: Any = converter.parser.blockprocessors
    blocks.register(_Paragraph(converter.parser), "plain-paragraph", 1000)
    converter.parser.blockprocessors = _Settled(blocks)
    for name, needed in _TAKEN.items():
        if name in blocks:
            _ask_less(blocks[name], needed)
    if "table" in blocks:
        _split_plainly(blocks["table"])
    converter.preprocessors.register(_Whitespace(converter), "normalize_whitespace", 30)
    if "fenced_code_block" in converter.preprocessors:  # which looks at the margin of every line
        fenced: Any = converter.preprocessors["fenced_code_block"]
        search = fenced.run
        fenced.run = lambda lines: search(lines) if _may_fence("\n".join(lines)) else lines
    if "html_block" in converter.preprocessors:  # which takes a text apart as HTML
        html: Any = converter.preprocessors["html_block"]
        extract = html.run
        html.run = lambda lines: extract(lines) if "<" in "\n".join(lines) else lines
    converter.serializer = serialized
    converter.treeprocessors.register(_Inlines(converter), "inline", 20)
    converter.treeprocessors.register(_Unescape(converter), "unescape", 0)
    if "attr_list" in converter.treeprocessors:
        converter.treeprocessors.register(_Attributes(converter), "attr_list", 8)
    if "task-list" in converter.treeprocessors:  # which looks at every item of a list
        tasks: Any = converter.treeprocessors["task-list"]
        listed = tasks.run
        tasks.run = lambda root: listed(root) if "[" in "".join(root.itertext()) else root
    converter.is_block_level = cache(converter.is_block_level)  # type: ignore[method-assign]


def _ask_less(processor: Any, needed: tuple[str, ...]) -> None:
    """Have a processor look only at blocks that have one of the texts it needs."""
    test = processor.test
    processor.test = lambda parent, block: any(each in block for each in needed) and test(parent, block)


def _split_plainly(table: Any) -> None:
    """Have a row without code and escapes split at every bar."""
    split = table._split_row

    def cells(row: str) -> list[str]:
        if "`" in row or "\\" in row:
            return list(split(row))
        return (row.removeprefix("|").removesuffix("|") if table.border else row).split("|")

    table._split_row = cells


def serialized(tree: Element) -> str:
    """What the library makes of a tree, in half of the time."""
    parts: list[str] = []
    _write(tree, parts.append)
    return "".join(parts)


def _write(element: Element, write: Callable[[str], None]) -> None:
    tag, text, attributes = element.tag, element.text, ""
    for name, value in sorted(element.items()):
        if not isinstance(value, str) or _MARKUP.search(value):
            write(to_xhtml_string(element))
            return
        attributes += f' {name}="{value}"'
    if tag in HTML_EMPTY:
        write(f"<{tag}{attributes} />")
    else:
        write(f"<{tag}{attributes}>")
        if text:
            write(escape_cdata(text))
        for child in element:
            _write(child, write)
        write(f"</{tag}>")
    if element.tail:
        write(escape_cdata(element.tail))


def may_match(pattern: Pattern, text: str) -> bool:
    """Whether a text has what a pattern needs; True for a pattern of which nothing is known."""
    needed = _NEEDED.get(pattern.pattern)
    return needed is None or any(each in text for each in needed)


def _may_fence(text: str) -> bool:
    return "```" in text or "~~~" in text


def _texts(tree: Element) -> Iterator[str]:
    for element in tree.iter():
        for text in (element.text, element.tail):
            if text and not isinstance(text, AtomicString):
                yield text
