"""What a benchmark tells: named figures, the promises they are held against, and ratios to whoever was measured too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

OURS = "Duenotice"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured."""

    name: str
    """What was measured; the same name for every subject it was measured on, so that ratios can be told."""
    value: float | None
    """None where it could not be measured; `note` says why."""
    unit: str
    """s, MB (10^6 bytes), B, or a count of something."""
    subject: str = OURS
    """Whose figure it is."""
    limit: float | None = None
    """The promise: the value must not be greater; None where nothing is promised."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times ours a peer's figure is: above 1 ours is the smaller."""

    name: str
    subject: str
    times: float


def ratios(figures: Iterable[Figure]) -> list[Ratio]:
    """Every figure of a peer over ours of the same name, where both are known."""
    figures = list(figures)
    ours = {figure.name: figure.value for figure in figures if figure.subject == OURS}
    return [
        Ratio(figure.name, figure.subject, figure.value / own)
        for figure in figures
        if figure.subject != OURS and figure.value is not None and (own := ours.get(figure.name))
    ]


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned lines, then the ratios."""
    rows = [
        (
            figure.name,
            figure.subject,
            "absent" if figure.value is None else f"{_number(figure.value)} {figure.unit}",
            "" if figure.limit is None else f"at most {_number(figure.limit)}{_verdict(figure)}",
            figure.note,
        )
        for figure in figures
    ]
    lines = _aligned([("what", "whose", "figure", "promised", ""), *rows])
    found = ratios(figures)
    if found:
        told = [(ratio.name, f"{ratio.subject} / {OURS}", f"{ratio.times:.2f}") for ratio in found]
        lines += ["", *_aligned([("ratio", "of", "times"), *told])]
    return "\n".join(lines)


def as_json(figures: Sequence[Figure]) -> str:
    """The same facts for programs."""
    facts = {"figures": [asdict(f) for f in figures], "ratios": [asdict(r) for r in ratios(figures)]}
    return json.dumps(facts, ensure_ascii=False, indent=1)


def _verdict(figure: Figure) -> str:
    missed = figure.value is not None and figure.limit is not None and figure.value > figure.limit
    return ", missed" if missed else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
