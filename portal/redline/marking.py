"""Two versions of a document merged into one, with what was removed and inserted marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from typing import TypeAlias

from portal.redline.facts import Fact
from portal.redline.markup import Block, Inline, Token, TooDeep, flat, opened, parse, without_names, written
from portal.redline.matching import Pair, align, match, pairing
from portal.redline.tokens import Sort

MAX_LENGTH = 2_000_000
"""Characters of HTML; a longer document is replaced as a whole."""

_ONCE = frozenset("caption colgroup figcaption legend summary tbody tfoot thead".split())
"""Children that have their fixed place in the parent, where no mark may stand around them."""
_INSIDE = {"li": "item", "dt": "item", "dd": "item", "tr": "row", "td": "cell", "th": "cell"}
"""Elements whose parent allows nothing else: they bear a class, and the mark stands inside."""
_ROWS = frozenset(("thead", "tbody", "tfoot"))
_CELLS = frozenset(("td", "th"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))

_Columns: TypeAlias = list[tuple[int | None, int | None]]
"""Old and new positions of a table's columns, from left to right."""


@dataclass(frozen=True, slots=True)
class Redline:
    """Two versions in one."""

    html: str
    """The new version with `<ins class="dn-ins">` and `<del class="dn-del">`; each opens with its label.

    Around blocks a mark has the class `dn-block` too. A list item, table row or cell that is new as a whole has the
    class `dn-ins-item`, `dn-ins-row` or `dn-ins-cell` (`dn-del-…`) and the mark inside. A label is a
    `<span class="dn-unseen">`.
    """
    changed: bool
    figures: tuple[Fact, ...] = ()
    """Amounts, dates and other figures of the text that stand where another stood.

    Their keys are `text.<the heading above>`, or just `text` before the first heading.
    """


def redline(old_html: str, new_html: str, *, inserted: str, deleted: str) -> Redline:
    """Mark what differs between two sanitised documents; `inserted` and `deleted` are the labels, plain text.

    Without the insertions and the marks of deletions the old document is left, the other way round the new one: but for
    ids and other attributes nobody reads (markup.py names them), for white space between blocks, and for <p> in a list
    item or cell. What stayed bears no mark. Neither markup nor size makes it fail: beyond what a person writes, all is
    replaced.
    """
    if old_html == new_html:
        return Redline(new_html, False)
    marks = _Marks(_label(inserted), _label(deleted))
    try:
        if max(len(old_html), len(new_html)) > MAX_LENGTH:
            raise TooDeep
        old, new = parse(old_html), parse(new_html)
    except TooDeep:
        return Redline(marks.gone(without_names(old_html), True) + marks.come(new_html, True), True)
    if old.key == new.key:
        return Redline(new_html, False)
    merging = _Merging(marks)
    html = merging.document(old, new)
    return Redline(html, True, tuple(merging.figures))


def _label(text: str) -> str:
    return f'<span class="dn-unseen">{escape(text)} </span>'


def _is_entry(block: Block) -> bool:
    """Whether it is a <div> around names and meanings in a <dl> (HTML, 4.4.9)."""
    return block.tag == "div" and bool(block.parts) and all(part.tag in ("dt", "dd") for part in block.parts)


@dataclass(frozen=True, slots=True)
class _Marks:
    """The two marks, with their labels."""

    inserted: str
    deleted: str

    def come(self, html: str, block: bool = False) -> str:
        return f'<ins class="dn-ins{" dn-block" * block}">{self.inserted}{html}</ins>' if html else ""

    def gone(self, html: str, block: bool = False) -> str:
        return f'<del class="dn-del{" dn-block" * block}">{self.deleted}{html}</del>' if html else ""


