"""The runner: the same ledger for any number of workers, and after a kill at any moment."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from ladle import cluster
from ladle.errors import ArgumentError, CorruptFileError, FileError, MemoryPlanError, MismatchError
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.protocol.files import parse_experiment
from ladle.lab.runner.run import run_experiment
from ladle.strategies import ClusterMargin, Margin
from ladle.threads import single_threaded_blas
from tests.lab.standins import SOURCES, TOML, experiment, learner, load

ROOT = Path(__file__).parents[3]
DEADLINE_SECONDS = 120  # compiling included


def run(folder, read=None, **options):
    with run_experiment(read or experiment(), folder, sources=SOURCES, **{"workers": 1, **options}) as ledger:
        return content(ledger.path)


def content(path):
    """All that a ledger holds, but for times."""
    with closing(sqlite3.connect(path)) as connection:
        starts = connection.execute("SELECT trial, labels, metrics, certified, clusters, rows FROM start ORDER BY 1")
        rounds = connection.execute(
            "SELECT trial, strategy, round, labels, metrics, facts, rows FROM round ORDER BY 1, 2, 3"
        )
        return starts.fetchall(), rounds.fetchall()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run nobody disturbed: its folder, and its content."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder)


def test_every_round_is_in_the_ledger(whole):
    with Ledger.open(whole[0]) as ledger:
        assert ledger.finished() == (12, 12)
        for label in ledger.strategies():
            assert ledger.trials(label) == [0, 1]
            for record in ledger.rounds(label):
                start = ledger.starts()[record.trial]
                before = [each for each in ledger.rounds(label) if each.trial == record.trial]
                labelled = np.concatenate([start.rows, *(each.rows for each in before[: record.round])])
                assert len(np.unique(labelled)) == record.labels == ledger.labels(label)[record.round]
                assert set(record.seconds) == {"score", "select", "train", "evaluate"}
                assert sum(record.facts["class_counts"]) == len(record.rows) == 20
                assert record.facts["margins"] == sorted(record.facts["margins"])
                assert 0 <= record.facts["near_duplicates"] <= record.facts["near_compared"] == 20
                assert record.facts["story"]["candidate_rows"] >= 20
        facts = ledger.facts()
        assert (facts["dataset"]["rows"], facts["dataset"]["classes"]) == (400, 3)
        assert facts["learner"].startswith("scikit-learn MLP")
        assert facts["versions"]["ladle"]


def test_it_finds_what_a_loop_by_hand_finds(whole):
    """Algorithm 1 of the paper in a few lines, with the seeds of the protocol: the same seed sets, models, batches."""
    read = experiment()
    dataset = load("toy", read.dataset.options)
    mlp = learner("mlp", read.learner.options)

    def fitted(rows, trial, number):
        seed = read.seed_of(trial, "fit", number)
        return mlp.fit(dataset.inputs[rows], dataset.labels[rows], classes=3, seed=seed)

    with single_threaded_blas(), Ledger.open(whole[0]) as ledger:
        for label, trial in product(["Cluster-Margin", "Margin"], range(2)):
            rows = read.seed_rows(trial, 400)
            model = fitted(rows, trial, 0)
            tree = cluster(model.embeddings(dataset.inputs), mean_size=5, seed=read.seed_of(trial, "cluster"))
            strategy = ClusterMargin(tree, mean_size=5, candidate_ratio=2) if label != "Margin" else Margin()
            for number, found in enumerate((each for each in ledger.rounds(label) if each.trial == trial), 1):
                chances = model.probabilities(dataset.inputs)
                seed = read.seed_of(trial, "query", number)
                batch = strategy.query(20, probabilities=chances, labelled=rows, seed=seed).rows
                np.testing.assert_array_equal(found.rows, batch)
                rows = np.concatenate([rows, batch])
                model = fitted(rows, trial, number)
                right = model.probabilities(dataset.test_inputs).argmax(axis=1) == dataset.test_labels
                assert found.metrics["accuracy"] == right.mean()


@pytest.mark.parametrize("workers", [0, 3])
def test_the_number_of_workers_changes_nothing(whole, tmp_path, workers):
    assert run(tmp_path, workers=workers) == whole[1]


def test_a_finished_run_is_not_run_again(whole, monkeypatch, tmp_path):
    monkeypatch.setenv("TOY_FITS", str(tmp_path / "fits"))
    assert run(whole[0]) == whole[1]
    assert not (tmp_path / "fits").exists()  # not even a worker was begun


def test_parts_of_an_experiment_follow_each_other(whole, tmp_path):
    _, rounds = run(tmp_path, trials=1, strategies=["Margin"])
    assert [each[:3] for each in rounds] == [(0, "Margin", 1), (0, "Margin", 2), (0, "Margin", 3)]
    with Ledger.open(tmp_path) as ledger:
        assert ledger.finished() == (3, 12)
        assert ledger.curves("Cluster-Margin", "accuracy").shape == (0, 4)
    assert run(tmp_path) == whole[1]


@contextmanager
def unsealed(path):
    """To change a ledger as a version without seals might have left it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS seal")
        yield connection


