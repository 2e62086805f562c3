"""Makes a new portal's folder: configuration, pages in both languages, a first notice, a client file to copy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from string import Template

from portal import schemas
from portal.errors import PortalError
from portal.words import TEMPLATES

_STARTER = TEMPLATES / "starter"


def start(folder: Path, today: dt.date) -> list[Path]:
    """Write a portal into `folder`, its first notice dated `today`; the files written.

    Raises PortalError, and writes nothing, where a file of the portal exists already.
    """
    files = dict(_files(today))
    for path in files:
        if (folder / path).exists():
            raise PortalError(f"{folder / path} is there already", "name a folder that holds no portal yet")
    try:
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise PortalError(f"the portal cannot be written: {error.strerror}", f"check {folder}") from error
    return [folder / path for path in files]


def _files(today: dt.date) -> Iterator[tuple[Path, str]]:
    for name, data in schemas.files().items():
        yield Path("schemas", name), data.decode()
    for file in sorted(p for p in _STARTER.rglob("*") if p.is_file()):
        path, text = file.relative_to(_STARTER), file.read_text(encoding="utf-8")
        if path == Path("gitignore"):
            yield Path(".gitignore"), text  # with its dot it would hide files of this repository
        elif path.parts[0] == "vscode":
            yield Path(".vscode", path.name), text
        elif path.parts[0] == "notices":
            days = {"today": today.isoformat(), "next_year": (today + dt.timedelta(days=365)).isoformat()}
            yield Path("notices", str(today.year), path.name), Template(text).substitute(days)
        else:
            yield path, text
