"""A pool that has moved, is gone, or is another one now: everything goes on by id."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import ArgumentError, FileError, IdError, LadleError, MismatchError
from ladle.labelling import Store
from ladle.labelling.contract.tables import REMOVED, TaskTable
from tests.campaign.made import HOUR, Clock, margins

ROWS = 40
VECTORS = np.random.default_rng(7).normal(size=(60, 4)).astype(np.float32)


def written(path: Path, ids: list[str], vectors: np.ndarray) -> Path:
    pq.write_table(pa.table({"id": ids, "emb": list(vectors)}), path)
    return path


def named(*numbers: int) -> list[str]:
    return [f"im-{number}" for number in numbers]


def created(store: Store, folder: Path, strategy: str = "margin", **settings: object) -> ladle.Campaign:
    path = written(folder / "pool.parquet", named(*range(ROWS)), VECTORS[:ROWS])
    settings = {"lease_seconds": HOUR, "name": "birds", "files": str(folder / "files")} | settings
    return ladle.Campaign.create(store, pool=path, strategy=strategy, **settings)


def everything(campaign: ladle.Campaign) -> dict[str, object]:
    """What a campaign says, by id: nothing in it depends on row numbers."""
    return {
        "labels": [(each.id, each.label, each.annotator, each.status, each.round) for each in campaign.labels()],
        "resolved": sorted((each.id, each.label) for each in campaign.resolved()),
        "outstanding": [(each.id, each.round, each.order, each.holder) for each in campaign.outstanding()],
        "batches": [campaign.batch(number).ids.tolist() for number in campaign.batches()["number"].tolist()],
    }


@pytest.mark.parametrize(
    ("strategy", "given"),
    [
        ("margin", {"margins": margins(ROWS)}),
        ("entropy", {"probabilities": np.full((ROWS, 2), 0.5, np.float32)}),
        ("least-confidence", {"probabilities": np.full((ROWS, 2), 0.5, np.float32)}),
        ("uniform", {}),
        ("cluster-margin", {"margins": margins(ROWS)}),
    ],
)
def test_without_its_pool_a_campaign_goes_on(
    store: Store, tmp_path: Path, strategy: str, given: dict[str, np.ndarray]
) -> None:
    created(store, tmp_path, strategy)
    (tmp_path / "pool.parquet").unlink()
    campaign = ladle.Campaign.open(store, name="birds")
    batch = campaign.ask(5, **given)
    assert campaign.tell(batch.ids, ["cat"] * 5, annotator="ann").labelled == 5
    assert campaign.tell(["nowhere"], ["cat"], annotator="ann").quarantined == 1
    assert len(campaign.take("bob", 3)) == 0
    assert campaign.exclude(named(39), reason="blurry") == 1
    assert sorted(campaign.resolved()["id"].tolist()) == sorted(batch.ids.tolist())
    assert campaign.story(batch.ids[0]).state == "labelled"
    assert campaign.progress().labelled == 5
    assert campaign.verify().ok, campaign.verify()
    campaign.backup(tmp_path / "copy.zip")
    assert ladle.Campaign.restore(f"sqlite:///{tmp_path}/again.db", tmp_path / "copy.zip").progress().labelled == 5


def test_a_strategy_that_reads_vectors_says_what_is_missing(store: Store, tmp_path: Path) -> None:
    created(store, tmp_path, "coreset")
    (tmp_path / "pool.parquet").rename(tmp_path / "moved.parquet")
    campaign = ladle.Campaign.open(store, name="birds")
    with pytest.raises(FileError, match=r"coreset must have the embeddings.*pool\.parquet.*pool=.*move_pool"):
        campaign.ask(3)
    assert len(ladle.Campaign.open(store, name="birds", pool=tmp_path / "moved.parquet").ask(3)) == 3
    assert campaign.move_pool(tmp_path / "moved.parquet")
    assert len(campaign.ask(3)) == 3
    assert not campaign.move_pool(tmp_path / "moved.parquet")
    last = campaign.audit()[-2]
    assert (last.kind, last.details["from"].endswith("pool.parquet")) == ("move", True)
    assert last.details["to"].endswith("moved.parquet")
    assert campaign.pool.history()[-1].source.endswith("moved.parquet")
    assert campaign.verify().ok


def test_a_move_leaves_what_made_the_pool_in_its_history(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = created(store, tmp_path, "margin", clock=clock, by="lea")
    clock.now += 60
    written(tmp_path / "fewer.parquet", named(*range(ROWS - 3)), VECTORS[: ROWS - 3])
    campaign.extend(tmp_path / "fewer.parquet", replace=True)
    clock.now += 60
    (tmp_path / "fewer.parquet").rename(tmp_path / "moved.parquet")
    max_ = ladle.Campaign.open(store, name="birds", clock=clock, by="max", pool=tmp_path / "moved.parquet")
    assert max_.move_pool(tmp_path / "moved.parquet")
    rows = max_.pool.history().to_pylist()
    assert [(row["change"], row["by"], row["rows"], row["moved_by"]) for row in rows] == [
        ("create", "lea", ROWS, ""),
        ("replace", "lea", ROWS - 3, "max"),
    ]
    assert rows[0]["moved_at"] is None
    assert rows[1]["moved_at"].timestamp() - rows[1]["at"].timestamp() == 60
    clock.now += 60
    (tmp_path / "moved.parquet").rename(tmp_path / "again.parquet")
    again = ladle.Campaign.open(store, name="birds", clock=clock, by="lea", pool=tmp_path / "again.parquet")
    assert again.move_pool(tmp_path / "again.parquet")
    first, last = again.pool.history()
    assert (first.moves, [(Path(each["source"]).name, each["by"]) for each in last.moves]) == (
        [],
        [("moved.parquet", "max"), ("again.parquet", "lea")],
    )
    assert last.moves[1]["at"] == last.moved_at


def test_row_numbers_need_no_file_of_ids(store: Store, tmp_path: Path) -> None:
    np.save(tmp_path / "pool.npy", VECTORS)
    campaign = ladle.Campaign.create(
        store, name="birds", pool=tmp_path / "pool.npy", strategy="margin", files=str(tmp_path / "files")
    )
    (tmp_path / "pool.npy").unlink()
    assert not (tmp_path / "files").exists()
    campaign = ladle.Campaign.open(store, name="birds")
    assert campaign.ask(2, margins=margins(60)).ids.tolist() == [0, 1]
    assert campaign.verify().ok


@pytest.mark.parametrize("what", ["other ids", "another order", "another dim", "other vectors", "an array"])
def test_a_move_to_another_pool_is_refused(store: Store, tmp_path: Path, what: str) -> None:
    campaign = created(store, tmp_path, "cluster-margin")
    ids, vectors = named(*range(ROWS)), VECTORS[:ROWS]
    others = {
        "other ids": (named(*range(1, ROWS + 1)), vectors),
        "another order": (ids[::-1], vectors[::-1]),
        "another dim": (ids, vectors[:, :3]),
        "other vectors": (ids, vectors + 1),
        "an array": (ids, vectors),
    }
    path = written(tmp_path / "other.parquet", *others[what])
    given = ladle.open_pool(vectors, ids=ids) if what == "an array" else path
    with pytest.raises(ArgumentError if what == "an array" else MismatchError) as raised:
        campaign.move_pool(given)
    if what in ("other ids", "another order", "another dim"):
        assert "40 examples of dim 4" in str(raised.value)  # the campaign's
        assert f"40 examples of dim {others[what][1].shape[1]}" in raised.value.got
    assert campaign.audit()["kind"].tolist() == ["create"]
    assert len(campaign.ask(2, margins=margins(ROWS))) == 2


def test_a_changed_pool_in_the_old_place_is_refused_where_rows_matter(store: Store, tmp_path: Path) -> None:
    created(store, tmp_path).tell(named(3), ["cat"])
    written(tmp_path / "pool.parquet", named(*range(ROWS))[::-1], VECTORS[:ROWS])
    campaign = ladle.Campaign.open(store, name="birds")
    with pytest.raises(MismatchError, match="replace=True"):
        campaign.ask(2, margins=margins(ROWS))
    assert campaign.tell(named(4), ["cat"]).accepted == 1  # ids are ids
    assert not campaign.verify().ok
    assert campaign.extend(tmp_path / "pool.parquet", replace=True) == 0
    assert campaign.verify().ok, campaign.verify()
    assert sorted(campaign.resolved()["id"].tolist()) == named(3, 4)
    assert campaign.ask(1, margins=margins(ROWS)).ids.tolist() == named(39)


def busy(campaign: ladle.Campaign) -> None:
    """Every kind of record: asked, told, disputed, taken, gold, excluded, deleted."""
    campaign.add_gold(named(20, 21), ["cat", "dog"])
    campaign.ask(6, margins=margins(ROWS), gold=1)
    campaign.tell(named(0, 1, 2), ["cat", "dog", "cat"], annotator="ann")
    campaign.tell(named(0, 1, 30), ["cat", "cat", "dog"], annotator="bob")
    campaign.take("cid", 2)
    campaign.exclude(named(5, 31), reason="blurry")
    campaign.delete_labels(named(2), reason="a slip")
    campaign.ask(4, margins=margins(ROWS), holder="vendor")


def test_records_follow_their_examples_to_any_order(store: Store, tmp_path: Path) -> None:
    campaign = created(store, tmp_path)
    busy(campaign)
    before = everything(campaign)
    order = np.random.default_rng(1).permutation(60)
    other = written(tmp_path / "new.parquet", named(*order), VECTORS[order])
    assert campaign.extend(other, replace=True) == 20
    assert everything(campaign) == before
    assert campaign.verify().ok, campaign.verify()
    event = campaign.audit()[-1]
    assert (event.kind, event.details["new"], event.details["removed"], event.details["part"]) == ("replace", 20, 0, 2)
    assert campaign.extend(other, replace=True) == 0
    assert campaign.audit()["kind"].tolist()[-1:] == ["replace"]
    again = ladle.Campaign.open(store, name="birds")
    assert everything(again) == before
    assert again.story("im-31").state == "excluded"
    told = again.tell(named(3), ["dog"], annotator="late")
    assert (told.accepted, told.unasked) == (1, 0)
    first = again.ask(1, margins=np.where(order == 55, 0, 1).astype(np.float32))
    assert first.ids.tolist() == named(55)
    assert again.release("cid") == 2
    assert again.include(named(5)) == 1
    assert again.verify().ok, again.verify()
    again.backup(tmp_path / "copy.zip")
    restored = ladle.Campaign.restore(f"sqlite:///{tmp_path}/again.db", tmp_path / "copy.zip")
    assert everything(restored) == everything(again)


def test_a_removed_example_keeps_its_labels_and_comes_back(store: Store, tmp_path: Path) -> None:
    campaign = created(store, tmp_path)
    busy(campaign)
    before = everything(campaign)
    labels, settled = before["labels"], before["resolved"]
    kept = [number for number in range(ROWS) if number not in (0, 1, 5, 20, 35)]
    fewer = written(tmp_path / "fewer.parquet", named(*kept), VECTORS[kept])
    assert campaign.extend(fewer, replace=True) == 0
    with store.reading("birds") as view:
        task = view.read(TaskTable)
        assert sorted(task.row[task.row < 0].tolist())[-3:] == [-3, -2, -1]
    now = everything(campaign)
    assert now["labels"] == labels
    assert now["batches"] == before["batches"]
    assert [pair for pair in settled if pair[0] not in named(0, 1, 5, 20, 35)] == now["resolved"]
    story = campaign.story("im-0")
    assert story.state == "excluded"
    assert any(REMOVED in line for _, line in story.lines)
    assert any("blurry" in line for _, line in campaign.story("im-5").lines)
    with pytest.raises(LadleError, match="no such id"):
        campaign.story("im-35")  # it had no record
    late = campaign.tell(named(1, 35), ["dog", "dog"], annotator="late")
    assert (late.accepted, late.quarantined) == (1, 1)
    with pytest.raises(IdError):
        campaign.include(named(0))
    assert len(campaign.take("dan", 40)) < ROWS
    free = len(kept) - len(set(kept) & {2, 3, 4, 6, 7, 8, 9, 21, 30, 31})
    assert campaign.ask(3, margins=margins(len(kept))).number == 3
    with pytest.raises(ArgumentError, match=rf"at most the {free - 3} examples"):
        campaign.ask(ROWS, margins=margins(len(kept)))
    assert campaign.verify().ok, campaign.verify()
    campaign.backup(tmp_path / "fewer.zip")
    assert ladle.Campaign.restore(f"sqlite:///{tmp_path}/f.db", tmp_path / "fewer.zip").verify().ok
    order = np.arange(ROWS)[::-1]
    assert campaign.extend(written(tmp_path / "all.parquet", named(*order), VECTORS[order]), replace=True) == 5
    assert campaign.story("im-0").state == "labelled"
    assert campaign.story("im-1").state == "labelled"  # two of three say dog: the late one counts
    assert campaign.story("im-5").state == "excluded"  # as the lead said
    assert campaign.audit()[-1].details["returned"] == 4
    with store.reading("birds") as view:
        assert (view.read(TaskTable).row >= 0).all()
    assert campaign.verify().ok, campaign.verify()


def test_a_pool_embedded_anew_has_new_clusters_or_those_of_a_new_tree(store: Store, tmp_path: Path) -> None:
    campaign = created(store, tmp_path, "cluster-margin")
    batch = campaign.ask(4, margins=margins(ROWS))
    old, new = ladle.cluster(VECTORS[:ROWS], mean_size=4), ladle.cluster(VECTORS[:ROWS, :3] * 5, mean_size=4)
    anew = written(tmp_path / "anew.parquet", named(*range(ROWS)), VECTORS[:ROWS, :3] * 5)
    with pytest.raises(MismatchError, match="tree"):
        campaign.extend(anew, replace=True, tree=old)
    with pytest.raises(MismatchError, match="begin with"):
        campaign.extend(anew)
    assert campaign.audit()["kind"].tolist() == ["create", "ask"]
    assert campaign.extend(anew, replace=True) == 0
    assert campaign.verify().ok
    assert campaign.batch(1).ids.tolist() == batch.ids.tolist()
    assert len(campaign.ask(4, margins=margins(ROWS))) == 4
    assert campaign.extend(anew, replace=True) == 0
    assert campaign.audit()["kind"].tolist() == ["create", "ask", "replace", "ask"]
    campaign.extend(anew, replace=True, tree=new)
    campaign.extend(anew, replace=True, tree=new)
    assert campaign.audit()["kind"].tolist()[4:] == ["replace"]
    assert campaign.pool.history()["dim"].tolist() == [4, 3, 3]
    more = written(tmp_path / "more.parquet", named(*range(60)), VECTORS[:, :3] * 5)
    assert campaign.extend(more) == 20
    assert len(campaign.ask(30, margins=margins(60))) == 30
    assert campaign.verify().ok


def test_ids_of_another_kind_are_refused(store: Store, tmp_path: Path) -> None:
    campaign = created(store, tmp_path)
    with pytest.raises(MismatchError, match="text ids"):
        campaign.extend(VECTORS, replace=True)
    with pytest.raises(ArgumentError, match="replace"):
        campaign.extend(VECTORS, replace="yes")


def test_rows_looked_up_before_a_replacement_are_not_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process replaces the pool between the look-up of a row and the writing of its label."""
    campaign, other = created(store, tmp_path), ladle.Campaign.open(store, name="birds")
    turned = written(tmp_path / "turned.parquet", named(*range(ROWS))[::-1], VECTORS[:ROWS][::-1])
    campaign.tell(named(0), ["cat"], annotator="ann")
    real, done = type(campaign._session).writing, []

    def slow(session):
        if session is campaign._session and not done:
            done.append(1)
            other.extend(turned, replace=True)
        return real(session)

    monkeypatch.setattr(type(campaign._session), "writing", slow)
    with pytest.raises(MismatchError, match="Repeat"):
        campaign.tell(named(1), ["dog"], annotator="ann")
    assert campaign.tell(named(1), ["dog"], annotator="ann").accepted == 1
    assert sorted((each.id, each.label) for each in campaign.resolved()) == [("im-0", "cat"), ("im-1", "dog")]
    assert campaign.verify().ok


