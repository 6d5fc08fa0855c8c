"""The class of every command: an option may be given once, and Ctrl-C ends the command like an error."""

from __future__ import annotations

from typing import Any, ClassVar

from typer.core import TyperCommand, TyperGroup

from ladle.cli.program.signals import Interrupted
from ladle.command_words import in_commands
from ladle.errors import ArgumentError, LadleError

SPOKEN = {"campaign", "serve"}  # the groups of commands over rooms whose errors speak of Python


class Command(TyperCommand):
    """A command of `ladle`, which refuses an option of one value that is given twice in any spelling."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Check, then parse like typer. Raises: ArgumentError for an option given twice."""
        if not ctx.resilient_parsing:  # set when a shell completes a line
            for parameter, values in _options_given(self, ctx, args):
                _check_once(parameter, values)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Raises: Interrupted in place of KeyboardInterrupt; errors in the words of the command."""
        try:
            return super().invoke(ctx)
        except LadleError as error:
            spoken = in_commands(error, _options_of(self, ctx)) if SPOKEN & _groups_of(ctx) else error
            if spoken is error:
                raise
            raise spoken from error
        except KeyboardInterrupt as interrupt:
            raise Interrupted(*getattr(interrupt, "__notes__", [])) from interrupt


class Group(TyperGroup):
    """A group of commands in which a line that begins with none of them is the command `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer, after `run` was put before a line without the name of a command."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The commands of the group, then the help of `run`, whose name need not be typed."""
        super().format_help(ctx, formatter)
        run = self.commands["run"]
        run.format_help(ctx.__class__(run, parent=ctx, info_name="[run]"), formatter)


def _groups_of(ctx: Any) -> set[str]:
    """The groups that a command is in, all the way up."""
    return set() if ctx.parent is None else {str(ctx.parent.info_name), *_groups_of(ctx.parent)}


def _options_of(command: Any, ctx: Any) -> set[str]:
    return {each for parameter in command.get_params(ctx) for each in parameter.opts if each.startswith("--")}


class _EveryValue:
    """A parser like that of the command, but it collects every value of an option and not the last one only."""

    _COLLECTING: ClassVar[dict[str, str]] = {"store": "append", "store_const": "append_const"}

    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def add_option(
        self, obj: Any, opts: Any, dest: str | None, action: str = "store", nargs: int = 1, const: Any = None
    ) -> None:
        self._parser.add_option(obj, opts, dest, action=self._COLLECTING.get(action, action), nargs=nargs, const=const)

    def add_argument(self, obj: Any, dest: str | None, nargs: int = 1) -> None:
        self._parser.add_argument(obj, dest, nargs=nargs)


def _options_given(command: Any, ctx: Any, args: list[str]) -> list[tuple[Any, list[Any]]]:
    """The options on this command line, each with all its values. Raises: as the parser of the command."""
    parser = type(command.make_parser(ctx))(ctx)  # an empty one
    every = _EveryValue(parser)
    options = [each for each in command.get_params(ctx) if each.param_type_name == "option"]
    for parameter in command.get_params(ctx):
        parameter.add_to_parser(every, ctx)
    values, _, _ = parser.parse_args(list(args))
    return [(each, values[each.name]) for each in options if each.name in values]


def _check_once(option: Any, values: list[Any]) -> None:
    if option.multiple or len(values) < 2:
        return
    name = max(option.opts, key=len)
    if not option.is_flag:
        got = " and ".join(repr(value) for value in values)
        raise ArgumentError(name, wanted="be given once", got=got, remedy="Leave out all but one.")
    if len(set(values)) > 1:  # a repeated flag changes nothing, but --exact --approximate contradict each other
        both = f"{name} and {max(option.secondary_opts, key=len)}"
        raise ArgumentError("the options", wanted=f"be one of {both}", got="both")
