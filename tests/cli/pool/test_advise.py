"""`ladle advise`: what it tells of a pool with copies and of one without, with a tree and without."""

from __future__ import annotations

import numpy as np
import pytest

import ladle

RNG = np.random.default_rng(0)
E = RNG.standard_normal((300, 8)).astype(np.float32)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("plain.npy", E)
    np.save("copies.npy", np.repeat(E[:30], 10, axis=0))
    scores = RNG.dirichlet([1, 1, 1], 300)
    np.save("p.npy", scores)
    return scores


def test_with_and_without_a_tree(run, run_json, files):
    ladle.cluster(E, mean_size=10).save("tree.npz")
    code, facts = run_json("advise", "plain.npy", "--scores", "p.npy", "--size", "30", "--tree", "tree.npz")
    assert (code, facts["command"], facts["size"], facts["pool_rows"]) == (0, "advise", 30, 300)
    again = run_json("advise", "plain.npy", "--scores", "p.npy", "--size", "30")[1]
    assert again["repetition"] == facts["repetition"]
    told = ladle.advice.advise(ladle.cluster(E), 30, probabilities=files)
    assert facts["estimates"] == told.to_dict()["estimates"]
    code, out, err = run("advise", "plain.npy", "--scores", "p.npy", "--size", "30", "-q")
    assert (code, err) == (0, "")
    assert "300 examples; the batch is 10.00% of it" in out
    assert told.summary in out
    for each in told.estimates:
        assert f"{each.strategy} " in out


def test_copies_are_seen(run_json, files):
    facts = run_json("advise", "copies.npy", "--scores", "p.npy", "--size", "100")[1]
    assert facts["repetition"]["copies"] == pytest.approx(0.9)
    assert facts["repetition"]["batch_copies"] > 0.6
    np.save("done.npy", np.arange(300) < 150)
    fewer = run_json("advise", "copies.npy", "--scores", "p.npy", "--size", "100", "--labelled", "done.npy")[1]
    assert fewer["repetition"]["batch_copies"] > facts["repetition"]["batch_copies"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("plain.npy", "--size", "3"), "--scores must name a file of scores"),
        (("plain.npy", "--scores", "p.npy", "--size", "301"), "--size must be between 1 and the unlabelled pool"),
        (
            ("plain.npy", "--scores", "p.npy", "--size", "3", "--tree", "t.npz", "--metric", "cosine"),
            "--metric must be",
        ),
        (("copies.npy", "--scores", "p.npy", "--size", "3", "--tree", "t.npz"), "must be of this pool"),
        (("plain.npy", "--scores", "p.npy", "--size", "3", "--margins"), "one margin per row"),
    ],
)
def test_what_it_refuses(run, files, words, error):
    ladle.cluster(E, mean_size=10).save("t.npz")
    code, out, err = run("advise", *words, "-q")
    assert code in (2, 3, 4, 5)
    assert out == ""
    assert err.startswith("error: ")
    assert error in err
