"""The text that people paste when they pass a notice on: one for chats, one that fits a short message."""

from __future__ import annotations

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The characters of which a short message holds 160 (3GPP TS 23.038, 6.2.1); with any other it holds 70."""
_TWO_PLACES = frozenset("^{}\\[~]|€\f")
"""Of the same alphabet, but each takes two places (6.2.1.1)."""
_ALPHABET = GSM | _TWO_PLACES
_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\N{NO-BREAK SPACE}": " "}
)
"""What a typographer writes, in characters that keep a Latin message long."""


def chat(title: str, summary: str, url: str) -> str:
    """Title, summary and link, one to a line: what is pasted into WeChat."""
    return "\n".join(line for line in (" ".join(title.split()), " ".join(summary.split()), url) if line)


def message(title: str, url: str) -> str:
    """Title and link within one short message, the title cut where it must be.

    A link that leaves the title no room stands alone, however long: half a link leads nowhere.
    """
    plain = " ".join(title.translate(_PLAIN).split())
    whole = " ".join(title.split()) if not _latin(plain + url) else plain
    if fits(f"{whole} {url}"):
        return f"{whole} {url}"
    mark = "..." if _latin(whole + url) else "…"
    for end in range(len(whole) - 1, 3, -1):
        text = f"{whole[:end].rstrip()}{mark} {url}"
        if fits(text):
            return text
    return url


def fits(text: str) -> bool:
    """Whether a text is one short message: 160 places of the Latin alphabet, or 70 UTF-16 units."""
    if _latin(text):
        return len(text) + sum(map(text.count, _TWO_PLACES)) <= 160
    return len(text.encode("utf-16-le")) <= 140


def _latin(text: str) -> bool:
    return _ALPHABET.issuperset(text)
