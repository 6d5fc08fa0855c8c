"""When answers were given, by the word of whoever tells them: the forms of a time, and times still to come."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ladle.errors import ArgumentError, DataError
from ladle.formats import Form, read_labels
from ladle.iso_times import read_time
from ladle.labelling import Store
from tests.campaign.made import Clock, begun, ids_of, margins

ONE, TWO, THREE, FOUR = ids_of(4)
DAY = 86_400.0


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def written(folder: Path, name: str, *lines: str, header: str = "id,label") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


@pytest.mark.parametrize("way", ["tell", "import", "skip", "file", "comment", "round"])
def test_times_that_are_still_to_come_are_counted_and_the_first_is_named(
    way: str, store: Store, tmp_path: Path
) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    times = [clock.now + 250, clock.now + 350, clock.now + 200 * DAY]
    ids = [ONE, TWO, THREE]
    if way == "tell":
        notices = campaign.tell(ids, ["cat"] * 3, told_at=times).notices
    elif way == "import":
        notices = campaign.import_labels(ids, ["cat"] * 3, source="old", told_at=times).notices
    elif way == "skip":
        notices = campaign.skip(ids, reason="dark", annotator="ann", told_at=times).notices
    else:
        cells = ",a smudge" if way == "comment" else "cat,"
        lines = [f"{each},{cells},{iso(at)}" for each, at in zip(ids, times, strict=True)]
        path = written(tmp_path, "times.csv", *lines, f"{FOUR},cat,,", header="id,label,comment,told_at")
        if way == "round":
            notices = campaign.round(1, margins=margins(), labels=[path]).told[0].notices
        else:
            notices = campaign.tell_file(path).notices
    assert len(notices) == 1, "five minutes are a clock that is a little ahead"
    where = {"file": "line 3 ", "round": "line 3 ", "comment": "the one on "}.get(way, "answer 2 ")
    noun = "comments have" if way == "comment" else "answers have"
    assert notices[0].startswith(f"2 {noun} a time that is still to come: the first is {where}")
    assert repr(TWO) in notices[0]
    assert "2027-01-15 08:05 UTC, and it is 2027-01-15 08:00 UTC" in notices[0]


@pytest.mark.parametrize("way", ["tell", "skip", "file"])
def test_a_time_beyond_a_year_ahead_is_refused(way: str, store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    for days, is_refused in ((365, False), (367, True), (72 * 365, True)):
        at = clock.now + days * DAY
        path = written(tmp_path, f"{days}.csv", f"{ONE},cat,", f"{TWO},cat,{iso(at)}", header="id,label,told_at")
        acts = {
            "tell": lambda at=at: campaign.tell([ONE], ["cat"], told_at=[at]),
            "skip": lambda at=at: campaign.skip([ONE], reason="dark", annotator="ann", told_at=at),
            "file": lambda path=path: campaign.tell_file(path),
        }
        log = len(campaign.audit())
        if is_refused:
            with pytest.raises((ArgumentError, DataError), match="at most a year ahead of now") as refused:
                acts[way]()
            assert ("line 3 of" in str(refused.value)) == (way == "file")
            assert len(campaign.audit()) == log
        else:
            acts[way]()


def test_a_correction_without_a_time_stands_after_an_answer_from_the_future(store: Store, tmp_path: Path) -> None:
    """It is as late as that answer, so that it stands by the times alone, in a later merge of two names too."""
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    future = clock.now + 200 * DAY
    campaign.tell([ONE], ["cat"], annotator="ann", told_at=future)
    assert campaign.tell([ONE], ["dog"], annotator="ann").changed == 1
    assert campaign.tell([ONE], ["owl"], annotator="ann", told_at=clock.now).older == 1, "a time of today"
    current = [row for row in campaign.labels() if row.status == "current"]
    assert [(row.label, row.told_at.timestamp()) for row in current] == [("dog", future)]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-20", "2026-01-20T00:00:00+00:00"),
        ("20260120", "2026-01-20T00:00:00+00:00"),
        ("2026-W04-2", "2026-01-20T00:00:00+00:00"),
        ("20260120T101112", "2026-01-20T10:11:12+00:00"),
        ("20260120T101112+0200", "2026-01-20T08:11:12+00:00"),
        ("2026-01-20 10", "2026-01-20T10:00:00+00:00"),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_a_day_in_a_file_is_its_beginning_and_basic_forms_are_read(
    name: str, text: str, at: str, store: Store, tmp_path: Path
) -> None:
    campaign = begun(store, tmp_path)
    path = tmp_path / name
    rows = [{"id": ONE, "label": "cat", "told_at": text}, {"id": TWO, "label": "dog", "told_at": "2026-01-21T00:00Z"}]
    if name == "t.csv":
        path.write_text("\n".join(["id,label,told_at", *(",".join(row.values()) for row in rows)]))
    elif name == "t.jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    campaign.tell_file(path)
    assert [row.told_at.isoformat() for row in campaign.labels()] == [at, "2026-01-21T00:00:00+00:00"]


def test_a_column_of_dates_is_read_as_days(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    for kind in (pa.date32(), pa.date64()):
        days = pa.array([date(2026, 1, 20), None], kind)
        pq.write_table(
            pa.table({"id": [ONE, TWO], "label": ["cat", "dog"], "told_at": days}), tmp_path / f"{kind}.parquet"
        )
        campaign.tell_file(tmp_path / f"{kind}.parquet", annotator=str(kind))
    times = [row.told_at.isoformat() for row in campaign.labels() if row.id == ONE]
    assert times == ["2026-01-20T00:00:00+00:00"] * 2


@pytest.mark.parametrize(
    "text", ["20/11/2026", "20.11.2026", "20-11-2026", "20112026", "2026", "2026-W47", "1763600000"]
)
def test_a_time_that_could_be_read_in_two_ways_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no time|Invalid|month"):
        read_time(text)
    path = written(tmp_path, "t.csv", f"{ONE},cat,2026-01-20", f"{TWO},cat,{text}", header="id,label,told_at")
    with pytest.raises(DataError, match=r"line 3 of .* must have a time such as .*, or 2026-01-31 for the beginning"):
        read_labels(path, form=Form())
