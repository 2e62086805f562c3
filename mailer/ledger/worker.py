"""Which process holds a claim, and whether it is provably gone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Worker:
    """A process, told apart from every other that ever had its number."""

    boot: str
    """The start of this machine; empty where the system does not say."""
    space: str
    """Its namespace of process numbers: containers count for themselves."""
    pid: int
    started: str
    """Clock ticks from the boot on (proc(5), stat, field 22)."""

    @classmethod
    def current(cls) -> Worker:
        pid = os.getpid()
        return cls(_boot(), _space(), pid, _started(pid) or "")

    @classmethod
    def parse(cls, text: str) -> Worker | None:
        """Read what `str` wrote."""
        parts = text.split("/")
        if len(parts) != 4 or not parts[2].isdigit():
            return None
        return cls(parts[0], parts[1], int(parts[2]), parts[3])

    def __str__(self) -> str:
        return f"{self.boot}/{self.space}/{self.pid}/{self.started}"

    @property
    def gone(self) -> bool:
        """Whether it certainly does not run any more; False wherever that cannot be known from here.

        Only for ledgers that one machine has: two machines copied while they ran would share a boot.
        """
        if not (self.boot and self.space and self.started):
            return False
        if self.boot != _boot():
            return bool(_boot())
        return self.space == _space() and _started(self.pid) != self.started


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When a process began; None where there is none. A zombie holds nothing any more, so it counts as none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]
