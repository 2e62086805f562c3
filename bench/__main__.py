"""`python -m bench [NAME …]`: runs all benchmarks or those named, then tells their figures and ratios."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from bench import build, kill, lighthouse, mail, sealed, search, serving
from bench.figures import Figure, as_json, table

Benchmark = Callable[[Path], Iterable[Figure]]
"""Measures in an empty folder of its own. A peer that is not there is a figure without a value, not a failure."""

BENCHMARKS: Mapping[str, Benchmark] = {
    "build": build.measure,
    "sealed": sealed.measure,
    "mail": mail.measure,
    "kill": kill.measure,
    "lighthouse": lighthouse.measure,
    "serving": serving.measure,
    "search": search.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, with peers side by side.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--json", action="store_true", help="tell the figures as JSON")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.names) - BENCHMARKS.keys())
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    figures: list[Figure] = []
    for name in chosen.names or BENCHMARKS:
        sys.stderr.write(f"measuring {name}\n")
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            figures += BENCHMARKS[name](Path(folder))
    sys.stdout.write((as_json(figures) if chosen.json else table(figures)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
