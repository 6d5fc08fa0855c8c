"""The models of a campaign as runs of MLflow."""

from __future__ import annotations

from typing import Any

from ladle.campaign.reader import Reader
from ladle.numbers import text
from ladle.packages import need
from ladle.progress import SILENT, Reporter, reporter
from ladle.sinks.model_facts import ModelFacts, models_of, seal_of

_FORBIDDEN = r"[^\w\-. /:]"  # what MLflow refuses in the name of a metric
_CAMPAIGN, _VERSION = "ladle.campaign", "ladle.version"  # tags by which a run is found again
_FINISHED = "FINISHED"


def mlflow(
    campaign: Reader,
    *,
    tracking_uri: str | None = None,
    experiment: str | None = None,
    progress: Reporter = SILENT,
) -> tuple[str, ...]:
    """Write the recorded models of a campaign to MLflow: one run for each version.

    Parameters
    ----------
    campaign : Campaign or Reader
        An open campaign.
    tracking_uri : str, optional
        Where MLflow keeps its runs, such as "sqlite:///mlflow.db" or the address of a server; by default MLflow's own
        setting (MLFLOW_TRACKING_URI).
    experiment : str, optional
        The experiment; it is created if it is not there. By default it has the name of the campaign.
    progress : Reporter, optional
        Receives the progress.

    Returns
    -------
    tuple of str
        The versions of which something was written, in order; none where nothing was new.

    Raises
    ------
    ArgumentError
        For what is no campaign, and for two metrics that MLflow would know by one name.
    MissingDependencyError
        Without MLflow (`pip install ladle[mlflow]`).
    mlflow.exceptions.MlflowException
        When MLflow fails. The next call completes what was begun.

    Notes
    -----
    The run of a version has its metrics (the step is the number of labelled examples), and as parameters round,
    labelled, asked, batch_size, scores_model and scores_digest. A character that MLflow refuses in the name of a metric
    becomes "_". A metric that was corrected is written again, and MLflow shows the last value; one that was removed
    stays.
    """
    text(tracking_uri, "`tracking_uri`", undecided=True, wanted="be an address of MLflow")
    text(experiment, "`experiment`", undecided=True, wanted="be the name of an experiment")
    show, models = reporter(progress), models_of(campaign, _FORBIDDEN)
    tracking = need("mlflow.tracking", package="mlflow-skinny", purpose="write to MLflow")
    sink = _Runs(tracking.MlflowClient(tracking_uri=tracking_uri), campaign, experiment or campaign.name)
    with show.task("Writing models to MLflow", len(models)) as advance:
        written = []
        for model in models:
            if sink.write(model):
                written.append(model.version)
            advance(1)
    return tuple(written)


class _Runs:
    """The runs of one campaign in one experiment."""

    def __init__(self, client: Any, campaign: Reader, experiment: str) -> None:
        self._client = client
        self._name, self._seal = campaign.name, seal_of(campaign)
        found = client.get_experiment_by_name(experiment)
        self._experiment = found.experiment_id if found else client.create_experiment(experiment)
        self._runs: dict[str, Any] = {}
        token = None
        while True:
            page = client.search_runs([self._experiment], f"tags.`{_CAMPAIGN}` = '{self._seal}'", page_token=token)
            self._runs |= {run.data.tags[_VERSION]: run for run in page}
            token = page.token
            if not token:
                break

    def write(self, model: ModelFacts) -> bool:
        """Write what MLflow lacks of this model; whether there was something."""
        run = self._runs.get(model.version)
        if run is None:
            tags = {_CAMPAIGN: self._seal, _VERSION: model.version, "ladle.campaign_name": self._name}
            start = _milliseconds(model)
            run = self._client.create_run(self._experiment, start_time=start, tags=tags, run_name=model.version)
        lacking = {name: value for name, value in model.metrics.items() if run.data.metrics.get(name) != value}
        is_new = run.info.status != _FINISHED
        if not lacking and not is_new:
            return False
        identity = run.info.run_id
        for name, fact in model.facts.items():
            if name not in run.data.params:
                self._client.log_param(identity, name, fact)
        for name, value in lacking.items():
            self._client.log_metric(identity, name, value, self._time(run, name, model), model.labelled)
        if is_new:
            self._client.set_terminated(identity, _FINISHED, end_time=_milliseconds(model))
        return True

    def _time(self, run: Any, name: str, model: ModelFacts) -> int:
        """The time of the record; after the last value of this metric, so that a correction is the last one."""
        if name not in run.data.metrics:
            return _milliseconds(model)
        history = self._client.get_metric_history(run.info.run_id, name)
        return int(max(each.timestamp for each in history)) + 1


def _milliseconds(model: ModelFacts) -> int:
    return round(model.at.timestamp() * 1000)
