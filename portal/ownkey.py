"""The key of this machine's user, which locks the cache of portals that have no master secret.

What a build keeps is trusted by the next one, as far as code that it runs. So it is kept under a key that whoever can
write into a portal's folder, or bring back its cache from elsewhere, does not have; where there is no such key, nothing
is kept. It protects no private text: of a portal that has any, nothing is kept without the master secret.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from portal.config import Secret

_LENGTH = 32
"""Bytes."""


def file(environment: Mapping[str, str]) -> Path | None:
    """Where it lies, by the XDG Base Directory Specification; None where nobody is at home."""
    said = environment.get("XDG_STATE_HOME", "")
    if said.startswith("/"):
        return Path(said) / "duenotice/key"
    try:
        return Path.home() / ".local/state/duenotice/key"
    except RuntimeError:
        return None


def find(file: Path, fresh: Callable[[int], bytes]) -> Secret | None:
    """The key in this file, made from so many `fresh` bytes where there is none.

    None where it cannot be kept, or others than its owner may have read or written it.
    """
    try:
        if not file.exists():
            _make(file, fresh(_LENGTH))
        with file.open("rb") as opened:
            about = os.fstat(opened.fileno())
            value = opened.read(_LENGTH + 1)
    except OSError:
        return None
    own = stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & 0o077
    return Secret(value) if own and len(value) == _LENGTH else None


def _make(file: Path, value: bytes) -> None:
    """Put it there whole, unless another build was quicker. Raises OSError."""
    import tempfile  # once in the life of a machine

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(value)
            opened.flush()
            os.fsync(handle)
        with suppress(FileExistsError):
            os.link(partial, file)
    finally:
        Path(partial).unlink()
