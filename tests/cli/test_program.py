"""The program as a whole: help, start-up, exit codes, signals, pipes, bars."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import ladle
from ladle.cli.failures import exit_codes, tell
from ladle.cli.progress import TerminalProgress, shown
from ladle.errors import OUTCOMES, FileError, LadleError
from ladle.progress import SILENT

HEAVY = ("numpy", "numba", "pyarrow", "scipy", "sklearn", "matplotlib")


def ladle_process(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "ladle", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_help_imports_nothing_heavy():
    code = f"""
import sys
from ladle.cli import main
assert main(["--help"]) == 0
for command in ("cluster", "select", "doctor"):
    assert main([command, "--help"]) == 0
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stderr == "[]\n"


def test_help_tells_the_exit_codes_and_the_commands(run):
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    for number, meaning in exit_codes():
        assert f"{number}  {meaning[:30]}" in out
    assert {number for number, _ in exit_codes()} == {0, 130, *(outcome.exit_code for outcome in OUTCOMES.values())}
    for command in ("cluster", "select", "doctor"):
        assert f" {command} " in out
        code, told, _ = run(command, "--help")
        assert code == 0
        assert "Examples" in told
        assert f"ladle {command} " in told


def test_version(run):
    assert run("--version") == (0, f"ladle {ladle.__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", [["no-such"], ["cluster"], ["cluster", "x.npy", "--nope"], ["doctor", "--rows", "x"]]
)
def test_wrong_usage_is_2(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Usage" in err


def every_error(kind=LadleError):
    yield kind
    for child in kind.__subclasses__():
        yield from every_error(child)


@pytest.mark.parametrize("kind", list(every_error()))
def test_every_error_has_an_exit_code_and_json(kind, capsys):
    error = kind("the thing", wanted="be good", got="bad", remedy="Mend it.")
    code = tell(error, as_json=False)
    assert capsys.readouterr() == ("", "error: the thing must be good; got bad. Mend it.\n")
    assert tell(error, as_json=True) == code
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["kind"] == kind.__name__
    assert (told["subject"], told["wanted"], told["got"], told["remedy"]) == ("the thing", "be good", "bad", "Mend it.")
    assert told["exit_code"] == code
    assert code in {outcome.exit_code for outcome in OUTCOMES.values()}


def test_other_errors(capsys):
    assert tell(MemoryError(), as_json=False) == 6
    assert capsys.readouterr().err == "error: out of memory\n"
    assert tell(OSError(28, "No space left", "x.npz"), as_json=False) == 4
    assert capsys.readouterr().err == "error: No space left: x.npz\n"
    assert isinstance(FileError("x", wanted="y", got="z"), OSError)
    with pytest.raises(ValueError, match="a bug"):  # left to show its traceback
        tell(ValueError("a bug"), as_json=False)


def test_a_reader_who_leaves_is_no_error(tmp_path):
    np.save(tmp_path / "pool.npy", np.eye(4))
    for arguments in (["doctor", "--json"], ["cluster", tmp_path / "pool.npy", "-o", tmp_path / "t.npz"]):
        process = ladle_process(*arguments)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait(60) == 0
    assert (tmp_path / "t.npz").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_in_a_real_process(tmp_path):
    np.save(tmp_path / "pool.npy", np.eye(4))
    # Clustering is replaced by a wait, so that the signal surely comes in the midst of it.
    code = """
import signal, sys, ladle.hac
from ladle.cli import main
ladle.hac.cluster = lambda *_, **__: (print("working", flush=True), signal.pause())
sys.exit(main(sys.argv[1:]))
"""
    arguments = ["cluster", str(tmp_path / "pool.npy"), "-o", str(tmp_path / "t.npz")]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["pool.npy"]


# -- bars ----------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bars_are_for_people_who_watch(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    assert isinstance(shown(quiet=False), TerminalProgress)
    assert shown(quiet=True) is SILENT
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert shown(quiet=False) is SILENT


def test_bars_nest_and_go(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    bars = TerminalProgress()
    with bars.task("outer", 10) as outer:
        with bars.task("inner") as inner:
            inner(1)
        outer(10)
    with pytest.raises(KeyboardInterrupt), bars.task("again", 2):
        raise KeyboardInterrupt
    assert "outer" in screen.getvalue()
    assert "again" in screen.getvalue()
