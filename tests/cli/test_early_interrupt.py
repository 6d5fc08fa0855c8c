"""Ctrl-C while the program is still loading is no traceback of Python."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Sends Ctrl-C to this process when a module is about to be imported, then runs the command line.
CODE = """
import os, signal, sys

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Stop())
sys.argv = ["ladle", *{words!r}]
from ladle.cli import main
sys.exit(main())
"""
# In the order in which they are loaded.
MODULES = ["ladle.cli.program.failures", "typer", "ladle.notices", "ladle.cli.app", "ladle.cli.campaign.commands"]


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("words", [["campaign", "list", "--db", "none.db"], ["campaign", "list", "--json"]])
def test_ctrl_c_while_the_program_loads(name: str, words: list[str]) -> None:
    code = CODE.format(name=name, words=words)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    if "--json" in words:
        assert json.loads(done.stdout)["error"] == {"kind": "Interrupted", "message": "interrupted", "exit_code": 130}
        assert done.stderr == ""
    else:
        assert done.stderr == "interrupted\n"


def test_an_interrupt_that_the_parent_ignores_stays_ignored() -> None:
    ignored = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    code = ignored + CODE.format(name="typer", words=["--version"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
