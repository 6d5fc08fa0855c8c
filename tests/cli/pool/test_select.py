from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.pool.ids.example_ids import Ids
from ladle.progress import SILENT
from ladle.strategies import catalogue
from ladle.strategies.query.chooser import Choice, Chooser

COLUMNS = ["id", "row", "order", "margin", "cluster", "cluster_size"]


REPLACED = ("--scores", "--tree", "--size", "-o")  # options of `select` that the tests name again


@pytest.fixture
def run(run):
    """`ladle` with these arguments, --force; of the options above, which it would refuse twice, the last."""

    def command(*arguments):
        line = [str(each) for each in arguments]
        for option in REPLACED:
            for _ in range(line.count(option) - 1):
                del line[line.index(option) : line.index(option) + 2]
        return run(*line, *(["--force"] if line[0] == "select" else []))

    return command


@pytest.fixture
def select(made, tmp_path):
    """The arguments of a good selection; later ones win."""
    return [
        *("select", made / "pool.parquet", "--id", "image_id", "--scores", made / "scores.parquet"),
        *("--tree", made / "tree.npz", "--size", 20, "-o", tmp_path / "batch.parquet"),
    ]


def read(path):
    return pq.read_table(path).to_pydict()


def test_writes_what_the_library_chooses(run_json, select, made, tmp_path):
    code, facts = run_json(*select, "--seed", 7)
    assert code == 0
    table = pq.read_table(tmp_path / "batch.parquet")
    assert table.column_names == COLUMNS
    assert [str(kind) for kind in table.schema.types] == ["large_string", "int64", "int64", "float", "int32", "int64"]
    batch = table.to_pydict()
    pool = ladle.open_pool(made / "pool.parquet", id="image_id")
    margins = ladle.margin(np.load(made / "scores.npy"))
    clusters = ladle.Dendrogram.load(made / "tree.npz").cut()
    expected = ladle.ClusterMargin(clusters).query(20, margins=margins, seed=7)
    assert batch["row"] == expected.rows.tolist()
    assert batch["id"] == pool.ids_at(expected.rows).to_pylist()
    assert batch["order"] == list(range(20))
    np.testing.assert_allclose(batch["margin"], margins[expected.rows], atol=1e-6)
    assert batch["cluster"] == clusters[expected.rows].tolist()
    assert batch["cluster_size"] == np.bincount(clusters)[clusters[expected.rows]].tolist()
    assert facts["strategy"] == "cluster-margin"
    assert facts["clusters_touched"] == len(set(batch["cluster"]))
    about = json.loads(table.schema.metadata[b"ladle"])
    assert about["pool_digest"] == pool.digest
    assert about["story"]["seed"] == 7
    assert [path.name for path in tmp_path.iterdir()] == ["batch.parquet"]


@pytest.mark.parametrize(
    "scores",
    [
        ["--scores", "logits.parquet", "--logits"],
        ["--scores", "margins.parquet", "--margins"],
        ["--scores", "scores.npy"],
        ["--scores", "scores.parquet", "--score-column", "p", "--score-id", "id"],
    ],
)
def test_scores_of_every_kind_choose_alike(run, select, made, tmp_path, scores, monkeypatch):
    assert run(*select)[0] == 0
    first = read(tmp_path / "batch.parquet")["row"]
    monkeypatch.chdir(made)
    assert run(*select, *scores)[0] == 0
    assert read(tmp_path / "batch.parquet")["row"] == first


@pytest.fixture
def votes(made, tmp_path_factory):
    """A file of what five passes predicted, in the pool's order."""
    path = tmp_path_factory.mktemp("votes") / "votes.npy"
    likely = np.load(made / "scores.npy").argmax(axis=1)
    np.save(path, np.where(np.random.default_rng(0).random((240, 5)) < 0.5, likely[:, None], 0))
    return path


