"""`import`, `init`, `new` and `schema`: what makes files for people to go on with."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from portal import config, drafting, rules, sources, starting
from portal.cli.clock import editorial_clock
from portal.cli.console import FINE, PROBLEMS, now_option, root_option, say, show
from portal.config import Settings
from portal.errors import PortalError, counted, errors_in
from portal.kinds import Kind
from portal.words import load as load_words


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@root_option
@click.option("--dry-run", is_flag=True, help="Only report; write nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def import_(folder: Path, root: Path, dry_run: bool, form: str) -> int:
    """Turn an existing announcements FOLDER (Jekyll, Hugo, Material blog, Markdown) into notices/."""
    from portal import importing  # here, because no build has any use for it

    settings = config.load(root.resolve())
    taken = frozenset(sources.read(settings).notices)
    survey = importing.survey(folder, settings, taken)
    if not dry_run:
        importing.write(survey, settings)
    say(importing.report_json(survey) if form == "json" else importing.report_text(survey))
    return PROBLEMS if survey.refused else FINE


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@now_option
def init(folder: Path, now: str | None) -> int:
    """Make a new portal in FOLDER."""
    made = starting.start(folder, editorial_clock(now, None).date())
    say(f"made a portal of {counted(len(made), 'file')} in {folder}; next: python build.py check --root {folder}")
    return FINE


@click.command()
@click.argument("kind", metavar="KIND", type=click.Choice([kind.value for kind in Kind]))
@click.argument("title")
@root_option
@now_option
@click.option("--id", "identity", metavar="ID", help="Its id; default: made from the title, or from kind and date.")
@click.option("--date", metavar="ISO", help="When it is published; default: today.")
@click.option("--lang", metavar="CODE", help="The language it is written in; default: the portal's first.")
@click.option("--no-input", is_flag=True, help="Ask nothing.")
def new(
    kind: str,
    title: str,
    root: Path,
    now: str | None,
    identity: str | None,
    date: str | None,
    lang: str | None,
    no_input: bool,
) -> int:
    """Begin a notice of a KIND: a file with everything that such a notice must say, to be filled in."""
    settings = config.load(root.resolve())
    found = sources.read(settings)
    clock = editorial_clock(now, settings.zone)
    day = _day_or_moment(date) if date else clock.astimezone(settings.zone).date()
    answers = drafting.Answers() if no_input or not sys.stdin.isatty() else _ask(settings, Kind(kind))
    made = drafting.draft(settings, found, Kind(kind), title, day, identity=identity, language=lang, answers=answers)
    drafting.write(made)
    say(f"made {settings.shown(made.file)}; what is still to be filled in:")
    found = sources.read(settings)
    every = [*found.problems, *rules.check(settings, found, clock)]
    show([problem for problem in errors_in(every) if problem.location.file == settings.shown(made.file)])
    return FINE


def _ask(settings: Settings, kind: Kind) -> drafting.Answers:
    """What an author at a terminal can say at once; an empty answer leaves it to the file."""
    w = load_words(settings.default_language, "new")
    demanded = settings.demands[kind].required
    effective = _ask_day(w("ask.effective")) if "effective" in demanded else None
    action = click.prompt(w("ask.action"), default="", show_default=False) if "action" in demanded else None
    by = _ask_day(w("ask.by")) if action else None
    desks = list(settings.options.desks)
    owner = (
        click.prompt(w("ask.owner", desks=", ".join(desks)), type=click.Choice(desks), show_choices=False)
        if len(desks) > 1
        else None
    )
    audience = click.prompt(w("ask.audience"), default="", show_default=False)
    return drafting.Answers(effective, action, by, owner, audience)


def _ask_day(question: str) -> dt.date | None:
    while answer := click.prompt(question, default="", show_default=False).strip():
        try:
            return dt.date.fromisoformat(answer)
        except ValueError:
            click.echo("    2027-01-31", err=True)
    return None


def _day_or_moment(text: str) -> dt.date:
    for read_as in (dt.date.fromisoformat, dt.datetime.fromisoformat):
        try:
            return read_as(text)
        except ValueError:
            continue
    raise PortalError(f"--date {text} is no day", "write it as 2026-12-14, or 2026-12-14T09:00+08:00")


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("schemas"), help="Where they go.")
def schema(out: Path) -> int:
    """Write the JSON Schemas by which editors complete and check front matter, client files and mkdocs.yml."""
    from portal import schemas  # here, because no build has any use for it

    for file in schemas.write(out):
        say(str(file))
    return FINE
