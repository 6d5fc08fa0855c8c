"""The part of an experiment's report that shows what each strategy chose first: pictures, or texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from ladle.report.experiment_facts import ExperimentFacts
from ladle.report.experiment_figures import series_of
from ladle.report.markup import key, lines, pictures, section, text
from ladle.report.thumbnails import thumbnails

Chosen = tuple[tuple[int, int], ...]  # place in the batch, row of the pool
_LETTERS = 160  # of a text, enough to know it by


def examples_section(facts: ExperimentFacts, inputs: npt.NDArray[Any]) -> str:
    """Examples of every strategy's first batch; nothing of a published ledger, which has no rows.

    Raises: ArgumentError for inputs that are neither pictures nor texts; MissingDependencyError.
    """
    if not facts.batches[0].first_batch:
        return ""
    show = _texts(inputs) if inputs.dtype.kind == "S" else _pictures(facts, inputs)
    shown = [
        f"<h3>{key(series_of(facts, each.strategy))}{text(each.strategy)}</h3>"
        + show(each.first_batch, f"Examples chosen by {each.strategy}")
        for each in facts.batches
    ]
    return section(
        "What each strategy chose first",
        f"{len(facts.batches[0].first_batch)} examples of the first batch of the first trial, evenly spaced in the "
        "order of choice.",
        *shown,
    )


def _pictures(facts: ExperimentFacts, images: npt.NDArray[Any]) -> Callable[[Chosen, str], str]:
    sources = thumbnails(images, sorted({row for each in facts.batches for _, row in each.first_batch}))

    def show(chosen: Chosen, label: str) -> str:
        return pictures(((sources[row], _named(place, row), False) for place, row in chosen), label)

    return show


def _texts(texts: npt.NDArray[Any]) -> Callable[[Chosen, str], str]:
    def show(chosen: Chosen, label: str) -> str:
        return lines(((_shortened(bytes(texts[row])), _named(place, row)) for place, row in chosen), label)

    return show


def _named(place: int, row: int) -> str:
    return f"number {place + 1:,}, row {row:,}"


def _shortened(told: bytes) -> str:
    whole = told.decode(errors="replace")
    return whole if len(whole) <= _LETTERS else whole[: _LETTERS - 1].rstrip() + "…"