@dataclass(slots=True)
class _Merging:
    """One merge under way: the marks, the heading above, and the figures found so far."""

    marks: _Marks
    figures: list[Fact] = field(default_factory=list)
    heading: str = ""

    def document(self, old: Block, new: Block) -> str:
        """Two parsed documents as one."""
        return self._around_fixed(old, new) if _fixed(old) == _fixed(new) else self._pair(old, new)

    def _listed(self, pairs: Iterable[Pair]) -> Iterator[str]:
        """Pairs in order; neighbours that came or went together share a mark."""
        waiting: list[Block] = []
        come = False
        for pair in pairs:
            block = pair.old or pair.new
            assert block is not None, "a pair has at least one side"
            if (
                (pair.old and pair.new)
                or block.tag in _INSIDE
                or _is_entry(block)
                or (waiting and come == (pair.new is None))
            ):
                yield from self._whole(waiting, come)
                waiting = []
            if pair.old and pair.new:
                yield self._pair(pair.old, pair.new)
                continue
            if pair.new:
                self._note_heading(pair.new)
            if block.tag == "tr":
                yield self._row_whole(pair, None)
                continue
            if block.tag in _INSIDE:
                yield self._inside(block, bool(pair.new))
                continue
            if _is_entry(block):
                yield self._entry_whole(block, pair.new is not None)
                continue
            come = pair.new is not None
            waiting.append(block)
        yield from self._whole(waiting, come)

    def _whole(self, blocks: list[Block], come: bool) -> Iterator[str]:
        """Blocks that came or went as a whole."""
        if blocks:
            html = "\n".join(written(block, nameless=not come) for block in blocks)
            in_block = any(block.tag for block in blocks)
            yield self.marks.come(html, in_block) if come else self.marks.gone(html, in_block)

    def _inside(self, block: Block, come: bool) -> str:
        """A list item, row or cell that came or went as a whole."""
        added = f"dn-{'ins' if come else 'del'}-{_INSIDE[block.tag]}"
        start = opened(block.tag, block.attributes, added=added, nameless=not come)
        return f"{start}{self._filling(block, come)}</{block.tag}>"

    def _entry_whole(self, block: Block, come: bool) -> str:
        """A name and its meaning that came or went together: between a list and its entries no mark may stand."""
        inner = "".join(self._cell(part, come) for part in block.parts)
        return f"{opened(block.tag, block.attributes, nameless=not come)}{inner}</{block.tag}>"

    def _cell(self, cell: Block, come: bool) -> str:
        """A cell of a row that came or went as a whole."""
        if cell.tag not in _INSIDE:
            return "".join(self._whole([cell], come))
        start = opened(cell.tag, cell.attributes, nameless=not come)
        return f"{start}{self._filling(cell, come)}</{cell.tag}>"

    def _filling(self, block: Block, come: bool) -> str:
        if block.parts:
            return "".join(self._whole(block.parts, come))
        html = "".join(written(item, nameless=not come) for item in block.content)
        return self.marks.come(html) if come else self.marks.gone(html)

    def _pair(self, old: Block, new: Block) -> str:
        """One block that stayed, if perhaps edited."""
        self._note_heading(new)
        if old.key == new.key:
            return written(new)
        if _fixed(old) != _fixed(new):
            return "\n".join([*self._whole([old], False), *self._whole([new], True)])
        if old.tag == "table" == new.tag:
            inner = self._table(old, new)
        elif new.tag in _INSIDE and (only := _only_text(old, new)):
            inner = self._pair(*only)
        elif old.parts and new.parts:
            inner = self._around_fixed(old, new)
        elif old.parts or new.parts:
            inner = self._filling(old, False) + self._filling(new, True)
        else:
            inner = self._content(old, new)
        return f"{opened(new.tag, new.attributes)}{inner}</{new.tag}>" if new.tag else inner

    def _around_fixed(self, old: Block, new: Block) -> str:
        """Blocks in blocks; children with a fixed place are paired whatever they say."""
        found: list[str] = []
        i = j = 0
        for a, b in zip(_fixed_at(old), _fixed_at(new), strict=True):
            found += self._listed(align(old.parts[i:a], new.parts[j:b]))
            found.append(self._pair(old.parts[a], new.parts[b]))
            i, j = a + 1, b + 1
        found += self._listed(align(old.parts[i:], new.parts[j:]))
        return "\n".join(found)

    def _table(self, old: Block, new: Block) -> str:
        """Rows by what they say, then columns by what they say in the rows that stayed."""
        if any(part.tag not in _ONCE for part in (*old.parts, *new.parts)):
            return self._around_fixed(old, new)
        sections = [
            (after, _rows(before, after) if after.tag in _ROWS else [Pair(before, after)])
            for before, after in zip(old.parts, new.parts, strict=True)
        ]
        columns = _columns(old, new, [pair for section, pairs in sections if section.tag in _ROWS for pair in pairs])
        found: list[str] = []
        for section, pairs in sections:
            if section.tag not in _ROWS:
                found += [self._pair(pair.old, pair.new) for pair in pairs if pair.old and pair.new]
                continue
            rows = "\n".join(self._row(pair, columns) for pair in pairs)
            found.append(f"{opened(section.tag, section.attributes)}\n{rows}\n</{section.tag}>")
        return "\n" + "\n".join(found) + "\n"

    def _row(self, pair: Pair, columns: _Columns | None) -> str:
        old, new = pair.old, pair.new
        if old is None or new is None:
            return self._row_whole(pair, columns)
        if columns is None:
            columns = pairing(*([[t.key for t in cell.tokens] for cell in row.parts] for row in (old, new)))
        cells: list[str] = []
        for i, j in columns:
            before = old.parts[i] if i is not None else None
            after = new.parts[j] if j is not None else None
            if before and after and before.sign == after.sign:
                cells.append(self._pair(before, after))
                continue
            cells += [self._inside(before, False)] if before else []
            cells += [self._inside(after, True)] if after else []
        return f"{opened('tr', new.attributes)}\n" + "\n".join(cells) + "\n</tr>"

    def _row_whole(self, pair: Pair, columns: _Columns | None) -> str:
        """A row that came or went, with an empty cell where only the other version has a column."""
        come = pair.new is not None
        row = pair.new or pair.old
        assert row is not None, "a pair has at least one side"
        cells = [self._cell(cell, come) for cell in row.parts]
        if columns is not None:
            own = [(j if come else i) for i, j in columns]
            blank = f'<td class="dn-{"del" if come else "ins"}-cell"></td>'
            cells = [blank if k is None else cells[k] for k in own]
        added = f"dn-{'ins' if come else 'del'}-row"
        start = opened(row.tag, row.attributes, added=added, nameless=not come)
        return f"{start}\n" + "\n".join(cells) + f"\n</{row.tag}>"

    def _content(self, old: Block, new: Block) -> str:
        """Inline content, token by token."""
        partners: dict[int, Inline | Token] = {}
        for before, after in _consistent(_matched(old, new)):
            partners[id(after)] = before
            partners.update((id(b), a) for a, b in zip(before.path, after.path, strict=True))
        return self._merged(old.content, new.content, partners)

    def _merged(
        self, old: Sequence[Inline | Token], new: Sequence[Inline | Token], partners: dict[int, Inline | Token]
    ) -> str:
        found: list[str] = []
        came: list[Inline | Token] = []
        at = 0
        for item in new:
            partner = partners.get(id(item))
            if partner is None:
                came.append(item)
                continue
            here = next(k for k in range(at, len(old)) if old[k] is partner)
            found.append(self._replaced(old[at:here], came))
            came, at = [], here + 1
            if isinstance(item, Inline):
                assert isinstance(partner, Inline), "an element's partner is one"
                inner = self._merged(partner.children, item.children, partners)
                found.append(f"{opened(item.tag, item.attributes)}{inner}</{item.tag}>")
            else:
                found.append(item.html)
        found.append(self._replaced(old[at:], came))
        return "".join(found)

    def _replaced(self, gone: Sequence[Inline | Token], came: Sequence[Inline | Token]) -> str:
        """What stood between two unchanged tokens, and what stands there now."""
        before, after = ([t for t in flat(items) if t.sort is Sort.FIGURE] for items in (gone, came))
        if len(before) == len(after):
            pairs = ((unescape(a.html), unescape(b.html)) for a, b in zip(before, after, strict=True))
            key = f"text.{self.heading}" if self.heading else "text"
            self.figures += [Fact(key, a, b) for a, b in pairs if a != b]
        removed = "".join(written(item, nameless=True) for item in gone)
        return self.marks.gone(removed) + self.marks.come("".join(map(written, came)))

    def _note_heading(self, block: Block) -> None:
        if block.tag in _HEADINGS:
            self.heading = unescape(block.text)


