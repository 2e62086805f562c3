"""`audit`: who can open what today, who could before, and whose access ends soon."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from portal import auditing, errors, history, tenure
from portal.auditing import Access, Past, Report
from portal.cli.console import (
    FINE,
    PROBLEMS,
    now_option,
    private_text_may_show,
    root_option,
    say,
    show,
    show_private_option,
)
from portal.cli.reading import read
from portal.errors import PortalError, errors_in
from portal.tenure import Moment

_HASH = 10
"""Hexadecimal digits of a commit in the listing; JSON has all."""


@click.command()
@root_option
@now_option
@click.option("--within", default="30d", metavar="SPAN", help="What 'soon' means; default: 30d.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@show_private_option
def audit(root: Path, now: str | None, within: str, form: str, show_private: bool) -> int:
    """Say who can open what, who could before, and whose access ends soon."""
    if not re.fullmatch(r"\d{1,4}d", within):
        raise PortalError(f"--within {within} is no span of days", "write it as 30d")
    reading = read(root, now)
    if errors_in(reading.problems):
        show(reading.problems)  # and go on: an auditor wants to see also what cannot be built
    settings, plan = reading.settings, reading.plan
    past = history.of_registry(settings)
    span = dt.timedelta(days=int(within[:-1]))
    report = auditing.audit(plan, past, tenure.tenures(past, plan.registry), span)
    private = private_text_may_show(show_private)
    if form == "json":
        say(json.dumps(auditing.as_json(report, private=private), ensure_ascii=False, indent=2))
    else:
        say("\n".join(_lines(report, span.days, settings.zone, private)))
    return PROBLEMS if errors_in(reading.problems) else FINE


def _lines(report: Report, days: int, zone: dt.tzinfo, private: bool) -> Iterator[str]:
    by_key = {one.key: one for one in report.access}
    yield f"at {report.now.isoformat(timespec='minutes')}, commit {(report.commit or 'none')[:_HASH]}"
    yield from _section("can open something today", (_can(one, private) for one in report.access))
    yield from _section(
        f"access ends within {errors.counted(days, 'day')}", (_ends(by_key[key]) for key in report.ending)
    )
    former = [one for one in report.access if one.former]
    yield from _section("former clients that still have access", (_ends(one) for one in former))
    old = (f"{key}: the same code since {_at(by_key[key].since, zone)}" for key in report.old_codes)
    yield from _section("codes that have not changed for over a year", old)
    yield from _section("clients with access and without a contact", report.without_contact)
    over = (f"{key}: {day} was the last day" for key, day in report.ended.items())
    yield from _section("in the registry, and access is over", over)
    yield from _section("could open something before", (_was(one, zone, private) for one in report.past))
    yield ""
    yield {
        "complete": "'before' is what the registry's git history says, by the clocks of those who committed.",
        "shallow": "'before' is not complete: the git history here is shallow; fetch all of it.",
        "none": "'before' is unknown: the registry is in no git repository.",
    }[report.history]
    yield "who opened a page is not known: the site is static, and counts nobody."


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    said = list(lines)
    yield ""
    yield f"{title}: {len(said) or 'none'}"
    yield from (f"  {line}" for line in said)


def _can(one: Access, private: bool) -> str:
    who = f"{one.key} ({one.client}, {one.name} <{one.email}>)" if private else one.key
    notices = (
        f"\n      {readable.id} {' '.join(f'v{number}' for number in readable.versions)}"
        + (f"  {readable.title}" if private else "")
        for readable in one.notices
    )
    return f"{who}, epoch {one.epoch}" + ("".join(notices) or "\n      no notice yet")


def _ends(one: Access) -> str:
    return f"{one.key}: {one.reason}"


def _was(one: Past, zone: dt.tzinfo, private: bool) -> str:
    tenure = one.tenure
    who = f"{tenure.key} ({tenure.person.name} <{tenure.person.email}>)" if private else tenure.key
    opens = "; this code still opens the pages" if one.opens else ""
    times = f"from {_at(tenure.since, zone)} to {_at(tenure.until, zone)}"
    return f"{who}, epoch {tenure.epoch}, {times}: {one.why.value}{opens}"


def _at(moment: Moment | None, zone: dt.tzinfo) -> str:
    if moment is None:
        return "now (not committed)"
    return f"{moment.at.astimezone(zone):%Y-%m-%d} ({moment.commit[:_HASH]})"
