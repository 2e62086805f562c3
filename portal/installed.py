"""Which versions of packages are installed.

Their folders are named by them (PyPA, "Recording installed projects"); the library for that is asked only where one is
not: to import it takes as long as to look at a thousand files.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import cache

_ENDING = ".dist-info"
_APART = re.compile(r"[-_.]+")
"""What parts the words of a name: one is as good as the other."""


class Missing(Exception):
    """A package is not installed; its message is the name."""


def version(name: str) -> str:
    """The version of a package. Raises Missing."""
    known = _recorded().get(_normalised(name))
    if known:
        return known
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(name).version
    except PackageNotFoundError:
        raise Missing(name) from None


@cache
def _recorded() -> Mapping[str, str]:
    """Version by package; where there are two, that of the one which is imported."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - asked by every build
        except OSError:
            continue
        for name in names:
            if name.endswith(_ENDING):
                package, _, told = name.removesuffix(_ENDING).partition("-")
                found.setdefault(_normalised(package), told)
    return found


def _normalised(name: str) -> str:
    return _APART.sub("-", name).lower()
