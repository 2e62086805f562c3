"""QR codes: the way back from a printed notice to its address, and from a terminal to a phone."""

from __future__ import annotations

import io

import segno

_MASK = 3
"""Any of the eight masks makes a valid code (ISO/IEC 18004, 7.8); weighing all of them takes five times as long."""


def svg(address: str) -> bytes:
    """An SVG file, black on white so that it scans in a dark page too, with the quiet zone of four modules."""
    code = segno.make_qr(address, error="m", mask=_MASK)
    out = io.BytesIO()
    code.save(out, kind="svg", border=4, light="#fff", xmldecl=False, omitsize=True, nl=False)
    return out.getvalue()


def blocks(address: str) -> str:
    """Lines of half-block characters for a terminal, two rows of modules in a line."""
    out = io.StringIO()
    segno.make_qr(address, error="m").terminal(out, compact=True)
    return out.getvalue()
