"""The sinks, each with the real package: what is written is read back; a second call adds only what is new."""

from __future__ import annotations

import json

import numpy as np
import pytest

import ladle
from ladle import labelling, sinks
from ladle.errors import ArgumentError, CorruptFileError
from ladle.sinks import wandb_runs
from ladle.sinks.model_facts import models_of, seal_of

long = pytest.mark.long
# SQLAlchemy's advice to MLflow, and a message of wandb's own dependencies, are none of ours.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

X = np.random.default_rng(0).standard_normal((50, 3))
MARGINS = np.random.default_rng(1).random(50)


@pytest.fixture
def running():
    with ladle.Campaign.create(
        labelling.MemoryStore(), name="birds", pool=X, strategy="margin", labels=[0, 1]
    ) as campaign:
        yield campaign


def train(campaign, version, **metrics):
    batch = campaign.ask(5, margins=MARGINS)
    campaign.tell(batch.ids, [0, 1, 0, 1, 1], annotator="ann")
    campaign.record_model(version, metrics=metrics)


# -- what all sinks write -----------------------------------------------------------------------------------------


def test_the_facts_of_a_model(running):
    running.record_model("v0", metrics={"accuracy": 0.1})
    train(running, "v1", accuracy=0.5)
    train(running, "v2", accuracy=0.75, loss=0.5)
    none, first, second = models_of(running)
    assert (none.labelled, none.facts) == (0, {"round": 0, "labelled": 0, "asked": 0})
    assert (first.labelled, second.labelled) == (5, 10)
    assert second.metrics == {"accuracy": 0.75, "loss": 0.5}
    assert second.facts == {"round": 2, "labelled": 10, "asked": 10, "batch_size": 5}


def test_names_that_a_sink_cannot_tell_apart(running):
    running.record_model("v1", metrics={"top@1": 0.5, "top%1": 0.6})
    assert models_of(running)[0].metrics == {"top@1": 0.5, "top%1": 0.6}
    with pytest.raises(ArgumentError, match="got `top%1` and `top@1`, both `top_1` there"):
        models_of(running, "[@%]")


def test_the_seal_stays_with_the_campaign(running, tmp_path):
    with ladle.Campaign.create(
        labelling.MemoryStore(), name="birds", pool=X, strategy="margin", labels=[0, 1]
    ) as other:
        assert seal_of(other) != seal_of(running)
    running.backup(tmp_path / "birds.backup")
    with ladle.Campaign.restore(tmp_path / "birds.db", tmp_path / "birds.backup") as restored:
        assert seal_of(restored) == seal_of(running)


@pytest.mark.parametrize("wrong", [None, "birds.db", X])
def test_what_is_no_campaign(wrong, tmp_path):
    for call in (
        lambda: sinks.mlflow(wrong),
        lambda: sinks.tensorboard(wrong, tmp_path),
        lambda: sinks.wandb(wrong, folder=tmp_path),
    ):
        with pytest.raises(ArgumentError, match="`campaign` must be an open Campaign or Reader"):
            call()


def test_a_package_that_is_not_installed(running, tmp_path, monkeypatch):
    import sys

    for name in ("mlflow", "mlflow.tracking", "wandb", "tensorboard.compat.proto.event_pb2"):
        monkeypatch.setitem(sys.modules, name, None)
    for call, package in (
        (lambda: sinks.mlflow(running), "mlflow-skinny"),
        (lambda: sinks.tensorboard(running, tmp_path), "tensorboard"),
        (lambda: sinks.wandb(running, folder=tmp_path), "wandb"),
    ):
        with pytest.raises(ladle.errors.MissingDependencyError, match=f"pip install {package}"):
            call()
    assert list(tmp_path.iterdir()) == []


# -- MLflow -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "files"])
def tracking(request, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return f"sqlite:///{tmp_path}/mlflow.db" if request.param == "sqlite" else f"file://{tmp_path}/mlruns"


def runs_of(tracking, experiment="birds"):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=tracking)
    runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return client, {run.info.run_name: run for run in runs}


@long
def test_mlflow(running, tracking):
    assert sinks.mlflow(running, tracking_uri=tracking) == ()
    train(running, "v1", **{"accuracy": 0.5, "top@5": 0.9})
    assert sinks.mlflow(running, tracking_uri=tracking) == ("v1",)
    train(running, "v2", accuracy=0.75)
    assert sinks.mlflow(running, tracking_uri=tracking) == ("v2",)
    assert sinks.mlflow(running, tracking_uri=tracking) == ()
    client, runs = runs_of(tracking)
    assert set(runs) == {"v1", "v2"}
    assert runs["v1"].data.metrics == {"accuracy": 0.5, "top_5": 0.9}
    assert runs["v2"].data.metrics == {"accuracy": 0.75}
    assert runs["v2"].data.params == {"round": "2", "labelled": "10", "asked": "10", "batch_size": "5"}
    assert runs["v2"].data.tags["ladle.campaign_name"] == "birds"
    (point,) = client.get_metric_history(runs["v2"].info.run_id, "accuracy")
    assert point.step == 10
    at = running.models()[1].at
    assert point.timestamp == round(at.timestamp() * 1000)


@long
def test_a_corrected_metric_is_the_last_value_in_mlflow(running, tracking):
    train(running, "v1", accuracy=0.9)
    sinks.mlflow(running, tracking_uri=tracking)
    running.record_model("v1", metrics={"accuracy": 0.4}, correct=True)
    assert sinks.mlflow(running, tracking_uri=tracking) == ("v1",)
    assert sinks.mlflow(running, tracking_uri=tracking) == ()
    assert runs_of(tracking)[1]["v1"].data.metrics == {"accuracy": 0.4}


