"""YAML in which every value knows its line: the one way this program reads what people write.

What composes and constructs it (portal/nodes.py) is imported once there is some to be read: a build in which only words
changed reads none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portal.decoded import Document, Path, Place


def read(text: str, *, first_line: int = 1, foreign_tags: bool = False) -> Document:
    """Read one YAML document.

    `first_line` is the line of the file on which `text` starts. With `foreign_tags` a value with an unknown tag is
    read as None and aliases are allowed, for files that other programs own (mkdocs.yml). Raises nothing: whatever
    is wrong is in `faults`.
    """
    from portal import nodes

    return nodes.read(text, first_line, foreign_tags, later=Places)


def prepare() -> None:
    """Have what reads at hand, before workers are started that all need it."""
    from portal import nodes  # noqa: F401 - for its being imported


class Places(Mapping[Path, Place]):
    """The places in a text without faults; found once one of them is asked for, because most never are."""

    def __init__(self, text: str, first_line: int) -> None:
        self._text, self._first_line = text, first_line
        self._known: Mapping[Path, Place] | None = None

    def _found(self) -> Mapping[Path, Place]:
        if self._known is None:
            from portal import nodes

            self._known = nodes.places(self._text, self._first_line)
        return self._known

    def __reduce__(self) -> tuple[type[Places], tuple[str, int]]:
        return Places, (self._text, self._first_line)

    def __getitem__(self, path: Path) -> Place:
        return self._found()[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())
