"""The program as a whole: help, start-up, exit codes, signals, pipes, bars."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.cli.program.failures import exit_codes, print_error
from ladle.cli.program.progress import LineProgress, TerminalProgress, progress_reporter
from ladle.cli.program.signals import sigterm_as_interrupt
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
    assert {number for number, _ in exit_codes()} == {
        0,
        130,
        143,
        *(outcome.exit_code for outcome in OUTCOMES.values()),
    }
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
    code = print_error(error, as_json=False)
    assert capsys.readouterr() == ("", "error: the thing must be good; got bad. Mend it.\n")
    assert print_error(error, as_json=True) == code
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["kind"] == kind.__name__
    assert (told["subject"], told["wanted"], told["got"], told["remedy"]) == ("the thing", "be good", "bad", "Mend it.")
    assert told["exit_code"] == code
    assert code in {outcome.exit_code for outcome in OUTCOMES.values()}


def test_other_errors(capsys):
    assert print_error(MemoryError(), as_json=False) == 6
    assert capsys.readouterr().err == "error: out of memory\n"
    assert print_error(OSError(28, "No space left", "x.npz"), as_json=False) == 4
    assert capsys.readouterr().err == "error: No space left: x.npz\n"
    assert isinstance(FileError("x", wanted="y", got="z"), OSError)
    with pytest.raises(ValueError, match="a bug"):  # left to show its traceback
        print_error(ValueError("a bug"), as_json=False)


def test_a_reader_who_leaves_is_no_error(tmp_path):
    np.save(tmp_path / "pool.npy", np.eye(4))
    for arguments in (["doctor", "--json"], ["cluster", tmp_path / "pool.npy", "-o", tmp_path / "t.npz", "--quiet"]):
        process = ladle_process(*arguments)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait(60) == 0
    assert (tmp_path / "t.npz").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_is_told_in_a_line(options):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ladle", "strategies", *options], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (4, b"error: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="a shell that closes streams")
@pytest.mark.parametrize(
    ("closed", "err"),
    [
        (">&-", "error: stdout must be open; got a closed one. Send it to a file, or to /dev/null.\n"),
        (">&- 2>&-", ""),
    ],
)
def test_a_closed_stdout_is_told_before_any_work(tmp_path, closed, err):
    np.save(tmp_path / "pool.npy", np.eye(4))
    for options in ("", "--json"):
        line = f"{sys.executable} -m ladle cluster pool.npy -o t.npz {options} {closed}"
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (4, "", err)
    assert [path.name for path in tmp_path.iterdir()] == ["pool.npy"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("number", "exit_code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_stopped_in_a_real_process(tmp_path, number, exit_code, word):
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
    process.send_signal(number)
    assert process.communicate(timeout=60) == ("", f"{word}\n")
    assert process.returncode == exit_code
    assert [path.name for path in tmp_path.iterdir()] == ["pool.npy"]


def test_the_handler_of_sigterm_is_put_back():
    with sigterm_as_interrupt():
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with sigterm_as_interrupt():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


# -- progress ----------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bars_are_for_people_who_watch(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    assert isinstance(progress_reporter(quiet=False), TerminalProgress)
    assert progress_reporter(quiet=True) is SILENT
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert isinstance(progress_reporter(quiet=False), LineProgress)
    assert progress_reporter(quiet=True) is SILENT
    monkeypatch.setattr("sys.stderr", None)
    assert progress_reporter(quiet=False) is SILENT


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


def test_a_narrow_terminal_keeps_the_numbers(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    bars = TerminalProgress()
    with bars.task("60 rounds left: choose, label, train, measure", 60) as advance:
        advance(15)
        bars._bars.refresh()
    lines = [re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", line) for line in re.split(r"[\r\n]", screen.getvalue())]
    shown_last = next(line for line in reversed(lines) if "25%" in line)
    assert len(shown_last) <= 40
    assert re.search(r"60 round.*….* 25% 0:00:0\d (-:--:--|\d:\d\d:\d\d)$", shown_last.rstrip())


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def lines(monkeypatch):
    """Lines of progress under a clock of the test: (progress, lines printed, a call that prints what is due)."""
    monkeypatch.setattr("ladle.cli.program.progress.PATIENCE_SECONDS", 3.0)
    monkeypatch.setattr("ladle.cli.program.progress._CHECK_SECONDS", 3600.0)
    log, clock = io.StringIO(), Clock()
    progress = LineProgress(log, clock=clock)

    def look(seconds):
        clock.now += seconds
        progress.print_due()

    return progress, lambda: log.getvalue().splitlines(), look


def test_lines_tell_long_work_once_a_minute(lines):
    progress, told, look = lines
    with progress.task("60 rounds left", 60) as advance:
        look(2)
        assert told() == []
        look(2)
        assert told() == ["60 rounds left"]
        for _ in range(3):
            advance(5)
            look(19)
        assert len(told()) == 1
        look(3)
        assert told()[1:] == ["60 rounds left: 15 of 60 (25%), about 3 min 12 s left"]
        with progress.task("within"):
            look(30)
            assert len(told()) == 2
            look(30)
        assert told()[2:] == ["60 rounds left: 15 of 60 (25%), about 6 min 12 s left; within: 1 min 0 s so far"]
        look(59)
    assert told()[3:] == ["60 rounds left: done, 3 min 3 s"]


def test_lines_keep_still_about_what_is_soon_over(lines):
    progress, told, look = lines
    with progress.task("quick"):
        look(2.9)
    with progress.task("a while", 2) as advance:
        look(30)
        advance(2)
        look(29)
    stopped = progress.task("stopped")
    stopped.__enter__()
    look(100)
    assert not stopped.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert told() == ["a while", "stopped"]


def test_lines_come_while_the_work_waits():
    code = """
import sys, ladle.cli.program.progress as lines
lines.PATIENCE_SECONDS = lines._LOOK_SECONDS = 0.01
class Log:
    def write(self, text): print("told", text, end="", flush=True); told.set()
    def flush(self): pass
import threading
told = threading.Event()
with lines.LineProgress(Log()).task("waits"):
    assert told.wait(60)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "told waits\n"


def test_a_log_that_fails_stops_no_work(lines):
    progress, _, look = lines
    progress._stream.close()
    with progress.task("goes on"):
        look(10)
