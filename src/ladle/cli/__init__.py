"""The command line: `ladle`. One thin file per command; nothing heavy is imported before a command runs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, from the table in `ladle.errors.OUTCOMES`.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after `ladle`; by default those of the process. Without words, or with the name of a group alone, the
        help is printed.

    Returns
    -------
    int
        The exit code.

    Notes
    -----
    An error is printed on stderr as `error: ...`. Under `--json` it is one JSON object on stdout instead, also for a
    wrong command line and for Ctrl-C, so that stdout is always JSON. SIGTERM is handled like Ctrl-C.
    """
    if arguments is None:  # the process is the command, and nothing has begun
        _leave_on_interrupt("--json" in sys.argv)
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

    words = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in words
    hook = sys.unraisablehook
    if sys.stderr is None:  # closed: `print` would use stdout, and the next open file would get its number
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open as long as the process
    with sigterm_as_interrupt() as stop, gathered():
        try:
            if arguments is None:
                _raise_on_interrupt()
            check_stdout()
            return _run(words)
        except (Interrupted, KeyboardInterrupt) as interrupted:
            silence_unraisable()
            return print_interrupted(interrupted, stop.exit_code, as_json=as_json)
        except SystemExit as exit_request:  # raised by rich and typer when nobody reads stdout any more
            if is_reader_gone(exit_request):
                drop_stdout()
                return 0
            return exit_request.code if isinstance(exit_request.code, int) else int(exit_request.code is not None)
        except Exception as error:
            return print_error(error, as_json=as_json)
        finally:
            sys.unraisablehook = hook  # see failures.silence_unraisable


def _leave_on_interrupt(as_json: bool) -> None:
    """Until `_raise_on_interrupt`, Ctrl-C ends the process at once.

    The libraries of the command line take a while to load. A KeyboardInterrupt in the middle of an import would be
    Python's traceback, or an ImportError.
    """
    import signal

    def leave(number: int, frame: object) -> None:
        facts = b'{"error": {"kind": "Interrupted", "message": "interrupted", "exit_code": 130}}\n'
        try:
            os.write(*((1, facts) if as_json else (2, b"interrupted\n")))
        finally:
            os._exit(130)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a parent may have had it ignored
        signal.signal(signal.SIGINT, leave)


def _raise_on_interrupt() -> None:
    """From here, Ctrl-C raises KeyboardInterrupt, which `main` catches."""
    import signal

    if signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None):
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _run(words: list[str]) -> int:
    """Run the command and return its exit code. Raises: the errors of the command; Interrupted."""
    from ladle.cli.app import GROUPS, program
    from ladle.cli.program.signals import INTERRUPTED, Interrupted

    if not words or (len(words) == 1 and words[0] in GROUPS):
        words = [*words, "--help"]
    code = program().main(args=words, prog_name="ladle", standalone_mode=False)
    if code == INTERRUPTED:  # typer returns it for Ctrl-C before the command began
        raise Interrupted
    return code if isinstance(code, int) else 0
