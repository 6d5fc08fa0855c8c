"""An experiment as a protocol file states it: the data, the learner, the dials, and the strategies to compare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from ladle.errors import ArgumentError
from ladle.lab.protocol import LabProtocol
from ladle.seeds import MAX_SEED

Metric = Literal["accuracy", "macro_f1", "pooled_ap"]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value  # TOML has lists, a frozen model tuples


class _Part(BaseModel):
    """Strict and unchangeable: a misspelt field is refused, and "10" is no number."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Source(_Part):
    """A data set or a learner by its name in the catalogue; every further field is an option of it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    name: Text

    @property
    def options(self) -> dict[str, Any]:
        """All fields but the name."""
        return dict(self.model_extra or {})


class Clustering(_Part):
    """How the pool is clustered, see `ladle.cluster`."""

    metric: Literal["cosine", "sqeuclidean"] = "cosine"
    quality: Literal["default", "high"] = "default"


class Redundancy(_Part):
    """Near-duplicates to make: a geometric number of copies of each example, `mean` on average.

    jitter: how far the copies lie from their original, see `ladle.lab.redundant`.
    """

    mean: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 10
    jitter: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.15
    seed: Seed = 0


class StrategyEntry(_Part):
    """A strategy to compare: `name` in `ladle.strategies.names()`, its options, and the label it is reported under.

    tree: whether it is given the trial's clustering; None: where it must have one.
    """

    name: Text
    label: Annotated[str, StringConstraints(pattern=r"^[^,\n]*$", max_length=60)] = ""  # commas part lists of labels
    tree: bool | None = None
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _labelled(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("name") and not given.get("label"):
            return {**given, "label": given["name"]}
        return given

    def mean_size(self, rows: int, usual: float) -> float | None:
        """The mean size of the clusters it asks for in a pool of `rows`; None where it cuts at a height."""
        if "threshold" in self.options:
            return None
        if "n_clusters" in self.options:
            return rows / float(self.options["n_clusters"])
        return float(self.options.get("mean_size", usual))


class Experiment(_Part):
    """All that decides the numbers of an experiment; see the shipped protocols for each field in use.

    metrics: what is measured on the test split; the first is what strategies are compared by.
    refresh_rounds: embed and cluster the pool anew every so many rounds; None: once, as the paper.
    warm_start: whether each model goes on from the one before instead of from scratch.
    redundancy: near-duplicates made of the pool's examples; None: the pool as it is.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: Text
    dataset: Source
    learner: Source
    seed_size: Count
    batch_size: Count
    rounds: Count
    trials: Count
    seed: Seed = 0
    mean_size: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 10
    cluster: Clustering = Clustering()
    metrics: Annotated[tuple[Metric, ...], BeforeValidator(_as_tuple), Field(min_length=1)] = ("accuracy",)
    refresh_rounds: Count | None = None
    warm_start: bool = False
    redundancy: Redundancy | None = None
    strategies: Annotated[tuple[StrategyEntry, ...], BeforeValidator(_as_tuple), Field(min_length=1)]

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        from ladle.strategies import describe

        labels = [entry.label for entry in self.strategies]
        if len(set(labels)) < len(labels):
            raise ValueError(f"the labels of the strategies must differ; got {', '.join(labels)}")
        if len(set(self.metrics)) < len(self.metrics):
            raise ValueError("the metrics must differ")
        for entry in self.strategies:
            described = describe(entry.name)  # an ArgumentError is a ValueError, and becomes one of the file
            unknown = [option for option in entry.options if option not in described.options]
            if unknown:
                raise ValueError(
                    f"{entry.name} takes the options {', '.join(described.options)}; got {', '.join(unknown)}"
                )
            if "votes" in described.needs:
                raise ValueError(f"{entry.name} needs votes of several passes, which no learner of the lab gives")
            if entry.tree is False and described.takes_tree == "yes":
                raise ValueError(f"{entry.name} must have a tree")
        return self

    def protocol(self) -> LabProtocol:
        """The dials and seeds of its trials."""
        return LabProtocol(
            seed_size=self.seed_size,
            batch_size=self.batch_size,
            rounds=self.rounds,
            trials=self.trials,
            seed=self.seed,
            mean_size=self.mean_size,
            refresh_rounds=self.refresh_rounds,
        )

    def strategy(self, label: str) -> StrategyEntry:
        """The strategy reported under `label`. Raises: ArgumentError naming the labels there are."""
        for entry in self.strategies:
            if entry.label == label:
                return entry
        labels = ", ".join(entry.label for entry in self.strategies)
        raise ArgumentError("the strategy", wanted=f"be one of {labels}", got=repr(label))

    def tree_size(self, rows: int) -> float | None:
        """How far the pool is clustered, so that every strategy can cut where it wants; None: to the end."""
        sizes = [entry.mean_size(rows, self.mean_size) for entry in self.strategies]
        known = [size for size in sizes if size is not None]
        return None if len(known) < len(sizes) else max([self.mean_size, *known])

    def to_toml(self) -> str:
        """The experiment as a protocol file, every field spelt out: the same text for the same experiment."""
        told = self.model_dump(exclude_none=True)
        lines = [f"{name} = {_toml(value)}" for name, value in told.items() if name != "strategies"]
        for entry in told["strategies"]:
            lines += ["", "[[strategies]]", *(f"{name} = {_toml(value)}" for name, value in entry.items())]
        return "\n".join(lines) + "\n"


def _json(value: bool | int | str) -> str:
    """JSON, which TOML reads the same way; but for pairs of surrogates, and for DEL, which it wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_json(str(name))} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, (bool, int, str)):
        return _json(value)
    if isinstance(value, float):
        return repr(value)
    raise ArgumentError(
        "an option of an experiment", wanted="be text, a number, true, false or a list", got=repr(value)
    )