def test_an_experiment_may_grow(whole, tmp_path):
    """More trials, rounds and strategies later come to the same as all of them at once."""
    head = TOML[: TOML.rindex("[[strategies]]")]
    less = parse_experiment(head.replace("trials = 2", "trials = 1").replace("rounds = 3", "rounds = 2"))
    first = run(tmp_path, less)[1]
    assert len(first) == 2
    assert run(tmp_path) == whole[1]
    with pytest.raises(MismatchError, match="another batch_size"):
        run(tmp_path, experiment(batch_size=10))
    other = parse_experiment(TOML.replace("candidate_ratio = 2", "candidate_ratio = 3"))
    with pytest.raises(MismatchError, match="strategy Cluster-Margin"):
        run(tmp_path, other)
    deeper = TOML + '[[strategies]]\nname = "cluster-margin"\nlabel = "50"\noptions = {mean_size = 50}\n'
    with pytest.raises(MismatchError, match="depth of the tree"):
        run(tmp_path, parse_experiment(deeper))


def test_a_strategy_without_a_round_may_get_other_options(whole, tmp_path):
    other = parse_experiment(TOML.replace("candidate_ratio = 2", "candidate_ratio = 3"))
    run(tmp_path, other, strategies=["Margin"])
    assert run(tmp_path) == whole[1]


def test_a_label_that_was_left_out_comes_back_with_its_own_options_only(whole, tmp_path):
    run(tmp_path, trials=1)
    own = 'name = "cluster-margin"\nlabel = "Cluster-Margin"\noptions = {candidate_ratio = 2}'
    less = parse_experiment(TOML.replace(own, 'name = "entropy"'))
    run(tmp_path, less, trials=1, strategies=["entropy"])
    other = parse_experiment(TOML.replace("candidate_ratio = 2", "candidate_ratio = 3"))
    with pytest.raises(MismatchError, match="strategy Cluster-Margin"):
        run(tmp_path, other)
    assert [each for each in run(tmp_path)[1] if each[1] != "entropy"] == whole[1][1]


def test_a_learners_option_is_refused_before_the_data_are_read(tmp_path):
    read = parse_experiment(
        TOML.replace("epochs = 4", "epochs = -1").replace('name = "toy", rows', 'name = "nothing", rows')
    )
    with pytest.raises(ArgumentError, match="epochs"):
        run(tmp_path, read)


def test_other_options_of_the_learner_are_refused_and_other_versions_noted(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "copy")
    with unsealed(tmp_path / "copy" / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM round WHERE round = 3")
        connection.execute('UPDATE run SET value = replace(value, \'"numpy": "\', \'"numpy": "0.\')')
    run(tmp_path / "copy", strategies=["Margin"])
    with Ledger.open(tmp_path / "copy") as ledger:
        (noted,) = ledger.facts()["went_on_with"]
    assert noted == f"numpy {np.__version__}, before 0.{np.__version__}"
    with unsealed(tmp_path / "copy" / "ledger.sqlite") as connection:
        connection.execute("UPDATE run SET value = replace(value, '\"learning_rate\": ', '\"learning_rate\": 1')")
    with pytest.raises(MismatchError, match=r"another learner \(.* there, .* here\)"):
        run(tmp_path / "copy")


def test_moved_data_are_the_same_data(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "copy")
    with unsealed(tmp_path / "copy" / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM round WHERE round = 3")
        connection.execute('UPDATE run SET value = replace(value, \'"source": "\', \'"source": "elsewhere \')')
    assert run(tmp_path / "copy")[1] == whole[1][1]


def test_strategies_cut_the_tree_where_they_say(tmp_path):
    deeper = TOML + '[[strategies]]\nname = "cluster-margin"\nlabel = "50"\noptions = {mean_size = 50}\n'
    run(tmp_path, parse_experiment(deeper), trials=1)
    with Ledger.open(tmp_path) as ledger:
        groups = {label: ledger.rounds(label)[0].facts["story"].get("groups") for label in ledger.strategies()}
    assert groups["50"] <= 8 < groups["Cluster-Margin"]


def test_other_data_are_refused(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "copy")
    with unsealed(tmp_path / "copy" / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM round WHERE round = 3")
        connection.execute('UPDATE run SET value = replace(value, \'"digest": "\', \'"digest": "0\')')
    with pytest.raises(MismatchError, match="another dataset"):
        run(tmp_path / "copy")


# -- interruptions -------------------------------------------------------------------------------------------------


def command(folder):
    """A process that runs the experiment on two workers; it prints the ledger's path at the end."""
    code = f"""
from pathlib import Path
from ladle.lab.runner.run import run_experiment
from tests.lab.standins import SOURCES, experiment
if __name__ == "__main__":
    print(run_experiment(experiment(), Path({str(folder)!r}), workers=2, sources=SOURCES).path)
"""
    return [sys.executable, "-c", code]


def rounds_done(folder):
    try:
        with Ledger.open(folder) as ledger:
            return ledger.finished()[0]
    except FileError:
        return -1


def process(folder, **environment):
    return subprocess.Popen(
        command(folder), cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@contextmanager
def killed_after(folder, rounds, **environment):
    """Killed, no warning given, once so many rounds are done."""
    running = process(folder, **environment)
    end = time.monotonic() + DEADLINE_SECONDS
    while rounds_done(folder) < rounds and running.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    running.kill()
    out, err = running.communicate(timeout=DEADLINE_SECONDS)
    assert (out, running.returncode) == (b"", -signal.SIGKILL), err
    yield


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.long)])
def test_killed_and_run_again(whole, tmp_path, rounds):
    fits, more = tmp_path / "fits", tmp_path / "more"
    with killed_after(tmp_path / "run", rounds, TOY_WAIT="0.15", TOY_FITS=str(fits)):
        done = rounds_done(tmp_path / "run")
    assert rounds <= done < 12
    again = process(tmp_path / "run", TOY_FITS=str(more))
    out, err = again.communicate(timeout=DEADLINE_SECONDS)
    assert (out.decode().strip(), err) == (str(tmp_path / "run" / "ledger.sqlite"), b"")
    assert content(tmp_path / "run" / "ledger.sqlite") == whole[1]
    # Of what was done, only the models that half-done jobs ask first are fitted again.
    repeated = len(more.read_text().splitlines()) - (12 - done) - 2
    assert repeated <= 2 + 2, "two jobs may have been under way; two starts before they were told"


def test_workers_end_with_their_owner(tmp_path):
    fits = tmp_path / "fits"
    with killed_after(tmp_path / "run", 1, TOY_WAIT="0.15", TOY_FITS=str(fits)):
        time.sleep(0.5)
        counted = fits.read_text()
        time.sleep(0.6)
        assert fits.read_text() == counted  # nobody goes on fitting


def test_a_start_is_found_or_made_again(whole, tmp_path):
    run(tmp_path, trials=1, strategies=["Margin"])
    shutil.rmtree(tmp_path / "starts")  # to save room, say
    assert run(tmp_path) == whole[1]


def test_a_damaged_start_says_so(tmp_path):
    run(tmp_path, trials=1, strategies=["Margin"])
    path = tmp_path / "starts" / "trial-000" / "embeddings.npy"
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CorruptFileError, match=r"embeddings.npy.*Remove its folder"):
        run(tmp_path)