def _only_text(old: Block, new: Block) -> tuple[Block, Block] | None:
    """The texts of two list items or cells that hold nothing else: one became the other, whatever they say."""
    if len(old.parts) != 1 or len(new.parts) != 1:
        return None
    before, after = old.parts[0], new.parts[0]
    return (before, after) if before.leaf and after.leaf and before.sign == after.sign else None


def _fixed(block: Block) -> list[str]:
    return [block.parts[k].sign for k in _fixed_at(block)]


def _fixed_at(block: Block) -> list[int]:
    return [k for k, part in enumerate(block.parts) if part.tag in _ONCE]


def _rows(old: Block, new: Block) -> list[Pair]:
    """The rows of a section; a head with as many rows as before is the same head."""
    if old.tag == "thead" and len(old.parts) == len(new.parts):
        return [Pair(a, b) for a, b in zip(old.parts, new.parts, strict=True)]
    return align(old.parts, new.parts)


def _columns(old: Block, new: Block, pairs: Sequence[Pair]) -> _Columns | None:
    """Which column became which; None where the rows of a table are not alike."""
    width, wide = _width(old), _width(new)
    if not width or not wide:
        return None
    stayed = [(pair.old, pair.new) for pair in pairs if pair.old and pair.new]
    before = [[t.key for row, _ in stayed for t in row.parts[k].tokens] for k in range(width)]
    after = [[t.key for _, row in stayed for t in row.parts[k].tokens] for k in range(wide)]
    return pairing(before, after)


