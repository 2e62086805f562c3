"""How far a long piece of work is, on a terminal. Apart from console.py, so that a run without one imports no Rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

T = TypeVar("T")


def tracked(items: Iterable[T], label: str, total: int | None) -> Iterator[T]:
    """Pass items on, with a bar on standard error where Rich finds that it can draw one there."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(items, total=total)
