"""How commands ask and answer: options, lines, progress, errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from portal import errors
from portal.errors import Format, Location, Misconfigured, PortalError, Problem, Refused, errors_in, listing, printable

if TYPE_CHECKING:
    from portal.publish import Published

FINE, PROBLEMS, CANNOT_RUN = 0, 1, 2
"""Exit codes, everywhere."""

T = TypeVar("T")

root_option = click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The portal's folder."
)
now_option = click.option("--now", metavar="ISO", help="The editorial clock, for reproducible runs; default: now.")
show_private_option = click.option("--show-private", is_flag=True, help="Show private text also where CI=true.")
format_option = click.option("--format", "form", type=click.Choice([f.value for f in Format]), default="text")


def say(text: str) -> None:
    click.echo(printable(text, lines=True))


def show(problems: list[Problem], form: Format = Format.TEXT) -> None:
    if problems or form is Format.JSON:
        click.echo(listing(problems, form), err=form is Format.TEXT)


def counted(problems: list[Problem]) -> str:
    wrong = len(errors_in(problems))
    return f"{errors.counted(wrong, 'error')}, {errors.counted(len(problems) - wrong, 'warning')}"


def tell_built(done: Published, public: int, private: int, sealed: int, problems: list[Problem]) -> None:
    """Say what a build made: notices, sealed objects, and what that did to the site."""
    amounts = f"{errors.counted(private, 'private notice')}, {errors.counted(sealed, 'sealed object')}"
    say(
        f"built: {public} public and {amounts}; "
        f"{errors.counted(done.written, 'file')} written, {done.unchanged} unchanged, {done.removed} removed"
        + (f"; {counted(problems)}" if problems else "")
    )


def watched(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass items on; on a terminal show how far it is."""
    if not _may_be_a_terminal():
        yield from items
        return
    from portal.cli.progress import tracked  # takes a fifth of a start, and a scheduled build has no terminal

    yield from tracked(items, label, total)


def _may_be_a_terminal() -> bool:
    """Whether standard error is one, or the environment has Rich take it for one."""
    said = {"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys()
    return bool(said) or (sys.stderr is not None and sys.stderr.isatty())


def private_text_may_show(show_private: bool) -> bool:
    return show_private or os.environ.get("CI") != "true"


def explain(error: PortalError) -> None:
    if isinstance(error, (Misconfigured, Refused)):
        show(error.problems)
    click.echo(printable(str(error)), err=True)
    if error.hint:
        click.echo(f"    {printable(error.hint)}", err=True)


def of_the_system(error: OSError) -> PortalError:
    """What the operating system refuses, as something to tell."""
    place = f" {error.filename}" if error.filename else ""
    return PortalError(f"cannot read or write{place}: {error.strerror or type(error).__name__}")


def broken_template(error: Exception) -> PortalError | None:
    """A template of the portal's own, in site_templates/, that cannot be used; None for any other error."""
    from jinja2 import TemplateError, TemplateSyntaxError  # a run without an error needs no Jinja for this

    if not isinstance(error, TemplateError):
        return None
    said = " ".join(str(error.message or type(error).__name__).split())
    where = None
    if isinstance(error, TemplateSyntaxError) and (error.filename or error.name):
        where = Location(os.path.relpath(error.filename or error.name or ""), error.lineno)
    hint = "mend it in the portal's site_templates/, or remove it there; the program has its own"
    return PortalError(f"a template cannot be used: {said}", hint, where)
