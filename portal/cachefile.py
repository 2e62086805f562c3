"""A file of the cache, replaced as a whole: a kill leaves the old one, of two builds at once the later one's stays.

What is half written waits beside it under a name of its own; what a kill left there is removed by a later build.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_PARTIAL = ".partial"
_AN_HOUR = 3600
"""Seconds: longer than anybody writes on one file."""


def folder(root: Path) -> Path:
    """Where a portal's cache lies."""
    return root / ".cache/duenotice"


def memory(root: Path) -> Path:
    """The file of what the last build knew (portal/keeping.py)."""
    return folder(root) / "memory"


def left(root: Path) -> int | None:
    """When the last build left that, in nanoseconds since 1970; None where none did."""
    try:
        return memory(root).stat().st_mtime_ns
    except OSError:
        return None


def lay(root: Path) -> Path:
    """The file that says how the site lay when it was put in place (portal/survey.py)."""
    return folder(root) / "lay"


def sources(root: Path) -> Path:
    """The file that says how all lay that people wrote (portal/manuscripts.py)."""
    return folder(root) / "sources"


def put(file: Path, data: bytes) -> None:
    """Have a file hold these bytes, or what it held before. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}{_PARTIAL}")
    try:
        partial.write_bytes(data)
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise


def tidy(folder: Path) -> None:
    """Remove what killed builds left half written, once nobody can be at it any more."""
    with suppress(OSError):
        for file in folder.glob(f"*{_PARTIAL}"):
            if file.stat().st_mtime < time.time() - _AN_HOUR:
                file.unlink(missing_ok=True)
