"""Public text as earlier builds converted it, in an SQLite file of the cache: safe under a kill and two builds at once.

Each entry is named by a hash of all that it follows from, and begins with a hash of what it says: it is right, or it is
not there. A file that is damaged is begun anew. A build leaves as many entries as there may be use for, those that were
used last, so what nobody says any more goes in time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_FILE = "prose.db"
_TABLE = """CREATE TABLE IF NOT EXISTS rendition
    (key TEXT PRIMARY KEY, used INTEGER NOT NULL, sum TEXT NOT NULL, html TEXT NOT NULL, facts TEXT NOT NULL)"""
"""HTML stands by itself: as a part of some JSON, it takes three times as long to write and to read."""
_FIND = "SELECT used, sum, html, facts FROM rendition WHERE key = ?"
_INDEX = "CREATE INDEX IF NOT EXISTS by_use ON rendition (used)"
_A_DAY = 86_400
"""Seconds: an entry that is used is marked so once a day."""
_NOT_OURS = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""What SQLite says of a file that is damaged, or holds other tables (sqlite.org/rescode.html)."""


class Renditions:
    """What was made of texts by `rules`, the versions of all that makes it; kept in a folder."""

    def __init__(self, cache: Path, rules: str) -> None:
        self._file, self._rules = cache / _FILE, rules
        self._now = int(time.time())
        self._begun_anew = False
        self._process = 0
        self._db: sqlite3.Connection | None = None
        self._bare = False
        """Whether nothing was in the file when it was opened, and nothing was put there since."""
        self._open()

    def find(self, source: str) -> dict[str, Any] | None:
        """What was made of a text, or None."""
        if self._bare:
            return None
        key = self._key(source)
        row = self._ask(lambda db: db.execute(_FIND, (key,)).fetchone())
        if row is None:
            return None
        used, digest, html, facts = row
        if not isinstance(html, str) or not isinstance(facts, str) or digest != _digest(key, html, facts):
            return None
        if not isinstance(used, int) or used < self._now - _A_DAY:
            self._ask(lambda db: db.execute("UPDATE rendition SET used = ? WHERE key = ?", (self._now, key)))
        return {"html": html, **json.loads(facts)}

    def put(self, made: Mapping[str, dict[str, Any]]) -> None:
        """Keep what was made of texts, their `html` and whatever else JSON can hold, in one transaction."""
        rows = []
        for source, each in made.items():
            key, html = self._key(source), each["html"]
            facts = json.dumps({name: said for name, said in each.items() if name != "html"}, ensure_ascii=False)
            rows.append((key, self._now, _digest(key, html, facts), html, facts))
        self._bare = False
        self._ask(lambda db: _write(db, rows))

    def tidy(self, most: int) -> None:
        """Keep no more than so many entries."""
        row = self._ask(lambda db: db.execute("SELECT count(*) FROM rendition").fetchone())
        if row is not None and row[0] > most:
            oldest = "DELETE FROM rendition WHERE rowid IN (SELECT rowid FROM rendition ORDER BY used, rowid LIMIT ?)"
            self._ask(lambda db: db.execute(oldest, (row[0] - most,)))

    def close(self) -> None:
        """Give the file back."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def _open(self) -> None:
        self._process = os.getpid()
        self._db = None
        with suppress(OSError, sqlite3.Error):  # then there is no cache
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self._file, timeout=5, isolation_level=None)
        self._ask(_prepare)
        self._bare = self._ask(lambda db: db.execute("SELECT 1 FROM rendition LIMIT 1").fetchall()) == []

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T | None:
        """What the file answers; None where it has no answer. One that is damaged is begun anew, once."""
        if self._db is not None and self._process != os.getpid():
            _INHERITED.append(self._db)
            self._open()
        if self._db is None:
            return None
        try:
            return question(self._db)
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code is None:  # of Python's module: this one entry cannot be read
                return None
            self.close()
            if code & 0xFF not in _NOT_OURS or self._begun_anew:
                return None
        self._begun_anew = True
        with suppress(OSError):
            forget(self._file.parent)
            self._open()
        return self._ask(question)

    def _key(self, source: str) -> str:
        return _digest(self._rules, source)


_INHERITED: list[sqlite3.Connection] = []
"""Connections of the process that a worker was forked from: they must neither be used nor closed here
(sqlite.org/howtocorrupt.html, 2.6)."""


def forget(cache: Path) -> None:
    """Remove every entry. Raises OSError."""
    for file in cache.glob(f"{_FILE}*"):
        file.unlink(missing_ok=True)


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=OFF")  # a lost cache costs a second, not a notice
    db.execute(_TABLE)
    db.execute(_INDEX)


def _write(db: sqlite3.Connection, rows: Sequence[tuple[str, int, str, str, str]]) -> None:
    with db:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT OR REPLACE INTO rendition VALUES (?, ?, ?, ?, ?)", rows)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