@pytest.mark.parametrize("strategy", ladle.strategies.names())
def test_every_strategy(run_json, select, votes, tmp_path, strategy):
    code, facts = run_json(*select, "--strategy", strategy, "--votes", votes)
    assert (code, facts["strategy"]) == (0, strategy)
    batch = read(tmp_path / "batch.parquet")
    assert len(set(batch["id"])) == 20
    assert None not in batch["margin"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_other_formats(run, select, tmp_path, suffix):
    assert run(*select)[0] == 0
    assert run(*select, "-o", tmp_path / f"batch.{suffix}")[0] == 0
    whole = read(tmp_path / "batch.parquet")
    if suffix == "csv":
        with (tmp_path / "batch.csv").open() as file:
            entries = list(csv.DictReader(file))
    else:
        entries = [json.loads(line) for line in (tmp_path / "batch.jsonl").read_text().splitlines()]
    assert list(entries[0]) == COLUMNS
    assert [entry["id"] for entry in entries] == whole["id"]
    assert [int(entry["cluster"]) for entry in entries] == whole["cluster"]


def test_labelled_examples_are_left_out(run_json, select, made, tmp_path):
    code, facts = run_json(*select, "--labelled", made / "done.txt", "--size", 180)
    assert (code, facts["labelled_rows"]) == (0, 60)
    assert sorted(read(tmp_path / "batch.parquet")["row"]) == list(range(60, 240))


def test_labelled_examples_need_no_score(run, select, made, tmp_path):
    table = pq.read_table(made / "scores.parquet")
    done = set((made / "done.txt").read_text().split())
    pq.write_table(table.filter([value not in done for value in table["id"].to_pylist()]), tmp_path / "rest.parquet")
    assert run(*select, "--scores", tmp_path / "rest.parquet", "--labelled", made / "done.txt")[0] == 0
    code, _, err = run(*select, "--scores", tmp_path / "rest.parquet")
    assert code == 3
    assert "none for 60 of the pool's 240" in err


def test_a_first_batch_without_model_or_tree(run_json, made, tmp_path):
    code, facts = run_json(
        "select", made / "pool.npy", "--size", 9, "--strategy", "uniform", "-o", tmp_path / "b.parquet"
    )
    assert (code, facts["candidate_rows"]) == (0, 240)
    batch = read(tmp_path / "b.parquet")
    assert batch["margin"] == batch["cluster"] == batch["cluster_size"] == [None] * 9
    assert batch["id"] == batch["row"]


def test_cuts_and_ratio(run_json, select):
    code, facts = run_json(*select, "--mean-size", 3, "--candidate-ratio", 2)
    assert (code, facts["candidate_rows"]) == (0, 40)
    code, facts = run_json(*select, "--mean-size", 300)
    assert (code, facts["clusters_touched"]) == (0, 1)
    code, facts = run_json(*select, "--candidate-ratio", "auto")
    assert code == 0
    assert facts["candidate_rows"] == np.ceil(facts["facts"]["candidate_ratio"] * 20)
    assert 0 <= facts["facts"]["shared"] <= 1


def test_options_of_the_strategy(run_json, select, made, tmp_path):
    code, facts = run_json(*select, "--option", "candidate_ratio=2.5", "--option", "group-size=pool")
    assert (code, facts["candidate_rows"], facts["facts"]["group_size"]) == (0, 50, "pool")
    assert facts["story"]["facts"] == facts["facts"]
    first = read(tmp_path / "batch.parquet")["row"]
    assert run_json(*select, "--candidate-ratio", 2.5, "--option", "group_size=pool")[0] == 0
    assert read(tmp_path / "batch.parquet")["row"] == first
    strategy = ladle.ClusterMargin(ladle.Dendrogram.load(made / "tree.npz"), candidate_ratio=2.5, group_size="pool")
    assert strategy.query(20, margins=ladle.margin(np.load(made / "scores.npy"))).rows.tolist() == first


def test_partitions(run, run_json, select, made, tmp_path):
    code, facts = run_json(*select, "--strategy", "margin", "--option", "partitions=4", "--labelled", made / "done.txt")
    assert (code, facts["story"]["facts"]["partitions"]) == (0, 4)
    margins = ladle.margin(np.load(made / "scores.npy"))
    strategy = ladle.strategies.create("margin", partitions=4)
    wanted = strategy.query(20, margins=margins, labelled=np.arange(60)).rows
    assert read(tmp_path / "batch.parquet")["row"] == wanted.tolist()
    assert "margin, seed 0, in 4 partitions" in run(*select, "--strategy", "margin", "--option", "partitions=4")[1]


class Inward(Chooser):
    """The rows of shortest embedding, of the clusters given if any."""

    name = "inward"
    needs = ("embeddings",)
    asked_with: tuple = ()

    def __init__(self, tree=None, *, power: float = 1, label: str | None = None, flip: bool = False):
        Inward.asked_with = (tree, power, label, flip)

    def choose(self, asked):
        lengths = np.linalg.norm(asked.embeddings(), axis=1)
        with asked.progress.task("Choosing"):
            rows = asked.unlabelled[np.argsort(lengths[asked.unlabelled])][: asked.request.size]
        return Choice(rows, lengths[rows].astype(np.float32))


@pytest.fixture
def inward(monkeypatch, made, tmp_path):
    monkeypatch.setitem(catalogue._MAKERS, "inward", Inward)
    base = ["select", made / "pool.parquet", "--id", "image_id", "--strategy", "inward", "--size", 20]
    return [*base, "-o", tmp_path / "batch.parquet"]


def test_a_strategy_that_needs_embeddings_gets_those_of_the_pool(run_json, inward, made, tmp_path):
    code, facts = run_json(*inward)
    assert (code, facts["strategy"]) == (0, "inward")
    batch = read(tmp_path / "batch.parquet")
    wanted = np.argsort(np.linalg.norm(np.load(made / "pool.npy"), axis=1))[:20]
    assert batch["row"] == wanted.tolist()
    assert batch["margin"] == batch["cluster"] == [None] * 20
    assert Inward.asked_with == (None, 1, None, False)
    assert run_json(*inward, "--option", "partitions=3")[0] == 0  # an embedding strategy, part by part
    assert len(set(read(tmp_path / "batch.parquet")["row"])) == 20


def test_options_are_numbers_and_such_or_else_text(run_json, inward):
    for text, value in (("3", 3), ("0.5", 0.5), ("1e2", 100.0), ("true", True), ("null", None), ("NaN", "NaN")):
        assert run_json(*inward, "--option", f"power={text}")[0] == 0
        assert Inward.asked_with[1] == value
    assert run_json(*inward, "--option", "label = a=b ", "--option", "flip=[1]")[0] == 0
    assert Inward.asked_with == (None, 1, "a=b", "[1]")


def test_a_tree_where_it_is_optional(run_json, inward, made, tmp_path):
    assert run_json(*inward, "--tree", made / "tree.npz")[0] == 0
    assert isinstance(Inward.asked_with[0], ladle.Dendrogram)  # for it to cut as it likes
    assert read(tmp_path / "batch.parquet")["cluster"] != [None] * 20
    assert run_json(*inward, "--tree", made / "tree.npz", "--n-clusters", 100)[0] == 0
    assert Inward.asked_with[0].max() == 99


def test_votes(run, run_json, select, votes, made, tmp_path, monkeypatch):
    monkeypatch.setattr(Inward, "needs", ("votes",))
    monkeypatch.setattr(
        Inward, "choose", lambda self, asked: given.append(asked.votes()) or ladle.Uniform().choose(asked)
    )
    monkeypatch.setitem(catalogue._MAKERS, "inward", Inward)
    given = []
    assert run_json(*select, "--strategy", "inward", "--votes", votes)[0] == 0
    np.testing.assert_array_equal(given[0], np.load(votes))
    assert given[0].dtype == np.int32
    code, _, err = run(*select, "--strategy", "inward")
    assert (code, "--votes must name a file" in err) == (2, True)
    code, _, err = run(*select, "--strategy", "inward", "--votes", made / "scores.npy")
    assert (code, "the votes must be numbers of classes" in err) == (3, True)


def test_yes_or_no_classes(run, run_json, select, made, tmp_path):
    P = np.random.default_rng(0).random((240, 3)).astype(np.float32)
    np.save(tmp_path / "yes.npy", P)
    several = [*select, "--strategy", "margin", "--scores", tmp_path / "yes.npy", "--option", "multilabel=mean"]
    assert run_json(*several)[0] == 0
    wanted = ladle.Margin().query(20, margins=ladle.margin(P, multilabel="mean")).rows.tolist()
    assert read(tmp_path / "batch.parquet")["row"] == wanted
    assert run(*several[:-2])[0] == 3  # rows that do not sum to 1
    code, _, err = run(*several, "--logits")
    assert (code, "got --logits" in err) == (2, True)


def test_badge_reads_yes_or_no_classes(run, run_json, select, made, tmp_path):
    P = np.random.default_rng(0).random((240, 3)).astype(np.float32)
    np.save(tmp_path / "yes.npy", P)
    badge = [*select, "--strategy", "badge", "--scores", tmp_path / "yes.npy"]
    code, facts = run_json(*badge, "--option", "multilabel=true")
    assert (code, facts["scores"]["read_as"]) == (0, "multilabel")
    embeddings = np.load(made / "pool.npy")
    wanted = ladle.strategies.Badge(multilabel=True).query(20, probabilities=P, embeddings=embeddings).rows.tolist()
    assert read(tmp_path / "batch.parquet")["row"] == wanted
    for said in ([], ["--option", "multilabel=false"]):
        assert run(*badge, *said)[0] == 3  # rows that do not sum to 1
    code, _, err = run(*badge, "--option", "multilabel=true", "--logits")
    assert (code, "got --logits" in err) == (2, True)


def test_embeddings_that_do_not_fit_memory(run, inward, monkeypatch, empty):
    monkeypatch.setenv("LADLE_MEMORY", "1K")
    code, _, err = run(*inward)
    assert code == 6
    assert "loading the embeddings of" in err
    assert "must fit the 1.0 KiB of memory available; got 5.6 KiB needed" in err
    assert empty()


def test_a_query_shows_its_progress(run, inward, monkeypatch):
    told = []

    class Noting:
        def task(self, title, total=None):
            told.append(title)
            return SILENT.task(title, total)

    monkeypatch.setattr("ladle.cli.program.progress.progress_reporter", lambda quiet: Noting())
    assert run(*inward)[0] == 0
    assert told == ["Reading the embeddings", "Choosing"]


def test_people_get_a_table(run, select):
    code, out, err = run(*select)
    assert (code, err) == (0, "")
    assert "240 examples, 0 of them labelled" in out
    assert "20 of 200 candidates" in out


def test_repeating_gives_the_same_file(run, select, tmp_path):
    assert run(*select)[0] == 0
    first = (tmp_path / "batch.parquet").read_bytes()
    assert run(*select)[0] == 0
    assert (tmp_path / "batch.parquet").read_bytes() == first


# -- refusals: one error, before any work, and nothing written -----------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--size", 0], 2, "between 1 and the unlabelled pool (240 examples); got 0"),
        (["--size", 241], 2, "got 241"),
        (["--size", 181, "--labelled", "done.txt"], 2, "(180 examples); got 181"),
        (["--strategy", "best"], 2, "cluster-margin"),
        (["--strategy", "margin", "--candidate-ratio", 3], 2, "left out for margin"),
        (["--candidate-ratio", 0.5], 2, "candidate_ratio"),
        (["--candidate-ratio", "some"], 2, "or \"auto\"; got 'some'"),
        (["--strategy", "margin", "--option", "ratio=3"], 2, "deal_labelled; got ratio"),
        (["--option", "ratio=3"], 2, "name one of candidate_ratio, group_size, "),
        (["--option", "mean_size=3"], 2, "The cut has its own: --mean-size."),
        (["--option", "candidate_ratio"], 2, "be NAME=VALUE"),
        (["--option", "=3"], 2, "be NAME=VALUE"),
        (["--option", "partitions=2", "--option", "partitions=3"], 2, "be given once"),
        (["--option", "candidate_ratio=2", "--candidate-ratio", 3], 2, "be given once"),
        (["--option", "candidate_ratio=many"], 2, "'many'"),
        (["--option", "group_size=small"], 2, "`group_size` must be"),
        (["--option", "partitions=1.5"], 2, "`partitions` must be a whole number"),
        (["--option", "partitions=21"], 2, "at most the size of the batch (20); got 21"),
        (["--strategy", "entropy", "--scores", "margins.parquet", "--margins"], 2, "probabilities or logits"),
        (["--logits", "--margins"], 2, "got both"),
        (["--mean-size", 3, "--threshold", 1], 2, "--mean-size and --threshold"),
        (["--seed", -1], 2, "seed"),
        (["--scores", "none.parquet"], 4, "none.parquet"),
        (["--scores", "logits.parquet"], 3, "softmax"),
        (["--scores", "margins.parquet"], 2, "float lists"),
        (["--scores", "pool.parquet"], 2, "--score-column 'emb'"),
        (["--tree", "none.npz"], 4, "none.npz"),
        (["--tree", "scores.npy"], 4, "scores.npy"),
        (["--labelled", "none.txt"], 4, "none.txt"),
        (["--labelled", "scores.npy"], 3, "one-dimensional"),
        (["-o", "batch.xlsx"], 4, "batch.xlsx"),
        (["-o", "no/such/batch.csv"], 4, "no/such"),
        (["--embedding", "vec"], 2, "`vec`"),
    ],
)
def test_unusable_input(run, run_json, select, made, tmp_path, empty, monkeypatch, options, code, told):
    monkeypatch.chdir(made)
    before = sorted(path.name for path in made.iterdir())
    given, facts = run_json(*select, *options)
    assert (given, facts["error"]["exit_code"]) == (code, code)
    assert told in facts["error"]["message"]
    given, out, err = run(*select, *options)
    assert (given, out) == (code, "")
    assert told in err
    assert empty()
    assert sorted(path.name for path in made.iterdir()) == before


