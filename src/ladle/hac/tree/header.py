"""The header of a tree's file: every field is checked for its type and its range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladle.arrays import FLOATS
from ladle.errors import ArgumentError, CorruptFileError, FileFormatError
from ladle.hac.tree.archive import impossible
from ladle.hac.tree.fields import Checks
from ladle.hac.tree.level import LEVELS, Level
from ladle.metric import METRICS

FORMAT = "ladle-dendrogram"
SINGLE_VERSION = 1  # the last that kept heights and means in float32
SINGLE_ROUNDING = 2.0**-24  # of a number that was rounded to float32
MOST_ROUNDING = 1e-3
MOST_ROWS = int(np.iinfo(np.int32).max)  # labels are int32
MOST_COUNT = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class TreeHeader:
    """The header of a tree's file, checked."""

    single: bool  # whether heights and means are float32
    n: int
    metric: str
    certified: float
    recall: float | None
    checks: Checks | None
    known_below: float
    level: Level | None
    rounding: float
    typical_distance: float | None
    pool_digest: str
    dim: int
    dtype: str
    vectors_digest: str
    skipped: int  # rows of the source that were left out
    carried: int | None  # merges that the clusters of the prototypes are made of
    carried_rounding: float  # of the prototypes


def parse_header(values: dict[str, Any], subject: str, *, newest: int) -> TreeHeader:
    """Check the values of a header. newest: the version of the format that this Ladle writes.

    Raises: FileFormatError for another format or a newer version; CorruptFileError for a field that is missing, or
    outside its range.
    """
    if values.get("format") != FORMAT:
        raise FileFormatError(
            subject, wanted="be a tree that Ladle wrote", got=f"format {values.get('format')!r}"[:200]
        )
    fields = _HeaderFields(values, subject)
    version = fields.whole("format_version", 1)
    if version > newest:
        raise FileFormatError(
            subject,
            wanted=f"have format version {newest} or older",
            got=f"version {version}, written by Ladle {values.get('ladle')}",
            remedy="Update Ladle.",
        )
    most = float(np.finfo(np.float64).max)
    known_below = fields.optional("known_below", 0.0, math.inf)
    single = version == SINGLE_VERSION
    carried = fields.part("prototypes", ("merges",) if single else ("merges", "rounding"))
    return TreeHeader(
        single=single,
        n=fields.whole("n", 1, MOST_ROWS),
        metric=fields.text("metric", METRICS),
        certified=fields.number("certified", 0.0, 1.0),
        recall=fields.optional("recall", 0.0, 1.0),
        checks=fields.checks(),
        known_below=math.inf if known_below is None else known_below,
        level=fields.level(),
        rounding=SINGLE_ROUNDING if single else fields.number("rounding", 0.0, MOST_ROUNDING),
        typical_distance=fields.optional("typical_distance", 0.0, most) if "typical_distance" in values else None,
        pool_digest=fields.text("pool_digest"),
        dim=0 if single else fields.whole("dim", 0),
        dtype="" if single else fields.text("dtype", ("", *(np.dtype(each).name for each in FLOATS))),
        vectors_digest="" if single else fields.text("vectors_digest"),
        skipped=fields.whole("skipped", 0) if "skipped" in values else 0,
        carried=None if carried is None else _HeaderFields(carried, subject).whole("merges", 0),
        carried_rounding=SINGLE_ROUNDING
        if single or carried is None
        else _HeaderFields(carried, subject).number("rounding", 0.0, MOST_ROUNDING),
    )


@dataclass(frozen=True, slots=True)
class _HeaderFields:
    """The fields of a JSON object; every method raises CorruptFileError for a value that the field cannot hold."""

    values: dict[str, Any]
    subject: str

    def whole(self, name: str, least: int, most: int = MOST_ROWS) -> int:
        value = self.values.get(name)
        if type(value) is int and least <= value <= most:
            return value
        raise self._refused(name)

    def number(self, name: str, least: float, most: float) -> float:
        value = self.values.get(name)
        if type(value) in (int, float) and math.isfinite(value) and least <= value <= most:  # type: ignore[arg-type,operator]
            return float(value)  # type: ignore[arg-type]
        raise self._refused(name)

    def optional(self, name: str, least: float, most: float) -> float | None:
        if name in self.values and self.values[name] is None:
            return None
        return self.number(name, least, most)

    def text(self, name: str, choices: tuple[str, ...] | None = None) -> str:
        value = self.values.get(name)
        if isinstance(value, str) and (choices is None or value in choices):
            return value
        raise self._refused(name)

    def part(self, name: str, keys: tuple[str, ...]) -> dict[str, Any] | None:
        """An object of exactly these keys; None where it is null, or absent as in files of older Ladles."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, dict) and sorted(value) == sorted(keys):
            return value
        raise self._refused(name)

    def checks(self) -> Checks | None:
        names = ("inversions", "pushes")
        value = self.part("checks", names)
        if value is None:
            return None
        counts = _HeaderFields(value, self.subject)
        return Checks(*(counts.whole(name, 0, MOST_COUNT) for name in names))

    def level(self) -> Level | None:
        value = self.part("level", LEVELS)
        if value is None:
            return None
        parts = _HeaderFields(value, self.subject)
        if isinstance(value["n_clusters"], float) and value["n_clusters"].is_integer():  # earlier versions took 5.0
            value["n_clusters"] = int(value["n_clusters"])
        clusters = None if value["n_clusters"] is None else parts.whole("n_clusters", 1)
        most = float(np.finfo(np.float64).max)
        try:
            return Level(parts.optional("mean_size", 1, most), parts.optional("threshold", 0, most), clusters)
        except ArgumentError as cause:
            raise impossible(self.subject, "have a level that a tree can be cut at", cause.got) from cause

    def _refused(self, name: str) -> CorruptFileError:
        got = repr(self.values[name])[:80] if name in self.values else "none"
        return impossible(self.subject, f"have a possible `{name}` in its header", got)
