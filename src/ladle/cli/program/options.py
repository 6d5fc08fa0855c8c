"""The options that several commands share, and their parsers."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.hac.tree.level import DEFAULT_MEAN_SIZE, LEVELS

PoolPath = Annotated[
    Path,
    typer.Argument(
        metavar="POOL",
        help="The pool: a .npy, .npz, .parquet, .arrow or .feather file, or a folder of them; or an array in an HDF5 "
        "file or a Zarr store, such as pool.h5::embeddings.",
        show_default=False,
    ),
]
IdColumn = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the ids. Default: id.")]
EmbeddingColumn = Annotated[
    str | None,
    typer.Option(
        "--embedding",
        metavar="COLUMN",
        help="Column of the embeddings, or a pattern of columns with a number each, such as 'emb_*'. "
        "Default: the one of float lists.",
    ),
]
IdsFile = Annotated[
    Path | None,
    typer.Option(
        "--ids",
        metavar="FILE[:COLUMN]",
        help="Ids of a pool without an id column: .txt, .csv, .npy or .parquet; or row-numbers.",
    ),
]
MeanSize = Annotated[
    float | None, typer.Option("--mean-size", metavar="SIZE", help="Mean number of examples in a cluster.")
]
Threshold = Annotated[
    float | None, typer.Option("--threshold", metavar="HEIGHT", help="Largest height at which clusters are merged.")
]
NClusters = Annotated[int | None, typer.Option("--n-clusters", metavar="COUNT", help="Number of clusters.")]
CUTS = LEVELS  # the options above, under their names in the library
Exact = Annotated[
    bool | None,
    typer.Option("--exact/--approximate", help="Whether neighbours are exact. Default: up to 100,000 examples."),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Find exact neighbours on a Ray cluster: auto (the one that runs here, or RAY_ADDRESS), HOST:PORT, or "
        "local (one for this command).",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="COUNT", help="Processes; each holds the data. Default: one a core; 0: this one."
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Seed of all random choices.")]
StrategyOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="An option of the strategy, such as group_size=pool; once for each. `ladle strategies NAME` lists them.",
    ),
]
ScoresFile = Annotated[
    Path | None,
    typer.Option(
        "--scores",
        metavar="FILE",
        help="Class probabilities of the pool: Parquet or Arrow with an id column and one column of float lists "
        "(or a float column for each class), CSV with an id column and a column for each class, .npz with ids, or "
        ".npy in the pool's row order.",
    ),
]
VotesFile = Annotated[
    Path | None,
    typer.Option(
        "--votes",
        metavar="FILE",
        help="For dropquery: the class that each of several passes predicted, .npy or .npz as --scores.",
    ),
]
Logits = Annotated[bool, typer.Option("--logits", help="The scores are logits; their softmax is taken.")]
Binary = Annotated[
    bool,
    typer.Option(
        "--binary",
        help="The scores are one probability per example, of one of two classes; its margin is |2p - 1|. "
        "With --logits: one logit.",
    ),
]
Normalise = Annotated[
    bool,
    typer.Option("--normalise", help="Divide the scores of each example by their sum, for weights and coarse numbers."),
]
Margins = Annotated[
    bool, typer.Option("--margins", help="The scores are margins, one number per example, small where unsure.")
]
ScoreColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--score-column",
        metavar="COLUMN",
        help="Column (of a .npz: array) of the scores: one of float lists, or once for each class; a pattern such as "
        "'p_*' names several.",
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        "--classes", metavar="NAMES|COUNT", help="Names of the classes, such as cat,dog,emu, or their number."
    ),
]
IgnoreExtraScores = Annotated[
    bool, typer.Option("--ignore-extra-scores", help="Leave out scores of examples that are not in the pool.")
]
ScoreId = Annotated[
    str | None, typer.Option("--score-id", metavar="COLUMN", help="Column of the ids in the scores. Default: id.")
]
LabelledColumn = Annotated[
    str | None,
    typer.Option(
        "--labelled-column",
        metavar="COLUMN",
        help="Column of the ids in the --labelled files. Default: the name of --id, else id.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file, whatever it holds.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, errors too; no progress bars.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]


MEAN_SIZE = float(DEFAULT_MEAN_SIZE)  # of clusters, if no level is named


class Metric(StrEnum):
    """The metrics of `cluster`."""

    COSINE = "cosine"
    SQEUCLIDEAN = "sqeuclidean"


class Quality(StrEnum):
    """How much work `cluster` does to find approximate neighbours."""

    DEFAULT = "default"
    HIGH = "high"


def examples(*lines: str) -> str:
    """The examples below a command's help."""
    return "\n".join(["[bold]Examples[/bold]", *(f"  [cyan]{line}[/cyan]" for line in lines)])


def parse_strategy_options(given: list[str] | None) -> dict[str, Any]:
    """The values of `--option` by name; see `parse_value`.

    Raises: ArgumentError for a value without a name or an equals sign, and for a repeated name.
    """
    from ladle.errors import ArgumentError

    options: dict[str, Any] = {}
    for text in given or []:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals):
            raise ArgumentError("--option", wanted="be NAME=VALUE, such as group_size=pool", got=repr(text))
        name = name.replace("-", "_")  # the command line spells its own options with dashes
        if name in options:
            raise ArgumentError(f"--option {name}", wanted="be given once", got="it twice")
        options[name] = parse_value(value)
    return options


def parse_classes(text: str | None) -> list[str] | int | None:
    """The value of `--classes`: names, or their number. Raises: ArgumentError for an empty or a repeated name."""
    from ladle.errors import ArgumentError

    if text is None:
        return None
    if text.strip().isdecimal() and int(text) > 1:
        return int(text)
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names) or len(names) < 2:
        raise ArgumentError("--classes", wanted="be two different names or more, or a number from 2", got=repr(text))
    return names


def parse_share(text: str, option: str) -> float:
    """A share as "5%", or as a number such as 0.05. Raises: ArgumentError."""
    from ladle.errors import ArgumentError

    plain = text.strip()
    try:
        return float(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
    except ValueError:
        raise ArgumentError(option, wanted="be a share such as 5% or 0.05", got=repr(text)) from None


def parse_value(text: str) -> Any:
    """Numbers, true, false and null as in JSON; everything else as text."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)  # NaN and Infinity, which JSON does not have

    try:
        value = json.loads(text, parse_constant=refuse)
    except ValueError:
        return text
    return text if isinstance(value, (str, list, dict)) else value


def open_pool_option(path: Path, id_column: str | None, embedding: str | None, ids: Path | None) -> Any:
    """The pool that the options name. Raises: as `ladle.open_pool`."""
    from ladle.pool import open_pool

    return open_pool(path, id=id_column, embedding=embedding, ids=ids)


def uses_exact(rows: int, exact: bool | None) -> bool:
    """Whether `ladle.cluster` uses its exact engine for so many rows. exact: the option."""
    from ladle.hac import plan

    return plan.uses_exact(rows, exact)
