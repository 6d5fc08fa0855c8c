"""What the records of a ledger may hold, checked when it is opened: a seal does not say that they make sense.

Readers of a ledger then need not ask whether a metric is a number or a list a list.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ladle.lab.ledger.seals import corrupt
from ladle.lab.protocol.experiment import StrategyEntry

_Fits = Callable[[Any], bool]
_LARGEST = 1e100  # of any number: sums and squares of such numbers are finite


def check(connection: sqlite3.Connection, path: Path, metrics: Iterable[str]) -> None:
    """Raises: CorruptFileError, naming the record and what of it is impossible. Cost: reads the ledger once.

    metrics: those of the experiment, which every measurement has. The text of the experiment is not looked at.
    """
    measures = _numbers(required=metrics)
    try:
        for name, table, kinds in (
            ("the facts of the run", "run WHERE key = 'facts'", {"value": _json(_within(_RUN))}),
            ("the start of trial {trial}", "start", _START | {"metrics": measures}),
            ("round {round} of {strategy} in trial {trial}", "round", _ROUND | {"metrics": measures}),
        ):
            for values in connection.execute(f"SELECT {', '.join(kinds)} FROM {table}"):
                _check(path, name, dict(zip(kinds, values, strict=True)), kinds)
    except sqlite3.DatabaseError as cause:  # another table of that name
        raise corrupt(path, str(cause)) from cause


def entries(text: Any, path: Path) -> list[StrategyEntry]:
    """The strategies in a list of JSON. Raises: CorruptFileError."""
    try:
        return [StrategyEntry.model_validate(each) for each in json.loads(text)]
    except (TypeError, ValueError) as cause:
        raise corrupt(path, "other content in the strategies left out") from cause


def _check(path: Path, record: str, values: Mapping[str, Any], kinds: Mapping[str, _Fits]) -> None:
    for name, fits in kinds.items():
        if not fits(values[name]):
            raise corrupt(path, f"an impossible `{name}` in {record.format(**values)}: {values[name]!r:.80}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _list_of(fits: _Fits) -> _Fits:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _or_none(fits: _Fits) -> _Fits:
    return lambda value: value is None or fits(value)


def _within(known: Mapping[str, _Fits]) -> _Fits:
    """An object whose known names hold what they should; others may hold anything."""
    return lambda value: (
        isinstance(value, dict) and all(fits(value[name]) for name, fits in known.items() if name in value)
    )


def _json(fits: _Fits) -> _Fits:
    """Text that is JSON of what `fits`."""

    def parsed(text: Any) -> bool:
        try:
            return isinstance(text, str) and fits(json.loads(text))
        except (ValueError, RecursionError):
            return False

    return parsed


def _numbers(*, least: float = -_LARGEST, required: Iterable[str] = ()) -> _Fits:
    """An object of numbers, in JSON text."""
    named = tuple(required)
    return _json(
        lambda value: (
            isinstance(value, dict)
            and all(name in value for name in named)
            and all(_is_number(each) and each >= least for each in value.values())
        )
    )


_SECONDS = _numbers(least=0)
_DATASET = {
    "name": _is_text, "rows": _is_count, "test_rows": _is_count, "classes": _is_count,
    "class_names": _list_of(_is_text), "licence": _is_text, "source": _is_text, "digest": _is_text,
}  # fmt: skip
_RUN = {
    "dataset": _within(_DATASET), "learner": _is_text, "learner_options": _is_object,
    "near_limit": _or_none(_is_number), "near_compared": _is_count, "versions": _is_object, "machine": _is_object,
    "began": _is_text, "went_on_with": _list_of(_is_text),
}  # fmt: skip
_BATCH = {
    "clusters_touched": _or_none(_is_number), "near_duplicates": _or_none(_is_number),
    "near_compared": _or_none(_is_number), "distinct_originals": _or_none(_is_number),
    "class_counts": _or_none(_list_of(_is_count)), "margins": _or_none(_list_of(_is_number)),
    "story": _or_none(_is_object),
}  # fmt: skip
_START: dict[str, _Fits] = {
    "trial": _is_count, "labels": _is_count, "certified": _is_number, "clusters": _is_count,
    "seconds": _SECONDS, "rows": lambda value: isinstance(value, bytes),
}  # fmt: skip
_ROUND: dict[str, _Fits] = {
    "trial": _is_count, "strategy": _is_text, "labels": _is_count,
    "round": lambda value: _is_count(value) and value > 0,
    "seconds": _SECONDS, "facts": _json(_within(_BATCH)), "rows": lambda value: isinstance(value, bytes),
}  # fmt: skip
