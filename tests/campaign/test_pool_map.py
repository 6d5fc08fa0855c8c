"""The map of a campaign's pool: kept, made again, and coloured as the other answers say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle import errors
from tests.campaign.made import begun, ids_of, margins, pool_of

CLUSTERS = np.arange(40, dtype=np.int32) // 4


def worked(folder: Path) -> ladle.Campaign:
    """Two rounds, three people, a dispute, an exclusion."""
    campaign = begun(
        folder / "birds.db",
        folder,
        tree=CLUSTERS,
        strategy="cluster-margin",
        labels=["cat", "dog"],
        annotators_per_task=2,
    )
    first = campaign.ask(8, margins=margins())
    campaign.tell(first.ids[:6], ["cat"] * 6, annotator="ann")
    campaign.tell(first.ids[:6], ["cat", "cat", "dog", "cat", "cat", "cat"], annotator="bob")
    campaign.exclude(first.ids[7:], reason="blurred")
    campaign.ask(4, margins=margins())
    campaign.tell(ids_of(40)[30:31], ["dog"], annotator="eve")
    return campaign


class TestLayout:
    def test_it_is_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        campaign = begun(tmp_path / "birds.db", tmp_path)
        assert campaign.map.kept() is None
        layout = campaign.map.layout()
        assert sorted(layout.rows) == list(range(40))
        monkeypatch.setattr("ladle.maps.principal_positions", None)  # it cannot be made a second time
        again = campaign.map.layout()
        assert np.array_equal(again.codes, layout.codes)
        assert campaign.verify().checked["stray files"] == 0

    def test_a_damaged_one_is_made_again(self, tmp_path: Path) -> None:
        campaign = begun(tmp_path / "birds.db", tmp_path)
        layout = campaign.map.layout()
        path = Path(campaign.files) / "map" / "principal.npz"
        path.write_bytes(path.read_bytes()[:-7])
        assert campaign.map.kept() is None
        assert np.array_equal(campaign.map.layout().codes, layout.codes)

    def test_another_pool_has_another_one(self, tmp_path: Path) -> None:
        campaign = begun(tmp_path / "birds.db", tmp_path)
        campaign.map.layout()
        grown = ladle.open_pool(np.arange(100, dtype=np.float32).reshape(50, 2), ids=ids_of(50))
        campaign.extend(grown)
        assert campaign.map.kept() is None
        assert len(ladle.Campaign.open(tmp_path / "birds.db", name="birds", pool=grown).map.layout()) == 50

    def test_a_given_one(self, tmp_path: Path) -> None:
        campaign, path = begun(tmp_path / "birds.db", tmp_path), tmp_path / "umap.npy"
        np.save(path, np.stack([np.arange(40.0), np.zeros(40)], axis=1))
        layout = campaign.map.layout(path)
        assert layout.method == "the file umap.npy"
        assert layout.rows.tolist() == list(range(40))  # along one line
        assert campaign.map.kept() is None
        np.save(path, np.stack([-np.arange(40.0), np.zeros(40)], axis=1))
        assert campaign.map.kept(path) is None
        assert campaign.map.layout(path).rows.tolist() == list(range(39, -1, -1))


class TestColours:
    def test_they_are_those_of_the_other_answers(self, tmp_path: Path) -> None:
        campaign = worked(tmp_path)
        ids = campaign.ids.values.to_pylist()

        def by(word: str) -> dict[str, str]:
            return {ids[each.row]: each.value for each in campaign.map.colours(word)}

        assert by("label") == {each.id: each.label for each in campaign.resolved()}
        labels = campaign.labels()
        assert by("annotator") == {each.id: each.annotator for each in labels}  # the last one stands
        rounds = {each.id: str(each.round) for each in labels} | {
            each.id: str(each.round) for each in campaign.outstanding()
        }
        asked = {each: number for each, number in rounds.items() if number != "0"}
        assert {each: number for each, number in by("round").items() if each in asked} == asked
        assert by("round")[campaign.batch(1).ids[7]] == "1"  # excluded since
        assert set(by("state")) == {*rounds, campaign.batch(1).ids[7]}
        for example, state in by("state").items():
            known = campaign.story(example).state
            assert state == known or (state, known) == ("open", "unasked")

    def test_a_skip_says_nothing_of_who_labelled(self, tmp_path: Path) -> None:
        campaign = worked(tmp_path)
        before = list(campaign.map.colours("annotator"))
        first = campaign.batch(1).ids
        campaign.skip(first[:2], annotator="eve", reason="dark")  # after the labels of ann and bob
        campaign.skip(first[6:7], annotator="eve", reason="dark")  # without any label
        assert list(campaign.map.colours("annotator")) == before

    def test_another_word(self, tmp_path: Path) -> None:
        with pytest.raises(errors.ArgumentError, match="state"):
            begun(tmp_path / "birds.db", tmp_path).map.colours("colour")


class TestClusters:
    def test_an_array(self, tmp_path: Path) -> None:
        campaign = worked(tmp_path)
        assert np.array_equal(campaign.map.clusters(), CLUSTERS)
        assert begun(tmp_path / "birds.db", tmp_path, name="other").map.clusters() is None

    def test_a_tree_at_the_level_of_the_strategy(self, tmp_path: Path) -> None:
        tree = ladle.cluster(pool_of(), metric="sqeuclidean", n_clusters=1)
        options = {"strategy": "cluster-margin", "options": {"n_clusters": 5}}
        campaign = begun(tmp_path / "birds.db", tmp_path, tree=tree, **options)
        found = campaign.map.clusters()
        assert found is not None
        assert np.array_equal(found, tree.cut(n_clusters=5))

    def test_figures(self, tmp_path: Path) -> None:
        campaign = worked(tmp_path)
        figures = {each.cluster: each for each in campaign.map.clusters_of_tasks()}
        state = {each.row: each.value for each in campaign.map.colours("state")}
        assert sorted(figures) == sorted({row // 4 for row in state})
        for cluster, each in figures.items():
            rows = [row for row in state if row // 4 == cluster]
            assert each.size == 4
            for name in ("labelled", "disputed", "excluded"):
                assert getattr(each, name) == sum(state[row] == name for row in rows)
            labels = [one.label for one in campaign.resolved() if one.row in rows]
            assert each.labels == len(set(labels))
            most = max((labels.count(one) for one in labels), default=0)
            assert each.mixed == pytest.approx(1 - most / len(labels) if labels else 0)
            assert each.first_row in rows
        assert sum(each.disputed for each in figures.values()) == 1
        assert len(begun(tmp_path / "birds.db", tmp_path, name="other").map.clusters_of_tasks()) == 0


class TestMargins:
    def scores(self, folder: Path) -> tuple[Path, np.ndarray]:
        P = np.random.default_rng(0).dirichlet([1, 1], 40).astype(np.float32)
        order = np.random.default_rng(1).permutation(40)
        table = {"id": [ids_of(40)[row] for row in order], "p_cat": P[order, 0], "p_dog": P[order, 1]}
        pq.write_table(pa.table(table), folder / "scores.parquet")
        return folder / "scores.parquet", P

    def test_of_the_last_model_with_scores(self, tmp_path: Path) -> None:
        campaign = begun(tmp_path / "birds.db", tmp_path)
        assert campaign.map.margins() is None
        path, P = self.scores(tmp_path)
        campaign.record_model("v1", scores=path)
        campaign.record_model("v2")
        found = campaign.map.margins()
        assert found is not None
        assert found[0] == "v1"
        assert np.allclose(found[1], ladle.margin(P))

    def test_margins_in_a_file(self, tmp_path: Path) -> None:
        campaign = begun(tmp_path / "birds.db", tmp_path)
        pq.write_table(pa.table({"id": ids_of(40), "margin": margins()}), tmp_path / "m.parquet")
        campaign.record_model("v1", scores=tmp_path / "m.parquet")
        found = campaign.map.margins()
        assert found is not None
        assert np.array_equal(found[1], margins())

    def test_other_bytes_are_refused(self, tmp_path: Path) -> None:
        campaign, (path, _) = begun(tmp_path / "birds.db", tmp_path), self.scores(tmp_path)
        campaign.record_model("v1", scores=path)
        path.write_bytes(path.read_bytes() + b"x")
        with pytest.raises(errors.MismatchError, match="recorded with the model v1"):
            campaign.map.margins()
        path.unlink()
        with pytest.raises(errors.FileError):
            campaign.map.margins()
