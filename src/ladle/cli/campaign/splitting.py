"""The sides of a split in an export: the column `split`, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.program.options import parse_share
from ladle.counts import counted, of_number

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.labelling import PoolSplit

COLUMN = "split"

Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="NAME=SHARE,...",
        help="Of labels and resolved: add the column split, such as train=80%,validation=10%,test=0.1. An example "
        "never changes its side, and near-duplicates are on one side.",
    ),
]
Only = Annotated[str | None, typer.Option("--only", metavar="NAME", help="With --split: write this side alone.")]
Near = Annotated[
    float | None,
    typer.Option(
        "--near",
        metavar="HEIGHT",
        help="With --split: where the campaign's tree is cut for near-duplicates. Default: where its heights rise "
        "tenfold from one merge to the next, or at 2 examples a cluster.",
    ),
]


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """The options of a split, checked. shares: None without a split."""

    shares: dict[str, float] | None
    only: str | None
    near: float | None

    @classmethod
    def of(cls, split: str | None, only: str | None, near: float | None) -> SplitOptions:
        """Check the options. Raises: ArgumentError."""
        from ladle.errors import ArgumentError, did_you_mean

        for option, value in (("--only", only), ("--near", near)):
            if value is not None and split is None:
                raise ArgumentError(option, wanted="come with --split", got="none")
        shares = None if split is None else parse_split(split)
        if only is not None and shares is not None and only not in shares:
            remedy = did_you_mean(only, shares)
            raise ArgumentError("--only", wanted=f"be one of {', '.join(shares)}", got=repr(only), remedy=remedy)
        return cls(shares, only, near)


def parse_split(text: str) -> dict[str, float]:
    """The shares by name in the value of `--split`. Raises: ArgumentError."""
    from ladle.errors import ArgumentError
    from ladle.labelling.splits import SplitShares

    shares: dict[str, float] = {}
    for part in text.split(","):
        name, equals, share = (each.strip() for each in part.partition("="))
        try:
            value = parse_share(share, "--split")
        except ArgumentError:
            value = float("nan")
        if not (name and equals) or value != value or name in shares:
            wanted = "be NAME=SHARE for each side, each once, such as train=0.8,validation=0.1,test=0.1"
            raise ArgumentError("--split", wanted=wanted, got=repr(text))
        shares[name] = value
    SplitShares.of(shares)
    return shares


def with_sides(campaign: Campaign, table: Any, chosen: SplitOptions) -> tuple[Any, dict[str, str], dict[str, Any]]:
    """The table with the column `split`, of one side under `--only`; and what is said of it, as lines and as facts.

    table: with the column `row`. Without a split it stays as it is. Raises: as `Reader.split`.
    """
    if chosen.shares is None:
        return table, {}, {}
    import numpy as np
    import pyarrow as pa

    from ladle.errors import ArgumentError

    if COLUMN in table.schema.names:
        raise ArgumentError("--split", wanted="add the column split", got="a table that has one")
    split = campaign.split(chosen.shares, near=chosen.near)
    rows = np.asarray(table.column("row"))
    sides = np.full(len(rows), None, object)  # an example that was taken out of the pool has none
    sides[rows >= 0] = split.at(rows[rows >= 0])
    table = table.append_column(COLUMN, pa.array(sides, pa.large_string()))
    distinct = np.unique(rows[rows >= 0])
    lines, facts = _said(split, distinct, list(chosen.shares))
    gone = len(np.unique(rows[rows < 0]))
    facts["removed"] = gone
    if gone:
        lines["no side"] = (
            f"{counted(gone, 'example')} that {of_number(gone, 'was')} removed from the pool: "
            "the column split is empty, and no share counts them"
        )
    if chosen.only is not None:
        table = table.filter(pa.array(sides == chosen.only))
        lines["written"] = f"{chosen.only} only: {counted(table.num_rows, 'row')}"
        facts["only"] = chosen.only
    return table, lines, {"split": facts}


def _said(split: PoolSplit, rows: Any, names: list[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """The shares that these rows (each once) reach, and their near-duplicates. names: the sides in the order shown."""
    counts, total = split.counts(rows), max(len(rows), 1)
    groups, members = split.near_duplicates(rows)
    wanted = dict(zip(split.names, split.shares, strict=True))
    reached = [f"{name} {counts[name]:,} ({counts[name] / total:.1%}; wanted {wanted[name]:.1%})" for name in names]
    lines = {"split": ", ".join(reached)}
    if split.grouped_by == "id":
        lines["near-duplicates"] = "may be on different sides: the campaign has no clusters, and each id decides alone"
    else:
        how = "clusters as they were given" if split.height is None else f"the tree cut at height {split.height:.4g}"
        lines["near-duplicates"] = (
            f"{members:,} of these examples in {counted(groups, 'group')}, each on one side ({how})"
        )
    if split.parted:
        lines["parted"] = (
            f"{counted(split.parted, 'cluster')} of the pool {of_number(split.parted, 'is')} on several sides: "
            "a later clustering joined examples that had "
            "their sides"
        )
    facts: dict[str, Any] = {
        "sides": [{"name": name, "share": wanted[name], "examples": counts[name]} for name in names],
        "seed": split.seed,
        "grouped_by": split.grouped_by,
        "height": split.height,
        "near_duplicate_groups": groups,
        "near_duplicates": members,
        "parted_clusters": split.parted,
    }
    return lines, facts
