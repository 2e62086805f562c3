"""The epoch of each contact's code: a file that machines write, beside the registry that people write.

A code follows from the secret, the contact's key and its epoch, so a higher epoch is another code. An entry outlives
its contact: whoever is registered under the same id later must not be given the code that somebody else holds.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.errors import PortalError

EPOCHS_FILE = "epochs.json"
"""{"client/contact": epoch}; whoever is not in it is at epoch 1."""

HIGHEST = 2**32 - 1
"""An epoch is written in 4 bytes: docs/sealed-format.md."""


class Damaged(PortalError):
    """The file of epochs says nothing that can be relied on."""

    def __init__(self) -> None:
        super().__init__(
            f"{EPOCHS_FILE} is damaged",
            "take it back from the repository's history, or end the unfinished merge; `keys rotate` writes it",
        )


def parse(data: bytes) -> dict[str, int]:
    """The epochs in a file's bytes, by contact. Raises Damaged.

    Also where a contact stands in it twice, as after a careless merge: the lower epoch would bring back an old code.
    """
    try:
        found = json.loads(data, object_pairs_hook=_once)
    except ValueError:
        raise Damaged from None
    if not isinstance(found, dict) or not all(type(n) is int and 1 <= n <= HIGHEST for n in found.values()):
        raise Damaged
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def text(epochs: Mapping[str, int]) -> str:
    """The file: sorted, one line a contact, so that two rotations on two branches seldom touch the same line."""
    return json.dumps(dict(epochs), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def read(registry: Path) -> dict[str, int]:
    """The epochs beside a registry. Raises Damaged, OSError."""
    file = registry / EPOCHS_FILE
    return parse(file.read_bytes()) if file.is_file() else {}


def rotate(registry: Path, contacts: Sequence[str]) -> dict[str, int]:
    """Raise the epoch of some contacts by one; their new epochs. Raises PortalError, OSError.

    Two at once wait for each other, and a crash leaves the file as it was or as it shall be.
    """
    with _alone(registry):
        epochs = read(registry)
        raised = {key: epochs.get(key, 1) + 1 for key in contacts}
        if any(epoch > HIGHEST for epoch in raised.values()):
            raise PortalError("an epoch cannot be raised any further", "give the contact another id")
        _replace(registry / EPOCHS_FILE, text(epochs | raised))
    return raised


@contextmanager
def _alone(registry: Path) -> Iterator[None]:
    """Hold the folder itself, so that no lock file lies among people's files."""
    folder = os.open(registry, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _replace(file: Path, said: str) -> None:
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("w", encoding="utf-8") as out:
        out.write(said)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)
