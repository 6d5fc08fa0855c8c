"""The ledger: what is added is there, once, whatever happens next."""

import io
import json
import math
import sqlite3
import zlib
from threading import Thread

import numpy as np
import pytest

from ladle.errors import ArgumentError, CorruptFileError, FileError, FileFormatError
from ladle.lab.ledger import integrity
from ladle.lab.ledger.ledger import Ledger, is_ledger
from ladle.lab.ledger.records import RoundRecord, StartRecord, pack_rows, unpack_rows
from tests.lab.standins import TOML, experiment

FACTS = {"learner": "a perceptron", "near_limit": 0.1, "dataset": {"name": "toy", "rows": 400}}


def start(trial=0, height=0.25):
    metrics = {"accuracy": height, "macro_f1": height / 2}
    return StartRecord(trial, 30, metrics, 1.0, 80, {"train": 0.5}, pack_rows(np.arange(30)))


def round_of(strategy="Margin", number=1, trial=0, height=0.5):
    metrics = {"accuracy": height, "macro_f1": height / 2}
    rows = np.arange(20) + 30 + 20 * number
    facts = {"near_duplicates": 3, "class_counts": [7, 7, 6]}
    return RoundRecord(trial, strategy, number, 30 + 20 * number, metrics, {"train": 1.0}, facts, pack_rows(rows))


