"""`python build.py`: the commands put together, exit codes, and how errors look."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

import click

from portal.cli.console import CANNOT_RUN, FINE, PROBLEMS, broken_template, explain, of_the_system
from portal.errors import PortalError, Refused

_ROOMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "build": ("building", "build"),
        "check": ("checking", "check"),
        "next-change": ("timing", "next_change"),
        "serve": ("serving", "serve"),
        "new": ("writing", "new"),
        "init": ("writing", "init"),
        "import": ("writing", "import_"),
        "schema": ("writing", "schema"),
        "keys": ("access", "keys"),
        "link": ("access", "link"),
        "audit": ("auditing", "audit"),
        "headers": ("hosting", "headers"),
    }
)
"""Command to its module and its name there, which are imported when somebody asks: that takes as long as a build."""


class _Commands(click.Group):
    """`build.py --root DIR` is `build.py build --root DIR`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in {"--help", "--debug", "-h"}):
            args = ["build", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return sorted(_ROOMS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _ROOMS:
            return None
        room, name = _ROOMS[cmd_name]
        command: click.Command = getattr(import_module(f"portal.cli.{room}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Turn committed notices into a public board and sealed private pages. Without a command: build."""


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
        explain(error)
        return PROBLEMS
    except PortalError as error:
        explain(error)
        return CANNOT_RUN
    except BrokenPipeError:
        sys.stdout = None
        return FINE
    except Exception as error:
        told = broken_template(error) or (of_the_system(error) if isinstance(error, OSError) else None)
        if told is None:
            raise
        explain(told)
        return CANNOT_RUN
    return result if isinstance(result, int) else FINE


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point of build.py; gives the exit code."""
    return run(commands, arguments, "build.py")
