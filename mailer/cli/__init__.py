"""`python -m mailer`: the commands put together, exit codes, and how errors look."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mailer.cli import accounting, controlling, linting, planning, previewing, sending
from mailer.cli.forecasting import next_
from mailer.cli.office import CANNOT_RUN, FINE, PROBLEMS, Unsound
from mailer.cli.signing import dkim_
from mailer.cli.subscribing import subscribers
from mailer.letters.linting import Unfit
from portal.errors import Format, Misconfigured, PortalError, listing, printable


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Tell people of what is new, each in one digest, and keep account of every message."""


for command in (
    planning.init,
    planning.plan_,
    next_,
    previewing.preview,
    linting.lint,
    sending.send,
    accounting.status,
    controlling.pause,
    controlling.resume,
    controlling.cancel,
    controlling.resolve,
    controlling.migrate,
):
    commands.add_command(command)
commands.add_command(dkim_)
commands.add_command(subscribers)


def _explain(error: PortalError) -> None:
    if isinstance(error, (Misconfigured, Unsound, Unfit)):
        click.echo(listing(error.problems, Format.TEXT), err=True)
    click.echo(printable(str(error)), err=True)
    if error.hint:
        click.echo(f"    {printable(error.hint)}", err=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; gives the exit code. Whatever a person can cause is a line or two, never a traceback."""
    try:
        result = commands.main(args=arguments, prog_name="mailer", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return CANNOT_RUN
    except (Unsound, Unfit) as error:
        _explain(error)
        return PROBLEMS
    except PortalError as error:
        _explain(error)
        return CANNOT_RUN
    except (click.Abort, KeyboardInterrupt):
        _explain(PortalError("stopped", "what has not left is still pending"))
        return CANNOT_RUN
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        _explain(PortalError(f"cannot read or write{place}: {error.strerror or error}"))
        return CANNOT_RUN
    return result if isinstance(result, int) else FINE
