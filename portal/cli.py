"""`python build.py`: arguments, exit codes, how errors look; the only place where the rooms are wired together."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import http.server
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from jinja2 import TemplateError, TemplateSyntaxError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from portal import (
    config,
    days,
    drafting,
    history,
    importing,
    leaks,
    moved,
    plan,
    private,
    publish,
    rules,
    schemas,
    sealing,
    shells,
    site,
    sources,
    starting,
    timetable,
)
from portal.article import Articles
from portal.config import Misconfigured, Settings
from portal.errors import Format, Location, PortalError, Problem, errors_in, listing, printable
from portal.kinds import Kind
from portal.plan import Plan
from portal.proofreading import Proofreader
from portal.prose import Prose
from portal.publish import Published, Refused
from portal.shells import Shells
from portal.sources import Sources
from portal.words import load as load_words

FINE, PROBLEMS, CANNOT_RUN = 0, 1, 2
"""Exit codes, everywhere."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """A portal as read: its plan, and everything wrong with what people wrote."""

    settings: Settings
    sources: Sources
    plan: Plan
    problems: list[Problem]


def read(root: Path, now: str | None, base: str | None = None) -> Reading:
    """Read a portal and decide what shall exist; `base` is the commit to compare with, if any.

    Raises PortalError where that is impossible.
    """
    settings = config.load(root.resolve())
    found = sources.read(settings)
    past = history.read(settings, found)
    clock = _clock(now, settings.zone)
    problems = [*found.problems, *rules.graded(settings, past.problems), *rules.check(settings, found, clock)]
    if base is not None:
        changed = rules.change.check(settings, found, history.texts_at(settings, base), clock)
        problems += rules.graded(settings, changed)
    return Reading(settings, found, plan.make(settings, found, past, clock), problems)


def _clock(now: str | None, zone: dt.tzinfo | None) -> dt.datetime:
    """The editorial clock: `--now`, in `zone` (None: the machine's) where it names none; else this moment."""
    if now is None:
        return dt.datetime.now(zone).astimezone(zone)
    try:
        moment = days.moment(now)
    except ValueError:
        raise PortalError(f"--now {now} is not a moment", "write it as 2026-12-07T09:30+08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def render(settings: Settings, out: Path) -> None:
    """Have MkDocs render the shells; imported here because most builds need no MkDocs at all."""
    from portal import mkdocs_plugin

    mkdocs_plugin.render(settings, out)


# --- how things look -------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    click.echo(printable(text, lines=True))


def _show(problems: list[Problem], form: Format = Format.TEXT) -> None:
    if problems or form is Format.JSON:
        click.echo(listing(problems, form), err=form is Format.TEXT)


def _counted(problems: list[Problem]) -> str:
    errors = len(errors_in(problems))
    return f"{errors} error{'s' * (errors != 1)}, {len(problems) - errors} warning{'s' * (len(problems) - errors != 1)}"


def _watched(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass items on; on a terminal show how far it is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(items, total=total)


def _private_text_may_show(show_private: bool) -> bool:
    return show_private or os.environ.get("CI") != "true"


# --- the commands ----------------------------------------------------------------------------------------------

root_option = click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The portal's folder."
)
now_option = click.option("--now", metavar="ISO", help="The editorial clock, for reproducible runs; default: now.")
format_option = click.option("--format", "form", type=click.Choice([f.value for f in Format]), default="text")


class _DefaultsToBuild(click.Group):
    """`build.py --root DIR` is `build.py build --root DIR`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in {"--help", "--debug", "-h"}):
            args = ["build", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_DefaultsToBuild, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Turn committed notices into a public board and sealed private pages. Without a command: build."""


@commands.command()
@root_option
@click.option("--out", type=click.Path(path_type=Path), help="Where the site goes; default: site/ in the portal.")
@now_option
@click.option("--clean", is_flag=True, help="Forget everything remembered from earlier builds.")
def build(root: Path, out: Path | None, now: str | None, clean: bool) -> int:
    """Check, render, seal, pass the leak gate, and put the site in place."""
    folder = root.resolve()
    place = out or folder / "site"
    before = _fingerprint(folder, place)
    reading = read(root, now)
    settings = reading.settings
    if clean:
        shells.forget(settings)
    ready = prepare(reading)
    problems = ready.problems
    _show(problems)
    if errors_in(problems):
        _say(f"not built: {_counted(problems)}; the site is as it was")
        return PROBLEMS
    try:
        done = _publish(ready, place)
    except Refused:
        if _fingerprint(folder, place) != before:  # pages and gate may have read the two sides of one change
            raise PortalError("files changed while they were read; nothing was published", "build again") from None
        raise
    sealed = sum(1 for _ in place.glob("my/s/*"))
    made = reading.plan
    _say(
        f"built: {len(made.public)} public and {len(made.private)} private notices, {sealed} sealed objects; "
        f"{done.written} files written, {done.unchanged} unchanged, {done.removed} removed"
        + (f"; {_counted(problems)}" if problems else "")
    )
    return FINE


@dataclass(frozen=True, slots=True)
class Prepared:
    """A portal ready to be published: the engine's pages, the renderer of notices, and all that is wrong."""

    plan: Plan
    shells: Shells
    articles: Articles
    problems: list[Problem]


def prepare(reading: Reading) -> Prepared:
    """Render what shows problems that reading alone does not: content pages, and every notice's text."""
    try:
        rendered = shells.fetch(reading.settings, render)
    except Misconfigured as error:
        raise Misconfigured([*reading.problems, *error.problems], error.message) from error
    articles = Articles(reading.plan, Prose(reading.settings, reading.settings.cache_dir))
    problems = [*reading.problems, *rendered.problems]
    problems += moved.problems(reading.plan, reading.sources, rendered.files.keys())
    entries = reading.plan.entries
    reader = Proofreader(reading.plan, articles)
    told = {problem.location for problem in problems if problem.code == "link-to-private"}
    for entry in _watched(entries, "reading notices", len(entries)):
        found = (problem for problem in reader.read(entry) if problem.location not in told)
        problems += rules.graded(reading.settings, found)
    return Prepared(reading.plan, rendered, articles, list(dict.fromkeys(problems)))


def _publish(ready: Prepared, out: Path) -> Published:
    secret = config.secret(os.environ)
    gate = leaks.Gate(ready.plan, secret)

    def files() -> Iterator[tuple[str, bytes]]:
        yield from private.files(ready.plan, secret, ready.articles)
        yield from site.files(ready.plan, ready.shells, ready.articles)

    return publish.publish(out, _watched(files(), "publishing"), gate.check)


@commands.command()
@root_option
@now_option
@click.option("--base", metavar="REV", help="Also say what may not become of what was published at this commit.")
@format_option
def check(root: Path, now: str | None, base: str | None, form: str) -> int:
    """Say everything that is wrong with notices, clients and configuration."""
    chosen = Format(form)
    try:
        problems = prepare(read(root, now, base)).problems
    except Misconfigured as error:
        _show(error.problems, chosen)
        return CANNOT_RUN
    _show(problems, chosen)
    if chosen is Format.TEXT:
        _say(f"checked: {_counted(problems)}" if problems else "checked: nothing to mend")
    return PROBLEMS if errors_in(problems) else FINE


@commands.command("next-change")
@root_option
@now_option
def next_change(root: Path, now: str | None) -> int:
    """Print the next instant at which the site would differ though nothing is committed; nothing if there is none."""
    settings = config.load(root.resolve())
    found = sources.read(settings)
    at = timetable.next_change(settings, found, history.read(settings, found), _clock(now, settings.zone))
    if at is not None:
        _say(at.isoformat())
    return FINE


@commands.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@root_option
@click.option("--dry-run", is_flag=True, help="Only report; write nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def import_(folder: Path, root: Path, dry_run: bool, form: str) -> int:
    """Turn an existing announcements FOLDER (Jekyll, Hugo, Material blog, Markdown) into notices/."""
    settings = config.load(root.resolve())
    taken = frozenset(sources.read(settings).notices)
    survey = importing.survey(folder, settings, taken)
    if not dry_run:
        importing.write(survey, settings)
    _say(importing.report_json(survey) if form == "json" else importing.report_text(survey))
    return PROBLEMS if survey.refused else FINE


@commands.command()
@click.argument("folder", type=click.Path(path_type=Path))
@now_option
def init(folder: Path, now: str | None) -> int:
    """Make a new portal in FOLDER."""
    made = starting.start(folder, _clock(now, None).date())
    _say(f"made a portal of {len(made)} files in {folder}; next: python build.py check --root {folder}")
    return FINE


@commands.command()
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
    clock = _clock(now, settings.zone)
    day = _day_or_moment(date) if date else clock.astimezone(settings.zone).date()
    answers = drafting.Answers() if no_input or not sys.stdin.isatty() else _ask(settings, Kind(kind))
    made = drafting.draft(settings, found, Kind(kind), title, day, identity=identity, language=lang, answers=answers)
    drafting.write(made)
    _say(f"made {settings.shown(made.file)}; what is still to be filled in:")
    found = sources.read(settings)
    every = [*found.problems, *rules.check(settings, found, clock)]
    _show([problem for problem in errors_in(every) if problem.location.file == settings.shown(made.file)])
    return FINE


def _ask(settings: Settings, kind: Kind) -> drafting.Answers:
    """What an author at a terminal can say at once; an empty answer leaves it to the file."""
    w = load_words(settings.default_language, "new")
    demanded = settings.demand(kind).required
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


@commands.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("schemas"), help="Where they go.")
def schema(out: Path) -> int:
    """Write the JSON Schemas by which editors complete and check front matter, client files and mkdocs.yml."""
    for file in schemas.write(out):
        _say(str(file))
    return FINE


@commands.group()
def keys() -> None:
    """The master secret."""


@keys.command("new")
def keys_new() -> int:
    """Print a new master secret for PORTAL_SECRET. Keep it where a lost machine cannot take it along."""
    _say(base64.b64encode(secrets.token_bytes(32)).decode("ascii"))
    return FINE


@commands.command()
@click.argument("contact", metavar="CLIENT/CONTACT")
@root_option
@click.option("--show-private", is_flag=True, help="Show it also where CI=true.")
def link(contact: str, root: Path, show_private: bool) -> int:
    """Print the private link of one contact."""
    settings = config.load(root.resolve())
    secret = config.secret(os.environ)
    if secret is None:
        raise PortalError("PORTAL_SECRET is not set", "it is the secret that the site was built with")
    registry = sources.read(settings).registry
    recipient = registry.find(contact)
    if recipient is None:
        raise PortalError(f"the registry has no contact {contact}", "write it as client/contact")
    today = dt.datetime.now(settings.zone).date()
    if not recipient.client.has_access(today):
        click.echo(f"note: the access of this client ended on {recipient.client.last_day_of_access}", err=True)
    code = sealing.code(secret, recipient.key, registry.epoch(recipient))
    _say(f"{settings.site_url}my/#{code if _private_text_may_show(show_private) else '…'}")
    return FINE


@commands.command()
@root_option
@click.option("--port", type=int, default=8000)
@now_option
def serve(root: Path, port: int, now: str | None) -> int:
    """Build, serve the site on loopback, and build again whenever a source changes."""
    folder = root.resolve()
    out = folder / "site"
    seen = _fingerprint(folder, out)  # before building, so that nothing saved meanwhile is missed
    _rebuild(folder, out, now)
    handler = functools.partial(_Handler, directory=str(out))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise PortalError(f"port {port} cannot be used: {error.strerror}", "choose another with --port") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with Ctrl-C ignored
        signal.signal(number, lambda *_: stop.set())
    _say(f"serving http://127.0.0.1:{server.server_port}/ (stop with Ctrl-C)")
    while not stop.wait(0.5):
        current = _fingerprint(folder, out)
        if current != seen:
            seen = current
            _rebuild(folder, out, now)
    server.shutdown()
    server.server_close()
    return FINE


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Static files, with nothing kept by the browser while one is writing."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line."""


def _rebuild(root: Path, out: Path, now: str | None) -> None:
    try:
        ready = prepare(read(root, now))
        _show(ready.problems)
        if errors_in(ready.problems):
            _say(f"not built: {_counted(ready.problems)}")
            return
        done = _publish(ready, out)
        _say(f"built: {done.written} files written")
    except PortalError as error:
        _explain(error)


def _fingerprint(root: Path, out: Path) -> int:
    """A number that changes when a source does."""
    settings_file = root / config.CONFIG_FILE
    stamps: list[tuple[str, int]] = []
    folders = [root / "content", root / "site_templates"]
    try:
        settings = config.load(root)
        folders += [*settings.notice_dirs(), settings.registry_dir]
    except PortalError:
        pass  # the next build says what is wrong
    for folder in folders:
        for top, inner, names in os.walk(folder):
            inner[:] = [name for name in inner if not name.startswith(".") and Path(top, name) != out]
            stamps += [(name, Path(top, name).stat().st_mtime_ns) for name in names if Path(top, name).exists()]
    if settings_file.exists():
        stamps.append((config.CONFIG_FILE, settings_file.stat().st_mtime_ns))
    return hash(tuple(sorted(stamps)))


# --- errors, in one place --------------------------------------------------------------------------------------


def _explain(error: PortalError) -> None:
    if isinstance(error, (Misconfigured, Refused)):
        _show(error.problems)
    click.echo(printable(str(error)), err=True)
    if error.hint:
        click.echo(f"    {printable(error.hint)}", err=True)


def _broken_template(error: TemplateError) -> PortalError:
    """A template of the portal's own, in site_templates/, that cannot be used."""
    said = " ".join(str(error.message or type(error).__name__).split())
    where = None
    if isinstance(error, TemplateSyntaxError) and (error.filename or error.name):
        where = Location(os.path.relpath(error.filename or error.name or ""), error.lineno)
    hint = "mend it in the portal's site_templates/, or remove it there; the program has its own"
    return PortalError(f"a template cannot be used: {said}", hint, where)


def run(group: click.Command, arguments: Sequence[str] | None, name: str) -> int:
    """Run a command and give its exit code; whatever a person can cause becomes a line or two, never a traceback."""
    try:
        result = group.main(args=arguments, prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return CANNOT_RUN
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Refused as error:
        _explain(error)
        return PROBLEMS
    except PortalError as error:
        _explain(error)
        return CANNOT_RUN
    except TemplateError as error:
        _explain(_broken_template(error))
        return CANNOT_RUN
    except BrokenPipeError:
        sys.stdout = None
        return FINE
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        _explain(PortalError(f"cannot read or write{place}: {error.strerror or type(error).__name__}"))
        return CANNOT_RUN
    return result if isinstance(result, int) else FINE


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point of build.py; gives the exit code."""
    return run(commands, arguments, "build.py")