def test_scores_or_tree_left_out(run, made, tmp_path, empty):
    base = ["select", made / "pool.npy", "--size", 5, "-o", tmp_path / "b.csv"]
    code, _, err = run(*base, "--scores", made / "scores.npy")
    assert (code, "must have a --tree" in err) == (2, True)
    code, _, err = run(*base, "--tree", made / "tree.npz")
    assert (code, "--scores must name a file" in err) == (2, True)
    code, _, err = run(*base, "--strategy", "uniform", "--logits")
    assert (code, "come with --scores" in err) == (2, True)
    code, _, err = run(*base, "--strategy", "margin", "--scores", made / "scores.npy", "--mean-size", 4)
    assert (code, "with a --tree to cut" in err) == (2, True)
    assert empty()


def test_options_are_refused_before_any_file_is_read(run, tmp_path, inward, empty):
    base = ["select", "none.npy", "--size", 5, "--tree", "none.npz", "--scores", "none.npy", "-o", tmp_path / "b.csv"]
    for given in ("ratio=3", "candidate_ratio=0", "group_size=3", "partitions=0", "partitions=x"):
        code, _, err = run(*base, "--option", given)
        assert (code, "none.np" in err) == (2, False)
    code, _, err = run(*base, "--strategy", "inward", "--option", "power=x", "--option", "size=2")
    assert (code, "one of power, label, flip, partitions, deal_labelled; got size" in err) == (2, True)
    assert empty()


