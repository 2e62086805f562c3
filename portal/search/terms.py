"""What documents can be found by: overlapping pairs of characters, and for the Latin alphabet whole words.

A run is what stands between two signs of punctuation or spaces. Pairs never reach across them, and each knows by a byte
where it stands: a hash of its run, counted on from pair to pair. A question for three characters is answered where both
of its pairs stand side by side, not where they merely stand in one notice.
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from operator import add

from portal.search.folding import fold

TITLE, NUMBER, TEXT = (0, 32), (32, 8), (40, 216)
"""The bytes that say where in a title, in a notice's number, or in any other text: the first, and how many."""
WHOLE = "="
"""Begins the term that a whole number is found by."""
LONGEST = 64
"""Letters of a word; longer ones are addresses and keys, and are cut."""

_RUN = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[a-z]+")
_KEY = 3


class Terms:
    """What the documents of one segment can be found by; they are added in order, by their place in it."""

    def __init__(self) -> None:
        self.pairs: defaultdict[str, array[int]] = defaultdict(partial(array, "I"))
        """Two characters, one of a title, or a whole number, to entries: document * 256 + a byte."""
        self.words: defaultdict[str, list[int]] = defaultdict(list)
        """To the documents that have it anywhere."""
        self.title_words: defaultdict[str, list[int]] = defaultdict(list)
        """To the documents that have it in their title or number."""

    def add(self, document: int, title: str, number: str, text: str) -> None:
        """One document: in its title and number single characters count, too; in its text a line ends a run."""
        high = document << 8
        first: set[str] = set()
        for found, where in ((runs(fold(title)), TITLE), (runs(fold(number)), NUMBER)):
            first |= self._pairs(found, high, where)
            for character in dict.fromkeys("".join(found)):
                self.pairs[character].append(high | where[0])
        if number:
            self.pairs[WHOLE + "".join(found)].append(high | NUMBER[0])
        for word in first:
            self.title_words[word].append(document)
        for word in first | self._pairs(dict.fromkeys(runs(fold(text))), high, TEXT):
            self.words[word].append(document)

    def _pairs(self, found: Iterable[str], high: int, where: tuple[int, int]) -> set[str]:
        """Add the overlapping pairs of runs, but those of two Latin letters: these are found by word, and returned."""
        pairs, latin = self.pairs, []
        base, size = high | where[0], where[1]
        for run in found:
            if is_word(run):
                latin.append(run)
                continue
            mixed = _LETTERS.search(run) is not None
            if mixed:
                latin.append(run)
            at, count = start_of(run) % size, len(run) - 1
            entries: Iterable[int] = range(base + at, base + at + count)
            if at + count > size:  # the byte begins anew
                entries = [base + place % size for place in range(at, at + count)]
            for pair, entry in zip(map(add, run, run[1:]), entries, strict=True):
                if not mixed or not is_word(pair):
                    pairs[pair].append(entry)
        return words(" ".join(latin))


def runs(folded: str) -> list[str]:
    """The runs of a folded text, in order."""
    return _RUN.findall(folded)


def words(folded: str) -> set[str]:
    """The Latin words of a folded text, also those inside a run."""
    return {word[:LONGEST] for word in _LETTERS.findall(folded)}


def is_word(run: str) -> bool:
    """Whether a run is a Latin word and nothing else."""
    return run.isascii() and run.isalpha()


def start_of(run: str) -> int:
    """From which number on the pairs of a run are counted, so that up to chance no two runs have the same."""
    return zlib.crc32(run.encode("utf-8", "surrogatepass"))


def keys(word: str) -> set[str]:
    """What leads to a word: each three letters in a row, so that any part of it finds it; a shorter one itself."""
    if len(word) <= _KEY:
        return {word}
    return {word[at : at + _KEY] for at in range(len(word) - _KEY + 1)}
