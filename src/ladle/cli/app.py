"""The `ladle` application: its commands and the text around them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from ladle._version import __version__
from ladle.cli.commands import Command
from ladle.cli.failures import exit_codes

# Each is a function of that name in ladle.cli.<name>.
COMMANDS = ("demo", "cluster", "assign", "select", "strategies", "doctor")
# Each is a module ladle.cli.<name> with ABOUT, COMMANDS (name -> function) and EXAMPLES (name -> text).
GROUPS = ("lab", "campaign")

_EPILOG = "\n".join(
    [
        "[bold]Exit codes[/bold]",
        *(f"[cyan]{code:>4}[/cyan]  {meaning}" for code, meaning in exit_codes()),
    ]
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ladle {__version__}")
        raise typer.Exit


def _ladle(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Choose what to label next, when the pool is millions of examples and the batch is 100,000 of them.

    Cluster the pool once, then each round select a batch by the scores of your model.
    """


def _built() -> typer.Typer:
    made = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    made.callback(help=_flowed(_ladle.__doc__), epilog=_EPILOG)(_ladle)
    for name in COMMANDS:
        if find_spec(f"ladle.cli.{name}") is None:
            continue
        module = import_module(f"ladle.cli.{name}")
        command = getattr(module, name)
        text, examples = _flowed(command.__doc__), getattr(module, "EXAMPLES", None)
        made.command(name, cls=Command, help=text, epilog=examples)(command)
    for name in GROUPS:
        module = import_module(f"ladle.cli.{name}")
        group = typer.Typer(rich_markup_mode="rich")
        for command_name, command in module.COMMANDS.items():
            text, examples = _flowed(command.__doc__), module.EXAMPLES[command_name]
            group.command(command_name, cls=Command, help=text, epilog=examples)(command)
        made.add_typer(group, name=name, help=module.ABOUT)
    return made


def _flowed(text: str | None) -> str:
    """A docstring as paragraphs without line breaks, for the terminal to break at its own width."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (text or "").split("\n\n"))


@cache
def program() -> Any:
    """All of it as one command with `main(args=...)`: made once, for it takes longer than to read a line."""
    return typer.main.get_command(_built())