def _width(table: Block) -> int:
    """The number of cells in every row; 0 where rows differ, or cells span."""
    rows = [row for section in table.parts if section.tag in _ROWS for row in section.parts]
    widths = {len(row.parts) for row in rows}
    plain = all(cell.tag in _CELLS and "span=" not in cell.attributes for row in rows for cell in row.parts)
    return widths.pop() if len(widths) == 1 and plain else 0


def _matched(old: Block, new: Block) -> list[tuple[Token, Token]]:
    """The tokens that stayed, with the white space beside them."""
    before, after = list(flat(old.content)), list(flat(new.content))
    ours = [k for k, token in enumerate(before) if token.sort is not Sort.WHITE]
    theirs = [k for k, token in enumerate(after) if token.sort is not Sort.WHITE]
    found: list[tuple[Token, Token]] = []
    i = j = 0
    steady = [(ours[a], theirs[b]) for a, b in match(old.tokens, new.tokens)]
    for x, y in [*steady, (len(before), len(after))]:
        if i < x and j < y and _same_white(before[i], after[j]):
            found.append((before[i], after[j]))
            i, j = i + 1, j + 1
        if i < x and j < y and _same_white(before[x - 1], after[y - 1]):
            found.append((before[x - 1], after[y - 1]))
        if x < len(before):
            found.append((before[x], after[y]))
        i, j = x + 1, y + 1
    return found


def _same_white(old: Token, new: Token) -> bool:
    return old.sort is Sort.WHITE is new.sort and old.key == new.key


def _consistent(pairs: Iterable[tuple[Token, Token]]) -> Iterator[tuple[Token, Token]]:
    """Those pairs for which each element around the old token became one element around the new one, and no other."""
    became: dict[int, int] = {}
    was: dict[int, int] = {}
    for old, new in pairs:
        around = [(id(a), id(b)) for a, b in zip(old.path, new.path, strict=True)]
        if all(became.get(a, b) == b and was.get(b, a) == a for a, b in around):
            became.update(around)
            was.update((b, a) for a, b in around)
            yield old, new