def test_one_run_at_a_time(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(FileError, match="one run at a time"):
            run(tmp_path)


# -- failures ------------------------------------------------------------------------------------------------------


def test_a_killed_worker_is_told(tmp_path):
    read = parse_experiment(TOML.replace('name = "mlp"', 'name = "dies"'))
    with pytest.raises(MemoryPlanError, match="fewer --workers"):
        run(tmp_path, read)


def test_a_bug_of_a_learner_comes_with_its_place(tmp_path):
    read = parse_experiment(TOML.replace('name = "mlp"', 'name = "fails"'))
    with pytest.raises(RuntimeError, match=r"(?s)standins.*a bug of the learner"):
        run(tmp_path, read)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rounds": 30}, "at most the pool's 400 rows"),
        ({"dataset": type(experiment().dataset)(name="nothing")}, "the data set must be toy"),
    ],
)
def test_experiments_that_cannot_be_are_refused(tmp_path, change, words):
    with pytest.raises(ArgumentError, match=words):
        run(tmp_path, experiment(**change))
    assert not (tmp_path / "ledger.sqlite").exists()


def test_wrong_values_of_options_are_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_FITS", str(tmp_path / "fits"))
    read = parse_experiment(TOML.replace("candidate_ratio = 2", "candidate_ratio = 0.5"))
    with pytest.raises(ArgumentError, match="candidate_ratio"):
        run(tmp_path, read)
    assert not (tmp_path / "fits").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": -1}, "workers"),
        ({"trials": 3}, "between 1 and the 2 of the experiment"),
        ({"trials": 0}, "trials"),
        ({"trials": [1, 2]}, "numbers from 0 to 1"),
        ({"trials": []}, "numbers from 0 to 1"),
        ({"strategies": ["Nobody"]}, "be one of Cluster-Margin, Margin"),
        ({"strategies": []}, "at least one"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, options, words):
    with pytest.raises(ArgumentError, match=words):
        run(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_progress_is_told_in_full(tmp_path):
    class Counting:
        def __init__(self):
            self.totals, self.done = {}, {}

        @contextmanager
        def task(self, title, total=None):
            self.totals[title], self.done[title] = total, 0
            yield lambda units: self.done.__setitem__(title, self.done[title] + units)

    progress = Counting()
    run(tmp_path, trials=1, strategies=["Margin"], progress=progress)
    (title,) = [each for each in progress.totals if each.startswith("3 rounds left")]
    assert progress.totals[title] == progress.done[title] == 4  # and one start
