"""Large regular expressions, compiled when they are first used: some take as long as the rest of a start."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache


def later(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> Callable[[], re.Pattern[str]]:
    """What gives the compiled pattern, the same one each time."""
    return cache(lambda: re.compile(pattern, flags))
