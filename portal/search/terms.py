"""What documents can be found by: overlapping pairs of characters, and for the Latin alphabet whole words.

A run is what stands between two signs of punctuation or spaces. Pairs never reach across them, and each knows by a byte
where it stands: a hash of its run, counted on from pair to pair. A question for three characters is answered where both
of its pairs stand side by side, not where they merely stand in one notice.
"""

from __future__ import annotations

import re
import string
import sys
import zlib
from array import array
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from itertools import repeat

from portal.search.folding import fold

TITLE, NUMBER, TEXT = (0, 32), (32, 8), (40, 216)
"""The bytes that say where in a title, in a notice's number, or in any other text: the first, and how many."""
WHOLE = "="
"""Begins the term that a whole number is found by."""
LONGEST = 64
"""Letters of a word; longer ones are addresses and keys, and are cut."""

_RUN = re.compile(r"[^\W_]+")
_SIGNS = {code: " " for code in range(128) if not chr(code).isalnum()}
"""A text in ASCII is split in a third of the time when they are spaces."""
_LETTERS = re.compile(r"[a-z]+")
_LATIN = frozenset(string.ascii_lowercase)
_KEY = 3
_BETWEEN = " "
"""Stands between the runs of a text; a pair with it is none."""
_UNITS = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
"""Each character as four bytes, so that two are the eight bytes of a number."""


class Terms:
    """What the documents of one segment can be found by; they are added in order, by their place in it."""

    def __init__(self) -> None:
        self._pairs: defaultdict[int, array[int]] = defaultdict(partial(array, "I"))
        """By both characters as one number, also what is no pair: whole texts are added in one go."""
        self._others: defaultdict[str, array[int]] = defaultdict(partial(array, "I"))
        self.words: defaultdict[str, list[int]] = defaultdict(list)
        """To the documents that have it anywhere."""
        self.title_words: defaultdict[str, list[int]] = defaultdict(list)
        """To the documents that have it in their title or number."""

    def add(self, document: int, title: str, number: str, text: str) -> None:
        """One document: in its title and number single characters count, too; in its text a line ends a run."""
        high = document << 8
        pairs, entries, words = list[str](), list[int](), set[str]()
        for said, where in ((title, TITLE), (number, NUMBER)):
            found = runs(fold(said))
            words |= _take(found, high, where, pairs, entries)
            for character in dict.fromkeys("".join(found)):
                self._others[character].append(high | where[0])
        if number:
            self._others[WHOLE + "".join(found)].append(high | NUMBER[0])
        _note(self.title_words, words, document)
        found = list(dict.fromkeys(runs(fold(text))))  # what is said twice is found once
        _note(self.words, words | _take(found, high, TEXT, pairs, entries), document)
        self._put("".join(pairs), entries)

    @cached_property
    def pairs(self) -> dict[str, array[int]]:
        """Two characters, one of a title, or a whole number, to entries: document * 256 + a byte, documents ascending.

        Pairs of two Latin letters are not among them: these are found by word. To be asked when all are added.
        """
        found = dict(self._others)
        both = array("Q", self._pairs).tobytes().decode(_UNITS)
        for first, second, entries in zip(both[::2], both[1::2], self._pairs.values(), strict=True):
            if first != _BETWEEN != second and not (first in _LATIN and second in _LATIN):
                found[first + second] = entries
        return found

    def _put(self, text: str, entries: list[int]) -> None:
        """Each character but the last begins a pair. Those at even places come first, all of them read as numbers."""
        units = text.encode(_UNITS)
        for place in (0, 1):
            pairs = memoryview(units)[4 * place : 4 * (place + (len(text) - place) // 2 * 2)].cast("Q")
            deque(map(array.append, map(self._pairs.__getitem__, pairs), entries[place::2]), maxlen=0)


def _take(found: Sequence[str], high: int, where: tuple[int, int], pairs: list[str], entries: list[int]) -> set[str]:
    """Add runs that have pairs to a text of such, and their entries, one for each character of it; the Latin words of
    all are returned.
    """
    latin = {run for run in found if run.isascii() and run.isalpha()}
    others = [run for run in found if run not in latin] if latin else found
    if others:
        text = _BETWEEN.join([*others, ""])
        first, size = high | where[0], where[1]
        cycle = list(range(first, first + size)) * (2 + max(map(len, others)) // size)
        for run, start in zip(others, map(start_of, text.encode().split()), strict=True):
            at = start % size
            entries += cycle[at : at + len(run) + 1]
        pairs.append(text)
        latin.update(words(text))
    return {word[:LONGEST] for word in latin}


def _note(found: defaultdict[str, list[int]], words: Iterable[str], document: int) -> None:
    deque(map(list.append, map(found.__getitem__, words), repeat(document)), maxlen=0)


def runs(folded: str) -> list[str]:
    """The runs of a folded text, in order."""
    return folded.translate(_SIGNS).split() if folded.isascii() else _RUN.findall(folded)


def words(folded: str) -> set[str]:
    """The Latin words of a folded text, also those inside a run."""
    return {word[:LONGEST] for word in _LETTERS.findall(folded)}


start_of = zlib.crc32
"""From which number on the pairs of a run, as UTF-8, are counted, so that up to chance no two runs have the same."""


def keys(word: str) -> set[str]:
    """What leads to a word: each three letters in a row, so that any part of it finds it; a shorter one itself."""
    if len(word) <= _KEY:
        return {word}
    return {word[at : at + _KEY] for at in range(len(word) - _KEY + 1)}
