"""Texts: WordNet's glosses and the words of nine languages, on tiny files made here; how texts become features."""

import numpy as np
import pytest

from ladle.errors import ArgumentError, CorruptFileError, FileError
from ladle.lab.data import wordnet45, words9
from ladle.lab.data.datasets import as_features
from ladle.lab.data.ngrams import Ngrams, as_letters, as_texts
from tests.lab.published import of_debian


class TestWordnet45:
    def write(self, folder, *, classes=(5, 29, 0, 2)):
        for part, label in zip(wordnet45.PARTS, classes, strict=True):
            lines = [
                f'{number:08d} {label:02d} n 01 w 0 000 | gloss {part} {number}; "as said"  ' for number in range(5)
            ]
            (folder / f"data.{part}").write_text("\n".join(["  1 the licence | with a bar", *lines]) + "\n")

    def test_glosses_and_their_classes(self, tmp_path):
        self.write(tmp_path)
        dataset = wordnet45.wordnet_45(folder=str(tmp_path), test_rows=6)
        assert (len(dataset), len(dataset.test_labels)) == (14, 6)
        assert len(dataset.class_names) == 45
        for text, label, row in zip(dataset.inputs, dataset.labels, dataset.ids, strict=True):
            part = wordnet45.PARTS[row // 5]
            assert text.decode() == f'gloss {part} {row % 5}; "as said"'
            assert label == {"noun": 5, "verb": 29, "adj": 0, "adv": 2}[part]

    def test_the_split_repeats(self, tmp_path):
        self.write(tmp_path)
        first, second = (wordnet45.wordnet_45(folder=str(tmp_path), test_rows=6) for _ in range(2))
        np.testing.assert_array_equal(first.ids, second.ids)

    def test_absent_and_damaged_files_are_refused(self, tmp_path):
        with pytest.raises(FileError, match="apt-get install wordnet-base"):
            wordnet45.wordnet_45(folder=str(tmp_path))
        self.write(tmp_path, classes=(5, 99, 0, 2))
        with pytest.raises(CorruptFileError, match="second field"):
            wordnet45.wordnet_45(folder=str(tmp_path), test_rows=6)
        self.write(tmp_path)
        (tmp_path / "data.adv").write_text("00001740 02 r | cut short\n")
        with pytest.raises(CorruptFileError, match="fourth field"):
            wordnet45.classes_of_words(tmp_path)

    @pytest.mark.long
    def test_the_published_glosses_are_there_in_full(self):
        dataset = wordnet45.wordnet_45(folder=of_debian(wordnet45.HOME, package="wordnet-base"))
        counts = np.bincount(np.concatenate([dataset.labels, dataset.test_labels]), minlength=45)
        assert (len(dataset), counts.sum(), counts.min(), counts.max()) == (100_000, 117_659, 42, 14_435)


class TestWords9:
    @pytest.fixture
    def lists(self, tmp_path):
        for number, name in enumerate(words9.LISTS):
            words = [f"{'abcdefghi'[number]}{'ö' * (word % 3)}{word}" for word in range(60)]
            lines = [*words, words[0], "", "radio"]  # a repeat, a blank, and a word of every language
            encoding = "latin-1" if name in words9.LATIN_1 else "utf-8"
            (tmp_path / name).write_bytes("\n".join(lines).encode(encoding))
        return tmp_path

    def test_each_list_counts_a_word_once(self, lists):
        dataset = words9.words_9(folder=str(lists), test_share=0.2)
        texts = np.concatenate([dataset.inputs, dataset.test_inputs])
        labels = np.concatenate([dataset.labels, dataset.test_labels])
        assert np.bincount(labels).tolist() == [61] * 9
        for text, label in zip(texts, labels, strict=True):
            assert text == b"radio" or text[:1] == b"abcdefghi"[label : label + 1]
        assert "ö".encode() in b"".join(texts[labels == 8])  # Swedish, from Latin-1

    def test_no_spelling_is_on_both_sides(self, lists):
        dataset = words9.words_9(folder=str(lists), test_share=0.2)
        assert not set(dataset.inputs.tolist()) & set(dataset.test_inputs.tolist())
        assert 60 < len(dataset.test_labels) < 160

    def test_the_hash_does_not_see_the_width(self):
        narrow, wide = np.array([b"ab", b"c"]), np.array([b"ab", b"c", b"much longer"])
        np.testing.assert_array_equal(words9.spelling_hashes(narrow), words9.spelling_hashes(wide)[:2])

    def test_an_absent_list_says_what_brings_it(self, lists):
        (lists / "polish").unlink()
        with pytest.raises(FileError, match=r"apt-get install wamerican .* wpolish"):
            words9.words_9(folder=str(lists))
        with pytest.raises(ArgumentError, match="test_share"):
            words9.words_9(folder=str(lists), test_share=1)


class TestNgrams:
    def test_counts_are_those_of_plain_python(self):
        texts = as_texts(["abab", "", "ö", "a"])
        counts = Ngrams(shortest=2, longest=3, buckets=1 << 20).counts(texts)
        for text, row in zip(texts, counts, strict=True):
            marked = b"\x02" + bytes(text) + b"\x03"
            grams = [marked[start : start + size] for size in (2, 3) for start in range(len(marked) - size + 1)]
            expected = sorted(np.unique(np.array([gram.hex() for gram in grams]), return_counts=True)[1].tolist())
            assert sorted(row[row > 0].astype(int).tolist()) == expected

    def test_words_are_whole_and_in_pairs(self):
        ngrams = Ngrams(longest=0, words=True, buckets=1 << 20)
        first, second, turned, blank = ngrams.counts(as_texts(["The cat, sat", "the CAT sat", "sat cat the", "?!"]))
        np.testing.assert_array_equal(first, second)
        assert first.sum() == 5
        assert (first > 0)[turned > 0].sum() == 3  # the words, not the pairs
        assert blank.sum() == 1

    def test_texts_have_features(self):
        features = as_features(as_texts(["near", "nears", "zzz"]))
        directions = features / np.linalg.norm(features, axis=1, keepdims=True)
        assert directions[0] @ directions[1] > 0.7
        assert directions[0] @ directions[2] < 0.5

    def test_what_is_no_text_is_refused(self):
        with pytest.raises(ArgumentError, match="dtype S"):
            as_letters(np.zeros(3))
        for options in ({"shortest": 0}, {"shortest": 4, "longest": 3}, {"longest": 0}, {"buckets": 100}):
            with pytest.raises(ArgumentError):
                Ngrams(**options)
