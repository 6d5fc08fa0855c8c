"""Shards are read in natural order; where that differs from text order, commands say so and refuse older state."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import ladle
from ladle.errors import MismatchError

N, SHARDS = 6_000, 12  # above 5,000 rows a clustering leaves a checkpoint
NOTICE = "in natural order (e_2.npy before e_10.npy), which is not the order of their names as text"


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(0).standard_normal((N, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, vectors):
    made = tmp_path_factory.mktemp("order") / "pool"
    made.mkdir()
    for place, part in enumerate(np.split(vectors, SHARDS)):
        np.save(made / f"e_{place}.npy", part)
    return made


def test_scores_by_position_meet_their_rows(run_json, run, folder, tmp_path):
    margins = np.random.default_rng(1).random(N).astype(np.float32)
    np.save(tmp_path / "m.npy", margins)
    given = ["select", folder, "--scores", tmp_path / "m.npy", "--margins", "--strategy", "margin", "--size", 100]
    code, facts = run_json(*given, "-o", tmp_path / "b.jsonl")
    assert code == 0
    assert NOTICE in facts["notices"][0]
    rows = [json.loads(line)["row"] for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert sorted(rows) == sorted(np.argsort(margins)[:100].tolist())
    code, out, _ = run(*given, "-o", tmp_path / "c.jsonl")
    assert code == 0
    assert NOTICE in " ".join(out.split())


@pytest.mark.parametrize("what", ["cluster", "doctor", "campaign create"])
def test_commands_that_open_a_pool_say_the_order(run_json, folder, tmp_path, what):
    rest = {
        "cluster": ["-o", tmp_path / "t.npz", "--mean-size", "100"],
        "doctor": [],
        "campaign create": ["--db", tmp_path / "c.db", "--name", "birds", "--strategy", "uniform"],
    }
    code, facts = run_json(*what.split(), folder, *rest[what])
    assert code == 0
    assert [NOTICE in text for text in facts["notices"]] == [True]


def test_errors_say_the_order_too(run, run_json, folder, tmp_path):
    np.save(tmp_path / "m.npy", np.zeros(N - 1, np.float32))
    given = ["select", folder, "--scores", tmp_path / "m.npy", "--margins", "--strategy", "margin", "--size", 9]
    code, _, err = run(*given, "-o", tmp_path / "b.csv")
    assert code == 3
    assert f"note: the 12 files of {folder} are read {NOTICE}" in err
    code, facts = run_json(*given, "-o", tmp_path / "b.csv")
    assert NOTICE in facts["error"]["notices"][0]


def test_a_checkpoint_of_the_text_order_is_refused_with_the_reason(folder, vectors, tmp_path):
    by_text = [f"e_{place}" for place in range(SHARDS)]
    parts = dict(zip(by_text, np.split(vectors, SHARDS), strict=True))
    before = np.concatenate([parts[name] for name in sorted(by_text)])
    ladle.cluster(before, mean_size=100, checkpoint=tmp_path / "c")
    with pytest.raises(MismatchError, match=r"The rows may be the same in another order: .*e_2\.npy before e_10\.npy"):
        ladle.cluster(ladle.open_pool(folder), mean_size=100, checkpoint=tmp_path / "c")
    with pytest.raises(MismatchError) as other:
        ladle.cluster(vectors, mean_size=100, checkpoint=tmp_path / "c")
    assert "another order" not in str(other.value)


def test_a_tree_of_the_text_order_is_refused_with_the_reason(folder, vectors):
    by_text = sorted(range(SHARDS), key=lambda place: f"e_{place}.npy")
    before = np.concatenate([np.split(vectors, SHARDS)[place] for place in by_text])
    tree = ladle.cluster(ladle.open_pool(before), mean_size=100)
    older = replace(tree, vectors_digest="", dim=0, dtype="")  # as an older Ladle wrote it
    for each in (tree, older):
        with pytest.raises(MismatchError, match=r"in another order.*e_2\.npy before e_10\.npy"):
            each.check_pool(ladle.open_pool(folder))
    assert not older.check_pool(ladle.open_pool(before))


def test_a_campaign_that_knows_the_text_order_is_read_in_that_order(folder, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'c.db'}"
    ladle.Campaign.create(url, name="new", pool=folder, strategy="uniform").close()
    with ladle.Campaign.open(url, name="new") as campaign:
        assert len(campaign.ask(5).ids) == 5
    real = ladle.campaign.session.examples.reopen_instructions

    def earlier(pool):
        """Campaigns were made without the order before."""
        return json.dumps({name: value for name, value in json.loads(real(pool)).items() if name != "order"})

    monkeypatch.setattr("ladle.campaign.creation.reopen_instructions", earlier)
    by_text = ladle.open_pool(folder, order="text")
    assert not np.array_equal(by_text.embeddings(), ladle.open_pool(folder).embeddings())
    ladle.Campaign.create(url, name="old", pool=by_text, strategy="coreset", seed=3).close()
    monkeypatch.undo()
    moved = tmp_path / "moved"
    for given in (None, folder):
        with ladle.Campaign.open(url, name="old", pool=given) as campaign:
            with campaign._session.reading() as view:
                read = campaign._session.examples(view).pool.embeddings()
            assert np.array_equal(read, by_text.embeddings())
            assert len(campaign.ask(5)) == 5
    with (
        pytest.raises(MismatchError, match=r"another order.*natural order"),
        ladle.Campaign.open(url, name="old", pool=ladle.open_pool(folder)) as campaign,
    ):
        campaign.ask(5)
    folder.rename(moved)
    with ladle.Campaign.open(url, name="old") as campaign:
        assert campaign.move_pool(moved)
        assert len(campaign.ask(5)) == 5
        with campaign._session.reading() as view:
            assert np.array_equal(campaign._session.examples(view).pool.embeddings(), by_text.embeddings())


@pytest.mark.parametrize("options", [["-o", "sub/t.npz"], ["-o", "../t.npz", "--checkpoint", "sub/state"]])
def test_outputs_stay_out_of_the_subfolders_that_are_read(run, folder, tmp_path, monkeypatch, options):
    pool = tmp_path / "pool"
    (pool / "sub").mkdir(parents=True)
    np.save(pool / "e.npy", np.ones((3, 2)))
    monkeypatch.chdir(pool)
    code, _, err = run("cluster", ".", *options)
    assert code == 2
    assert "with their subfolders" in err
