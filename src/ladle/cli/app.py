"""The `ladle` application: its commands and their help."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer

from ladle._version import __version__
from ladle.cli.program.command import Command, Group
from ladle.cli.program.failures import exit_codes

# Command -> the module with a function of that name.
COMMANDS = {
    "demo": "ladle.cli.lab.demo",
    "embed": "ladle.cli.pool.embed",
    "cluster": "ladle.cli.pool.cluster",
    "assign": "ladle.cli.pool.assign",
    "select": "ladle.cli.pool.select",
    "strategies": "ladle.cli.pool.strategies",
    "advise": "ladle.cli.pool.advise",
    "doctor": "ladle.cli.pool.doctor",
}
# Group of commands -> the module with ABOUT, COMMANDS (name -> function), EXAMPLES (name -> text) and, where names are
# two words such as "class add", ABOUT_WORD (first word -> text). DEFAULT is the command that no word stands for.
GROUPS = {
    "lab": "ladle.cli.lab.experiments",
    "campaign": "ladle.cli.campaign.commands",
    "serve": "ladle.cli.service.commands",
}

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


def _build() -> typer.Typer:
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    application.callback(help=_flow(_ladle.__doc__), epilog=_EPILOG)(_ladle)
    for name, place in COMMANDS.items():
        module = import_module(place)
        command = getattr(module, name)
        text, examples = _flow(command.__doc__), getattr(module, "EXAMPLES", None)
        application.command(name, cls=Command, help=text, epilog=examples)(command)
    for name, place in GROUPS.items():
        module = import_module(place)
        application.add_typer(_group(module), name=name, help=module.ABOUT)
    return application


def _group(module: Any) -> typer.Typer:
    """The commands of a group; those of two words are in a group of their first word."""
    kind = Group if hasattr(module, "DEFAULT") else None
    group, inner = typer.Typer(rich_markup_mode="rich", cls=kind), {}
    for full_name, command in module.COMMANDS.items():
        word, _, name = full_name.rpartition(" ")
        if word and word not in inner:
            inner[word] = typer.Typer(rich_markup_mode="rich")
            group.add_typer(inner[word], name=word, help=module.ABOUT_WORD[word])
        text, examples = _flow(command.__doc__), module.EXAMPLES[full_name]
        (inner[word] if word else group).command(name, cls=Command, help=text, epilog=examples)(command)
    return group


def _flow(text: str | None) -> str:
    """A docstring as paragraphs without line breaks; the terminal breaks lines at its own width."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (text or "").split("\n\n"))


@cache
def program() -> Any:
    """The application as one command with `main(args=...)`. It is built once, because building takes a while."""
    return typer.main.get_command(_build())