def test_the_tree_of_another_pool(run, made, select, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    ladle.cluster(np.random.default_rng(0).standard_normal((50, 4)), mean_size=5).save(other / "small.npz")
    code, _, err = run(*select, "--tree", other / "small.npz")
    assert (code, "(240 examples); got 240 rows, where the tree's pool has 50" in err) == (5, True)
    vectors = np.load(made / "pool.npy")
    ladle.cluster(ladle.open_pool(vectors), mean_size=5).save(other / "ids.npz")
    code, _, err = run(*select, "--tree", other / "ids.npz")
    assert (code, "other ids, or in another order" in err) == (5, True)
    assert not (tmp_path / "batch.parquet").exists()
    ladle.cluster(vectors, mean_size=5).save(other / "array.npz")  # a tree of a plain array names no pool
    assert run(*select, "--tree", other / "array.npz")[0] == 0


@pytest.mark.parametrize(
    "change",
    [lambda rows: rows[::-1], lambda rows: rows + 1, lambda rows: rows[:, :-1]],
    ids=["shuffled", "other data", "other dim"],
)
def test_the_tree_of_another_pool_whose_ids_are_row_numbers(change, run, made, tmp_path):
    vectors = np.load(made / "pool.npy")
    ladle.cluster(change(vectors), mean_size=5).save(tmp_path / "tree.npz")
    arguments = (
        "--scores",
        made / "scores.npy",
        "--size",
        9,
        "-o",
        tmp_path / "b.csv",
        "--tree",
        tmp_path / "tree.npz",
    )
    code, _, err = run("select", made / "pool.npy", *arguments)
    assert (code, "the tree" in err, "must be of this pool" in err) == (5, True, True)
    assert not (tmp_path / "b.csv").exists()
    np.save(tmp_path / "pool.npy", change(vectors))
    code, out, _ = run("select", tmp_path / "pool.npy", *arguments, "--json")
    assert (code, json.loads(out)["tree_compared"]) == (0, True)


def test_an_old_tree_is_taken_and_its_missing_digest_said(run, tmp_path):
    golden = Path(__file__).parents[2] / "golden" / "tree-1-complete.npz"
    np.save(tmp_path / "pool.npy", np.zeros((120, 3)))
    np.save(tmp_path / "scores.npy", np.full((120, 2), 0.5))
    arguments = ("--scores", tmp_path / "scores.npy", "--size", 9, "--tree", golden)
    code, out, _ = run("select", tmp_path / "pool.npy", *arguments, "-o", tmp_path / "b.csv")
    assert (code, "without a digest" in out) == (0, True)
    code, out, _ = run("select", tmp_path / "pool.npy", *arguments, "-o", tmp_path / "c.csv", "--json")
    assert (code, json.loads(out)["tree_compared"]) == (0, False)


def test_several_lists_of_labelled_ids(run_json, select, made, tmp_path):
    (tmp_path / "r1.txt").write_text("".join(f"im{row:03}\n" for row in range(0, 150)))
    (tmp_path / "r2.csv").write_text("id\n" + "".join(f"im{row:03}\n" for row in range(100, 200)))
    code, facts = run_json(*select, "--labelled", tmp_path / "r1.txt", "--labelled", tmp_path / "r2.csv")
    assert (code, facts["labelled_rows"]) == (0, 200)
    assert min(read(tmp_path / "batch.parquet")["row"]) >= 200


def test_unknown_labelled_ids(run, select, made, tmp_path):
    (tmp_path / "strange.txt").write_text("im001\nzz\n")
    code, _, err = run(*select, "--labelled", tmp_path / "strange.txt")
    assert code == 3
    assert "the labelled ids in" in err
    assert "1 of 2 unknown, the first 'zz'" in err


def test_an_existing_batch_survives_a_failure(run, select, made, tmp_path):
    batch = tmp_path / "batch.parquet"
    batch.write_bytes(b"precious")
    assert run(*select, "--size", 1000)[0] == 2
    assert run(*select, "--scores", made / "logits.parquet")[0] == 3
    assert batch.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["batch.parquet"]


def test_a_failing_write_leaves_nothing(run, select, tmp_path, monkeypatch, empty):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    code, _, err = run(*select)
    assert code == 4
    assert "must be written to the disk; got No space left on device" in err
    assert empty()


def test_ctrl_c_leaves_nothing(run, select, monkeypatch, empty):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pyarrow.parquet.write_table", interrupted)
    assert run(*select)[0] == 130
    assert empty()


def test_integer_ids_from_a_text_file(run_json, made, tmp_path):
    (tmp_path / "done.csv").write_text("id,label\n3,cat\n5,dog\n")
    code, facts = run_json(
        *("select", made / "pool.npy", "--scores", made / "scores.npy", "--strategy", "margin", "--size", 238),
        *("--labelled", tmp_path / "done.csv", "-o", tmp_path / "b.parquet"),
    )
    assert (code, facts["labelled_rows"]) == (0, 2)
    assert set(range(240)) - set(read(tmp_path / "b.parquet")["row"]) == {3, 5}
    assert (
        Ids.row_numbers(240).digest
        == json.loads(pq.read_schema(tmp_path / "b.parquet").metadata[b"ladle"])["pool_digest"]
    )
