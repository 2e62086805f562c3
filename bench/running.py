"""Runs a program by itself and says how long it took and how much memory it held."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / ".cache" / "bench"
"""Where peers are installed, once."""


_START = """\
import os, resource, sys, time
told = int(sys.argv[1])
begun = time.perf_counter()
status = os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)[1])
seconds = time.perf_counter() - begun
os.write(told, f"{seconds} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}".encode())
sys.exit(status if status >= 0 else 1)
"""
"""Starts a program from a small process: Linux counts what the starting one holds into the peak of what it starts."""


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
    if shutil.which(words[0]) is None:
        raise Failed(f"{words[0]}: not found")
    told, telling = os.pipe()
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-S", "-E", "-c", _START, str(telling), *words],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[telling],
            check=False,
        )
    finally:
        os.close(telling)
    with open(told, encoding="ascii") as said:  # noqa: PTH123 - a pipe
        seconds, _, peak = said.read().partition(" ")
    out = done.stdout.decode("utf-8", "replace")
    if done.returncode or not peak:
        raise Failed(f"{words[0]} ended with {done.returncode}: {out.strip()[-400:]}")
    return Run(float(seconds), int(peak) * (1 if sys.platform == "darwin" else 1024), out)
