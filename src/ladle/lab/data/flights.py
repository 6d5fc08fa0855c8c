"""Three million flights in the United States in 2001: millions of rows of a table, many of them similar."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ladle.errors import CorruptFileError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import find
from ladle.lab.data.splits import assemble, split_rows

FILE = "flights-3m.parquet"
LICENCE = "US Department of Transportation, in the public domain"
BRING = (
    f'Set LADLE_DATA to a folder and run: npm pack vega-datasets; tar xzf vega-datasets-*.tgz -C "$LADLE_DATA" '
    f"--strip-components=2 package/data/{FILE}"
)
COLUMNS = ("date", "delay", "distance", "origin", "destination")
CLASS_NAMES = ("early", "on time", "late")
LATE_MINUTES = 15  # from which the Department counts a flight as late
AIRPORTS = 24  # the busiest have a column of their own, as origin and as destination; the rest have none
_DAY, _WEEK, _YEAR = 86_400.0, 7.0, 365.0


def flights(*, folder: str = "", test_rows: int = 100_000) -> Dataset:
    """float32 (n, 55) features of flights; the class is whether it was early, on time or late (15 minutes and more).

    2.9 million to choose from, 100,000 to test on, by one seeded draw. Features: time of day, weekday and day of the
    year as sine and cosine, the logarithm of the distance, and the busiest 24 airports as origin and as destination, 0
    or 1.
    folder: the one with the file; empty: see `ladle.lab.data.locations`. `ids` are positions in the file.
    Raises: FileError, CorruptFileError, ArgumentError. Cost: 10 s; 0.7 GB, twice that while it is split.
    """
    table = _read(find(".", [FILE], folder=folder, bring=BRING) / FILE)
    delay = table.column("delay").to_numpy()
    labels = (delay >= 0).astype(np.int64) + (delay >= LATE_MINUTES)
    return assemble(
        "Flights",
        _features(table),
        labels,
        split_rows(len(labels), test_rows, "flights"),
        class_names=CLASS_NAMES,
        licence=LICENCE,
        source=f"{FILE} of vega-datasets; {test_rows:,} drawn by seed to test on",
    )


def _read(path: Path) -> pa.Table:
    from pyarrow.parquet import read_table

    try:
        table = read_table(path, columns=list(COLUMNS))
    except pa.ArrowInvalid as cause:
        raise CorruptFileError(f"the file {path}", wanted="be Parquet", got=str(cause), remedy=BRING) from cause
    if tuple(table.schema.names) != COLUMNS or any(column.null_count for column in table.columns):
        got = f"columns {', '.join(table.schema.names)}"
        raise CorruptFileError(f"the file {path}", wanted=f"have {', '.join(COLUMNS)}, without nulls", got=got)
    return table


def _features(table: pa.Table) -> npt.NDArray[np.float32]:
    when = table.column("date").to_numpy().astype("datetime64[s]")
    days = when.astype("datetime64[D]")
    turns = (
        (when - days).astype(np.float64) / _DAY,
        (days.astype(np.int64) % 7) / _WEEK,
        (days - days.astype("datetime64[Y]")).astype(np.float64) / _YEAR,
    )
    answer = np.zeros((len(when), 7 + 2 * AIRPORTS), np.float32)
    for place, turn in enumerate(turns):
        answer[:, 2 * place] = np.sin(2 * np.pi * turn)
        answer[:, 2 * place + 1] = np.cos(2 * np.pi * turn)
    answer[:, 6] = np.log1p(np.maximum(table.column("distance").to_numpy(), 0))
    rows = len(when)
    ends = pa.chunked_array([*table.column("origin").chunks, *table.column("destination").chunks])
    codes = ends.dictionary_encode().combine_chunks()
    counts = np.bincount(codes.indices.to_numpy())
    names = codes.dictionary.to_numpy(zero_copy_only=False).astype(np.str_)
    busiest = np.lexsort((names, -counts))[:AIRPORTS]  # of equals the first by name
    place_of = np.full(len(counts), -1)
    place_of[busiest] = np.arange(len(busiest))
    places = place_of[codes.indices.to_numpy()].reshape(2, rows)
    for first, place in zip((7, 7 + AIRPORTS), places, strict=True):
        known_pos = np.flatnonzero(place >= 0)
        answer[known_pos, first + place[known_pos]] = 1
    return answer
