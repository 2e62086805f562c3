"""What documents can be found by: overlapping pairs of characters, and for the Latin alphabet whole words.

A run is what stands between two signs of punctuation or spaces. Pairs never reach across them, and each knows by a byte
in which run of its text it stands: a question for three characters is answered where both of its pairs stand in one
run, not where they merely stand in one notice.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict

from portal.search.folding import fold

IN_TITLE, IN_NUMBER = 0, 1
"""The bytes of the runs of a title, and of a notice's number; those of any other text are greater."""
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
        self.pairs: defaultdict[str, list[int]] = defaultdict(list)
        """Two characters, one of a title, or a whole number, to entries: document * 256 + the byte of a run."""
        self.words: defaultdict[str, list[int]] = defaultdict(list)
        """To the documents that have it anywhere."""
        self.title_words: defaultdict[str, list[int]] = defaultdict(list)
        """To the documents that have it in their title or number."""

    def add(self, document: int, title: str, number: str, text: str) -> None:
        """One document: in its title and number single characters count, too; in its text a line ends a run."""
        high = document << 8
        folded, folded_title, folded_number = fold(text), fold(title), fold(number)
        for found, byte in ((runs(folded_title), IN_TITLE), (runs(folded_number), IN_NUMBER)):
            for run in found:
                self._pair(run, high | byte)
            for character in dict.fromkeys("".join(found)):
                self.pairs[character].append(high | byte)
        if number:
            self.pairs[WHOLE + "".join(runs(folded_number))].append(high | IN_NUMBER)
        for run in dict.fromkeys(runs(folded)):
            self._pair(run, high | byte_of(run))
        first = words(folded_title) | words(folded_number)
        for word in first:
            self.title_words[word].append(document)
        for word in first | words(folded):
            self.words[word].append(document)

    def _pair(self, run: str, entry: int) -> None:
        pairs = self.pairs
        if not _LETTERS.search(run):
            for pair in map(str.__add__, run, run[1:]):
                pairs[pair].append(entry)
        elif not is_word(run):
            for pair in pairs_of(run):
                pairs[pair].append(entry)


def runs(folded: str) -> list[str]:
    """The runs of a folded text, in order."""
    return _RUN.findall(folded)


def words(folded: str) -> set[str]:
    """The Latin words of a folded text, also those inside a run."""
    return {word[:LONGEST] for word in _LETTERS.findall(folded)}


def is_word(run: str) -> bool:
    """Whether a run is a Latin word and nothing else."""
    return run.isascii() and run.isalpha()


def pairs_of(run: str) -> list[str]:
    """The overlapping pairs of a run, but those of two Latin letters: these are found by word."""
    return [pair for pair in map(str.__add__, run, run[1:]) if not is_word(pair)]


def byte_of(run: str) -> int:
    """By which a run of a text is told from the others, up to chance: 2 to 255."""
    return 2 + zlib.crc32(run.encode("utf-8", "surrogatepass")) % 254


def keys(word: str) -> set[str]:
    """What leads to a word: each three letters in a row, so that any part of it finds it; a shorter one itself."""
    if len(word) <= _KEY:
        return {word}
    return {word[at : at + _KEY] for at in range(len(word) - _KEY + 1)}
