"""Protocols and files of features that are not what they should be end in a Ladle error, and nothing else."""

import contextlib
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.errors import CorruptFileError, FileError, FileFormatError, LadleError, UnsafeFileError
from ladle.lab.data.feature_files import feature_file
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.protocol.files import parse_experiment, read_experiment
from tests.lab.standins import TOML

VALUES = (
    "0", "-1", "1.5", "nan", "inf", "9" * 6_000, "9" * 19, "true", '""', '"a"', '"\\u0000"', "[]", "[[]]", "{}",
    "{a = 1}", "[1, 'a']", "1979-05-27T07:32:00Z", "[" * 3_000 + "]" * 3_000, "1e999", "0x10", "1_000",
)  # fmt: skip
FIELDS = [line.split(" = ")[0] for line in TOML.splitlines() if " = " in line and line[0] != "["]


@pytest.mark.parametrize("field", FIELDS)
def test_odd_values_of_a_protocol(field):
    head, rest = TOML.split(f"{field} = ", 1)
    for value in VALUES:
        with contextlib.suppress(LadleError):
            parse_experiment(f"{head}{field} = {value}\n{rest.partition(chr(10))[2]}")
    with pytest.raises(FileFormatError, match="be TOML"):  # a name twice
        parse_experiment(f"{TOML.split('[')[0]}{field} = 1\n{field} = 1\n")


@given(st.text(st.sampled_from("[]{}=\"'.,#\n abc019_\x00é"), max_size=40))
def test_any_text_as_a_protocol(text):
    with contextlib.suppress(LadleError):
        parse_experiment(text)


@pytest.fixture(params=["features.npz", "features.npy"])
def features(request, tmp_path):
    path = tmp_path / request.param
    inputs, labels = np.eye(12, 4, dtype=np.float32), np.array(["cat", "dog", "emu"] * 4)
    if path.suffix == ".npz":
        np.savez(path, inputs=inputs, labels=labels)
        return path, path, {}
    np.save(path, inputs)
    np.save(tmp_path / "labels.npy", labels)
    return path, tmp_path / "labels.npy", {"labels": "labels.npy"}


def test_damaged_features(features):
    path, _, options = features
    assert len(feature_file(path=str(path), **options)) > 0
    for damaged in dict.fromkeys(features[:2]):
        whole, random = damaged.read_bytes(), np.random.default_rng(0)
        contents = [whole[:at] for at in range(0, len(whole), 9)]
        for place in random.integers(0, 8 * len(whole), 150).tolist():
            flipped = bytearray(whole)
            flipped[place // 8] ^= 1 << place % 8
            contents.append(bytes(flipped))
        for content in contents:
            damaged.write_bytes(content)
            with contextlib.suppress(LadleError):
                feature_file(path=str(path), **options)
        damaged.write_bytes(whole[:-30])
        with pytest.raises(CorruptFileError):
            feature_file(path=str(path), **options)
        damaged.write_bytes(whole)


def test_features_of_objects_are_refused(tmp_path):
    np.savez(tmp_path / "f.npz", inputs=np.eye(4, 2), labels=np.array(["a", "b", 1, None], object))
    with pytest.raises(UnsafeFileError):
        feature_file(path=str(tmp_path / "f.npz"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes")
def test_pipes_and_links_are_never_opened(tmp_path):
    for name in ("x.toml", "x.npz", "x.npy", "x.sqlite"):
        os.mkfifo(tmp_path / name)
        (tmp_path / f"self-{name}").symlink_to(f"self-{name}")
        (tmp_path / f"zero-{name}").symlink_to("/dev/zero")
    for kind, words in (("", "a pipe"), ("self-", "symbolic links"), ("zero-", "a device")):
        with pytest.raises(FileError, match=words):
            read_experiment(tmp_path / f"{kind}x.toml")
        with pytest.raises(FileError, match=words):
            Ledger.open(tmp_path / f"{kind}x.sqlite")
        for name in ("x.npz", "x.npy"):
            with pytest.raises(FileError):
                feature_file(path=str(tmp_path / f"{kind}{name}"), labels="labels.npy")
