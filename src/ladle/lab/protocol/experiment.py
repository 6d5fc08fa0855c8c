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
from ladle.hac.tree.level import DEFAULT_MEAN_SIZE, LEVELS
from ladle.lab.protocol.own_code import imported, is_place
from ladle.lab.protocol.upper_bound import UPPER_BOUND, UpperBoundOptions
from ladle.seeds import MAX_SEED, child_seed, stream

if TYPE_CHECKING:
    from ladle.hac import Dendrogram
    from ladle.strategies import Strategy

# Fields that may change between two calls in one folder: the rounds that are there do not depend on them.
GROWING = frozenset({"title", "trials", "rounds", "strategies"})
Metric = Literal["accuracy", "macro_f1", "pooled_ap"]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value  # TOML has lists, a frozen model tuples


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most similar to a misspelt one; empty where none is similar."""
    similar = get_close_matches(word, list(known), 1, cutoff=0.7)  # at 0.6, colour is similar to cluster
    return similar[0] if similar else ""


def check_options(name: str, options: Iterable[str], known: Collection[str]) -> None:
    """Raises: ArgumentError for options that `name` does not have."""
    unknown = [option for option in options if option not in known]
    if unknown:
        wanted = f"be among {', '.join(known)}" if known else "be left out: it takes none"
        raise ArgumentError(
            f"the options of {name}", wanted=wanted, got=", ".join(unknown), remedy=did_you_mean(unknown[0], known)
        )


class _Table(BaseModel):
    """A table of a protocol file, frozen and strict: a misspelt field is refused, and "10" is not a number."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class CatalogueChoice(_Table):
    """A data set or a learner in a protocol.

    Attributes
    ----------
    name : str
        In the catalogue, or the place of your own code, see `ladle.lab.protocol.own_code`.
    options : dict
        All further fields of its table.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    name: Text

    @property
    def options(self) -> dict[str, Any]:
        """All fields but the name."""
        return dict(self.model_extra or {})


class Clustering(_Table):
    """How the pool is clustered: the arguments of `ladle.cluster` with these names.

    Attributes
    ----------
    metric : "cosine" or "sqeuclidean"
    quality : "default" or "high"
    """

    metric: Literal["cosine", "sqeuclidean"] = "cosine"
    quality: Literal["default", "high"] = "default"


class Redundancy(_Table):
    """Near-duplicates to make of the pool, see `ladle.lab.data.near_duplicates`.

    Attributes
    ----------
    mean : float
        The mean of the geometric number of copies of each example, itself counted.
    jitter : float
        How far copies lie from their original, in standard deviations of each number.
    seed : int
        Of the copies and their noise.
    """

    mean: Annotated[float, Field(gt=1, allow_inf_nan=False)] = DEFAULT_MEAN_SIZE
    jitter: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.15
    seed: Seed = 0


class StrategyEntry(_Table):
    """A strategy to compare.

    Attributes
    ----------
    name : str
        One of `ladle.strategies.names()`, or the place of your own class, see `ladle.lab.protocol.own_code`; or
        "upper-bound", see `ladle.lab.runner.upper_bound`.
    label : str
        What reports call it; by default its name.
    tree : bool or None
        Whether it gets the trial's clustering; None: if it needs one.
    options : dict
        Its own.
    """

    name: Text
    label: Annotated[str, StringConstraints(pattern=r"^[^,\n]*$", max_length=60)] = ""  # commas separate labels
    tree: bool | None = None
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _with_label(cls, fields: Any) -> Any:
        if isinstance(fields, Mapping) and isinstance(fields.get("name"), str) and not fields.get("label"):
            return {**fields, "label": fields["name"]}
        return fields

    @model_validator(mode="after")
    def _check_strategy(self) -> Self:
        """Raises ArgumentErrors; these are ValueErrors, so pydantic collects them."""
        from ladle.strategies import describe, names

        if is_place(self.name):  # reading the ledger of somebody else must not import code
            return self
        if self.is_upper_bound:
            check_options(self.name, self.options, UpperBoundOptions.names())
            if self.tree is not None:
                raise ArgumentError("`tree`", wanted=f"be left out for {self.name}", got=str(self.tree).lower())
            return self
        if self.name not in names():
            known = [*names(), UPPER_BOUND]
            wanted = f"be one of {', '.join(known)}"
            raise ArgumentError("`name`", wanted=wanted, got=repr(self.name), remedy=did_you_mean(self.name, known))
        described = describe(self.name)
        check_options(self.name, self.options, described.options)
        if "votes" in described.needs:
            wanted = "be of a strategy that needs no votes of several passes: no learner of the lab gives them"
            raise ArgumentError("`name`", wanted=wanted, got=repr(self.name))
        if self.tree is False and described.takes_tree == "yes":
            raise ArgumentError("`tree`", wanted=f"be true, or left out, for {self.name}", got="false")
        return self

    @property
    def is_upper_bound(self) -> bool:
        """Whether it is the upper bound, which is no strategy: it reads the labels that it is to ask for."""
        return self.name == UPPER_BOUND

    def upper_bound(self) -> UpperBoundOptions:
        """The options of the upper bound. Raises: ArgumentError for values that it refuses."""
        return UpperBoundOptions(**self.options)

    @property
    def made_by(self) -> Any:
        """The first argument of `ladle.strategies.create`: the name, or the class at a place. Raises: ArgumentError."""
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
        if takes_tree and "mean_size" in described.options and not any(cut in options for cut in LEVELS):
            options["mean_size"] = mean_size
        return create(made_by, tree if takes_tree else None, **options)

    def check_outputs(self, *, multilabel: bool) -> None:
        """See `Experiment.check_outputs`."""
        from ladle.strategies import describe

        if self.is_upper_bound and multilabel:
            wanted = "be left out where the data set has several labels an example"
            raise ArgumentError(f"the strategy {self.label}", wanted=wanted, got=self.name)
        described = None if is_place(self.name) or self.is_upper_bound else describe(self.name)
        if described is None or not {"scores", "probabilities"} & set(described.needs):
            return
        takes_several, asked = "multilabel" in described.options, self.options.get("multilabel")
        if multilabel and not takes_several:
            raise ArgumentError(
                f"the strategy {self.label}",
                wanted="take several labels an example, as the data set has",
                got=f"{self.name}, which takes one class an example",
                remedy="Use margin, auto, cluster-margin or badge with `multilabel`, or one that reads no scores.",
            )
        if multilabel and not asked:
            value = "true" if described.options["multilabel"] is False else '"min"'
            raise ArgumentError(
                f"the options of strategy {self.label}",
                wanted="have `multilabel`, because the data set has several labels an example",
                got="none" if asked is None else repr(asked),
                remedy=f"Add it to its table: options = {{multilabel = {value}}}",
            )
        if asked and not multilabel:
            raise ArgumentError(
                f"the options of strategy {self.label}",
                wanted="be without `multilabel`, because the data set has one class an example",
                got=f"multilabel = {asked!r}",
            )

    def mean_size(self, rows: int, usual: float) -> float | None:
        """The mean size of the clusters at which it cuts the tree of `rows`; None where it cuts at a height."""
        if "threshold" in self.options:
            return None
        if "n_clusters" in self.options:
            return rows / float(self.options["n_clusters"])
        return float(self.options.get("mean_size", usual))


class Experiment(_Table):
    """Everything that decides the numbers of an experiment, as a protocol file states it.

    Each trial draws a seed set, trains, embeds and clusters the pool once, and then goes through the rounds: query,
    label, train again. Within a trial all strategies start from the same seed set, model and clustering, and round r
    trains from the same seed, so strategies are compared in pairs.

    Attributes
    ----------
    name : str
        Small letters, digits, dots, dashes and underscores.
    title : str
        What reports call the experiment.
    dataset, learner : CatalogueChoice
        Their names in the catalogue, or places of your own code, and their options.
    seed_size, batch_size : int
        Rows of the seed set and of each batch.
    rounds, trials : int
        How many batches a trial has, and how many trials there are.
    seed : int
        The root of all random streams.
    mean_size : float
        Mean rows of a cluster, where a strategy's options do not say otherwise.
    cluster : Clustering
        Metric and quality of the clustering.
    metrics : tuple of str
        What is measured on the test split: "accuracy", "macro_f1", "pooled_ap". Strategies are compared by the first.
    refresh_rounds : int or None
        Embed and cluster the pool anew every so many rounds; None: once, as in the paper.
    warm_start : bool
        Whether each model continues from the one before, instead of from scratch.
    redundancy : Redundancy or None
        Near-duplicates made of the pool's examples; None: the pool as it is.
    strategies : tuple of StrategyEntry
        What is compared.

    See Also
    --------
    read_experiment : Reads one from a protocol file; `ladle lab list NAME` prints the files that come with Ladle.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: Text
    dataset: CatalogueChoice
    learner: CatalogueChoice
    seed_size: Count
    batch_size: Count
    rounds: Count
    trials: Count
    seed: Seed = 0
    mean_size: Annotated[float, Field(ge=1, allow_inf_nan=False)] = DEFAULT_MEAN_SIZE
    cluster: Clustering = Clustering()
    metrics: Annotated[tuple[Metric, ...], BeforeValidator(_as_tuple), Field(min_length=1)] = ("accuracy",)
    refresh_rounds: Count | None = None
    warm_start: bool = False
    redundancy: Redundancy | None = None
    strategies: Annotated[tuple[StrategyEntry, ...], BeforeValidator(_as_tuple), Field(min_length=1)]

    def __repr__(self) -> str:
        compared = "1 strategy" if len(self.strategies) == 1 else f"{len(self.strategies)} strategies"
        size = f"{self.trials} x {self.rounds} rounds of {self.batch_size:,}"
        return f"Experiment({self.name!r}: {self.dataset.name}, {self.learner.name}, {size}, {compared})"

    __str__ = __repr__

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
        bounds = [entry.label for entry in self.strategies if entry.is_upper_bound]
        if len(bounds) > 1:
            raise ArgumentError("`strategies`", wanted=f"have {UPPER_BOUND} once at most", got=", ".join(bounds))
        if bounds and self.warm_start:
            wanted = f"be false beside {UPPER_BOUND}, whose candidates are trained from scratch"
            raise ArgumentError("`warm_start`", wanted=wanted, got="true")
        if len(set(self.metrics)) < len(self.metrics):
            raise ArgumentError("`metrics`", wanted="be named once each", got=", ".join(self.metrics))
        return self

    def protocol(self) -> Self:
        """The experiment itself. Its dials and the seeds of its trials were a class of their own in early versions."""
        return self

    @property
    def labels(self) -> tuple[int, ...]:
        """(rounds + 1,) how many labels are held at each measurement; the first is the size of the seed set."""
        return tuple(self.seed_size + round_number * self.batch_size for round_number in range(self.rounds + 1))

    def refreshes(self, round_number: int) -> bool:
        """Whether the pool is embedded and clustered anew before a round.

        Parameters
        ----------
        round_number : int
            From 1 to `rounds`.

        Returns
        -------
        bool
        """
        return self.refresh_rounds is not None and round_number > 1 and (round_number - 1) % self.refresh_rounds == 0

    def check_pool(self, pool_rows: int) -> None:
        """Check that the pool is large enough for all rounds.

        Parameters
        ----------
        pool_rows : int
            Rows of the pool.

        Raises
        ------
        ArgumentError
            When the rounds take more labels than the pool has rows, without those that judge an upper bound.
        """
        if self.labels[-1] > pool_rows:
            raise ArgumentError(
                "the labels of all rounds",
                wanted=f"be at most the pool's {pool_rows:,} rows",
                got=f"{self.labels[-1]:,} ({self.seed_size:,} + {self.rounds} x {self.batch_size:,})",
                remedy="Lower `rounds`, `batch_size` or `seed_size`.",
            )
        for entry in self.strategies:
            held_out = entry.upper_bound().held_out(pool_rows) if entry.is_upper_bound else 0
            if self.labels[-1] + held_out > pool_rows:
                raise ArgumentError(
                    f"the labels of all rounds and the validation rows of {entry.label}",
                    wanted=f"be at most the pool's {pool_rows:,} rows",
                    got=f"{self.labels[-1]:,} and {held_out:,}",
                    remedy="Lower `rounds`, `batch_size`, or the option `validation_rows`.",
                )

    def check_outputs(self, *, multilabel: bool) -> None:
        """Check that the strategies read the outputs of a model for such labels: sigmoids of several, softmax of one.

        Parameters
        ----------
        multilabel : bool
            Whether an example of the data set may have several classes.

        Raises
        ------
        ArgumentError
            When a strategy of Ladle's reads scores and its option `multilabel` does not fit, or is missing. Strategies
            at a place of your own are not checked.
        """
        for entry in self.strategies:
            entry.check_outputs(multilabel=multilabel)

    def seed_rows(self, trial: int, pool_rows: int) -> Rows:
        """Draw the seed set of a trial, uniformly.

        Parameters
        ----------
        trial : int
            From 0.
        pool_rows : int
            Rows of the pool.

        Returns
        -------
        ndarray of int64, shape (seed_size,)
            Rows of the pool, ascending. They depend on the experiment's seed, the trial and `pool_rows` alone.
        """
        draw = stream(self.seed_of(trial, "seed set"))
        return np.sort(draw.choice(pool_rows, self.seed_size, replace=False)).astype(np.int64)

    def seed_of(self, trial: int, *path: str | int) -> int:
        """Return the seed of one part of a trial.

        Parameters
        ----------
        trial : int
            From 0.
        *path : str or int
            The name of the part: "cluster"; or "fit" or "query" and the number of the round.

        Returns
        -------
        int
            From 0 to the largest seed that `ladle.seeds.check_seed` accepts.
        """
        return child_seed(self.seed, "trial", trial, *path) & MAX_SEED

    def strategy(self, label: str) -> StrategyEntry:
        """Return the strategy that is reported under `label`.

        Raises
        ------
        ArgumentError
            For another label; the message names the labels.
        """
        for entry in self.strategies:
            if entry.label == label:
                return entry
        labels = ", ".join(entry.label for entry in self.strategies)
        near = did_you_mean(label, (entry.label for entry in self.strategies))
        raise ArgumentError("the strategy", wanted=f"be one of {labels}", got=repr(label), remedy=near)

    def names(self) -> list[str]:
        """The names of its data set, learner and strategies; some may be places of your own code."""
        return [self.dataset.name, self.learner.name, *(entry.name for entry in self.strategies)]

    def tree_size(self, rows: int) -> float | None:
        """The mean size up to which a pool of `rows` is clustered for all strategies; None: the full tree."""
        sizes = [entry.mean_size(rows, self.mean_size) for entry in self.strategies]
        known = [size for size in sizes if size is not None]
        return None if len(known) < len(sizes) else max([self.mean_size, *known])

    def to_toml(self) -> str:
        """Return the experiment as a protocol file with every field; equal experiments have equal texts.

        Returns
        -------
        str
            TOML.
        """
        fields = self.model_dump(exclude_none=True)
        lines = [f"{name} = {_toml(value)}" for name, value in fields.items() if name != "strategies"]
        for entry in fields["strategies"]:
            lines += ["", "[[strategies]]", *(f"{name} = {_toml(value)}" for name, value in entry.items())]
        return "\n".join(lines) + "\n"


def _json(value: bool | int | str) -> str:
    """A value as JSON, which TOML reads the same way, except for pairs of surrogates and for DEL."""
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
