"""QR codes: the way back from a printed notice to its address, and from a terminal to a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import cache, lru_cache

import segno

from portal import symbols

_MASK = 3
"""Any of the eight masks makes a valid code (ISO/IEC 18004, 7.8); weighing all of them takes five times as long."""
_BORDER = 4
"""The quiet zone, in modules."""
_RUN = re.compile("0*1+")


def svg(address: str) -> bytes:
    """An SVG file, black on white so that it scans in a dark page too, with the quiet zone of four modules."""
    if not address.isascii() or not address.startswith("http"):  # another mode may say it in less
        out = io.BytesIO()
        code = segno.make_qr(address, error="m", mask=_MASK)
        code.save(out, kind="svg", border=_BORDER, light="#fff", xmldecl=False, omitsize=True, nl=False)
        return out.getvalue()
    rows = symbols.draw(address.encode("ascii"), _MASK)
    size = len(rows) + 2 * _BORDER
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" class="segno">'
        f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/>'
        f'<path class="qrline" stroke="#000" d="{_path(rows)}"/></svg>'
    ).encode("ascii")


def blocks(address: str) -> str:
    """Lines of half-block characters for a terminal, two rows of modules in a line."""
    out = io.StringIO()
    segno.make_qr(address, error="m").terminal(out, compact=True)
    return out.getvalue()


def _path(rows: Iterable[str]) -> str:
    """A stroke along each run of dark modules, from where the last one ended."""
    strokes: list[str] = []
    ended, down = 0, 0
    for row in rows:
        light, others, end = _row(row)
        if end:
            strokes.append(f"m{light - ended} {down}{others}")
            ended, down = end, 0
        down += 1
    # The first is that of a finder pattern, in the corner.
    return "".join(strokes).replace("m0 0", f"M{_BORDER} {_BORDER}.5", 1)


@lru_cache(maxsize=4096)
def _row(row: str) -> tuple[int, str, int]:
    """A row's light modules before the first dark one, the strokes from there on, and where they end; 0 where none is.

    Addresses that follow one another have nearly all rows in common.
    """
    end = len(row.rstrip("0"))
    light = row.find("1")
    return light, "".join(map(_stroke, _RUN.findall(row[light:]))).removeprefix("m0 0"), end


@cache
def _stroke(run: str) -> str:
    """Over light modules, and along the dark ones behind them."""
    light = run.index("1")
    return f"m{light} 0h{len(run) - light}"
