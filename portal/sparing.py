"""Python-Markdown with less to do for the same HTML.

Most texts have nothing in them that could begin an inline pattern, and hardly any asks for a table of contents; the
library tries every pattern on every text, and draws up the contents always.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown, inlinepatterns
from markdown.extensions.attr_list import AttrListTreeprocessor
from markdown.extensions.toc import TocExtension, TocTreeprocessor
from markdown.inlinepatterns import Pattern
from markdown.treeprocessors import InlineProcessor
from markdown.util import AtomicString

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


class Contents(TocExtension):
    """The library's, drawing up a table of contents only where a text has the mark for one."""

    class TreeProcessorClass(TocTreeprocessor):
        _asked = False

        def run(self, doc: Element) -> None:
            self._asked = any(self.marker in text for text in doc.itertext())
            super().run(doc)

        def build_toc_div(self, toc_list: list[Any]) -> Element:
            return super().build_toc_div(toc_list) if self._asked else Element("div")

        def replace_marker(self, root: Element, elem: Element) -> None:
            if self._asked:
                super().replace_marker(root, elem)


class _Inlines(InlineProcessor):
    """Tries only those patterns that something in the document could match.

    What a pattern makes of a text has no character that the text had not, so that no other comes to match.
    """

    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        text = "\0".join(_texts(tree))
        self.inlinePatterns: Any = [pattern for pattern in self.md.inlinePatterns if may_match(pattern, text)]
        return super().run(tree, ancestors) if self.inlinePatterns else tree


class _Attributes(AttrListTreeprocessor):
    """Looks for lists of attributes only in a document that has what begins them."""

    def run(self, doc: Element) -> None:
        if any("{" in text for text in doc.itertext()):
            super().run(doc)


def spare(converter: Markdown) -> None:
    """Have a converter, whose extensions are all in place, do no more than it must."""
    converter.treeprocessors.register(_Inlines(converter), "inline", 20)
    if "attr_list" in converter.treeprocessors:
        converter.treeprocessors.register(_Attributes(converter), "attr_list", 8)
    converter.is_block_level = cache(converter.is_block_level)  # type: ignore[method-assign]


def may_match(pattern: Pattern, text: str) -> bool:
    """Whether a text has what a pattern needs; True for a pattern of which nothing is known."""
    needed = _NEEDED.get(pattern.pattern)
    return needed is None or any(each in text for each in needed)


def _texts(tree: Element) -> Iterator[str]:
    for element in tree.iter():
        for text in (element.text, element.tail):
            if text and not isinstance(text, AtomicString):
                yield text
