"""The command line: `ladle`. One thin file per command; nothing heavy is imported before a command runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, from the table in `ladle.errors.OUTCOMES`.

    `arguments` default to those of the process; without any, or with the name of a group alone, the help is shown.
    Errors are told on stderr as `error: ...`; under `--json` they are one JSON object on stdout instead, usage errors
    and Ctrl-C too, so that stdout is JSON whatever happens. SIGTERM is taken as Ctrl-C is.
    """
    from ladle.cli.program.failures import (
        check_stdout,
        drop_stdout,
        is_reader_gone,
        print_error,
        print_interrupted,
        silence_unraisable,
    )
    from ladle.cli.program.signals import Interrupted, sigterm_as_interrupt
    from ladle.notices import gathered

    given = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in given
    hook = sys.unraisablehook
    if sys.stderr is None:  # closed: `print` would take stdout for it, and the next file opened its number
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    with sigterm_as_interrupt() as stop, gathered():
        try:
            check_stdout()
            return _run(given)
        except (Interrupted, KeyboardInterrupt) as interrupted:
            silence_unraisable()
            return print_interrupted(interrupted, stop.exit_code, as_json=as_json)
        except SystemExit as end:  # rich and typer end so when the reader of stdout has gone
            if is_reader_gone(end):
                drop_stdout()
                return 0
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        except Exception as error:
            return print_error(error, as_json=as_json)
        finally:
            sys.unraisablehook = hook  # see failures.hush_what_was_cut_off


def _run(given: list[str]) -> int:
    """Run the command: its exit code. Raises: what the command raises; Interrupted."""
    from ladle.cli.app import GROUPS, program
    from ladle.cli.program.signals import INTERRUPTED, Interrupted

    shown_help = not given or (len(given) == 1 and given[0] in GROUPS)
    words = [*given, "--help"] if shown_help else given
    code = program().main(args=words, prog_name="ladle", standalone_mode=False)
    if code == INTERRUPTED:  # typer's answer to Ctrl-C before the command began
        raise Interrupted
    return code if isinstance(code, int) else 0
