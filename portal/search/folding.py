"""Text as it is compared in a search: one case, one width, no accents, simplified characters, plain figures.

site_templates/theme/assets/search-engine.js folds what a reader types in the same way.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("simplified.txt")

_ACCENT = re.compile("[\u0300-\u036f]")
_JOINT = re.compile(r"[,.:/\-\[({〔【\])}〕】](?:(?<=\d[,.:/-])(?=\d)|(?<=\w[\[({〔【])(?=\d)|(?<=\d[\])}〕】])(?=\w))")
"""What stands inside a figure: 3,000 and 2026-12-07; brackets around the year of a number: 澄砚〔2026〕15号.

All that it may be comes first, for then a text is passed over quickly."""


@cache
def simplified() -> dict[str, str]:
    """Each traditional character that has a simplified form, to that form."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return {pair[0]: pair[1] for line in lines if not line.startswith("#") for pair in line.split()}


@cache
def _translation() -> dict[int, str]:
    return str.maketrans(simplified())


@cache
def _traditional() -> re.Pattern[str]:
    return re.compile(f"[{re.escape(''.join(simplified()))}]")


def fold(text: str) -> str:
    """A text so that whatever a reader takes for the same is the same."""
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFC", _ACCENT.sub("", text))
        if _traditional().search(text):  # most texts have none, and are looked through faster than translated
            text = text.translate(_translation())
    return _JOINT.sub("", text)
