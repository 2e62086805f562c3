"""Sanitised HTML as blocks of inline content, with a key that says whether two of them read the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from portal.redline.tokens import Sort, split

MAX_DEPTH = 60
"""Elements within elements; deeper nesting is nothing a person wrote."""

_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9-]*)((?:[^<>"']|"[^"]*"|'[^']*')*+)>""")
_ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+))?""")
_WHITE = re.compile(r"\s+")

_VOID = frozenset("br col hr img input wbr".split())
_BLOCKS = frozenset(
    """
    article aside blockquote caption col colgroup dd details div dl dt fieldset figcaption figure footer form h1 h2 h3
    h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul
    """.split()
)
_LEAVES = frozenset("p h1 h2 h3 h4 h5 h6 pre summary caption figcaption hr col".split())
"""Blocks that hold text; all others hold blocks, and runs of text between them."""
_LOOSE = frozenset("li dd td th".split())
"""Hold either text or paragraphs; which of the two Markdown chooses depends on blank lines and says nothing."""

_SILENT = re.compile(r"id|name|align|start|rel|loading|width|height|role|tabindex|(?:data|aria)-.*")
"""Attributes whose change is no change to a reader. `data-` and `aria-` repeat what stands in the text; where a list
starts to count follows from what stands before it, as every number after an inserted item does."""
_NAMING = re.compile(r"id|name|for|aria-(?:labelledby|describedby|controls)")
"""Attributes that may stand once in a document, or lead to one that does."""


class TooDeep(ValueError):
    """The markup is nested deeper than MAX_DEPTH."""


@dataclass(slots=True, eq=False)
class Token:
    """A unit of text, or an element without content, and the inline elements it stands in, outermost first."""

    html: str
    sort: Sort
    path: tuple[Inline, ...]
    key: str
    """Equal keys read the same: the text, and the elements around it."""


@dataclass(slots=True, eq=False)
class Inline:
    """An inline element around tokens."""

    tag: str
    attributes: str
    key: str
    children: list[Inline | Token] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Block:
    """A block element, or with an empty tag a run of text between blocks. It holds either blocks or inline content."""

    tag: str
    attributes: str
    parts: list[Block]
    inline: list[_Element | str]
    sign: str
    """Tag and attributes, as far as a reader sees them."""
    key: str
    """Equal keys read the same."""
    _content: list[Inline | Token] | None = None
    _tokens: list[Token] | None = None

    @property
    def leaf(self) -> bool:
        return not self.parts

    @property
    def content(self) -> list[Inline | Token]:
        """The inline content; fresh objects on the first call only, so that tokens can be told by identity."""
        if self._content is None:
            self._content = list(_inline(self.inline, (), self.tag == "pre"))
        return self._content

    @property
    def tokens(self) -> list[Token]:
        """All tokens but white space, of the blocks inside too."""
        if self._tokens is None:
            if self.leaf:
                self._tokens = [token for token in flat(self.content) if token.sort is not Sort.WHITE]
            else:
                self._tokens = [token for part in self.parts for token in part.tokens]
        return self._tokens

    @property
    def text(self) -> str:
        """The words, without any markup."""
        if not self.leaf:
            return " ".join(part.text for part in self.parts)
        return "".join(token.html for token in flat(self.content) if not token.html.startswith("<")).strip()


@dataclass(slots=True)
class _Element:
    tag: str
    attributes: str
    children: list[_Element | str] = field(default_factory=list)
    block: bool = False


_Node: TypeAlias = _Element | str


def parse(html: str) -> Block:
    """A document as one block without a tag.

    What is not closed is closed where its parent ends; what was never opened is left out. Raises TooDeep.
    """
    return _block(_tree(html), "")


def _tree(html: str) -> _Element:
    root = _Element("", "", block=True)
    stack = [root]
    at = 0
    for match in _TAG.finditer(html):
        if match.start() > at:
            stack[-1].children.append(html[at : match.start()])
        at = match.end()
        tag = match[2].lower()
        if match[1]:
            if any(element.tag == tag for element in stack[1:]):
                while _close(stack) != tag:
                    pass
            continue
        element = _Element(tag, match[3].rstrip(" /"), block=tag in _BLOCKS)
        stack[-1].children.append(element)
        stack.append(element)
        if tag in _VOID:
            _close(stack)
        elif len(stack) > MAX_DEPTH:
            raise TooDeep
    if at < len(html):
        stack[-1].children.append(html[at:])
    while len(stack) > 1:
        _close(stack)
    return root


def _close(stack: list[_Element]) -> str:
    closed = stack.pop()
    stack[-1].block = stack[-1].block or closed.block
    return closed.tag


def _block(element: _Element, within: str) -> Block:
    tag, attributes = element.tag, element.attributes
    holds_blocks = tag not in _LEAVES or any(isinstance(c, _Element) and c.block for c in element.children)
    parts = list(_parts(element)) if holds_blocks else []
    inline = [] if holds_blocks else element.children if tag == "pre" else _stripped(element.children)
    sign = f"<{tag}{_seen(attributes)}>"
    if sign == "<p>" and within in _LOOSE:
        sign = "<>"
    inner = "".join(part.key for part in parts) or _key(inline, tag == "pre")
    return Block(tag, attributes, parts, inline, sign, f"{sign}{inner}</>")


def _parts(element: _Element) -> Iterator[Block]:
    run: list[_Node] = []
    for child in element.children:
        if isinstance(child, _Element) and child.block:
            yield from _run(run)
            run = []
            yield _block(child, element.tag)
        else:
            run.append(child)
    yield from _run(run)


def _run(nodes: list[_Node]) -> Iterator[Block]:
    inline = _stripped(nodes)
    if inline:
        yield Block("", "", [], inline, "<>", f"<>{_key(inline, False)}</>")


def _stripped(nodes: list[_Node]) -> list[_Node]:
    """Without white space at either end, where it does not show."""
    kept = list(nodes)
    while kept and isinstance(kept[0], str):
        kept[0] = kept[0].lstrip()
        if kept[0]:
            break
        del kept[0]
    while kept and isinstance(kept[-1], str):
        kept[-1] = kept[-1].rstrip()
        if kept[-1]:
            break
        del kept[-1]
    return kept


def _key(nodes: Iterable[_Node], verbatim: bool) -> str:
    return "".join(
        (node if verbatim else _WHITE.sub(" ", node))
        if isinstance(node, str)
        else f"<{node.tag}{_seen(node.attributes)}>{_key(node.children, verbatim)}</>"
        for node in nodes
    )


def _seen(attributes: str) -> str:
    if not attributes:
        return ""
    found = ((m[1].lower(), (m[2] or "").strip("\"'")) for m in _ATTRIBUTE.finditer(attributes))
    return "".join(f' {name}="{value}"' for name, value in sorted(found) if not _SILENT.fullmatch(name))


def _inline(nodes: Iterable[_Node], path: tuple[Inline, ...], verbatim: bool) -> Iterator[Inline | Token]:
    around = path[-1].key if path else ""
    for node in nodes:
        if isinstance(node, str):
            for sort, text in split(node):
                if sort is Sort.WHITE and verbatim:
                    yield Token(text, Sort.MARK, path, f"{around}{text}")
                else:
                    yield Token(text, sort, path, around + _WHITE.sub(" ", text))
        elif node.children:
            wrapper = Inline(node.tag, node.attributes, f"{around}<{node.tag}{_seen(node.attributes)}>")
            wrapper.children = list(_inline(node.children, (*path, wrapper), verbatim))
            yield wrapper
        else:
            html = f"<{node.tag}{node.attributes}>" + ("" if node.tag in _VOID else f"</{node.tag}>")
            yield Token(html, Sort.WORD, path, f"{around}<{node.tag}{_seen(node.attributes)}/>")


def flat(content: Iterable[Inline | Token]) -> Iterator[Token]:
    """The tokens in reading order."""
    for item in content:
        if isinstance(item, Token):
            yield item
        else:
            yield from flat(item.children)


def opened(tag: str, attributes: str, *, added: str = "", nameless: bool = False) -> str:
    """A start tag, with one more class, or without the names that may stand only once in a document."""
    if nameless:
        kept = (m[0] for m in _ATTRIBUTE.finditer(attributes) if not _NAMING.fullmatch(m[1].lower()))
        attributes = "".join(f" {attribute}" for attribute in kept)
    if added and re.search(r'(?<!\S)class="', attributes):
        attributes = re.sub(r'(?<!\S)class="', f'class="{added} ', attributes, count=1)
    elif added:
        attributes = f'{attributes} class="{added}"'
    return f"<{tag}{attributes}>"


def written(item: Block | Inline | Token, *, nameless: bool = False) -> str:
    """The HTML of something unchanged as a whole; `nameless` for what stands in the document a second time."""
    if isinstance(item, Token):
        return without_names(item.html) if nameless and item.html.startswith("<") else item.html
    if isinstance(item, Inline):
        inner = "".join(written(child, nameless=nameless) for child in item.children)
        return f"{opened(item.tag, item.attributes, nameless=nameless)}{inner}</{item.tag}>"
    inner = (
        "".join(_raw(node, nameless) for node in item.inline)
        if item.leaf
        else "\n".join(written(part, nameless=nameless) for part in item.parts)
    )
    if not item.tag:
        return inner
    end = "" if item.tag in _VOID else f"</{item.tag}>"
    return f"{opened(item.tag, item.attributes, nameless=nameless)}{inner}{end}"


def _raw(node: _Node, nameless: bool) -> str:
    if isinstance(node, str):
        return node
    end = "" if node.tag in _VOID else f"</{node.tag}>"
    inner = "".join(_raw(child, nameless) for child in node.children)
    return f"{opened(node.tag, node.attributes, nameless=nameless)}{inner}{end}"


def without_names(html: str) -> str:
    """HTML whose elements bear no id."""
    return _TAG.sub(lambda m: f"</{m[2]}>" if m[1] else opened(m[2], m[3], nameless=True), html)
