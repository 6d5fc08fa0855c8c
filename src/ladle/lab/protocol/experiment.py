"""An experiment as a protocol file states it: the data, the learner, the dials, and the strategies to compare."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from ladle.arrays import Rows
from ladle.errors import ArgumentError, did_you_mean
from ladle.lab.protocol.own_code import imported, is_place
from ladle.seeds import MAX_SEED, child_seed, stream

if TYPE_CHECKING:
    from ladle.hac import Dendrogram
    from ladle.strategies import Strategy

# What may change between two calls in one folder: rounds that are there stay as they are, whatever these are.
GROWING = frozenset({"title", "trials", "rounds", "strategies"})
CUTS = ("mean_size", "threshold", "n_clusters")  # options that say where a strategy cuts the tree
Metric = Literal["accuracy", "macro_f1", "pooled_ap"]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value  # TOML has lists, a frozen model tuples


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that a misspelt one is nearest to; empty where none is near."""
    near = get_close_matches(word, list(known), 1, cutoff=0.7)  # at 0.6, colour is near cluster
    return near[0] if near else ""


def check_options(name: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raises: ArgumentError when options are given that `name` does not know."""
    unknown = [option for option in given if option not in known]
    if unknown:
        wanted = f"be among {', '.join(known)}" if known else "be left out: it takes none"
        raise ArgumentError(
            f"the options of {name}", wanted=wanted, got=", ".join(unknown), remedy=did_you_mean(unknown[0], known)
        )


class _Part(BaseModel):
    """Strict and unchangeable: a misspelt field is refused, and "10" is no number."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Source(_Part):
    """A data set or a learner by its name in the catalogue, or its place; every further field is an option of it."""

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

    jitter: how far the copies lie from their original, see `ladle.lab.data.near_duplicates`.
    """

    mean: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 10
    jitter: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.15
    seed: Seed = 0


class StrategyEntry(_Part):
    """A strategy to compare: its name, its options, and the label it is reported under.

    name: one of `ladle.strategies.names()`, or the place of a class of your own, see `ladle.lab.protocol.own_code`.

    tree: whether it is given the trial's clustering; None: where it must have one.
    """

    name: Text
    label: Annotated[str, StringConstraints(pattern=r"^[^,\n]*$", max_length=60)] = ""  # commas part lists of labels
    tree: bool | None = None
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _labelled(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and isinstance(given.get("name"), str) and not given.get("label"):
            return {**given, "label": given["name"]}
        return given

    @model_validator(mode="after")
    def _check_strategy(self) -> Self:
        """Raises ArgumentErrors, which pydantic keeps: they are ValueErrors."""
        from ladle.strategies import describe, names

        if is_place(self.name):  # a ledger may be somebody else's: reading one imports nothing
            return self
        if self.name not in names():
            wanted = f"be one of {', '.join(names())}"
            raise ArgumentError("`name`", wanted=wanted, got=repr(self.name), remedy=did_you_mean(self.name, names()))
        described = describe(self.name)
        check_options(self.name, self.options, described.options)
        if "votes" in described.needs:
            wanted = "be of a strategy that needs no votes of several passes: no learner of the lab gives them"
            raise ArgumentError("`name`", wanted=wanted, got=repr(self.name))
        if self.tree is False and described.takes_tree == "yes":
            raise ArgumentError("`tree`", wanted=f"be true, or left out, for {self.name}", got="false")
        return self

    @property
    def made_by(self) -> Any:
        """What `ladle.strategies.create` makes it of: its name, or the class at its place. Raises: ArgumentError."""
        return imported(self.name, "strategy") if is_place(self.name) else self.name

    def create(self, tree: Dendrogram, mean_size: float) -> Strategy:
        """The strategy, for a pool clustered into `tree`.

        mean_size: where it cuts the tree, unless an option says where.
        Raises: ArgumentError, DataError for values of options that the strategy refuses.
        """
        from ladle.strategies import create, describe

        made_by = self.made_by
        described = describe(made_by)
        takes_tree = described.takes_tree == "yes" if self.tree is None else self.tree
        options = dict(self.options)
        if takes_tree and "mean_size" in described.options and not any(cut in options for cut in CUTS):
            options["mean_size"] = mean_size
        return create(made_by, tree if takes_tree else None, **options)

    def mean_size(self, rows: int, usual: float) -> float | None:
        """The mean size of the clusters it asks for in a pool of `rows`; None where it cuts at a height."""
        if "threshold" in self.options:
            return None
        if "n_clusters" in self.options:
            return rows / float(self.options["n_clusters"])
        return float(self.options.get("mean_size", usual))


class Experiment(_Part):
    """All that decides the numbers of an experiment; see the shipped protocols for each field in use.

    There are `trials` of it. Each draws a seed set, trains, embeds and clusters the pool once, and then goes through
    `rounds` of query, label and retrain. Within a trial every strategy starts from the same seed set, model and
    clustering, and round r trains from the same seed, so strategies are compared in pairs.

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
        first: dict[str, int] = {}
        for number, entry in enumerate(self.strategies, 1):
            if first.setdefault(entry.label, number) < number:
                raise ArgumentError(
                    f"the label of strategy {number} ({entry.label})",
                    wanted="differ from those before it",
                    got=f"that of strategy {first[entry.label]}",
                )
        if len(set(self.metrics)) < len(self.metrics):
            raise ArgumentError("`metrics`", wanted="be named once each", got=", ".join(self.metrics))
        return self

    def protocol(self) -> Self:
        """The experiment itself: its dials and the seeds of its trials once stood in a class of their own."""
        return self

    @property
    def labels(self) -> tuple[int, ...]:
        """How many labels are held at each of the rounds + 1 measurements."""
        return tuple(self.seed_size + round_number * self.batch_size for round_number in range(self.rounds + 1))

    def refreshes(self, round_number: int) -> bool:
        """Whether the pool is embedded and clustered anew before the query of this round, 1 to `rounds`."""
        return self.refresh_rounds is not None and round_number > 1 and (round_number - 1) % self.refresh_rounds == 0

    def check_pool(self, pool_rows: int) -> None:
        """Raises: ArgumentError when the rounds would ask for more labels than the pool has rows."""
        if self.labels[-1] > pool_rows:
            raise ArgumentError(
                "the labels of all rounds",
                wanted=f"be at most the pool's {pool_rows:,} rows",
                got=f"{self.labels[-1]:,} ({self.seed_size:,} + {self.rounds} x {self.batch_size:,})",
                remedy="Lower `rounds`, `batch_size` or `seed_size`.",
            )

    def seed_rows(self, trial: int, pool_rows: int) -> Rows:
        """The seed set of a trial: (seed_size,) rows of the pool, drawn uniformly, ascending."""
        draw = stream(self.seed_of(trial, "seed set"))
        return np.sort(draw.choice(pool_rows, self.seed_size, replace=False)).astype(np.int64)

    def seed_of(self, trial: int, *path: str | int) -> int:
        """The seed of one named piece of a trial, from 0 to the largest that `ladle.seeds.check_seed` accepts."""
        return child_seed(self.seed, "trial", trial, *path) & MAX_SEED

    def strategy(self, label: str) -> StrategyEntry:
        """The strategy reported under `label`. Raises: ArgumentError naming the labels there are."""
        for entry in self.strategies:
            if entry.label == label:
                return entry
        labels = ", ".join(entry.label for entry in self.strategies)
        near = did_you_mean(label, (entry.label for entry in self.strategies))
        raise ArgumentError("the strategy", wanted=f"be one of {labels}", got=repr(label), remedy=near)

    def names(self) -> list[str]:
        """The names of its data set, learner and strategies, some of which may be places of your own code."""
        return [self.dataset.name, self.learner.name, *(entry.name for entry in self.strategies)]

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