@long
def test_what_was_broken_off_is_completed_in_mlflow(running, tracking, monkeypatch):
    from mlflow.tracking import MlflowClient

    train(running, "v1", accuracy=0.5, loss=0.25)
    log, calls = MlflowClient.log_metric, []

    def once(self, *arguments, **options):
        calls.append(arguments)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return log(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "log_metric", once)
        with pytest.raises(KeyboardInterrupt):
            sinks.mlflow(running, tracking_uri=tracking)
    assert sinks.mlflow(running, tracking_uri=tracking) == ("v1",)
    runs = runs_of(tracking)[1]
    assert set(runs) == {"v1"}
    assert runs["v1"].data.metrics == {"accuracy": 0.5, "loss": 0.25}
    assert runs["v1"].info.status == "FINISHED"


@long
def test_two_campaigns_of_one_name_in_mlflow(running, tracking):
    train(running, "v1", accuracy=0.5)
    with ladle.Campaign.create(
        labelling.MemoryStore(), name="birds", pool=X, strategy="margin", labels=[0, 1]
    ) as other:
        train(other, "v1", accuracy=0.6)
        for campaign in (running, other, running, other):
            sinks.mlflow(campaign, tracking_uri=tracking, experiment="both")
    client, _ = runs_of(tracking, "both")
    runs = client.search_runs([client.get_experiment_by_name("both").experiment_id])
    assert sorted(run.data.metrics["accuracy"] for run in runs) == [0.5, 0.6]


# -- TensorBoard --------------------------------------------------------------------------------------------------


def scalars_in(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (inside,) = folder.iterdir()
    events = EventAccumulator(str(inside))
    events.Reload()
    found = {}
    for tag in events.Tags()["scalars"]:
        found[tag] = [(each.step, each.value) for each in events.Scalars(tag)]
    return found


@long
def test_tensorboard(running, tmp_path):
    pytest.importorskip("tensorboard")
    assert sinks.tensorboard(running, tmp_path / "logs") == ()
    assert not (tmp_path / "logs").exists()
    train(running, "v1", accuracy=0.5)
    assert sinks.tensorboard(running, tmp_path / "logs") == ("v1",)
    train(running, "v2", accuracy=0.75)
    assert sinks.tensorboard(running, tmp_path / "logs") == ("v2",)
    assert sinks.tensorboard(running, tmp_path / "logs") == ()
    assert scalars_in(tmp_path / "logs") == {
        "metrics/accuracy": [(5, 0.5), (10, 0.75)],
        "campaign/round": [(5, 1.0), (10, 2.0)],
        "campaign/asked": [(5, 5.0), (10, 10.0)],
        "campaign/batch_size": [(5, 5.0), (10, 5.0)],
    }


@long
def test_an_event_file_that_was_cut_short_is_completed(running, tmp_path):
    pytest.importorskip("tensorboard")
    train(running, "v1", accuracy=0.1)
    sinks.tensorboard(running, tmp_path)
    (file,) = tmp_path.glob("*/events*")
    file.write_bytes(file.read_bytes()[:-20])
    assert sinks.tensorboard(running, tmp_path) == ("v1",)
    assert sinks.tensorboard(running, tmp_path) == ()
    running.record_model("v1", metrics={"accuracy": 0.2}, correct=True)
    assert sinks.tensorboard(running, tmp_path) == ("v1",)
    assert sinks.tensorboard(running, tmp_path) == ()


# -- Weights & Biases ---------------------------------------------------------------------------------------------


@long
def test_wandb_offline(running, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    assert sinks.wandb(running, folder=tmp_path / "logs") == ()
    train(running, "v1", accuracy=0.5)
    assert sinks.wandb(running, folder=tmp_path / "logs") == ("v1",)
    train(running, "v2", accuracy=0.75)
    assert sinks.wandb(running, folder=tmp_path / "logs") == ("v2",)
    assert sinks.wandb(running, folder=tmp_path / "logs") == ()
    written = sorted((tmp_path / "logs" / "wandb").glob("offline-run-*/*.wandb"))
    ids = {wandb_runs._run_id(seal_of(running), version) for version in ("v1", "v2")}
    assert {file.stem.removeprefix("run-") for file in written} == ids
    content = b"".join(file.read_bytes() for file in written)
    for text in (b"accuracy", b"0.75", b"labelled", b"birds", b"v2"):
        assert text in content
    (kept,) = (tmp_path / "logs").glob("ladle-wandb-*.json")
    assert json.loads(kept.read_text()) == {"v1": {"accuracy": 0.5}, "v2": {"accuracy": 0.75}}


def test_the_list_of_what_was_written_decides(running, tmp_path, monkeypatch):
    runs = []
    monkeypatch.setattr(wandb_runs, "need", lambda *names, **options: object())
    monkeypatch.setattr(wandb_runs, "_write_run", lambda library, model, *rest: runs.append(model.version))
    train(running, "v1", accuracy=0.5)
    train(running, "v2", accuracy=0.75)
    assert sinks.wandb(running, folder=tmp_path) == ("v1", "v2")
    running.record_model("v1", metrics={"accuracy": 0.4}, correct=True)
    assert sinks.wandb(running, folder=tmp_path) == ("v1",)
    assert sinks.wandb(running, folder=tmp_path) == ()
    assert runs == ["v1", "v2", "v1"]
    (kept,) = tmp_path.glob("ladle-wandb-*.json")
    kept.write_text("{")
    with pytest.raises(CorruptFileError, match="Remove it"):
        sinks.wandb(running, folder=tmp_path)
    with pytest.raises(ArgumentError, match="`mode`"):
        sinks.wandb(running, folder=tmp_path, mode="disabled")
