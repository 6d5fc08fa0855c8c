"""Whether a ledger is as it was written: seals over its records, and the values that records may hold.

A seal is the SHA-256 of a record, so that a damaged one is found before its numbers are used. Seals lie in a table of
their own, seal(record, sha256). A ledger from before there were seals has none, and only SQLite and JSON check it. A
seal does not say that a record makes sense. The check of contents does, so readers of a ledger can rely on a metric
being a number and on a list being a list.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ladle.errors import CorruptFileError
from ladle.lab.protocol.experiment import StrategyEntry

_SEAL_TABLE = "CREATE TABLE IF NOT EXISTS seal (record TEXT PRIMARY KEY, sha256 TEXT NOT NULL)"
_KEY_COLUMNS = {"run": 1, "start": 1, "round": 3}  # how many of a table's first columns name a record
_JSON_COLUMNS = {"run": (), "start": (2, 5), "round": (4, 5, 6)}  # which columns must hold an object of JSON
_Fits = Callable[[Any], bool]
_LARGEST = 1e100  # of any number: sums and squares of such numbers are finite


def seal(connection: sqlite3.Connection, table: str, values: Sequence[Any]) -> None:
    """Seal a record of `table` with these values in all its columns, in the transaction that writes the record."""
    connection.execute(_SEAL_TABLE)
    connection.execute("INSERT OR REPLACE INTO seal VALUES (?, ?)", (_record_name(table, values), _digest(values)))


def check_seals(connection: sqlite3.Connection, path: Path) -> None:
    """Raises: CorruptFileError naming the record when one is damaged or gone. Cost: reads the ledger twice."""
    try:
        (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if result != "ok":
            raise corrupt(path, str(result))
        seals = dict(_seals(connection))
        for table in _KEY_COLUMNS:
            for values in connection.execute(f"SELECT * FROM {table}"):
                _check_record(path, table, values, seals.pop(_record_name(table, values), None))
    except sqlite3.DatabaseError as cause:
        raise corrupt(path, str(cause)) from cause
    if seals:
        raise corrupt(path, f"no {min(seals)}")


def _check_record(path: Path, table: str, values: Sequence[Any], seal: str | None) -> None:
    whole = seal is None or seal == _digest(values)
    for column in _JSON_COLUMNS[table]:
        try:
            whole = whole and isinstance(json.loads(values[column]), dict)
        except ValueError:
            whole = False
    if not whole:
        raise corrupt(path, f"other content in {_record_name(table, values)}")


def _seals(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'seal'").fetchone():
        yield from connection.execute("SELECT record, sha256 FROM seal")


def _record_name(table: str, values: Sequence[Any]) -> str:
    return " ".join([table, *(str(value) for value in values[: _KEY_COLUMNS[table]])])


def _digest(values: Sequence[Any]) -> str:
    total = hashlib.sha256()
    for value in values:
        content = value if isinstance(value, bytes) else repr(value).encode()
        total.update(b"%d:" % len(content))
        total.update(content)
    return total.hexdigest()


def corrupt(path: Path, got: str) -> CorruptFileError:
    """The error of a ledger that holds values no run wrote."""
    return CorruptFileError(
        f"the ledger {path}",
        wanted="be as it was written",
        got=got,
        remedy="Restore it from a copy, or run in a new folder.",
    )


def check_contents(connection: sqlite3.Connection, path: Path, metrics: Iterable[str]) -> None:
    """Check that every record holds values a run can write.

    metrics: the experiment's; every measurement has them. The text of the experiment is not checked here.
    Raises: CorruptFileError naming the record and the impossible value. Cost: reads the ledger once.
    """
    measures = _numbers(required=metrics)
    try:
        for name, table, kinds in (
            ("the facts of the run", "run WHERE key = 'facts'", {"value": _json(_within(_RUN))}),
            ("the start of trial {trial}", "start", _START | {"metrics": measures}),
            ("round {round} of {strategy} in trial {trial}", "round", _ROUND | {"metrics": measures}),
        ):
            for values in connection.execute(f"SELECT {', '.join(kinds)} FROM {table}"):
                _check_values(path, name, dict(zip(kinds, values, strict=True)), kinds)
    except sqlite3.DatabaseError as cause:  # another table of that name
        raise corrupt(path, str(cause)) from cause


def parse_entries(text: Any, path: Path) -> list[StrategyEntry]:
    """The strategies in a JSON list. Raises: CorruptFileError."""
    try:
        return [StrategyEntry.model_validate(each) for each in json.loads(text)]
    except (TypeError, ValueError) as cause:
        raise corrupt(path, "other content in the strategies left out") from cause


def _check_values(path: Path, record: str, values: Mapping[str, Any], kinds: Mapping[str, _Fits]) -> None:
    for name, fits in kinds.items():
        if not fits(values[name]):
            raise corrupt(path, f"an impossible `{name}` in {record.format(**values)}: {values[name]!r:.80}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_count(each) for each in value.values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _whole(known: Mapping[str, _Fits]) -> _Fits:
    """An object that has all known names, with values of their kind."""
    return lambda value: _within(known)(value) and set(known) <= set(value)


def _list_of(fits: _Fits) -> _Fits:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _or_none(fits: _Fits) -> _Fits:
    return lambda value: value is None or fits(value)


def _within(known: Mapping[str, _Fits]) -> _Fits:
    """An object whose known names hold values of their kind; other names may hold anything."""
    return lambda value: (
        isinstance(value, dict) and all(fits(value[name]) for name, fits in known.items() if name in value)
    )


def _json(fits: _Fits) -> _Fits:
    """JSON text of a value that `fits`."""

    def parsed(text: Any) -> bool:
        try:
            return isinstance(text, str) and fits(json.loads(text))
        except (ValueError, RecursionError):
            return False

    return parsed


def _numbers(*, least: float = -_LARGEST, required: Iterable[str] = ()) -> _Fits:
    """JSON text of an object of numbers."""
    named = tuple(required)
    return _json(
        lambda value: (
            isinstance(value, dict)
            and all(name in value for name in named)
            and all(_is_number(each) and each >= least for each in value.values())
        )
    )


_SHARES = ("on_labels", "on_test", "reference_on_labels", "reference_on_test")
_SECONDS = _numbers(least=0)
_DATASET = {
    "name": _is_text, "rows": _is_count, "test_rows": _is_count, "classes": _is_count,
    "class_names": _list_of(_is_text), "only_in_test": _is_counts, "licence": _is_text, "source": _is_text,
    "digest": _is_text,
}  # fmt: skip
_RUN = {
    "dataset": _within(_DATASET), "learner": _is_text, "learner_options": _is_object,
    "near_limit": _or_none(_is_number), "near_by_chance": _or_none(_is_share), "near_compared": _is_count,
    "versions": _is_object, "machine": _is_object, "began": _is_text, "went_on_with": _list_of(_is_text),
}  # fmt: skip
_FIT = {"measure": _is_text, **dict.fromkeys(_SHARES, _is_share)}
_BATCH = {
    "clusters_touched": _or_none(_is_number), "near_duplicates": _or_none(_is_number),
    "near_compared": _or_none(_is_number), "distinct_originals": _or_none(_is_number),
    "class_counts": _or_none(_list_of(_is_count)), "margins": _or_none(_list_of(_is_number)),
    "story": _or_none(_is_object), "converged": _or_none(_is_switch), "fit": _or_none(_whole(_FIT)),
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
