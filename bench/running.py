"""Runs a program by itself and says how long it took and how much memory it held."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / ".cache" / "bench"
"""Where peers are installed, once."""


class Failed(Exception):
    """A program that was to be measured did not run to its end; holds the last of what it said."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program."""

    seconds: float
    """From start to end, on the wall clock."""
    peak: int
    """Bytes: the largest resident set of it or of any one of its children."""
    out: str


def run(command: Sequence[str | Path], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Run:
    """Run a program to its end. Raises Failed where it cannot start or does not end with 0."""
    words = [str(word) for word in command]
    begun = time.perf_counter()
    try:
        process = subprocess.Popen(  # noqa: S603
            words,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise Failed(f"{words[0]}: {error.strerror}") from error
    assert process.stdout is not None
    out = process.stdout.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise Failed(f"{words[0]} ended with {process.returncode}: {out.strip()[-400:]}")
    return Run(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), out)
