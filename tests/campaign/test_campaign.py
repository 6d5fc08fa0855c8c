"""Ask, label, tell: over every kind of pool and ids, in this process and the next."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.campaign import Reader
from ladle.errors import ArgumentError, FileError, IdError, MismatchError, NotFoundError
from ladle.labelling import Labels, MemoryStore, Store
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins, pool_of

ROWS = 300
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(ROWS, 8)).astype(np.float32)
P = RNG.dirichlet(np.ones(4), ROWS).astype(np.float32)
NUMBERS = RNG.permutation(ROWS) * 7 + 1_000


def parquet(folder: Path, ids: list) -> ladle.Pool:
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), VECTORS.shape[1])
    pq.write_table(pa.table({"name": ids, "emb": vectors, "other": vectors}), folder / "pool.parquet")
    return ladle.open_pool(folder / "pool.parquet", id="name", embedding="emb")


def npy(folder: Path) -> ladle.Pool:
    np.save(folder / "pool.npy", VECTORS)
    return ladle.open_pool(folder / "pool.npy")


POOLS = {
    "an array": lambda folder: VECTORS,
    "an array with integer ids": lambda folder: ladle.open_pool(VECTORS, ids=NUMBERS),
    "an array with text ids": lambda folder: ladle.open_pool(VECTORS, ids=ids_of(ROWS)),
    "a .npy file": npy,
    "a .npy file with ids": lambda folder: ladle.open_pool(npy(folder).source, ids=ids_of(ROWS)),
    "Parquet with text ids": lambda folder: parquet(folder, ids_of(ROWS)),
    "Parquet with integer ids": lambda folder: parquet(folder, NUMBERS.tolist()),
    "a path": lambda folder: (np.save(folder / "pool.npy", VECTORS), folder / "pool.npy")[1],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", POOLS)
def test_the_contract_on_every_pool(name: str, here: Path) -> None:
    pool = POOLS[name](here)
    made = ladle.Campaign.create("sqlite:///birds.db", name="birds", pool=pool, strategy="cluster-margin")
    batch = made.ask(40, probabilities=P)
    opened = pool if isinstance(pool, ladle.Pool) else ladle.open_pool(pool)
    assert batch.ids.tolist() == opened.ids_at(batch.rows).to_pylist()
    assert len(set(batch.ids.tolist())) == 40
    made.tell(batch.ids[:10], ["cat"] * 10, annotator="ann", key="upload-7")
    made.close()

    campaign = ladle.Campaign.open(f"sqlite:///{here}/birds.db", name="birds")
    campaign.tell(batch.ids[10:20].tolist(), np.array(["dog"] * 10), annotator="ann")
    campaign.tell(opened.ids_at(batch.rows[20:30]), pa.array(["dog"] * 10), annotator="bob")
    again = campaign.tell(batch.ids[:10], ["cat"] * 10, annotator="ann", key="upload-7")
    assert again.repeat_of_key
    labels = campaign.labels()
    assert labels["id"].tolist() == batch.ids[:30].tolist()
    assert labels["label"] == ["cat"] * 10 + ["dog"] * 20
    assert set(labels["status"]) == {"current"}
    progress = campaign.progress()
    assert (progress.asked, progress.labelled, progress.outstanding, progress.rounds) == (40, 30, 10, 1)
    following = campaign.ask(40, probabilities=P)
    assert not set(following.ids.tolist()) & set(batch.ids.tolist())
    assert campaign.verify().ok, campaign.verify()


def test_another_process_goes_on(here: Path) -> None:
    made = ladle.Campaign.create("sqlite:///birds.db", name="birds", pool=pool_of(), strategy="margin")
    batch = made.ask(5, margins=margins())
    code = (
        "import ladle\n"
        "campaign = ladle.Campaign.open('sqlite:///birds.db', name='birds')\n"
        f"print(campaign.tell({batch.ids.tolist()!r}, ['cat'] * 5, annotator='ann').accepted)\n"
        "print(campaign.ask(3, margins=[0.5] * 40, key='k').ids.tolist())"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    accepted, ids = done.stdout.splitlines()
    assert accepted == "5"
    assert made.ask(3, margins=[0.5] * 40, key="k").ids.tolist() == eval(ids)
    assert made.progress().labelled == 5


def test_a_relative_database_stays_where_it_was(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = ladle.Campaign.create("sqlite:///birds.db", name="birds", pool=pool_of(), strategy="margin")
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert made.ask(5, margins=margins()).number == 1
    assert (here / "birds.db").exists()
    assert (here / "birds.db.files" / "birds" / "ids-1.arrow").exists()


def test_a_database_moved_with_its_files_goes_on(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    url = f"sqlite:///{tmp_path}/one/birds.db"
    ladle.Campaign.create(url, name="birds", pool=VECTORS, strategy="cluster-margin").close()
    (tmp_path / "one").rename(tmp_path / "two")
    moved = ladle.Campaign.open(f"sqlite:///{tmp_path}/two/birds.db", name="birds")
    assert len(moved.ask(20, probabilities=P)) == 20
    assert moved.verify().ok


def test_several_campaigns_in_one_database(store: Store, tmp_path: Path) -> None:
    for name in ("fish", "birds"):
        begun(store, tmp_path / name, name=name).ask(5, margins=margins(), holder=name)
    assert ladle.Campaign.names(store) == ["birds", "fish"]
    with pytest.raises(NotFoundError, match="'dogs'"):
        ladle.Campaign.open(store, name="dogs")
    assert ladle.Campaign.open(store, name="fish").batch().holder == "fish"


def test_created_again_it_is_found_and_otherwise_refused(store: Store, tmp_path: Path) -> None:
    batch = begun(store, tmp_path).ask(5, margins=margins())
    assert begun(store, tmp_path).batch().ids.tolist() == batch.ids.tolist()
    with pytest.raises(MismatchError, match="other settings"):
        begun(store, tmp_path, seed=1)
    with pytest.raises(MismatchError, match="41 examples"):
        begun(store, tmp_path, rows=41)


def test_what_was_asked_is_not_asked_again_until_its_lease_lapses(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    first = campaign.ask(10, margins=margins())
    assert first.rows.tolist() == list(range(10))
    assert first.lease_until == datetime.fromtimestamp(clock.now + HOUR, UTC)
    campaign.tell(first.ids[:4], ["cat"] * 4)
    second = campaign.ask(10, margins=margins())
    assert second.rows.tolist() == list(range(10, 20))
    clock.now += HOUR
    third = campaign.ask(10, margins=margins())
    assert third.rows.tolist() == list(range(4, 14))
    assert third.passed_on == 10
    late = campaign.tell(second.ids[:1], ["dog"], annotator="late")  # of a task that has passed on
    assert (late.accepted, late.labelled) == (1, 1)
    assert campaign.progress().asked == 20
    assert campaign.batches()["outstanding"].tolist() == [0, 6, 9]


def test_an_ask_again_renews_the_lease(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    first = campaign.ask(10, margins=margins(), key="monday")
    clock.now += HOUR / 2
    again = campaign.ask(10, margins=margins(), key="monday")
    assert again.renewed
    assert again.ids.tolist() == first.ids.tolist()
    assert again.lease_until == datetime.fromtimestamp(clock.now + HOUR, UTC)
    shorter = campaign.ask(10, key="monday", lease_seconds=1)  # the scores need not be given again
    assert shorter.lease_until == again.lease_until
    clock.now += HOUR / 2
    assert campaign.ask(10, margins=margins()).rows.tolist() == list(range(10, 20))
    for wrong in ({"size": 11}, {"size": 10, "gold": 1}, {"size": 10, "margins": margins() / 2}):
        with pytest.raises(MismatchError, match="'monday'"):
            campaign.ask(**{"margins": margins(), **wrong}, key="monday")


@pytest.mark.parametrize("first", ["ask", "tell", "import"])
def test_a_key_stands_for_one_act_of_each_kind(store: Store, tmp_path: Path, first: str) -> None:
    """An ask, a tell and an import under "monday" are three acts; each of them repeated is none."""
    campaign = begun(store, tmp_path)
    ids = campaign.ask(4, margins=margins()).ids
    acts = {
        "ask": lambda: campaign.ask(3, margins=margins(), key="monday").renewed,
        "tell": lambda: campaign.tell(ids[:2], ["cat"] * 2, annotator="ann", key="monday").repeat_of_key,
        "import": lambda: campaign.import_labels(ids[2:], ["dog"] * 2, source="old", key="monday").repeat_of_key,
    }
    order = [first, *(name for name in acts if name != first)]
    assert [acts[name]() for name in order] == [False] * 3
    assert (campaign.progress().asked, campaign.progress().labelled) == (7, 4)
    assert [acts[name]() for name in order] == [True] * 3
    assert (campaign.progress().asked, campaign.progress().labelled) == (7, 4)


def test_the_same_campaign_asks_the_same(tmp_path: Path) -> None:
    asked = []
    for name in ("one", "two"):
        campaign = begun(MemoryStore(), tmp_path / name, strategy="uniform", seed=7)
        first = campaign.ask(10)
        campaign.tell(first.ids, ["cat"] * 10)
        asked.append([first.ids.tolist(), campaign.ask(10).ids.tolist()])
    assert asked[0] == asked[1]
    other = begun(MemoryStore(), tmp_path / "three", strategy="uniform", seed=8)
    assert other.ask(10).ids.tolist() != asked[0][0]


def test_the_budget_is_kept(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=30, annotators_per_task=2)
    campaign.ask(10, margins=margins())
    with pytest.raises(ArgumentError, match="10 left for 5 examples"):
        campaign.ask(6, margins=margins())
    campaign.ask(5, margins=margins())
    found = campaign.progress()
    assert (found.spend, found.reserved, found.left, found.budget) == (0, 30, 0, 30)


def test_gold_counts_towards_the_budget(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=12)
    campaign.add_gold(ids_of(40)[-4:], ["cat"] * 4)
    with pytest.raises(ArgumentError, match="12 left for 12 examples"):
        campaign.ask(10, margins=margins(), gold=3)
    campaign.ask(10, margins=margins(), gold=2)
    assert campaign.progress().reserved == 12


def test_gold_that_is_excluded_is_not_asked(store: Store, tmp_path: Path) -> None:
    from ladle.campaign.work.asking import count_gold_to_ask

    campaign = begun(store, tmp_path)
    gold = ids_of(40)[-3:]
    campaign.add_gold(gold, ["cat"] * 3)
    campaign.exclude(gold[:2], reason="blurred")
    assert count_gold_to_ask(campaign._session) == 1
    with pytest.raises(ArgumentError, match=r"at most the 1 gold examples; got 2\. Excluded ones do not count"):
        campaign.ask(5, margins=margins(), gold=2)
    assert set(campaign.ask(5, margins=margins(), gold=1).ids) & set(gold) == {gold[2]}
    campaign.include(gold[:2])
    assert set(campaign.ask(5, margins=margins(), gold=3).ids) >= set(gold[:2])


def test_what_was_asked_and_excluded_counts_once_among_what_an_ask_may_choose(store: Store, tmp_path: Path) -> None:
    from ladle.campaign.status import status

    campaign = begun(store, tmp_path)
    campaign.add_gold(ids_of(40)[-4:], ["cat"] * 4)
    campaign.exclude(campaign.ask(25, margins=margins()).ids.tolist(), reason="wrong source")
    found = status(campaign)
    assert found.facts.to_choose == 11
    assert len(campaign.ask(11, margins=margins()).ids) == 11
    assert status(campaign).facts.to_choose == 0


def test_an_ask_for_more_than_is_left_says_where_the_rest_is(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.exclude(ids_of(40)[-3:], reason="blurred")
    campaign.ask(10, margins=margins())
    with pytest.raises(ArgumentError, match=r"at most the 27 examples .* 10 are out for labelling, 3 excluded"):
        campaign.ask(28, margins=margins())
    assert len(campaign.ask(27, margins=margins())) == 27


def test_each_batch_is_chosen_by_a_seed_of_its_own(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, strategy="uniform")
    seeds = [campaign.ask(3).story["seed"] for _ in range(3)]
    assert len(set(seeds)) == 3


def test_gold_is_mixed_in_and_scores_people(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, seed=2)
    gold = ids_of(40)[:4]
    campaign.add_gold(gold, ["cat", "cat", "dog", "dog"])
    batch = campaign.ask(10, margins=margins(), gold=4)
    assert len(batch) == 14
    assert set(gold) < set(batch.ids.tolist())
    assert [each for each in batch.rows.tolist() if each >= 4] == list(range(4, 14)), "the others in order of choice"
    for name, words in (("ann", ["cat", "cat", "dog", "dog"]), ("bob", ["cat", "cat", "cat", "cat"])):
        taken = campaign.take(name, 14)
        assert set(gold) <= set(taken.ids.tolist()), "everyone is tested"
        campaign.tell(gold, words, annotator=name)
    people = {row.annotator: (row.gold_right, row.gold_seen) for row in campaign.progress().annotators}
    assert people == {"ann": (4, 4), "bob": (2, 4)}
    resolved = {row.id: (row.label, row.how) for row in campaign.resolved()}
    assert resolved == {
        gold[0]: ("cat", "gold"),
        gold[1]: ("cat", "gold"),
        gold[2]: ("dog", "gold"),
        gold[3]: ("dog", "gold"),
    }


def test_a_pool_that_grew(here: Path) -> None:
    first = VECTORS[:250]
    campaign = ladle.Campaign.create("sqlite:///birds.db", name="birds", pool=first, strategy="cluster-margin")
    campaign.ask(20, probabilities=P[:250])
    assert campaign.extend(VECTORS) == 50
    assert campaign.extend(VECTORS) == 0
    campaign = ladle.Campaign.open("sqlite:///birds.db", name="birds")
    assert campaign.progress().pool == ROWS
    everything = campaign.ask(280, probabilities=P)
    assert len(set(everything.rows.tolist())) == 280
    assert campaign.verify().ok
    for wrong in (VECTORS[:200], ladle.open_pool(VECTORS, ids=NUMBERS), VECTORS[:, :4]):
        with pytest.raises(MismatchError):
            campaign.extend(wrong)


def test_a_changed_pool_is_refused(here: Path) -> None:
    ladle.Campaign.create(
        "sqlite:///birds.db", name="birds", pool=parquet(here, ids_of(ROWS)), strategy="uniform"
    ).close()
    parquet(here, ids_of(ROWS)[::-1])
    campaign = ladle.Campaign.open("sqlite:///birds.db", name="birds")
    with pytest.raises(MismatchError, match="another order"):
        campaign.ask(1)
    assert not campaign.verify().ok
    assert len(campaign.labels()) == 0  # what needs no pool goes on


def test_embeddings_are_taken_from_the_pool_or_asked_for(here: Path) -> None:
    campaign = ladle.Campaign.create("sqlite:///birds.db", name="file", pool=npy(here), strategy="coreset")
    campaign.ask(5)
    ladle.Campaign.create("sqlite:///birds.db", name="array", pool=VECTORS, strategy="coreset").ask(5)
    reopened = ladle.Campaign.open("sqlite:///birds.db", name="array")
    with pytest.raises(ArgumentError, match=r"Campaign\.open\(\.\.\., pool=\.\.\.\)"):
        reopened.ask(5)
    assert len(reopened.ask(5, embeddings=VECTORS)) == 5
    assert len(ladle.Campaign.open("sqlite:///birds.db", name="array", pool=VECTORS).ask(5)) == 5


def test_labels_come_back_as_they_were_given(store: Store, tmp_path: Path) -> None:
    kinds = {
        "any": (None, ["cat", 3, "3", "ünï"], ["cat", 3, "3", "ünï"]),
        "multi": (Labels.multi(["a", "b"]), [["b", "a"], [], ("a",), {"b"}], [["a", "b"], [], ["a"], ["b"]]),
        "value": (Labels.value(0, 1), [0.5, 1, np.float32(0.25), 0], [0.5, 1.0, 0.25, 0.0]),
    }
    for name, (labels, given, back) in kinds.items():
        campaign = begun(store, tmp_path / name, name=name, labels=labels)
        assert campaign.tell(ids_of(4), given).accepted == 4
        assert campaign.labels()["label"] == back
        assert campaign.resolved()["label"] == back
        assert len(campaign.labels().to_arrow()) == 4


def test_unknown_ids_and_labels_are_kept_aside_with_a_reason(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    told = campaign.tell(
        [*ids_of(3), "stranger", "stranger"], ["cat", "cow", float("nan"), "cat", None], annotator="ann"
    )
    assert (told.accepted, told.quarantined, told.labels) == (1, 4, 5)
    reasons = {(row.id, row.label): row.reason for row in campaign.quarantine()}
    assert "'cat', 'dog'" in reasons[ids_of(2)[1], '"cow"']
    assert "NaN" in reasons[ids_of(3)[2], "nan"]
    assert "no example" in reasons["stranger", '"cat"']
    assert ("stranger", "null") in reasons
    assert campaign.progress().quarantined == 4


def test_relabelling_and_deleting_keep_every_version(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    one = ids_of(1)
    campaign.tell(one, ["cat"], annotator="ann")
    assert campaign.tell(one, ["cat"], annotator="ann").repeated == 1
    assert campaign.tell(one, ["dog"], annotator="ann").changed == 1
    assert campaign.delete_labels(one, annotator="ann", reason="blurred after all") == 1
    assert campaign.delete_labels(one, annotator="ann", reason="again") == 0
    assert len(campaign.resolved()) == 0
    campaign.tell(one, ["cat"], annotator="ann")
    history = [(row.label, row.version, row.status) for row in campaign.labels()]
    assert history == [("cat", 1, "superseded"), ("dog", 2, "deleted"), ("cat", 3, "current")]
    story = str(campaign.story(one[0]))
    for what in (
        "labelled 'cat' by ann",
        "labelled 'dog' by ann (version 2)",
        "was deleted",
        "(version 3)",
        "labelled, 'cat'",
    ):
        assert what in story


def test_what_is_taken_again_is_held_no_less_long(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    batch = campaign.ask(4, margins=margins())
    taken = campaign.take("ann", 2)
    assert campaign.take("ann", 2, lease_seconds=1).renewed == 2
    clock.now += HOUR / 2
    assert campaign.take("bob", 4).ids.tolist() == batch.ids[2:].tolist()
    clock.now += HOUR / 2
    assert campaign.take("cy", 4).ids.tolist() == taken.ids.tolist()


def test_what_an_annotator_holds_is_not_asked_again_though_its_batch_lapsed(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    first = campaign.ask(4, margins=margins(), lease_seconds=60)
    held = campaign.take("ann", 2).ids.tolist()
    clock.now += 61
    second = campaign.ask(4, margins=margins()).ids.tolist()
    assert second[:2] == first.ids[2:].tolist()
    assert not set(second) & set(held)


def test_nobody_is_given_again_what_they_have_labelled(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    campaign.add_gold(ids_of(40)[-1:], ["cat"])
    batch = campaign.ask(4, margins=margins(), gold=1)
    labelled = [*batch.ids[:2].tolist(), ids_of(40)[-1]]
    campaign.tell(labelled, ["cat"] * 3, annotator="ann")
    assert set(campaign.take("ann", 5).ids.tolist()) == set(batch.ids.tolist()) - set(labelled)
    assert set(campaign.take("bob", 5).ids.tolist()) == set(batch.ids.tolist())


def test_conflicts_are_disputed_and_settled_by_one_more(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    batch = campaign.ask(2, margins=margins())
    campaign.tell(batch.ids, ["cat", "cat"], annotator="ann")
    assert campaign.tell(batch.ids[:1], ["dog"], annotator="bob").disputed == 1
    assert campaign.progress().disputed == 1
    assert [row.id for row in campaign.resolved()] == batch.ids[1:].tolist()
    assert campaign.take("ann", 5).ids.tolist() == []
    assert campaign.take("cy", 5).ids.tolist() == batch.ids[:1].tolist()
    campaign.tell(batch.ids[:1], ["dog"], annotator="cy")
    assert {row.id: row.label for row in campaign.resolved()} == dict(
        zip(batch.ids.tolist(), ["dog", "cat"], strict=True)
    )
    assert campaign.progress().agreement == pytest.approx(1 / 3)


def test_exclusions(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    assert campaign.exclude(ids_of(3), reason="blurred") == 3
    assert campaign.ask(3, margins=margins()).rows.tolist() == [3, 4, 5]
    campaign.tell(ids_of(1), ["cat"])
    assert len(campaign.labels()) == 1
    assert len(campaign.resolved()) == 0
    assert campaign.include(ids_of(2)) == 2
    assert [row.label for row in campaign.resolved()] == ["cat"]
    assert campaign.ask(3, margins=margins()).rows.tolist() == [1, 6, 7]
    with pytest.raises(IdError, match="stranger"):
        campaign.exclude(["stranger"], reason="?")
    assert campaign.progress().excluded == 1


def test_what_is_excluded_while_it_is_held_is_not_given_again(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.add_gold(ids_of(1), ["cat"])
    campaign.ask(4, margins=margins(), gold=1)
    held = campaign.take("ann", 5)
    assert len(held) == 5
    campaign.exclude([ids_of(1)[0], ids_of(2)[1]], reason="blurred")
    assert set(campaign.take("ann", 5).ids.tolist()) == set(held.ids.tolist()) - set(ids_of(2))


def test_models_make_the_learning_curve(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    (tmp_path / "scores.npy").write_bytes(b"scores")
    for step in range(3):
        batch = campaign.ask(5, margins=margins(), model=f"m{step}")
        campaign.tell(batch.ids, ["cat"] * 5)
        assert campaign.record_model(f"m{step + 1}", metrics={"accuracy": 0.5 + step / 10}) == 5 * (step + 1)
    campaign.record_model("m4", metrics={"accuracy": 0.8}, scores=tmp_path / "scores.npy")
    assert campaign.record_model("m1", metrics={"accuracy": 0.5}) == 5, "said again"
    with pytest.raises(MismatchError, match="m1"):
        campaign.record_model("m1", metrics={"accuracy": 0.6})
    progress = campaign.progress()
    assert progress.curve["labelled"].tolist() == [5, 10, 15, 15]
    assert progress.curve["round"].tolist() == [1, 2, 3, 3]
    assert len(progress.curve[3].scores_digest) == 64
    assert campaign.rounds()["models"] == [["m1"], ["m2"], ["m3", "m4"]]


def test_the_log_says_what_happened(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    batch = campaign.ask(3, margins=margins(), holder="team", key="monday")
    campaign.tell(batch.ids, ["cat"] * 3, annotator="ann", key="upload-1")
    campaign.exclude(ids_of(40)[-1:], reason="blurred")
    log = campaign.audit()
    assert log["kind"].tolist() == ["create", "ask", "tell", "exclude"]
    assert log["actor"].tolist() == ["tester"] * 4
    assert log["key"].tolist() == ["", "monday", "upload-1", ""]
    assert log[3].details["reason"] == "blurred"
    assert log[0].at.tzinfo is UTC


def test_a_reader_reads_and_changes_nothing(here: Path) -> None:
    with begun("sqlite:///birds.db", here) as campaign:
        batch = campaign.ask(5, margins=margins(), key="first")
        campaign.tell(batch.ids[:2], ["cat", "dog"], annotator="ann")
        assert Reader.names("sqlite:///birds.db") == ["birds"]
        with Reader.open("sqlite:///birds.db", name="birds", pool=pool_of()) as reader:
            assert type(reader) is Reader
            assert reader.labels() == campaign.labels()
            assert reader.batch(key="first").rows.tolist() == batch.rows.tolist()
            assert (reader.has_batch("first"), reader.has_batch("second")) == (True, False)
            assert (reader.form.ids, reader.form.items, reader.form.kind) == ("text", "text", "single")
            changing = ("ask", "tell", "round", "take", "exclude", "extend", "record_model", "backup")
            assert not any(hasattr(reader, name) for name in changing)


def test_everything_a_campaign_returns_is_shown_in_a_line(here: Path) -> None:
    store = MemoryStore()
    with begun(store, here) as campaign:
        batch = campaign.ask(5, margins=margins())
        told = campaign.tell(batch.ids[:2], ["cat", "dog"], annotator="ann")
        shown = [campaign, batch, told, campaign.take("bob", 2), campaign.progress(), campaign.verify(), store]
        texts = [repr(each) for each in (*shown, campaign.story(batch.ids[0]))]
    assert all("\n" not in text and len(text) < 250 for text in texts), texts
    assert "passed" in texts[5]
    assert texts[6] == "<MemoryStore memory>"


def test_a_database_is_named_by_its_path_and_its_only_campaign(tmp_path: Path) -> None:
    path = tmp_path / "birds 100%?.db"
    with pytest.raises(FileError, match="no such file"):
        ladle.Campaign.open(path)
    begun(path, tmp_path).close()
    for given in (path, str(path)):
        assert ladle.Campaign.names(given) == ["birds"]
        with ladle.Campaign.open(given) as campaign, Reader.open(given, name="birds") as reader:
            assert campaign.name == reader.name == "birds"
            assert campaign.url == reader.url
    begun(str(path), tmp_path, name="owls").close()
    with pytest.raises(ArgumentError, match="`name` must be one of birds, owls; got none, and there are several"):
        ladle.Campaign.open(path)
    with pytest.raises(NotFoundError, match="hold a campaign"):
        ladle.Campaign.open(MemoryStore())
