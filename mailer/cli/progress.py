"""How far a command got: a bar on a terminal, now and then a line elsewhere, nothing for what is quick."""

from __future__ import annotations

import time
from types import TracebackType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

_INTERVAL = 10.0
"""Seconds between two lines."""


class Watching:
    """Shows how many of a number of things are done, on standard error."""

    def __init__(self, what: str, total: int | None) -> None:
        console = Console(stderr=True)
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(what, total=total)
        self._lines = not console.is_terminal
        self._what, self._total, self._done = what, total, 0
        self._said = time.monotonic()

    def __enter__(self) -> Watching:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, count: int = 1) -> None:
        """So many more are done."""
        self._done += count
        self._bar.advance(self._task, count)
        if self._lines and time.monotonic() - self._said >= _INTERVAL:
            self._said = time.monotonic()
            of = "" if self._total is None else f" of {self._total}"
            click.echo(f"{self._what}: {self._done}{of}", err=True)
