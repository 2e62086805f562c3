"""The editorial clock: what the day is, or was, for everything that a command makes."""

from __future__ import annotations

import datetime as dt

from portal import days
from portal.errors import PortalError


def editorial_clock(now: str | None, zone: dt.tzinfo | None) -> dt.datetime:
    """The editorial clock: `--now`, in `zone` (None: the machine's) where it names none; else this moment."""
    if now is None:
        return dt.datetime.now(zone).astimezone(zone)
    try:
        moment = days.moment(now)
    except ValueError:
        raise PortalError(f"--now {now} is not a moment", "write it as 2026-12-07, or 2026-12-07T09:30+08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
