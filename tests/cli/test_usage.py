"""How a command line is read: every option of every command given twice, unknown names, and errors under --json."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import pytest

from ladle.cli.app import program

# The options that name several things: given again they add to what was named before.
SEVERAL = {
    "advise": {"--labelled", "--score-column"},
    "select": {"--labelled", "--option", "--score-column"},
    "lab run": {"--strategies"},
    "campaign create": {"--labels", "--option"},
    "campaign round": {"--labels", "--metric", "--score-column", "--ignore-column"},
    "campaign ask": {"--score-column"},
    "campaign model": {"--metric"},
    "campaign compare": {"--db", "--name"},
    "campaign tell": {"--ignore-column"},
    "campaign import": {"--ignore-column"},
    "campaign exclude": {"--example"},
    "campaign adjudicate": {"--example", "--label"},
    "campaign assign": {"--example", "--ids"},
    "campaign include": {"--example"},
    "campaign delete": {"--example"},
    "campaign release": {"--ids"},
    "campaign gold": {"--example", "--ignore-column"},
    "campaign skip": {"--example"},
    "campaign control": {"--score-column"},
    "campaign comment": {"--example"},
    "serve run": {"--allowed-host", "--image-host"},
}


def commands(command=None, path=()):
    """Every command of the program with its words."""
    command = program() if command is None else command
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, each in command.commands.items():
        yield from commands(each, (*path, name))


def options():
    for path, command in commands():
        for option in command.params:
            if option.param_type_name == "option":
                yield pytest.param(path, option, id=f"{' '.join(path)} {option.opts[0]}")


@pytest.mark.parametrize(("path", "option"), list(options()))
def test_an_option_given_twice(run, path, option, monkeypatch):
    """Refused where it takes one value, however it is spelled and whatever else is missing from the line."""
    monkeypatch.setattr("ladle.cli.program.command.Command.invoke", lambda self, ctx: None)  # nothing is run
    several = SEVERAL.get(" ".join(path), set())
    assert option.multiple == bool(several & set(option.opts))
    for first, second in itertools.product(option.opts, repeat=2):
        if option.is_flag:
            _, _, err = run(*path, first, second)
            assert "be one of" not in err  # said twice, it says the same
            continue
        code, out, err = run(*path, first, "1", second, "2")
        if option.multiple:
            assert "be given once" not in err
        else:
            name = max(option.opts, key=len)
            assert (code, out) == (2, "")
            assert err == f"error: {name} must be given once; got '1' and '2'. Leave out all but one.\n"
    for first, second in itertools.product(option.opts, option.secondary_opts):
        for one, other in ((first, second), (second, first)):
            code, _, err = run(*path, one, other, one)
            assert (code, err) == (2, f"error: the options must be one of {first} and {second}; got both.\n")


def test_the_equals_sign_and_the_short_form_count(run):
    for given in (["-o", "x.npz", "--output=y.npz"], ["-ox.npz", "--output", "y.npz"]):
        code, _, err = run("cluster", "pool.npy", *given)
        assert (code, "--output must be given once; got 'x.npz' and 'y.npz'" in err) == (2, True)
    assert "must be given once" not in run("cluster", "pool.npy", "-o", "x.npz", "--", "-o")[2]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["selct"], "No such command 'selct'. Did you mean 'select'?"),
        (["campaign", "asks"], "No such command 'asks'. Did you mean 'ask', 'class', 'assign'?"),
        (["select", "p.npy", "--labeled", "x"], "No such option: --labeled. Did you mean `--labelled`?"),
        (["select", "p.npy", "--n_clusters", "3"], "No such option: --n_clusters. Did you mean `--n-clusters`?"),
        (["select", "p.npy", "--zzz"], "No such option: --zzz."),
        (["select"], "Missing argument 'POOL'."),
        (["cluster", "p.npy"], "Missing option '--output' / '-o'."),
        (["cluster", "p.npy", "-o", "a.npz", "--seed", "x"], "--seed must be a whole number; got 'x'."),
        (["cluster", "p.npy", "-o", "a.npz", "--metric", "cosin"], "Invalid value for '--metric'"),
        (["cluster", "p.npy", "-o"], "Option '-o' requires an argument"),
        (["cluster", "p.npy", "q.npy", "-o", "a.npz"], "unexpected extra argument"),
        (["cluster", "p.npy", "-o", "a.npz", "-o", "b.npz"], "--output must be given once"),
    ],
)
def test_usage_errors(run, line, message):
    """For people on stderr; under --json on stdout, as other errors are."""
    code, out, err = run(*line)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    code, out, err = run(*line[:1], "--json", *line[1:])
    assert (code, err) == (2, "")
    facts = json.loads(out)["error"]
    assert facts["exit_code"] == 2
    if line[0] != "campaign":  # a group has no --json of its own
        assert message.split(".")[0] in facts["message"]


def test_errors_that_nobody_foresaw_leave_json_too(run, monkeypatch):
    def broken(*_, **__):
        raise IndexError("a bug")

    monkeypatch.setattr("ladle.strategies.catalogue.names", broken)
    code, out, err = run("strategies", "--json")
    assert code == 1
    assert json.loads(out)["error"] == {
        "kind": "IndexError",
        "message": "unforeseen, please report it: a bug",
        "exit_code": 1,
    }
    assert "Traceback" in err
    with pytest.raises(IndexError):
        run("strategies")


@pytest.mark.parametrize("when", ["before", "during"])
def test_ctrl_c_says_a_word(run, monkeypatch, when):
    def interrupted(*_, **__):
        stop = KeyboardInterrupt()
        stop.add_note("the same command goes on")
        raise stop

    place = {"before": "ladle.cli.app.program", "during": "ladle.strategies.catalogue.names"}[when]
    monkeypatch.setattr(place, interrupted)
    note = ": the same command goes on" if when == "during" else ""
    assert run("strategies") == (130, "", f"interrupted{note}\n")
    code, out, err = run("strategies", "--json")
    assert (code, err) == (130, "")
    assert json.loads(out)["error"] == {"kind": "Interrupted", "message": f"interrupted{note}", "exit_code": 130}


@pytest.mark.parametrize(
    "line", [[], ["--help"], ["campaign"], ["lab", "--help"], ["select", "--help"], ["strategies"], ["lab", "list"]]
)
def test_a_reader_who_leaves_at_once(line):
    process = subprocess.Popen([sys.executable, "-m", "ladle", *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0
