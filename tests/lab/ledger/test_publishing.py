"""Ledgers to publish: of one run, or of several that are parts of one experiment."""

import sqlite3
from contextlib import ExitStack, closing

import pytest

from ladle.errors import ArgumentError, MismatchError
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.ledger.publishing import publish_ledgers
from ladle.lab.protocol.files import parse_experiment
from ladle.lab.runner.run import run_experiment
from tests.lab.standins import SOURCES, TOML, experiment


def run(folder, read=None, **options):
    run_experiment(read or experiment(), folder, sources=SOURCES, workers=0, **options).close()
    return folder


def published(target, *folders):
    with ExitStack() as opened:
        publish_ledgers([opened.enter_context(Ledger.open(folder)) for folder in folders], target)
    with closing(sqlite3.connect(target)) as connection:
        starts = connection.execute("SELECT trial, labels, metrics, clusters, rows FROM start ORDER BY 1")
        rounds = connection.execute("SELECT trial, strategy, round, metrics, facts, rows FROM round ORDER BY 1, 2, 3")
        return starts.fetchall(), rounds.fetchall()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A whole run, and its halves, each as if from another machine."""
    home = tmp_path_factory.mktemp("runs")
    only = parse_experiment(TOML[: TOML.rindex("[[strategies]]")])
    return {
        "whole": run(home / "whole"),
        "margin": run(home / "margin", strategies=["Margin"]),
        "cluster": run(home / "cluster", only),
        "part": run(home / "part", only, trials=1),
        "second": run(home / "second", trials=[1]),
    }


def test_parts_are_published_as_the_whole(runs, tmp_path):
    whole = published(tmp_path / "whole.sqlite", runs["whole"])
    assert published(tmp_path / "both.sqlite", runs["margin"], runs["cluster"]) == whole
    assert published(tmp_path / "more.sqlite", runs["part"], runs["whole"], runs["margin"]) == whole
    first = run(tmp_path / "first", trials=1)
    assert published(tmp_path / "trials.sqlite", runs["second"], first) == whole
    for name in ("both", "more", "trials"):
        with Ledger.open(tmp_path / f"{name}.sqlite") as copy:
            assert copy.finished() == (12, 12)
            assert copy.is_published()
            assert set(copy.strategies()) == {"Cluster-Margin", "Margin"}
            assert "went_on_with" not in copy.facts()
    again = published(tmp_path / "again.sqlite", tmp_path / "both.sqlite", runs["margin"])  # a copy is a part too
    assert again == whole


def test_other_machines_are_noted(runs, tmp_path):
    other = run(tmp_path / "run", strategies=["Margin"], trials=1)
    with closing(sqlite3.connect(other / "ledger.sqlite")) as connection, connection:
        connection.execute("DROP TABLE seal")
        connection.execute('UPDATE run SET value = replace(value, \'"numpy": "\', \'"numpy": "0.\')')
    published(tmp_path / "all.sqlite", runs["cluster"], other)
    with Ledger.open(tmp_path / "all.sqlite") as copy:
        assert [each.split()[0] for each in copy.facts()["went_on_with"]] == ["numpy"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('UPDATE run SET value = replace(value, \'"digest": "\', \'"digest": "0\')', "another dataset"),
        ("UPDATE run SET value = replace(value, '\"learning_rate\": ', '\"learning_rate\": 1')", "another learner"),
        ("UPDATE run SET value = replace(value, 'batch_size = 20', 'batch_size = 10')", "another batch_size"),
        (
            "UPDATE run SET value = replace(value, '\"candidate_ratio\" = 2', '\"candidate_ratio\" = 3')",
            "Cluster-Margin",
        ),
        ("UPDATE start SET metrics = replace(metrics, '0.', '0.9')", "seed set or first model in trial 0"),
        ("UPDATE round SET metrics = replace(metrics, '0.', '0.9')", "in round 1 of Cluster-Margin in trial 0"),
    ],
)
def test_parts_of_something_else_are_refused(runs, tmp_path, change, words):
    other = run(tmp_path / "run", strategies=["Cluster-Margin"], trials=1)
    with closing(sqlite3.connect(other / "ledger.sqlite")) as connection, connection:
        connection.execute("DROP TABLE seal")
        connection.execute(change)
    with pytest.raises(MismatchError, match=words):
        published(tmp_path / "all.sqlite", runs["whole"], other)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_no_run_is_written_over(runs, tmp_path):
    with pytest.raises(ArgumentError, match="another file than the run's own"):
        published(runs["margin"] / "ledger.sqlite", runs["whole"], runs["margin"])
    with pytest.raises(ArgumentError, match="replace nothing but another such copy"):
        published(runs["part"] / "ledger.sqlite", runs["whole"])