def test_what_is_read_while_it_is_held_still_is_of_one_moment(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with Ledger.create(path, TOML, FACTS) as writer, Ledger.open(path) as reader:
        writer.add_start(start())
        with reader.held_still(), reader.held_still():
            assert reader.rounds("Margin") == []
            added = Thread(target=_add_round, args=(path,))
            added.start()
            added.join(0.3)
            assert added.is_alive()  # it waits
            assert reader.rounds("Margin") == []
        added.join()
        assert len(reader.rounds("Margin")) == 1


def _add_round(path):
    with Ledger.open(path) as ledger:
        ledger.add_round(round_of())


def test_fewer_trials_than_were_run_are_those_of_the_experiment(tmp_path):
    with Ledger.create(tmp_path / "ledger.sqlite", TOML, FACTS) as made:
        for trial in range(2):
            made.add_start(start(trial))
            for number in range(1, 4):
                made.add_round(round_of(number=number, trial=trial))
        assert made.trials("Margin") == [0, 1]
        made.extend(made.experiment().model_copy(update={"trials": 1}))
        assert made.trials("Margin") == [0]
        assert len(made.curves("Margin", "accuracy")) == 1


@pytest.fixture
def ledger(tmp_path):
    with Ledger.create(tmp_path / "ledger.sqlite", TOML, FACTS) as made:
        yield made


def test_a_new_ledger_says_what_is_run(ledger):
    assert ledger.experiment() == experiment()
    assert ledger.facts() == FACTS
    assert ledger.strategies() == ["Cluster-Margin", "Margin"]
    assert ledger.metrics() == ["accuracy", "macro_f1"]
    assert ledger.labels("Margin").tolist() == [30, 50, 70, 90]
    assert ledger.labels("Margin").dtype == np.int64
    assert ledger.finished() == (0, 12)
    assert (ledger.starts(), ledger.rounds("Margin"), ledger.trials("Margin")) == ([], [], [])
    assert ledger.curves("Margin", "accuracy").shape == (0, 4)


def test_records_come_back_whole(ledger):
    ledger.add_start(start())
    ledger.add_round(round_of())
    with Ledger.open(ledger.path) as other:
        (first,) = other.starts()
        (found,) = other.rounds("Margin")
    for record, made in ((first, start()), (found, round_of())):
        for name in made.__slots__:
            assert getattr(record, name) == getattr(made, name)
        np.testing.assert_array_equal(record.rows, made.rows)
        assert record.rows.dtype == np.int64


def test_curves_are_those_of_finished_trials(ledger):
    for trial, height in ((1, 0.3), (0, 0.25)):
        ledger.add_start(start(trial, height))
    for number in (2, 3, 1):
        ledger.add_round(round_of(number=number, trial=1, height=0.5 + number / 10))
    for number in (1, 2):
        ledger.add_round(round_of(number=number, trial=0))
    assert ledger.trials("Margin") == [1]
    np.testing.assert_allclose(ledger.curves("Margin", "accuracy"), [[0.3, 0.6, 0.7, 0.8]])
    np.testing.assert_allclose(ledger.curves("Margin", "macro_f1"), [[0.15, 0.3, 0.35, 0.4]])
    assert [(each.trial, each.round) for each in ledger.rounds("Margin")] == [(0, 1), (0, 2), (1, 1), (1, 2), (1, 3)]
    assert ledger.finished() == (5, 12)


def test_nothing_is_added_twice(ledger):
    ledger.add_start(start())
    ledger.add_round(round_of())
    with pytest.raises(ArgumentError, match=r"trial 0 must be added to a ledger once"):
        ledger.add_start(start(height=0.9))
    with pytest.raises(ArgumentError, match="round 1 of Margin in trial 0"):
        ledger.add_round(round_of(height=0.9))
    assert ledger.rounds("Margin")[0].metrics["accuracy"] == 0.5
    with pytest.raises(ValueError, match="JSON"):
        ledger.add_round(round_of(number=2, height=float("nan")))
    ledger.add_round(round_of(number=2))  # a refused one leaves nothing open


def test_unknown_names_are_refused(ledger):
    for ask in (ledger.labels, ledger.trials, ledger.rounds, lambda name: ledger.curves(name, "accuracy")):
        with pytest.raises(ArgumentError, match="Cluster-Margin, Margin"):
            ask("Nobody")
    with pytest.raises(ArgumentError, match="accuracy, macro_f1"):
        ledger.curves("Margin", "loss")


def test_it_may_be_read_while_it_is_written(ledger):
    with Ledger.open(ledger.path.parent) as reader:
        assert reader.finished() == (0, 12)
        ledger.add_round(round_of())
        assert reader.finished() == (1, 12)


def test_it_is_kept_as_safely_as_sqlite_can(ledger):
    connection = ledger._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_the_file_is_plain(ledger):
    """Another program needs SQLite, JSON, zlib and the .npy format, nothing of ours."""
    ledger.add_round(round_of())
    with sqlite3.connect(ledger.path) as connection:
        metrics, rows = connection.execute("SELECT metrics, rows FROM round").fetchone()
    connection.close()
    assert json.loads(metrics) == {"accuracy": 0.5, "macro_f1": 0.25}
    array = np.load(io.BytesIO(zlib.decompress(rows)))
    assert (array.dtype.str, array[0]) == ("<i8", 50)
    assert unpack_rows(rows).tolist() == array.tolist()


def test_more_rounds_are_an_extension(ledger):
    ledger.add_round(round_of())
    ledger.extend(experiment(trials=5))
    assert ledger.experiment().trials == 5
    assert ledger.finished() == (1, 30)


def test_files_that_are_no_ledger(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with pytest.raises(FileError, match="ladle lab run"):
        Ledger.open(tmp_path)
    assert not is_ledger(path)
    path.touch()
    assert not is_ledger(path)  # what a crash leaves before the first commit
    with pytest.raises(FileFormatError, match="no ledger"):
        Ledger.open(path)
    Ledger.create(path, TOML, FACTS).close()
    assert is_ledger(path)
    with pytest.raises(FileError, match="be a new file"):
        Ledger.create(path, TOML, FACTS)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(FileFormatError, match="version 9"):
        Ledger.open(path)
    path.write_bytes(b"not a database at all" * 100)
    for ask in (Ledger.open, is_ledger):
        with pytest.raises(FileFormatError, match="be a ledger"):
            ask(path)
    with pytest.raises(FileError, match="file that can be written"):
        Ledger.create(tmp_path / "absent" / "ledger.sqlite", TOML, FACTS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE run SET value = 'name = ' WHERE key = 'experiment'", "other content in run experiment"),
        ("UPDATE round SET metrics = replace(metrics, '0.5', '0.1')", "other content in round 0 Margin 1"),
        ("UPDATE round SET metrics = '{oops'", "other content in round 0 Margin 1"),
        ("UPDATE start SET certified = 0.5", "other content in start 0"),
        ("DELETE FROM round", "no round 0 Margin 1"),
        ("DROP TABLE start", "no such table: start"),
    ],
)
def test_a_damaged_one_says_so(ledger, change, words):
    ledger.add_start(start())
    ledger.add_round(round_of())
    Ledger.open(ledger.path).close()
    ledger._connection.execute(change)
    with pytest.raises(CorruptFileError, match=f"{words}.*Restore it from a copy"):
        Ledger.open(ledger.path)


def resealed(ledger, table, column, value):
    """Write a value where no run would, and make the seal of the record right again."""
    connection = ledger._connection
    where = "WHERE key = 'facts'" if table == "run" else ""
    connection.execute("DELETE FROM seal")
    connection.execute(f"UPDATE {table} SET {column} = ? {where}", (value,))
    for each in ("run", "start", "round"):
        for values in connection.execute(f"SELECT * FROM {each}").fetchall():
            integrity.seal(connection, each, values)


IMPOSSIBLE = [
    *(("run", "value", text) for text in ("[]", "null", '{"dataset": 3}', '{"dataset": {"rows": "many"}}')),
    ("run", "value", '{"dataset": {"class_names": [1]}}'),
    *(("run", "value", f'{{"dataset": {{"only_in_test": {text}}}}}') for text in ("3", '{"owl": -1}', '["owl"]')),
    *(("run", "value", f'{{"near_by_chance": {text}}}') for text in ("1.5", "-0.1", '"half"', "NaN", "true")),
    *(
        (table, "metrics", text)
        for table in ("start", "round")
        for text in ("{}", "[]", '{"accuracy": null}', '{"accuracy": NaN}', '{"accuracy": 1e308}', '{"accuracy": true}')
    ),
    *(
        (table, "seconds", text)
        for table in ("start", "round")
        for text in ("[]", '{"train": -1}', '{"train": "long"}')
    ),
    *((table, "labels", value) for table in ("start", "round") for value in (-1, 0.5, "many", b"")),
    *((table, "rows", value) for table in ("start", "round") for value in (3, "text")),
    *(("start", "certified", value) for value in ("all", b"", math.inf)),
    *(("round", "round", value) for value in (0, -1, "first", 1.5)),
    *(("round", "facts", text) for text in ("[]", '{"margins": 3}', '{"class_counts": ["a"]}', '{"story": "told"}')),
]


@pytest.mark.parametrize(("table", "column", "value"), IMPOSSIBLE)
def test_a_sealed_one_with_impossible_content_says_so(ledger, table, column, value):
    ledger.add_start(start())
    ledger.add_round(round_of())
    resealed(ledger, table, column, value)
    with pytest.raises(CorruptFileError, match=r"impossible|other content"):
        Ledger.open(ledger.path)


@pytest.mark.parametrize("packed", [b"", b"x", zlib.compress(b"x"), zlib.compress(b"\x93NUMPY" + bytes(200))])
def test_rows_that_cannot_be_unpacked_say_so(ledger, packed):
    ledger.add_start(start())
    resealed(ledger, "start", "rows", packed)
    with Ledger.open(ledger.path) as found, pytest.raises(CorruptFileError, match="packed numbers"):
        found.starts()[0].rows  # noqa: B018 - the reading is what fails


def test_one_from_before_there_were_seals_is_read(ledger):
    ledger.add_start(start())
    ledger._connection.execute("DROP TABLE seal")
    with Ledger.open(ledger.path) as found:
        found.add_round(round_of())  # has a seal, and the start none
    with Ledger.open(ledger.path) as found:
        assert (len(found.starts()), len(found.rounds("Margin"))) == (1, 1)
    ledger._connection.execute("UPDATE start SET metrics = '[]'")
    with pytest.raises(CorruptFileError, match="start 0"):
        Ledger.open(ledger.path)


def test_no_flipped_bit_changes_what_is_read(ledger, tmp_path):
    ledger.add_start(start())
    for number in range(1, 4):
        ledger.add_round(round_of(number=number))

    def read(path):
        with Ledger.open(path) as found:
            rounds = [(each.round, each.metrics, each.facts, each.packed_rows) for each in found.rounds("Margin")]
            return found.experiment(), found.facts(), [each.metrics for each in found.starts()], rounds

    whole, content = read(ledger.path), bytearray(ledger.path.read_bytes())
    damaged, found = tmp_path / "damaged.sqlite", 0
    random = np.random.default_rng(0)
    for place in random.integers(0, 8 * len(content), 120):
        content[place // 8] ^= 1 << (place % 8)
        damaged.write_bytes(content)
        try:
            assert read(damaged) == whole
        except (CorruptFileError, FileFormatError, FileError):
            found += 1
        content[place // 8] ^= 1 << (place % 8)
    assert found > 5  # the rest fell into pages that are not used