def test_an_older_campaign_keeps_its_ids_once_its_pool_is_named(store: Store, tmp_path: Path) -> None:
    """Older Ladles kept no ids of a pool that can be opened again."""
    campaign = created(store, tmp_path)
    with store.writing("birds") as writer:
        from ladle.labelling.contract.tables import ArtefactTable

        writer.rewrite(ArtefactTable.empty())
        last = writer.last(__import__("ladle.labelling.contract.tables", fromlist=["EventTable"]).EventTable)
        details = json.loads(last.details[0])
        assert details["rows"].pop("artefact") == 1
        _rewritten(writer, last, details)
    (tmp_path / "pool.parquet").rename(tmp_path / "moved.parquet")
    campaign = ladle.Campaign.open(store, name="birds")
    with pytest.raises(FileError, match="move_pool"):
        campaign.tell(named(1), ["cat"])
    assert campaign.move_pool(tmp_path / "moved.parquet")
    (tmp_path / "moved.parquet").unlink()
    assert ladle.Campaign.open(store, name="birds").tell(named(1), ["cat"]).accepted == 1
    assert campaign.verify().ok


def _rewritten(writer, last, details) -> None:
    """The only event of a log with other details, sealed anew."""
    from ladle.labelling.contract.events import chain_of
    from ladle.labelling.contract.tables import EventTable

    seq, at, kind, actor, key, request, *_ = last.only()
    text = json.dumps(details, ensure_ascii=False, sort_keys=True)
    row = (seq, at, kind, actor, key, request, text)
    writer.rewrite(EventTable.of([(*row, chain_of("", row))]))


