"""Data sets, learners and strategies of one's own, named by their place in a protocol."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ladle import strategies
from ladle.errors import ArgumentError, MissingDependencyError
from ladle.lab import read_experiment, run_experiment
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.protocol.own_code import imported
from tests.lab.standins import TOML

MODULE = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle.lab import Dataset, Mlp
from ladle.strategies import Choice, Chooser


def blobs(*, rows: int = 200) -> Dataset:
    random = np.random.default_rng(0)
    labels = np.arange(rows) % 3
    inputs = (np.eye(3, 8)[labels] + random.normal(0, 0.3, (rows, 8))).astype(np.float32)
    names = ("a", "b", "c")
    return Dataset("Blobs", inputs, labels, inputs[:60], labels[:60], names, np.arange(rows), "mine")


def small(epochs: int = 2):
    return Mlp(hidden=8, epochs=epochs, minibatch=32)


@dataclass(frozen=True, slots=True)
class Last(Chooser):
    """The last rows, every `step`-th."""

    name: ClassVar[str] = "last"
    needs: ClassVar[tuple[str, ...]] = ("scores",)
    step: int = 1

    def choose(self, asked):
        rows = asked.unlabelled[:: -self.step][: asked.request.size]
        return Choice(rows, np.zeros(len(rows), np.float32))


def nothing():
    return 3
'''
OWN = (
    TOML.replace('{name = "toy", rows = 400}', '{name = "mine_here:blobs", rows = 150}')
    .replace('{name = "mlp", hidden = 16, epochs = 4}', '{name = "mine_here:small"}')
    .replace("rounds = 3", "rounds = 2")
    .replace('name = "margin"\nlabel = "Margin"', 'name = "mine_here:Last"\nlabel = "Mine"\noptions = {step = 2}')
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a module of somebody's, and a protocol that names what is in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine_here.py").write_text(MODULE)
    (tmp_path / "mine.toml").write_text(OWN)
    yield tmp_path
    sys.modules.pop("mine_here", None)


def rewritten(folder, old, new):
    path = folder / "changed.toml"
    path.write_text(OWN.replace(old, new))
    return path


@pytest.mark.parametrize("workers", [0, 1])
def test_own_code_is_run_by_this_process_and_by_workers(here, workers):
    with run_experiment(read_experiment("mine.toml"), here / "run", workers=workers, trials=1) as ledger:
        assert ledger.facts()["dataset"]["name"] == "Blobs"
        assert ledger.facts()["dataset"]["rows"] == 150
        rows = np.setdiff1d(np.arange(150), ledger.starts()[0].rows)
        np.testing.assert_array_equal(ledger.rounds("Mine")[0].rows, rows[::-2][:20])
        assert ledger.facts()["versions"]["mine_here"].startswith("sha256 ")
        assert ledger.rounds("Mine")[0].facts["story"]["candidate_rows"] == 120


def test_changed_code_is_noted(here):
    run_experiment(read_experiment("mine.toml"), here / "run", workers=0, trials=1).close()
    path = here / "mine_here.py"
    path.write_text(path.read_text() + "\n# more\n")
    with run_experiment(read_experiment("mine.toml"), here / "run", workers=0) as ledger:
        assert any(each.startswith("mine_here sha256") for each in ledger.facts()["went_on_with"])


def test_opening_a_ledger_imports_nothing(here):
    run_experiment(read_experiment("mine.toml"), here / "run", workers=0, trials=1).close()
    (here / "mine_here.py").write_text("raise AssertionError('imported')")
    del sys.modules["mine_here"]
    with Ledger.open(here / "run") as ledger:
        assert ledger.strategies() == ["Cluster-Margin", "Mine"]
        assert ledger.curves("Mine", "accuracy").shape == (1, 3)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mine_here:blobs", "absent_module:blobs", "absent_module:blobs must name a module that can be imported"),
        ("mine_here:blobs", "mine_here:blob", "nothing called 'blob' there"),
        ("rows = 150", "row = 150", "among rows"),
        ("rows = 150", 'rows = "150"', "`rows` of mine_here:blobs must be of type int"),
        ("mine_here:small", "mine_here:nothing", "must have a `fit` and a `name`"),
        ("mine_here:Last", "mine_here:small", "class of ladle.strategies.Chooser"),
        ("step = 2", "steps = 2", "options of last must be among step"),
        ("mine_here:Last", "mine_here:", "nothing called ''"),
    ],
)
def test_what_is_not_there_is_told_with_its_place_before_any_work(here, old, new, words):
    with pytest.raises(ArgumentError, match=words):
        read_experiment(rewritten(here, old, new))


def test_a_data_set_that_is_none_is_refused(here):
    read = read_experiment(rewritten(here, '"mine_here:blobs", rows = 150', '"mine_here:nothing"'))
    with pytest.raises(ArgumentError, match=r"must be a ladle\.lab\.Dataset; got int"):
        run_experiment(read, here / "run", workers=0)


def test_an_import_that_fails_inside_says_what_is_missing(here):
    (here / "mine_here.py").write_text("import nobody_has_this")
    with pytest.raises(MissingDependencyError, match=r"mine_here.*nobody_has_this"):
        imported("mine_here:blobs", "data set")
    assert str(Path.cwd()) not in sys.path


def test_a_class_is_described_and_created_as_a_name_is(here):
    own = imported("mine_here:Last", "strategy")
    told = strategies.describe(own)
    assert (told.name, told.summary, told.needs) == ("last", "The last rows, every `step`-th.", ("scores",))
    chosen = strategies.create(own, step=3).query(2, margins=np.zeros(10))
    assert chosen.rows.tolist() == [9, 6]
    with pytest.raises(ArgumentError, match="a class of ladle"):
        strategies.create(dict)
