"""The command line: `ladle`. One thin file per command; nothing heavy is imported before a command runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, from the table in `ladle.errors.OUTCOMES`.

    `arguments` default to those of the process. Errors are told on stderr as `error: ...`; under `--json` they are
    one JSON object on stdout instead, so that stdout is JSON whatever happens. SIGTERM is taken as Ctrl-C is.
    """
    from ladle.cli.app import app
    from ladle.cli.failures import check_stdout, hush_what_was_cut_off, tell
    from ladle.cli.stopping import INTERRUPTED, terminated_as_interrupted
    from ladle.notices import gathered

    given = sys.argv[1:] if arguments is None else list(arguments)
    hook = sys.unraisablehook
    if sys.stderr is None:  # closed: `print` would take stdout for it, and the next file opened its number
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    with terminated_as_interrupted() as stop, gathered():
        try:
            check_stdout()
            app(args=given, prog_name="ladle")
        except SystemExit as end:  # how typer returns, also after usage errors (2) and Ctrl-C (130)
            if end.code == INTERRUPTED:
                hush_what_was_cut_off()
                return stop.exit_code
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        except KeyboardInterrupt:
            hush_what_was_cut_off()
            return stop.exit_code
        except (OSError, MemoryError, ValueError, ImportError, LookupError) as error:  # what every LadleError is one of
            return tell(error, as_json="--json" in given)
        finally:
            sys.unraisablehook = hook  # see failures.hush_what_was_cut_off
    return 0