def test_an_exclusion_by_a_person_stays_whatever_its_reason_says(store: Store, tmp_path: Path) -> None:
    campaign = created(store, tmp_path)
    campaign.exclude(named(1, 2), reason=REMOVED)
    campaign.tell(named(3), ["cat"], annotator="ann")
    kept = [number for number in range(ROWS) if number not in (1, 3)]
    campaign.extend(written(tmp_path / "fewer.parquet", named(*kept), VECTORS[kept]), replace=True)
    campaign.exclude(named(2), reason="blurry")
    campaign.extend(written(tmp_path / "whole.parquet", named(*range(ROWS)), VECTORS[:ROWS]), replace=True)
    states = [campaign.story(each).state for each in named(1, 2, 3)]
    assert states == ["excluded", "excluded", "labelled"]
    assert campaign.verify().ok, campaign.verify()


def test_a_removed_example_is_named_by_its_id_in_every_change(store: Store, tmp_path: Path) -> None:
    """One rule: what is told, skipped, said, deleted, decided or assigned finds it; only the pool brings it back."""
    campaign = created(store, tmp_path)
    campaign.tell(named(0, 1), ["cat", "cat"], annotator="ann")
    campaign.take("ann", 1)
    fewer = written(tmp_path / "fewer.parquet", named(*range(2, ROWS)), VECTORS[2:ROWS])
    campaign.extend(fewer, replace=True)
    gone = named(0)
    assert campaign.tell(gone, ["dog"], annotator="bob").accepted == 1
    assert campaign.skip(gone, annotator="cid", reason="gone").skipped == 1
    assert campaign.comment(gone, "gone", annotator="cid") == 1
    assert campaign.delete_labels(gone, annotator="bob", reason="gone", key="once") == 1
    assert campaign.adjudicate(gone, ["dog"]) == 1
    assert campaign.undo_adjudication(gone) == 1
    assert campaign.assign(gone, to="eve").examples == 1
    assert campaign.unassign(gone) == 1
    assert campaign.release("ann", gone) == 0
    assert campaign.add_gold(named(1), ["cat"]) == 1
    assert campaign.withdrawals.remove_gold(named(1)) == 1
    with pytest.raises(IdError, match=r"removed from it, the first 'im-0'.*until a pool has it again"):
        campaign.include(named(0, 5))
    assert campaign.story("im-0").state == "excluded"
    for unknown in ("no-such", "im-59"):
        for call in (
            lambda each=unknown: campaign.comment([each], "x", annotator="ann"),
            lambda each=unknown: campaign.delete_labels([each], reason="x"),
            lambda each=unknown: campaign.exclude([each], reason="x"),
            lambda each=unknown: campaign.adjudicate([each], ["cat"]),
        ):
            with pytest.raises(IdError, match="have records from when they were in it; got 1 of 1 unknown"):
                call()
    assert campaign.exclude(gone, reason="private") == 1, "now by a person too"
    assert campaign.exclude(gone, reason="private") == 0
    assert campaign.verify().ok, campaign.verify()
    campaign.extend(written(tmp_path / "whole.parquet", named(*range(ROWS)), VECTORS[:ROWS]), replace=True)
    assert campaign.story("im-1").state == "labelled"
    assert campaign.story("im-0").state == "excluded"
    assert campaign.delete_labels(gone, annotator="bob", reason="gone", key="once") == 1, "the same request"
    assert campaign.verify().ok, campaign.verify()
