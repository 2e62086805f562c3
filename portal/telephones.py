"""Telephone numbers however they are written: grouped, in brackets, with or without what comes before them abroad."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

SHORTEST = 8
"""Digits: shorter ones may be anything."""
_LONGEST = 17
"""Digits: 15 by E.164, and the two zeros that some dial before them."""
_TWO_DIGITS = frozenset(
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 "
    "91 92 93 94 95 98".split()
)
"""Country codes (ITU-T E.164, annex); 1 and 7 have one digit, all others three."""
_DIGITS = re.compile(r"\d+")
_SPACED = re.compile(rf"\+?\d[\d ()（）\-－\u00a0\u2010-\u2015\u3000]{{{SHORTEST - 1},}}")
_DOTTED = re.compile(r"\+?\d{2,5}(?:[./]\d{2,5}){1,4}")
"""Only between groups of two digits and more: drawings are full of decimal fractions."""


def national(phone: str) -> str:
    """The digits of a number as its own country dials it, without the zero for trunk calls; "" for too few."""
    return _within("".join(_DIGITS.findall(phone)), "+" in phone)


def numbers(text: str) -> Iterator[str]:
    """What could be a number, as `national` writes it: neighbouring groups of digits, joined."""
    for run in itertools.chain(_SPACED.findall(text), _DOTTED.findall(text)):
        groups = _DIGITS.findall(run)
        for start in range(len(groups)):
            joined = ""
            for group in groups[start:]:
                joined += group
                if len(joined) > _LONGEST:
                    break
                if len(joined) >= SHORTEST:
                    yield _within(joined, start == 0 and run[0] == "+")


def _within(digits: str, abroad: bool) -> str:
    abroad = abroad or digits.startswith("00")
    digits = digits.lstrip("0")
    if abroad:
        code = 1 if digits[:1] in ("1", "7") else 2 if digits[:2] in _TWO_DIGITS else 3
        within = digits[code:].lstrip("0")
        digits = within if len(within) >= SHORTEST else digits
    return digits if len(digits) >= SHORTEST else ""
