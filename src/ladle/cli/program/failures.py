"""How errors leave the program: the message, the stream, and the exit code."""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from contextlib import suppress
from typing import Any

import typer

from ladle.cli.program.signals import INTERRUPTED, TERMINATED
from ladle.errors import OUTCOMES, ArgumentError, FileError, LadleError, MemoryPlanError, did_you_mean, outcome_of
from ladle.notices import notices

_MEANINGS = {
    "LadleError": "an unforeseen error: please report it",
    "ArgumentError": "a wrong command line, or an argument out of range",
    "DataError": "unusable examples or scores: NaN, ragged rows, unknown or duplicate ids",
    "FileError": "a file that is missing, damaged, or of an unknown format",
    "MismatchError": "inputs that do not belong together, such as a tree of another pool",
    "MemoryPlanError": "not enough memory",
    "MissingDependencyError": "an optional package is missing",
    "NotFoundError": "no such campaign, batch, task, file, class or person",
    "StoreError": "the database of a campaign failed; changes that were not acknowledged are undone",
    "StoreBusyError": "other connections kept the database busy: try again",
    "QuarantinedError": "all labels of a file went to quarantine; what was told stays told",
    "AccessError": "a person may not do this",
    "LimitError": "more requests, or larger ones, than the service takes",
    "WorkersError": "worker processes or a cluster do not answer; the same command goes on",
}


_UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # of click, or of the copy of it in typer


def exit_codes() -> list[tuple[int, str]]:
    """Every exit code and its meaning, from the table of outcomes."""
    named = {_MEANINGS.get(kind.__name__): outcome.exit_code for kind, outcome in OUTCOMES.items()}
    codes = [(code, meaning) for meaning, code in named.items() if meaning]
    return [(0, "done"), *sorted(codes), (INTERRUPTED, "interrupted"), (TERMINATED, "terminated, by SIGTERM")]


def check_stdout() -> None:
    """Refuse to begin with a closed stdout. Raises: FileError.

    The output would be lost, or written into the first file that is opened, because that gets the number of stdout.
    """
    if sys.stdout is None:
        raise FileError("stdout", wanted="be open", got="a closed one", remedy="Send it to a file, or to /dev/null.")


def print_error(error: BaseException, *, as_json: bool) -> int:
    """Print what went wrong and return the exit code.

    An unforeseen error is raised again; under `--json` its traceback goes to stderr instead.
    """
    usage = ""
    if isinstance(error, LadleError):
        facts: dict[str, Any] = {
            "kind": type(error).__name__,
            "message": str(error),
            "subject": error.subject,
            "wanted": error.wanted,
            "got": error.got,
            "remedy": error.remedy,
            "exit_code": outcome_of(error).exit_code,
        }
    elif isinstance(error, _UsageError):
        usage, facts = _usage(error), _error_facts(error, OUTCOMES[ArgumentError].exit_code, _usage_text(error))
    elif _is_broken_pipe(error):
        drop_stdout()
        return 0
    elif isinstance(error, MemoryError):
        facts = _error_facts(error, OUTCOMES[MemoryPlanError].exit_code, str(error) or "out of memory")
    elif isinstance(error, OSError) and not isinstance(error, FileError) and error.errno is not None:
        facts = _error_facts(error, OUTCOMES[FileError].exit_code, _os_error_text(error))
    elif as_json:
        facts = _error_facts(error, OUTCOMES[LadleError].exit_code, f"unforeseen, please report it: {error}")
        traceback.print_exception(error)
    else:
        raise error
    if notices():
        facts["notices"] = list(notices())
    _print(facts, usage, as_json=as_json)
    return int(facts["exit_code"])


def print_interrupted(error: BaseException, exit_code: int, *, as_json: bool) -> int:
    """Print that a signal ended the command, and how to continue if that is possible; return the exit code."""
    word = "terminated" if exit_code == TERMINATED else "interrupted"
    message = ": ".join([word, *(str(note) for note in error.args)])
    _print({"kind": "Interrupted", "message": message, "exit_code": exit_code}, "", as_json=as_json, prefix="")
    return exit_code


def is_reader_gone(error: BaseException) -> bool:
    """Whether the cause of the error is a stdout that nobody reads any more, as in `ladle ... | head`."""
    chain: BaseException | None = error
    while chain is not None and not _is_broken_pipe(chain):
        chain = chain.__cause__ or chain.__context__
    return chain is not None


def drop_stdout() -> None:
    """Discard further output to stdout, without an error at exit: its reader has ended, as in `ladle ... | head`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def silence_unraisable() -> None:
    """Print no errors of `__del__` after Ctrl-C, until the command ends.

    An object that was interrupted in its constructor may fail in `__del__`, as objects of compiled code do. Python
    would print that below the message that says how to continue.
    """
    sys.unraisablehook = lambda unraisable: None


def _print_json(facts: dict[str, Any]) -> bool:
    """Whether the error could be printed on stdout, which may itself have failed: closed, or on a full disk."""
    if sys.stdout is None:
        return False
    try:
        print(json.dumps({"error": facts}, ensure_ascii=False), flush=True)  # noqa: T201
    except OSError:
        drop_stdout()  # otherwise Python tries again at its end
        return False
    return True


def _print(facts: dict[str, Any], usage: str, *, as_json: bool, prefix: str = "error: ") -> None:
    if as_json and _print_json(facts):
        return
    with suppress(OSError):  # the exit code stays the same if nobody reads stderr
        for line in (f"{usage}{prefix}{facts['message']}", *(f"note: {text}" for text in facts.get("notices", []))):
            print(line, file=sys.stderr)  # noqa: T201


def _is_broken_pipe(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _usage(error: Any) -> str:
    return f"{error.ctx.get_usage()}\n" if error.ctx is not None else ""


def _usage_text(error: Any) -> str:
    """What is wrong with the command line, and the option that was probably meant."""
    name = getattr(error, "option_name", None)
    if name is not None and "such option" in error.message and error.ctx is not None:
        options = [each for option in error.ctx.command.get_params(error.ctx) for each in option.opts if len(each) > 2]
        return f"{error.message}. {did_you_mean(name, options)}".rstrip()
    return _number_text(error) or str(error.format_message())


def _number_text(error: Any) -> str:
    """What is wrong with an option that is no number, in words of this program; "" for any other error."""
    option, told = getattr(error, "param", None), getattr(error.__cause__, "errors", None)
    if option is None or not callable(told):
        return ""
    kind, given = told()[0]["type"], told()[0]["input"]
    wanted = "a whole number" if kind.startswith("int_") else "a number" if kind.startswith("float_") else ""
    is_option = option.param_type_name == "option"
    name = max(option.opts, key=len) if is_option else (option.metavar or option.name.upper()).rstrip(".")
    return f"{name} must be {wanted}; got {given!r}." if wanted else ""


def _error_facts(error: BaseException, code: int, message: str) -> dict[str, Any]:
    return {"kind": type(error).__name__, "message": message, "exit_code": code}


def _os_error_text(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
