"""What of two sequences is the same: the longest common subsequence, and which block became which."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from portal.redline.markup import Block, Token
from portal.redline.tokens import Sort

KINDRED = 0.25
"""The share of common tokens (twice the common ones by all) from which two blocks count as one that was edited.

Below a sixth a whole replacement could not cost more than 1.2 times the token edit distance; a quarter reads better,
and over a corpus the bound holds with room to spare (tests/golden/redline).
"""
KINDRED_SHORT = 0.4
"""The same for blocks that together have no more than _SHORT tokens, where a few in common mean little."""
_SHORT = 24

_CELLS = 250_000_000
"""Bits of the table that finds the common tokens again, some 30 MB; larger texts are replaced as a whole."""
_ROUGH = 1_000_000
"""Products of two lengths beyond which blocks are compared by their tokens in any order."""
_PAIRS = 1_600
"""Pairs of blocks that are compared one with another; beyond, landmarks must divide them first."""
_GRID = 40_000
"""Pairs of blocks for which the heaviest common subsequence is sought, rather than the longest."""
_CLEAN = 5
"""A fifth more than needed may be marked to make a change readable."""

_K = TypeVar("_K", bound=Hashable)


def common(old: Sequence[_K], new: Sequence[_K]) -> list[tuple[int, int]]:
    """The positions of a longest common subsequence; none at all where the table for it would be too large.

    The complement is a shortest edit script, as Myers' O(ND) finds it. The bit-parallel recurrence (Hyyrö,
    "Bit-parallel LCS-length computation revisited", 2004) takes one step of long-integer arithmetic per old token,
    whatever the texts have in common, so that a total rewrite costs no more than a comma.
    """
    start = 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    head = [(i, i) for i in range(start)]
    tail = [(len(old) - k, len(new) - k) for k in range(end, 0, -1)]
    first, second = old[start : len(old) - end], new[start : len(new) - end]
    if not first or not second or len(first) * len(second) > _CELLS:
        return head + tail
    rows = list(_rows(first, second))
    middle: list[tuple[int, int]] = []
    i, j = len(first), len(second)
    while i and j:
        bit = 1 << (j - 1)
        if rows[i] & bit:  # the new token j adds nothing to what old[:i] has in common with new[:j]
            j -= 1
        elif not rows[i - 1] & bit:  # what it adds, it adds without the old token i
            i -= 1
        else:
            i, j = i - 1, j - 1
            middle.append((start + i, start + j))
    return head + middle[::-1] + tail


def _rows(old: Sequence[_K], new: Sequence[_K]) -> Iterator[int]:
    """After each old token the positions of `new`, as bits, where the common length does not grow."""
    places: dict[_K, int] = {}
    for position, token in enumerate(new):
        places[token] = places.get(token, 0) | 1 << position
    full = (1 << len(new)) - 1
    row = full
    yield row
    for token in old:
        met = row & places.get(token, 0)
        row = (row + met | row - met) & full
        yield row


def shared(old: Sequence[_K], new: Sequence[_K]) -> int:
    """How many tokens a longest common subsequence has; for long sequences, at most how many."""
    upper = sum((Counter(old) & Counter(new)).values())
    if upper < KINDRED * (len(old) + len(new)) / 2 or len(old) * len(new) > _ROUGH:
        return upper
    last = deque(_rows(old, new), maxlen=1).pop()
    return len(new) - last.bit_count()


def kindred(old: Sequence[_K], new: Sequence[_K], count: int) -> bool:
    """Whether `count` common tokens make one the other, edited."""
    total = len(old) + len(new)
    return bool(count) and 2 * count >= (KINDRED if total > _SHORT else KINDRED_SHORT) * total


@dataclass(frozen=True, slots=True)
class Pair:
    """A block that stayed, changed or not; or one that was removed or inserted."""

    old: Block | None
    new: Block | None


def align(old: Sequence[Block], new: Sequence[Block]) -> list[Pair]:
    """Which block became which, in reading order; within a gap, what was removed before what was inserted."""
    matches = _landmarks(old, new, lambda block: block.key, _weight)
    return list(_filled(old, new, matches, _between))


def _between(old: Sequence[Block], new: Sequence[Block]) -> list[Pair]:
    """Blocks without an equal: the heaviest pairing of kindred ones that keeps their order."""
    if not old or not new:
        return _replaced(old, new)
    if len(old) * len(new) <= _PAIRS:
        matches = _heaviest([[_likeness(a, b) for b in new] for a in old])
        return list(_filled(old, new, matches, _replaced))
    for landmark in (_skeleton, _opening):
        matches = _landmarks(old, new, landmark, None)
        matches = [(i, j) for i, j in matches if _likeness(old[i], new[j])]
        if matches:
            return list(_filled(old, new, matches, _between))
    return _replaced(old, new)


def _filled(
    old: Sequence[Block],
    new: Sequence[Block],
    matches: list[tuple[int, int]],
    between: Callable[[Sequence[Block], Sequence[Block]], list[Pair]],
) -> Iterator[Pair]:
    i = j = 0
    for a, b in matches:
        yield from between(old[i:a], new[j:b])
        yield Pair(old[a], new[b])
        i, j = a + 1, b + 1
    yield from between(old[i:], new[j:])


def _replaced(old: Sequence[Block], new: Sequence[Block]) -> list[Pair]:
    return [Pair(block, None) for block in old] + [Pair(None, block) for block in new]


def _landmarks(
    old: Sequence[Block], new: Sequence[Block], name: Callable[[Block], str], weight: Callable[[Block], int] | None
) -> list[tuple[int, int]]:
    names, others = [name(block) for block in old], [name(block) for block in new]
    if weight is None or names == others or len(old) * len(new) > _GRID:
        return common(names, others)
    return _heaviest(
        [[weight(block) if ours == theirs else 0 for theirs in others] for block, ours in zip(old, names, strict=True)]
    )


def _weight(block: Block) -> int:
    return len(block.tokens) + 1


def _likeness(old: Block, new: Block) -> int:
    """What is gained by showing one as the other, edited; 0 where they are not kindred."""
    if old.sign != new.sign:
        return 0
    before, after = [t.key for t in old.tokens], [t.key for t in new.tokens]
    if len(before) > 12 * len(after) or len(after) > 12 * len(before):
        return 0
    count = shared(before, after)
    return count if kindred(before, after, count) else 0


def _skeleton(block: Block) -> str:
    """A block but for its figures."""
    return block.sign + "".join("#" if t.sort is Sort.FIGURE else t.key for t in block.tokens)


def _opening(block: Block) -> str:
    """How a block begins: the item a row is about, the subject of a sentence."""
    return block.sign + "".join(t.key for t in block.tokens[:4])


def _heaviest(weights: list[list[int]]) -> list[tuple[int, int]]:
    """The pairs of rows and columns, both rising, with the greatest sum of weights; a weight of 0 is no pair."""
    width = len(weights[0]) if weights else 0
    sums = [[0] * (width + 1)]
    for row in weights:
        above, line = sums[-1], [0]
        for j, weight in enumerate(row):
            best = above[j + 1] if above[j + 1] >= line[j] else line[j]
            line.append(max(best, above[j] + weight) if weight else best)
        sums.append(line)
    pairs: list[tuple[int, int]] = []
    i, j = len(weights), width
    while i and j:
        if sums[i][j] == sums[i - 1][j]:
            i -= 1
        elif sums[i][j] == sums[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def pairing(old: Sequence[Sequence[str]], new: Sequence[Sequence[str]]) -> list[tuple[int | None, int | None]]:
    """Which cell or column became which, by their tokens' keys; as many old as new between two that stayed were edited.

    Either position is None where the other version has nothing there.
    """
    weights = [[0] * len(new) for _ in old]
    if len(old) * len(new) <= _PAIRS:
        for i, before in enumerate(old):
            for j, after in enumerate(new):
                count = shared(before, after)
                weights[i][j] = count if kindred(before, after, count) else 0
    found: list[tuple[int | None, int | None]] = []
    i = j = 0
    for a, b in [*_heaviest(weights), (len(old), len(new))]:
        if a - i == b - j:
            found += zip(range(i, a), range(j, b), strict=True)
        else:
            found += [(k, None) for k in range(i, a)] + [(None, k) for k in range(j, b)]
        if a < len(old):
            found.append((a, b))
        i, j = a + 1, b + 1
    return found


def match(old: Sequence[Token], new: Sequence[Token]) -> list[tuple[int, int]]:
    """The tokens of one block that stayed in another: a longest common subsequence without crumbs.

    A syllable or comma that two unlike passages happen to share is no help to a reader. Such crumbs between two changes
    count as changed, the smallest first, as long as no more than a fifth is marked beyond what must be.
    """
    pairs = common([t.key for t in old], [t.key for t in new])
    if not kindred(old, new, len(pairs)):
        return []
    runs = _runs(pairs)
    allowance = (len(old) + len(new) - 2 * len(pairs)) // _CLEAN
    crumbs: list[tuple[int, int, int]] = []
    for k in range(1, len(runs) - 1) if len(runs) > 2 else ():
        first, last = runs[k]
        size = last - first
        before = _distance(pairs[first - 1], pairs[first])
        after = _distance(pairs[last - 1], pairs[last])
        value = sum(_worth(old[i]) for i, _ in pairs[first:last])
        if value <= 4 and min(before, after) > 2 and before + after >= 3 * size:
            crumbs.append((value, first, last))
    dropped: set[int] = set()
    for _, first, last in sorted(crumbs):
        if 2 * (last - first) <= allowance:
            allowance -= 2 * (last - first)
            dropped.update(range(first, last))
    return [pair for k, pair in enumerate(pairs) if k not in dropped]


def _runs(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of pairs that follow one another on both sides, as ranges of positions in `pairs`."""
    starts = [k for k, (i, j) in enumerate(pairs) if not k or pairs[k - 1] != (i - 1, j - 1)]
    return list(zip(starts, [*starts[1:], len(pairs)], strict=True))


def _distance(left: tuple[int, int], right: tuple[int, int]) -> int:
    """Changed tokens between two pairs."""
    return right[0] - left[0] + right[1] - left[1] - 2


def _worth(token: Token) -> int:
    match token.sort:
        case Sort.FIGURE:
            return 5
        case Sort.WORD:
            return 2 if len(token.html) <= 3 else 4
        case Sort.HAN:
            return 2
        case _:
            return 1
