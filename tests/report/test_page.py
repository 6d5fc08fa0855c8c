import base64
import io
import json
import re
import sys

import numpy as np
import pytest
from PIL import Image

from ladle.errors import ArgumentError, FileError, MissingDependencyError
from ladle.report import write_page
from ladle.report.thumbnails import thumbnails
from tests.report.made import made_dataset, made_study
from tests.report.reading import assert_described, assert_still_and_alone, read_page
from tests.report.test_facts import facts


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "page.html"
    write_page(path, facts(), made_dataset().inputs)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read(written):
    return read_page(written)


def test_nothing_is_fetched_and_nothing_runs(written, read):
    assert_still_and_alone(written, read)


def test_names_are_escaped(written):
    assert "Uni&lt;form&gt;" in written
    assert "<form" not in written


def test_every_picture_and_drawing_has_words(read):
    assert len(read.images) > 30
    assert len(read.figures) == 10  # six drawings, four of them for phones too
    assert_described(read)


def test_drawings_take_their_colours_from_the_page(written):
    assert "var(--series-0)" in written
    assert "var(--ink)" in written
    assert "#0a00" not in written
    assert "#01010" not in written


def test_the_page_is_the_same_every_time(written, tmp_path):
    write_page(tmp_path / "again.html", facts(), made_dataset().inputs)
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == written


def test_the_facts_are_inside_for_programs(written):
    block = re.search(r'id="facts">(.*?)</script>', written, re.DOTALL)[1]
    assert json.loads(block) == json.loads(json.dumps(facts().to_dict()))


def test_the_numbers_stand_in_tables(written):
    assert "85.00 ± 5.00" in written
    assert "too few trials to tell" in written


def test_a_study_of_one_trial_has_a_page(tmp_path):
    single = {"A": [[0.5, 0.6, 0.7]], "B": [[0.5, 0.7, 0.8]]}  # A never gets to where B ends
    write_page(tmp_path / "one.html", facts(accuracy=single), made_dataset().inputs)
    assert "none of one trial" in (tmp_path / "one.html").read_text(encoding="utf-8")


def test_a_folder_that_is_not_there_leaves_nothing(tmp_path):
    with pytest.raises(FileError):
        write_page(tmp_path / "absent" / "page.html", facts(), made_dataset().inputs)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"ladle\[lab\]"):
        write_page(tmp_path / "page.html", facts(), made_dataset().inputs)
    assert list(tmp_path.iterdir()) == []


class TestThumbnails:
    @pytest.mark.parametrize("shape", [(4, 7, 5), (4, 7, 5, 3)])
    def test_pixels_are_exact(self, shape):
        images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        shown = thumbnails(images, [3, 1])
        assert set(shown) == {1, 3}
        for row, source in shown.items():
            content = base64.b64decode(source.removeprefix("data:image/png;base64,"))
            np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), images[row])

    @pytest.mark.parametrize(
        "images", [np.zeros((4, 9), np.uint8), np.zeros((4, 7, 5)), np.zeros((4, 7, 5, 4), np.uint8)]
    )
    def test_what_is_no_image_is_refused(self, images):
        with pytest.raises(ArgumentError, match="uint8"):
            thumbnails(images, [0])

    def test_without_pillow_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "PIL", None)
        with pytest.raises(MissingDependencyError, match="pillow"):
            thumbnails(made_dataset().inputs, [0])


def test_the_hand_made_study_is_sound():
    assert made_study().accuracy("Margin").shape == (2, 3)
