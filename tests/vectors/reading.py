"""Reads the test vectors: what to open with what, and what must come of it. README.md says what the keys mean."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OPENS = {"success", "replayed-ok"}
"""The classes that open; all others are refused."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A sealed file and what opens it."""

    name: str
    kind: str
    """The class: why it opens, or does not."""
    said: dict[str, Any]
    """Everything that the vector says: letter, key or code, epoch, name, and the text's size and hash."""
    file: bytes

    @property
    def opens(self) -> bool:
        return self.kind in OPENS


def codes() -> list[dict[str, str]]:
    """Codes as they are typed."""
    return list(json.loads((HERE / "codes.json").read_text("ascii"))["vectors"])


def files() -> list[Vector]:
    """Sealed files, whole and damaged."""
    data = json.loads((HERE / "files.json").read_text("ascii"))
    wholes = {name: base64.b64decode(text) for name, text in data["wholes"].items()}

    def put_together(parts: list[Any]) -> bytes:
        return b"".join(bytes.fromhex(p) if isinstance(p, str) else wholes[p[0]][p[1] : p[2]] for p in parts)

    return [Vector(v["name"], v["class"], v, put_together(v["file"])) for v in data["vectors"]]
