"""What is shown of documents: small files of JSON, a few neighbours in each, from which documents can be read again.

A file ends where it is full, and at every sixteenth document: those up to there are a tray. So a change of one document
changes no file of another tray, and a file is named by the place of its first document.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence

from portal.search.documents import Document

EXCERPT = 3000
"""Characters of a text that are kept to show where it answers."""
TRAY = 16
"""Documents to a tray."""
_FULL = 6000
"""Bytes from which a file is."""
_END = b"]\n"
"""Of a file; within it only what parts documents is a line's end."""


def tray(found: Sequence[Document]) -> bytes:
    """The files of at most sixteen documents, one after another."""
    files: list[str] = []
    held: list[str] = []
    size = 0
    for at, document in enumerate(found):
        facts = {"u": document.path, "t": document.title, "x": document.text[:EXCERPT]}
        if document.number:
            facts["n"] = document.number
        if document.published:
            facts["d"] = document.published.isoformat()
        said = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
        held.append(said)
        size += len(said.encode())
        if size >= _FULL or at == len(found) - 1:
            files.append("[" + ",\n".join(held) + "]\n")
            held, size = [], 0
    return "".join(files).encode()


def files(tray: bytes) -> Iterator[tuple[int, bytes]]:
    """The files of a tray: the place of its first document in the tray, and what it holds."""
    place = 0
    for said in tray.split(_END)[:-1]:
        file = said + _END
        yield place, file
        place += file.count(b"\n")


def documents(tray: bytes, bits: Iterable[tuple[str, str]], rests: Iterable[str]) -> Iterator[Document]:
    """The documents of a tray again, of each of which are known (kind, language), and what of its text is beyond."""
    said = [facts for _, file in files(tray) for facts in json.loads(file)]
    for facts, (kind, language), rest in zip(said, bits, rests, strict=True):
        published = dt.date.fromisoformat(facts["d"]) if "d" in facts else None
        yield Document(facts["u"], facts["t"], facts.get("n", ""), kind, language, published, facts["x"] + rest)
