"""Every option and file format of select, cluster, assign and campaign against what files may be: in another order, of
another dtype, by another engine, empty, too many, too few, of a wrong type, and so on.

Each line of the tables says what is right: the command works, and then its answer is that of the library called with
the same arrays; or which error it is refused with, and then nothing is written.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.labelling import Labels
from tests.cli.combinations import (
    DONE,
    MASK,
    NUMBERS,
    P64,
    SHUFFLED,
    TEXT,
    N,
    P,
    X,
    Z,
    csv,
    cut_short,
    feather,
    folder,
    jsonl,
    lists,
    npy,
    npz,
    pandas_parquet,
    parquet,
    polars_ipc,
    shards,
    spoiled,
    stream,
    text,
    wide,
    zipped,
)

SIZE = 9
ROWS = np.arange(N)

# -- pools ------------------------------------------------------------------------------------------------------------
# name: (how it is written, options that name its columns, its ids in row order (None: row numbers), its vectors)

TABLE = {"id": TEXT, "emb": lists(X)}
POOLS: dict[str, tuple[Any, list[str], Any, Any]] = {
    "float32.npy": (npy(X), [], None, X),
    "float64.npy": (npy(X.astype(np.float64)), [], None, X.astype(np.float64)),
    "float16.npy": (npy(X.astype(np.float16)), [], None, X.astype(np.float16)),
    "bfloat16.npy": (npy(X.astype(ml_dtypes.bfloat16)), [], None, X.astype(ml_dtypes.bfloat16).astype(np.float32)),
    "int16.npy": (npy((X * 16).astype(np.int16)), [], None, X * 16),
    "fortran.npy": (npy(np.asfortranarray(X)), [], None, np.asfortranarray(X)),
    "bigendian.npy": (npy(X.astype(">f4")), [], None, X),
    "strided.npy": (npy(np.repeat(X, 2, axis=1)[:, ::2]), [], None, X),
    "plain.npz": (npz(embeddings=X), [], None, X),
    "ids.npz": (npz(embeddings=X, ids=TEXT), [], TEXT, X),
    "named.npz": (npz(vec=X, key=NUMBERS), ["--embedding", "vec", "--id", "key"], NUMBERS, X),
    "float32-and-ids.npy": (npy(X), ["--ids", "text.txt"], TEXT, X),
    "float32-and-numbers.npy": (npy(X), ["--ids", "numbers.npy"], NUMBERS, X),
    "float32-and-column.npy": (npy(X), ["--ids", "two-columns.parquet:number"], NUMBERS, X),
    "shards": (shards(lambda rows: npy(X[rows]), "npy"), [], None, X),
    "shards-with-ids": (folder(e_0__npy=npy(X[:30]), e_1__npy=npy(X[30:]), ids__npy=npy(TEXT)), [], TEXT, X),
    "subfolders": (folder(a_2___e_0__npy=npy(X[:30]), a_10___e_0__npy=npy(X[30:])), [], None, X),
    "ignored-files": (folder(e_0__npy=npy(X), _SUCCESS=text(""), README__md=text("about")), [], None, X),
    "fixed.parquet": (parquet(TABLE), [], TEXT, X),
    "list.parquet": (parquet({"id": TEXT, "emb": lists(X, pa.list_(pa.float32()))}), [], TEXT, X),
    "large-list.parquet": (parquet({"id": TEXT, "emb": lists(X, pa.large_list(pa.float32()))}), [], TEXT, X),
    "doubles.parquet": (
        parquet({"id": TEXT, "emb": lists(X, pa.list_(pa.float64()))}),
        [],
        TEXT,
        X.astype(np.float64),
    ),
    "halves.parquet": (parquet({"id": TEXT, "emb": lists(X.astype(np.float16))}), [], TEXT, X.astype(np.float16)),
    "named.parquet": (
        parquet({"key": TEXT, "id": NUMBERS, "vec": lists(X), "other": lists(Z)}),
        ["--id", "key", "--embedding", "vec"],
        TEXT,
        X,
    ),
    "wide.parquet": (parquet({"id": TEXT, **wide(X, "emb_")}), ["--embedding", "emb_*"], TEXT, X),
    "no-ids.parquet": (parquet({"emb": lists(X)}), [], None, X),
    "row-groups.parquet": (parquet(TABLE, row_group_size=7), [], TEXT, X),
    "old.parquet": (parquet(TABLE, version="1.0", compression="gzip", use_dictionary=False), [], TEXT, X),
    "pages.parquet": (parquet(TABLE, data_page_version="2.0", compression="zstd", data_page_size=64), [], TEXT, X),
    "SHOUTED.PARQUET": (parquet(TABLE), [], TEXT, X),
    "short.pq": (parquet(TABLE), [], TEXT, X),
    "shuffled.parquet": (
        parquet({"id": TEXT[SHUFFLED], "emb": lists(X[SHUFFLED])}),
        [],
        TEXT[SHUFFLED],
        X[SHUFFLED],
    ),
    "numbers.parquet": (parquet({"id": NUMBERS, "emb": lists(X)}), [], NUMBERS, X),
    "small-numbers.parquet": (parquet({"id": NUMBERS.astype(np.uint16), "emb": lists(X)}), [], NUMBERS, X),
    "dictionary.parquet": (parquet({"id": pa.array(TEXT).dictionary_encode(), "emb": lists(X)}), [], TEXT, X),
    "views.arrow": (feather({"id": pa.array(TEXT, pa.string_view()), "emb": lists(X)}), [], TEXT, X),
    "pandas.parquet": (pandas_parquet({"id": TEXT, "emb": X}), [], TEXT, X),
    "polars.arrow": (polars_ipc({"id": TEXT, "emb": X}), [], TEXT, X),
    "categories.arrow": (
        polars_ipc({"id": pl.Series(TEXT.tolist(), dtype=pl.Categorical), "emb": X}),
        [],
        TEXT,
        X,
    ),
    "file.arrow": (feather(TABLE), [], TEXT, X),
    "stream.arrow": (stream(TABLE), [], TEXT, X),
    "file.ipc": (feather(TABLE), [], TEXT, X),
    "file.feather": (feather(TABLE), [], TEXT, X),
    "tables": (
        shards(lambda rows: parquet({"id": TEXT[rows], "emb": lists(X[rows])}), "parquet"),
        [],
        TEXT,
        X,
    ),
    "hive": (
        folder(
            part=lambda path: None,
            **{
                f"k={place}___p__parquet": parquet({"id": TEXT[part], "emb": lists(X[part])})
                for place, part in enumerate((ROWS[:30], ROWS[30:]))
            },
        ),
        [],
        TEXT,
        X,
    ),
}

# name: (how it is written, options, exit code, part of the message)
BAD_POOLS: dict[str, tuple[Any, list[str], int, str]] = {
    "missing.npy": (None, [], 4, "nothing there"),
    "odd.xlsx": (text("x"), [], 4, "odd.xlsx"),
    "empty.npy": (text(""), [], 4, "empty"),
    "empty.parquet": (text(""), [], 4, "empty.parquet"),
    "no-rows.npy": (npy(X[:0]), [], 3, "row"),
    "no-rows.parquet": (parquet({"id": TEXT[:0], "emb": lists(X[:0])}), [], 3, "at least one row"),
    "no-dim.npy": (npy(X[:, :0]), [], 3, "shape (60, 0)"),
    "one-axis.npy": (npy(X[:, 0]), [], 3, "shape (60,)"),
    "three-axes.npy": (npy(X[:, :, None]), [], 3, "shape (60, 5, 1)"),
    "complex.npy": (npy(X.astype(complex)), [], 3, "complex128"),
    "words.npy": (npy(TEXT), [], 3, "dtype"),
    "nan.npy": (npy(spoiled(X, 4, np.nan)), [], 3, "row 4"),
    "infinite.npy": (npy(spoiled(X, 4, np.inf)), [], 3, "row 4"),
    "cut.npy": (cut_short(npy(X)), [], 4, "bytes"),
    "longer.npy": (lambda path: path.write_bytes(npy(X)(path) or path.read_bytes() + b"xx"), [], 4, "bytes"),
    "pickled.npy": (lambda path: np.save(path, np.array([{}], object), allow_pickle=True), [], 4, "pickle"),
    "cut.parquet": (cut_short(parquet(TABLE)), [], 4, "cut.parquet"),
    "cut.arrow": (cut_short(feather(TABLE)), [], 4, "cut.arrow"),
    "zip.npz": (zipped(b"x"), [], 4, "npz"),
    "renamed.parquet": (npy(X), [], 4, "renamed.parquet"),
    "renamed.npy": (parquet(TABLE), [], 4, "renamed.npy"),
    "twice.parquet": (parquet({"id": [*TEXT[:-1], "im03"], "emb": lists(X)}), [], 3, "'im03'"),
    "null-id.parquet": (parquet({"id": [*TEXT[:-1].tolist(), None], "emb": lists(X)}), [], 3, "nulls"),
    "float-ids.parquet": (parquet({"id": NUMBERS / 1.0, "emb": lists(X)}), [], 3, "integers or text"),
    "binary-ids.parquet": (parquet({"id": [t.encode() for t in TEXT], "emb": lists(X)}), [], 3, "bytes"),
    "null-list.parquet": (
        parquet({"id": TEXT, "emb": pa.array([None, *X[1:].tolist()], pa.list_(pa.float32()))}),
        [],
        3,
        "row 0",
    ),
    "ragged.parquet": (
        parquet({"id": TEXT, "emb": pa.array([*X[:-1].tolist(), [1.0]], pa.list_(pa.float32()))}),
        [],
        3,
        "row",
    ),
    "two-lists.parquet": (parquet({"id": TEXT, "emb": lists(X), "too": lists(Z)}), [], 2, "`emb`, `too`"),
    "no-lists.parquet": (parquet({"id": TEXT, "a": Z[:, 0]}), [], 2, "float lists"),
    "misnamed.parquet": (parquet(TABLE), ["--embedding", "embb"], 2, "Did you mean `emb`?"),
    "misnamed-id.parquet": (parquet(TABLE), ["--id", "idd"], 2, "Did you mean `id`?"),
    "words.parquet": (parquet({"id": TEXT, "emb": [["a"]] * N}), ["--embedding", "emb"], 2, "emb"),
    "mixed": (folder(a__npy=npy(X[:30]), b__parquet=parquet(TABLE)), [], 4, "one format"),
    "stranger": (folder(a__npy=npy(X), b__xlsx=text("x")), [], 4, "b.xlsx"),
    "nothing": (lambda path: path.mkdir(), [], 4, "nothing"),
    "unlike": (folder(a__npy=npy(X), b__npy=npy(Z)), [], 3, "dim"),
    "columns-of-an-array.npy": (npy(X), ["--embedding", "emb"], 2, "left out"),
    "too-few-ids.npy": (npy(X[:-1]), ["--ids", "text.txt"], 3, "59"),
    "too-many-ids.npy": (npy(X), ["--ids", "few.txt"], 3, "60"),
    "repeated-ids.npy": (npy(X), ["--ids", "zeros-and-ones.npy"], 3, "repeats"),
    "ids-beside-ids.parquet": (parquet(TABLE), ["--ids", "missing.txt"], 4, "missing.txt"),
}

# -- scores, of the pool float32.npy, or by id of fixed.parquet -------------------------------------------------------
# name: (how it is written, options, how the library is called: a function of nothing to margins)

MARGINS = ladle.margin(P)
BY_ID = {"id": TEXT[SHUFFLED], "p": lists(P[SHUFFLED])}
SCORES: dict[str, tuple[Any, list[str], Any]] = {
    "p32.npy": (npy(P), [], P),
    "p64.npy": (npy(P64), [], P64),
    "p16.npy": (npy(P.astype(np.float16)), [], P.astype(np.float16)),
    "pb16.npy": (npy(P.astype(ml_dtypes.bfloat16)), [], P.astype(ml_dtypes.bfloat16).astype(np.float32)),
    "pbig.npy": (npy(P.astype(">f8")), [], P.astype(np.float64)),
    "pfortran.npy": (npy(np.asfortranarray(P)), [], P),
    "p.npz": (npz(p=P), [], P),
    "pids.npz": (npz(p=P[SHUFFLED], ids=ROWS[SHUFFLED]), [], P),
    "pshards": (shards(lambda rows: npy(P[rows]), "npy"), [], P),
    "p.parquet": (parquet({"id": ROWS[SHUFFLED], "p": lists(P[SHUFFLED])}), [], P),
    "ptable": (
        shards(lambda rows: parquet({"id": rows, "p": lists(P[rows])}), "parquet", SHUFFLED),
        [],
        P,
    ),
    "pwide.parquet": (parquet({"id": ROWS[SHUFFLED], **wide(P[SHUFFLED], "p")}), [], P),
    "pwide.csv": (csv({"id": ROWS[SHUFFLED], **wide(P64[SHUFFLED], "p")}), [], P64),
    "pwide-crlf.csv": (csv({"id": ROWS, **wide(P64, "p")}, end="\r\n", mark="\ufeff"), [], P64),
    "ppandas.parquet": (pandas_parquet({"id": ROWS, "p": P}), [], P),
    "ppolars.arrow": (polars_ipc({"id": ROWS, "p": P}), [], P),
    "pstream.arrow": (stream({"id": ROWS, "p": lists(P)}), [], P),
    "pmore.parquet": (
        parquet({"id": ROWS, **wide(P, "p"), "loss": Z[:, 0]}),
        ["--score-column", "p0", "--score-column", "p1", "--score-column", "p2"],
        P,
    ),
    "ppattern.parquet": (parquet({"id": ROWS, **wide(P, "p"), "loss": Z[:, 0]}), ["--score-column", "p*"], P),
    "ptwo-lists.parquet": (
        parquet({"key": ROWS, "p": lists(P), "emb": lists(X)}),
        ["--score-column", "p", "--score-id", "key"],
        P,
    ),
    "z.npy": (npy(Z), ["--logits"], ("logits", Z)),
    "z64.npy": (npy(Z.astype(np.float64)), ["--logits"], ("logits", Z.astype(np.float64))),
    "z.parquet": (parquet({"id": ROWS[SHUFFLED], "z": lists(Z[SHUFFLED])}), ["--logits"], ("logits", Z)),
    "zint.npy": (npy((Z * 8).astype(np.int8)), ["--logits"], ("logits", Z * 8)),
    "m.npy": (npy(MARGINS), ["--margins"], ("margins", MARGINS)),
    "m.parquet": (
        parquet({"id": ROWS[SHUFFLED], "margin": MARGINS[SHUFFLED]}),
        ["--margins"],
        ("margins", MARGINS),
    ),
    "m.csv": (csv({"id": ROWS, "margin": MARGINS.astype(np.float64)}), ["--margins"], ("margins", MARGINS)),
    "p1.npy": (npy(P[:, 0]), ["--binary"], ("margins", np.abs(2 * P[:, 0].astype(np.float64) - 1).astype(np.float32))),
    "weights.npy": (npy(P64 * 4), ["--normalise"], P64),
    "extra.parquet": (
        parquet({"id": np.arange(N + 5), "p": lists(np.vstack([P, P[:5]]))}),
        ["--ignore-extra-scores"],
        P,
    ),
}

BAD_SCORES: dict[str, tuple[Any, list[str], int, str]] = {
    "missing-scores.npy": (None, [], 4, "nothing there"),
    "s-empty.npy": (text(""), [], 4, "empty"),
    "s-empty.csv": (text(""), [], 4, "Empty CSV file"),
    "s-header.csv": (text("id,p0,p1\n"), [], 3, "no rows"),
    "s-none.npy": (npy(P[:0]), [], 3, "shape (0, 3)"),
    "s-few.npy": (npy(P[:-1]), [], 3, "59"),
    "s-many.npy": (npy(np.vstack([P, P[:1]])), [], 3, "61"),
    "s-few.parquet": (parquet({"id": ROWS[1:], "p": lists(P[1:])}), [], 3, "such as 0"),
    "s-extra.parquet": (
        parquet({"id": np.arange(N + 5), "p": lists(np.vstack([P, P[:5]]))}),
        [],
        3,
        "--ignore-extra-scores",
    ),
    "s-twice.parquet": (parquet({"id": [*ROWS[:-1], 3], "p": lists(P)}), [], 3, "repeats"),
    "s-other.parquet": (parquet(BY_ID), [], 3, "integer"),
    "s-nan.npy": (npy(spoiled(P, 4, np.nan)), [], 3, "row 4"),
    "s-negative.npy": (npy(spoiled(P, 4, -0.2)), [], 3, "row 4"),
    "s-logits.npy": (npy(Z), [], 3, "--logits"),
    "s-probabilities.npy": (npy(P * 2), [], 3, "row"),
    "s-classes.npy": (npy(P), ["--classes", "4"], 5, "4 classes"),
    "s-loss.parquet": (parquet({"id": ROWS, **wide(P, "p"), "loss": Z[:, 0]}), [], 2, "`loss`"),
    "s-loss-logits.parquet": (parquet({"id": ROWS, **wide(Z, "p"), "loss": Z[:, 0]}), ["--logits"], 2, "`loss`"),
    "s-one.npy": (npy(P[:, 0]), [], 3, "--binary"),
    "s-one.parquet": (parquet({"id": ROWS, "p": P[:, 0]}), [], 2, "--binary"),
    "s-signed.npy": (npy(Z[:, 0]), ["--margins"], 3, "--binary"),
    "s-both.npy": (npy(P), ["--logits", "--margins"], 2, "--margins"),
    "s-three.npy": (npy(P[:, :, None]), [], 3, "shape"),
    "s-complex.npy": (npy(P.astype(complex)), [], 2, "complex128"),
    "s-words.npy": (npy(P.astype(str)), [], 2, "dtype"),
    "s-misnamed.parquet": (
        parquet({"id": ROWS, "prob": lists(P)}),
        ["--score-column", "probs"],
        2,
        "Did you mean `prob`?",
    ),
    "s-cut.npy": (cut_short(npy(P)), [], 4, "bytes"),
    "s-cut.parquet": (cut_short(parquet({"id": ROWS, "p": lists(P)})), [], 4, "s-cut.parquet"),
    "s-words.csv": (csv({"id": ROWS, "p0": ["x"] * N, "p1": P[:, 1]}), [], 2, "p1"),
    "s-comma.csv": (text("id;p0;p1\n" + "".join(f"{r};0,5;0,5\n" for r in ROWS)), [], 4, "got 3"),
    "s-null.parquet": (parquet({"id": ROWS, "p": pa.array([None, *P[1:].tolist()])}), [], 3, "row 0"),
}

# -- lists of examples not to choose ----------------------------------------------------------------------------------

LINES = "".join(f"{row}\n" for row in DONE)
LABELLED: dict[str, tuple[Any, list[str], Any]] = {
    "l.txt": (text(LINES), [], DONE),
    "l-blank.txt": (text(LINES + "\n\n"), [], DONE),
    "l-crlf.txt": (text("\ufeff" + LINES.replace("\n", "\r\n")), [], DONE),
    "l-open.txt": (text(LINES.rstrip()), [], DONE),
    "l-empty.txt": (text(""), [], []),
    "l-empty.csv": (text(""), [], []),
    "l-header.csv": (text("id\n"), [], []),
    "l-header-more.csv": (text("id,label\r\n"), [], []),
    "l.csv": (csv({"id": DONE[::-1], "label": ["a"] * 20}), [], DONE),
    "l-bom.csv": (csv({"id": DONE}, end="\r\n", mark="\ufeff"), [], DONE),
    "l-named.csv": (csv({"key": DONE, "id": DONE + 1}), ["--labelled-column", "key"], DONE),
    "l.npy": (npy(DONE[::-1]), [], DONE),
    "l-small.npy": (npy(DONE.astype(np.uint8)), [], DONE),
    "l-none.npy": (npy(np.array([])), [], []),
    "l-mask.npy": (npy(MASK), [], MASK),
    "l-mask.npz": (npz(mask=MASK), [], MASK),
    "l-mask.parquet": (parquet({"done": MASK}), [], MASK),
    "l-mask.csv": (csv({"id": MASK}), [], MASK),
    "l-mask-none.npy": (npy(np.zeros(N, bool)), [], np.zeros(N, bool)),
    "l.npz": (npz(ids=DONE), [], DONE),
    "l.parquet": (parquet({"label": ["a"] * 20, "id": DONE}), [], DONE),
    "l-one.parquet": (parquet({"key": DONE}), [], DONE),
    "l-null.parquet": (parquet({"id": pa.array([], pa.null())}), [], []),
    "l-pandas.parquet": (pandas_parquet({"id": DONE}), [], DONE),
    "l.feather": (feather({"id": DONE}), [], DONE),
    "l-folder": (folder(a_2__npy=npy(DONE[:9]), a_10__npy=npy(DONE[9:])), [], None),
}

BAD_LABELLED: dict[str, tuple[Any, list[str], int, str]] = {
    "missing-list.txt": (None, [], 4, "nothing there"),
    "b.xlsx": (text("x"), [], 4, "b.xlsx"),
    "b-ints.npy": (npy(MASK.astype(int)), [], 3, "or a mask"),
    "b-ints.csv": (csv({"id": MASK.astype(int)}), [], 3, "or a mask"),
    "b-ints.parquet": (parquet({"id": MASK.astype(np.uint8)}), [], 3, "or a mask"),
    "b-short.npy": (npy(MASK[:-1]), [], 3, "as a mask; got 59"),
    "b-long.npy": (npy(np.append(MASK, True)), [], 3, "as a mask; got 61"),
    "b-twice.txt": (text(LINES + "0\n0\n"), [], 3, "repeats"),
    "b-floats.npy": (npy(DONE / 1.0), [], 3, "integers or text"),
    "b-two.npy": (npy(DONE[:, None]), [], 3, "one-dimensional"),
    "b-beyond.npy": (npy(DONE + 100), [], 3, "unknown"),
    "b-below.npy": (npy(-DONE - 1), [], 3, "unknown"),
    "b-words.txt": (text("im03\n"), [], 3, "be integers"),
    "b-holes.txt": (text("3\n\n5\n"), [], 3, "empty lines"),
    "b-columns.csv": (csv({"a": DONE, "b": DONE}), [], 2, "--labelled-column"),
    "b-headless.csv": (text(LINES), [], 2, "column of ids"),
    "b-null.parquet": (parquet({"id": [3, None]}), [], 3, "nulls"),
    "b-utf16.txt": (text(LINES.encode("utf-16")), [], 4, "UTF-8"),
    "b-cut.npy": (cut_short(npy(DONE)), [], 4, "bytes"),
    "b-misnamed.parquet": (parquet({"key": DONE, "b": DONE}), ["--labelled-column", "keys"], 2, "Did you mean `key`?"),
}

# -- other options of select: what the library is told, or the error --------------------------------------------------

OPTIONS: list[tuple[list[str], dict[str, Any]]] = [
    (["--seed", "3"], {"seed": 3}),
    (["--size", "1"], {"size": 1}),
    (["--size", str(N)], {"size": N}),
    (["--strategy", "uniform"], {"strategy": "uniform"}),
    (["--strategy", "entropy"], {"strategy": "entropy"}),
    (["--strategy", "least-confidence"], {"strategy": "least-confidence"}),
    (["--strategy", "coreset"], {"strategy": "coreset"}),
    (["--strategy", "badge"], {"strategy": "badge"}),
    (["--strategy", "margin", "--option", "noise=power"], {"strategy": "margin", "noise": "power"}),
    (["--strategy", "margin", "--option", "partitions=3"], {"strategy": "margin", "partitions": 3}),
    (["--strategy", "cluster-margin", "--tree", "tree.npz"], {"strategy": "cluster-margin"}),
    (
        ["--strategy", "cluster-margin", "--tree", "tree.npz", "--candidate-ratio", "2"],
        {"strategy": "cluster-margin", "candidate_ratio": 2},
    ),
    (
        ["--strategy", "cluster-margin", "--tree", "tree.npz", "--candidate-ratio", "auto"],
        {"strategy": "cluster-margin", "candidate_ratio": "auto"},
    ),
    (
        ["--strategy", "cluster-margin", "--tree", "tree.npz", "--n-clusters", "9"],
        {"strategy": "cluster-margin", "cut": {"n_clusters": 9}},
    ),
    (
        ["--strategy", "cluster-margin", "--tree", "tree.npz", "--threshold", "0.4"],
        {"strategy": "cluster-margin", "cut": {"threshold": 0.4}},
    ),
    (
        ["--strategy", "cluster-margin", "--tree", "tree.npz", "--mean-size", "4"],
        {"strategy": "cluster-margin", "cut": {"mean_size": 4}},
    ),
]

BAD_OPTIONS: list[tuple[list[str], int, str]] = [
    (["--size", "0"], 2, "between 1 and"),
    (["--size", "61"], 2, "got 61"),
    (["--size", "-1"], 2, "got -1"),
    (["--size", "1.5"], 2, "--size"),
    (["--size", "many"], 2, "--size"),
    (["--seed", "-1"], 2, "seed"),
    (["--seed", "x"], 2, "--seed"),
    (["--seed", "1", "--seed", "1"], 2, "--seed must be given once"),
    (["--scores", "p32.npy", "--scores", "p64.npy"], 2, "--scores must be given once"),
    (["--strategy", "margn"], 2, "Did you mean `margin`?"),
    (["--strategy", ""], 2, "be one of"),
    (["--option", "noise"], 2, "NAME=VALUE"),
    (["--option", "noice=1"], 2, "Did you mean `noise`?"),
    (["--option", "noise=lots"], 2, "noise"),
    (["--option", "noise=true"], 2, "noise"),
    (["--option", "noise=[1]"], 2, "noise"),
    (["--option", "noise=-1"], 2, "noise"),
    (["--option", "noise=1", "--option", "noise=2"], 2, "given once"),
    (["--option", "partitions=0"], 2, "partitions"),
    (["--option", "partitions=99"], 2, "partitions"),
    (["--option", "partitions=1.5"], 2, "partitions"),
    (["--strategy", "cluster-margin"], 2, "--tree"),
    (["--strategy", "cluster-margin", "--tree", "missing.npz"], 4, "missing.npz"),
    (["--strategy", "cluster-margin", "--tree", "float32.npy"], 4, "float32.npy"),
    (["--strategy", "cluster-margin", "--tree", "reversed.npz"], 5, "be of this pool"),
    (["--strategy", "cluster-margin", "--tree", "small.npz"], 5, "the tree's pool has 30 rows"),
    (["--strategy", "cluster-margin", "--tree", "tree.npz", "--n-clusters", "0"], 2, "n_clusters"),
    (["--strategy", "cluster-margin", "--tree", "tree.npz", "--n-clusters", "61"], 2, "n_clusters"),
    (["--strategy", "cluster-margin", "--tree", "tree.npz", "--threshold", "nan"], 2, "threshold"),
    (["--strategy", "cluster-margin", "--tree", "tree.npz", "--mean-size", "0.5"], 2, "mean_size"),
    (["--strategy", "cluster-margin", "--tree", "tree.npz", "--candidate-ratio", "0"], 2, "candidate_ratio"),
    (["--strategy", "cluster-margin", "--tree", "tree.npz", "--candidate-ratio", "x"], 2, "candidate_ratio"),
    (["--mean-size", "3"], 2, "--tree"),
    (["--candidate-ratio", "2"], 2, "left out"),
    (["--labelled-column", "id"], 2, "come with --labelled"),
    (["--no-such"], 2, "No such option"),
    (["--multilabel"], 2, "No such option"),
]

# -- cluster ----------------------------------------------------------------------------------------------------------

CLUSTER_OPTIONS: list[tuple[list[str], dict[str, Any]]] = [
    (["--metric", "sqeuclidean"], {"metric": "sqeuclidean"}),
    (["--mean-size", "4"], {"mean_size": 4}),
    (["--n-clusters", "7"], {"n_clusters": 7}),
    (["--threshold", "0.3"], {"threshold": 0.3}),
    (["--threshold", "0"], {"threshold": 0}),
    (["--full"], {"mean_size": None}),
    (["--exact"], {"exact": True}),
    (["--approximate"], {"exact": False}),
    (["--approximate", "--quality", "high", "--seed", "4"], {"exact": False, "quality": "high", "seed": 4}),
    (["--no-prototypes"], {"prototypes": False}),
    (["--no-checkpoint"], {}),
]

BAD_CLUSTER_OPTIONS: list[tuple[list[str], int, str]] = [
    (["--metric", "euclid"], 2, "--metric"),
    (["--metric", "cosine", "--metric", "cosine"], 2, "given once"),
    (["--mean-size", "0"], 2, "mean_size"),
    (["--mean-size", "ten"], 2, "--mean-size"),
    (["--mean-size", "4", "--full"], 2, "--mean-size and --full"),
    (["--n-clusters", "0"], 2, "n_clusters"),
    (["--n-clusters", "61"], 2, "60"),
    (["--n-clusters", "2.5"], 2, "--n-clusters"),
    (["--threshold", "-1"], 2, "threshold"),
    (["--threshold", "inf", "--threshold", "1"], 2, "given once"),
    (["--exact", "--approximate"], 2, "got both"),
    (["--prototypes", "--no-prototypes"], 2, "got both"),
    (["--quality", "best"], 2, "--quality"),
    (["--seed", "-1"], 2, "seed"),
    (["--checkpoint", "kept", "--no-checkpoint"], 2, "--no-checkpoint"),
    (["--scratch", "no/such"], 4, "no/such"),
    (["--clusters-out", "c.xlsx"], 4, "c.xlsx"),
    (["-o", "t.parquet"], 4, ".npz"),
    (["-o", "no/such/t.npz"], 4, "no/such"),
    (["-o", "float32.npy"], 4, ".npz"),
    (["-o", "plain.npz"], 4, "--force"),
    (["--skipped", "s.csv"], 2, "--skip-invalid"),
]

ASSIGN_OPTIONS: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--new", "mark"], {"new": "mark"}),
    (["--new", "nearest"], {"new": "nearest"}),
    (["--exact"], {"exact": True}),
    (["--clustered", "other.npy", "--mean-size", "3"], {"pool": "other", "mean_size": 3}),
    (["--mean-size", "20"], {"mean_size": 20}),
]

BAD_ASSIGN_OPTIONS: list[tuple[list[str], int, str]] = [
    (["--new", "keep"], 2, "--new"),
    (["--mean-size", "3"], 2, "--clustered"),
    (["--mean-size", "3", "--threshold", "1"], 2, "exactly one"),
    (["--clustered", "float32.npy", "--mean-size", "3"], 5, "other vectors"),
    (["--clustered", "missing.npy"], 4, "missing.npy"),
    (["--seed", "-1"], 2, "seed"),
    (["-o", "a.npz"], 4, ".parquet"),
]

# -- labels for a campaign whose pool is fixed.parquet ----------------------------------------------------------------
# name: (how it is written, options, the ids and labels that the library is told)

ANSWERS = [["cat", "dog", "emu"][row % 3] for row in DONE]
TASKS = {"id": TEXT[DONE], "label": ANSWERS}
TOLD: dict[str, tuple[Any, list[str], Any, Any]] = {
    "t.csv": (csv(TASKS), [], TEXT[DONE], ANSWERS),
    "t-crlf.csv": (csv(TASKS, end="\r\n", mark="\ufeff"), [], TEXT[DONE], ANSWERS),
    "t-reversed.csv": (csv({name: list(values)[::-1] for name, values in TASKS.items()}), [], TEXT[DONE], ANSWERS),
    "t-columns.csv": (csv({"label": ANSWERS, "note": ["x"] * 20, "id": TEXT[DONE]}), [], TEXT[DONE], ANSWERS),
    "t-named.csv": (
        csv({"key": TEXT[DONE], "class": ANSWERS}),
        ["--id", "key", "--label", "class"],
        TEXT[DONE],
        ANSWERS,
    ),
    "t-blank.csv": (text("id,label\nim03,cat\n\n\n"), [], ["im03"], ["cat"]),
    "t-open.csv": (text("id,label\nim03,cat\nim04,\n"), [], ["im03"], ["cat"]),
    "t-unknown.csv": (text("id,label\nim03,cat\nim99,dog\n"), [], ["im03", "im99"], ["cat", "dog"]),
    "t-odd.csv": (text("id,label\nim03,cat\nim04,cow\n"), [], ["im03", "im04"], ["cat", "cow"]),
    "t.jsonl": (
        jsonl(TASKS),
        [],
        TEXT[DONE],
        ANSWERS,
    ),
    "t-null.jsonl": (text('{"id": "im03", "label": "cat"}\n{"id": "im04", "label": null}\n'), [], ["im03"], ["cat"]),
    "t.parquet": (parquet(TASKS), [], TEXT[DONE], ANSWERS),
    "t-dictionary.parquet": (
        parquet({"id": pa.array(TEXT[DONE]).dictionary_encode(), "label": pa.array(ANSWERS).dictionary_encode()}),
        [],
        TEXT[DONE],
        ANSWERS,
    ),
    "t-pandas.parquet": (lambda path: pd.DataFrame(TASKS).to_parquet(path), [], TEXT[DONE], ANSWERS),
    "t-polars.parquet": (lambda path: pl.DataFrame(TASKS).write_parquet(path), [], TEXT[DONE], ANSWERS),
    "t-groups.parquet": (parquet(TASKS, row_group_size=3), [], TEXT[DONE], ANSWERS),
}

BAD_TOLD: dict[str, tuple[Any, list[str], int, str]] = {
    "missing.csv": (None, [], 4, "missing.csv"),
    "u-empty.csv": (text(""), [], 4, "empty"),
    "u-header.csv": (text("id,label\n"), [], 3, "none"),
    "u-columns.csv": (csv({"key": TEXT[DONE], "label": ANSWERS}), [], 4, "id"),
    "u-same-twice.csv": (text("id,label\nim03,cat\nim03,cat\n"), [], 3, "line 3 after line 2"),
    "u-changed.csv": (text("id,label\nim03,cat\nim03,dog\n"), [], 3, "line 3 after line 2"),
    "u-headless.csv": (text("im03,cat\n"), [], 4, "columns"),
    "u-twice.csv": (text("id,id,label\nim03,im04,cat\n"), [], 4, "one column `id`"),
    "u-ragged.csv": (text("id,label\nim03\n"), [], 4, "u-ragged.csv"),
    "u-quote.csv": (text('id,label\n"im03,cat\n'), [], 4, "quote"),
    "u-blank.jsonl": (text("\n\n"), [], 4, "u-blank.jsonl"),
    "u-null.jsonl": (text("null\n"), [], 4, "line 1"),
    "u-two.jsonl": (text('{"id": "im03", "label": "cat"} {"id": "im04", "label": "cat"}\n'), [], 4, "line 1"),
    "u-list.jsonl": (text('["im03", "cat"]\n'), [], 4, "line 1"),
    "u-number.jsonl": (text('{"id": 3, "label": "cat"}\n'), [], 3, "line 1"),
    "u-numbers.parquet": (parquet({"id": DONE, "label": ANSWERS}), [], 3, "id"),
    "u-cut.parquet": (cut_short(parquet(TASKS)), [], 4, "u-cut.parquet"),
    "u.xlsx": (text("x"), [], 4, "u.xlsx"),
    "u-renamed.csv": (parquet(TASKS), [], 4, "a Parquet file"),
    "u-mask.parquet": (parquet({"id": MASK, "label": ["cat"] * N}), [], 3, "id"),
}

EXCLUDED: dict[str, tuple[Any, Any]] = {
    "x.txt": (text("im03\nim05\n\n"), [3, 5]),
    "x-empty.txt": (text(""), []),
    "x.csv": (csv({"label": ["a", "b"], "id": ["im05", "im03"]}, end="\r\n"), [3, 5]),
    "x.npy": (npy(TEXT[[3, 5]]), [3, 5]),
    "x-mask.npy": (npy(MASK), DONE),
    "x.parquet": (parquet({"id": TEXT[[3, 5]]}), [3, 5]),
}

BAD_EXCLUDED: dict[str, tuple[Any, int, str]] = {
    "y-ints.npy": (npy(MASK.astype(int)), 3, "or a mask"),
    "y-ints.txt": (text("".join(f"{int(each)}\n" for each in MASK)), 3, "or a mask"),
    "y-short.npy": (npy(MASK[1:]), 3, "as a mask"),
    "y-twice.txt": (text("im03\nim03\n"), 3, "repeats"),
    "y-unknown.txt": (text("im99\n"), 3, "unknown"),
    "y-numbers.npy": (npy(DONE), 3, "text"),
    "y-missing.txt": (None, 4, "nothing there"),
    "y-columns.csv": (csv({"a": [1], "b": [2]}), 2, "column of ids"),
}


def named(value: Any) -> str:
    """The name of a case: its options."""
    return " ".join(value) if isinstance(value, list) else ""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file of the tables, and a few that their options name."""
    home = tmp_path_factory.mktemp("world")
    tables: list[dict[str, tuple[Any, ...]]] = [POOLS, BAD_POOLS, SCORES, BAD_SCORES, LABELLED, BAD_LABELLED]
    for table in [*tables, TOLD, BAD_TOLD, EXCLUDED, BAD_EXCLUDED]:
        for name, (writer, *_) in table.items():
            if writer is not None:
                writer(home / name)
    text("".join(f"{each}\n" for each in TEXT))(home / "text.txt")
    text("a\nb\n")(home / "few.txt")
    npy(NUMBERS)(home / "numbers.npy")
    npy(MASK.astype(int))(home / "zeros-and-ones.npy")
    npy(X + 1)(home / "other.npy")
    parquet({"number": NUMBERS, "name": TEXT})(home / "two-columns.parquet")
    parquet({"id": NUMBERS[SHUFFLED], "p": lists(P[SHUFFLED])})(home / "p-numbers.parquet")
    parquet(BY_ID)(home / "p-text.parquet")
    ladle.cluster(X, mean_size=6).save(home / "tree.npz")
    ladle.cluster(X[::-1], mean_size=6).save(home / "reversed.npz")
    ladle.cluster(X[:30], mean_size=6).save(home / "small.npz")
    ladle.cluster(X + 1, mean_size=6).save(home / "tree-of-others.npz")
    return home


@pytest.fixture
def here(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(world)
    return world


@pytest.fixture
def batch(here: Path, tmp_path: Path, run: Any) -> Any:
    """Select with these options: the rows and ids of the batch."""

    def command(pool: str, *options: str) -> tuple[list[int], list[Any]]:
        code, _, err = run("select", pool, *options, "-o", tmp_path / "b.parquet")
        assert code == 0, err
        table = pq.read_table(tmp_path / "b.parquet")
        return table.column("row").to_pylist(), table.column("id").to_pylist()

    return command


@pytest.fixture
def refused(here: Path, tmp_path: Path, run: Any) -> Any:
    """The command is refused with this exit code and message, alike under --json, and leaves nothing."""

    def command(code: int, told: str, *line: Any) -> None:
        before = sorted(here.iterdir())
        found, out, err = run(*line)
        assert (found, out) == (code, ""), err
        assert told in " ".join(err.split())
        found, out, err = run(*line, "--json")
        assert (found, err) == (code, "")
        error = json.loads(out)["error"]
        assert error["exit_code"] == code
        assert told in " ".join(error["message"].split())
        assert sorted(here.iterdir()) == before
        assert not list(tmp_path.iterdir())

    return command


def chosen(margins: Any, **more: Any) -> list[int]:
    return ladle.Margin().query(SIZE, margins=margins, **more).rows.tolist()


def margins_of(given: Any) -> Any:
    """Margins by the library: of probabilities, or of ("logits", array), or ("margins", array)."""
    if not isinstance(given, tuple):
        return ladle.margin(given)
    kind, array = given
    return array if kind == "margins" else ladle.scores.margin_from_logits(array)


BY_MARGIN = ("--strategy", "margin", "--size", str(SIZE))


def scores_for(ids: Any) -> tuple[str, ...]:
    name = "p32.npy" if ids is None else "p-text.parquet" if ids.dtype.kind == "U" else "p-numbers.parquet"
    return ("--scores", name)


@pytest.mark.parametrize("name", POOLS)
class TestPools:
    def test_select(self, batch: Any, name: str) -> None:
        _, options, ids, _ = POOLS[name]
        order = SHUFFLED if name.startswith("shuffled") else ROWS
        rows, listed = batch(name, *options, *scores_for(ids), *BY_MARGIN)
        assert rows == chosen(ladle.margin(P[order]))
        assert listed == (rows if ids is None else ids[rows].tolist())

    def test_select_by_embeddings(self, batch: Any, name: str) -> None:
        _, options, _, vectors = POOLS[name]
        rows, _ = batch(name, *options, "--strategy", "coreset", "--size", str(SIZE))
        made = ladle.strategies.create("coreset")
        assert rows == made.query(SIZE, margins=np.zeros(N, np.float32), embeddings=vectors).rows.tolist()

    def test_cluster(self, here: Path, run: Any, tmp_path: Path, name: str) -> None:
        _, options, ids, vectors = POOLS[name]
        code, _, err = run(
            "cluster", name, *options, "-o", tmp_path / "t.npz", "--clusters-out", tmp_path / "c.parquet"
        )
        assert code == 0, err
        tree, expected = ladle.Dendrogram.load(tmp_path / "t.npz"), ladle.cluster(vectors, mean_size=10)
        np.testing.assert_array_equal(tree.merges, expected.merges)
        np.testing.assert_array_equal(tree.heights, expected.heights)
        clusters = pq.read_table(tmp_path / "c.parquet")
        assert clusters.column("id").to_pylist() == (ROWS if ids is None else ids).tolist()
        assert clusters.column("cluster").to_pylist() == expected.cut().tolist()

    def test_assign(self, here: Path, run: Any, tmp_path: Path, name: str) -> None:
        _, options, ids, vectors = POOLS[name]
        code, _, err = run("assign", "tree-of-others.npz", name, *options, "-o", tmp_path / "a.parquet")
        assert code == 0, err
        expected = ladle.Dendrogram.load("tree-of-others.npz").assign(vectors)
        table = pq.read_table(tmp_path / "a.parquet")
        assert table.column("cluster").to_pylist() == expected.labels.tolist()
        assert table.column("id").to_pylist() == (ROWS if ids is None else ids).tolist()


@pytest.mark.parametrize("name", BAD_POOLS)
def test_pools_that_are_refused(refused: Any, tmp_path: Path, name: str) -> None:
    _, options, code, told = BAD_POOLS[name]
    refused(code, told, "select", name, *options, "--strategy", "coreset", "--size", "9", "-o", tmp_path / "b.csv")
    refused(code, told, "cluster", name, *options, "-o", tmp_path / "t.npz")
    refused(code, told, "assign", "tree.npz", name, *options, "-o", tmp_path / "a.csv")


@pytest.mark.parametrize("name", SCORES)
def test_scores(batch: Any, name: str) -> None:
    _, options, given = SCORES[name]
    rows, _ = batch("float32.npy", "--scores", name, *options, *BY_MARGIN)
    assert rows == chosen(margins_of(given))


@pytest.mark.parametrize("name", BAD_SCORES)
def test_scores_that_are_refused(refused: Any, tmp_path: Path, name: str) -> None:
    _, options, code, told = BAD_SCORES[name]
    line = ("select", "float32.npy", "--scores", name, *options, *BY_MARGIN, "-o", tmp_path / "b.csv")
    refused(code, told, *line)


@pytest.mark.parametrize("name", LABELLED)
def test_lists_of_labelled_examples(batch: Any, name: str) -> None:
    _, options, given = LABELLED[name]
    rows, _ = batch("float32.npy", "--scores", "p32.npy", "--labelled", name, *options, *BY_MARGIN)
    labelled = DONE if given is None else given
    assert rows == chosen(MARGINS, labelled=labelled)
    if not options:
        more, _ = batch(
            "float32.npy", "--scores", "p32.npy", "--labelled", "l.npy", "--labelled", name, *BY_MARGIN, "--force"
        )
        assert more == chosen(MARGINS, labelled=DONE)


@pytest.mark.parametrize("name", BAD_LABELLED)
def test_lists_that_are_refused(refused: Any, tmp_path: Path, name: str) -> None:
    _, options, code, told = BAD_LABELLED[name]
    line = ("select", "float32.npy", "--scores", "p32.npy", "--labelled", name, *options, *BY_MARGIN)
    refused(code, told, *line, "-o", tmp_path / "b.csv")


@pytest.mark.parametrize(("options", "asked"), OPTIONS, ids=named)
def test_options_of_select(batch: Any, options: list[str], asked: dict[str, Any]) -> None:
    given = dict(asked)
    size, seed, strategy = given.pop("size", SIZE), given.pop("seed", 0), given.pop("strategy", "margin")
    cut = given.pop("cut", {})
    tree = ladle.Dendrogram.load("tree.npz")
    made = ladle.strategies.create(strategy, tree=tree.cut(**cut) if cut else tree, **given)
    needs = ladle.strategies.describe(strategy).needs
    arrays = {"probabilities": P} if "probabilities" in needs else {"margins": MARGINS}
    arrays |= {"embeddings": X} if "embeddings" in needs else {}
    expected = made.query(size, seed=seed, **arrays).rows.tolist()
    usual = list(BY_MARGIN)
    line = [word for pair in zip(usual[::2], usual[1::2], strict=True) if pair[0] not in options for word in pair]
    assert batch("float32.npy", "--scores", "p32.npy", *line, *options)[0] == expected


@pytest.mark.parametrize(("options", "code", "told"), BAD_OPTIONS, ids=named)
def test_options_of_select_that_are_refused(
    refused: Any, tmp_path: Path, options: list[str], code: int, told: str
) -> None:
    usual = {"--scores": "p32.npy", "--strategy": "margin", "--size": str(SIZE)}
    line = [word for pair in usual.items() if pair[0] not in options for word in pair]
    refused(code, told, "select", "float32.npy", *line, *options, "-o", tmp_path / "b.csv")


@pytest.mark.parametrize(("options", "given"), CLUSTER_OPTIONS, ids=named)
def test_options_of_cluster(here: Path, run: Any, tmp_path: Path, options: list[str], given: dict[str, Any]) -> None:
    code, _, err = run("cluster", "float32.npy", *options, "-o", tmp_path / "t.npz")
    assert code == 0, err
    level = {} if {"n_clusters", "threshold", "mean_size"} & given.keys() else {"mean_size": 10}
    expected = ladle.cluster(X, **{name: value for name, value in (given | level).items() if value is not None})
    tree = ladle.Dendrogram.load(tmp_path / "t.npz")
    np.testing.assert_array_equal(tree.merges, expected.merges)
    assert (tree.metric, tree.level, tree.recall) == (expected.metric, expected.level, expected.recall)
    assert (tree.prototypes is None) == (expected.prototypes is None)


@pytest.mark.parametrize(
    ("options", "code", "told"),
    BAD_CLUSTER_OPTIONS,
    ids=named,
)
def test_options_of_cluster_that_are_refused(
    refused: Any, tmp_path: Path, options: list[str], code: int, told: str
) -> None:
    output = [] if "-o" in options else ["-o", tmp_path / "t.npz"]
    refused(code, told, "cluster", "float32.npy", *output, *options)


@pytest.mark.parametrize(("options", "given"), ASSIGN_OPTIONS, ids=named)
def test_options_of_assign(here: Path, run: Any, tmp_path: Path, options: list[str], given: dict[str, Any]) -> None:
    code, _, err = run("assign", "tree-of-others.npz", "float32.npy", *options, "-o", tmp_path / "a.parquet")
    assert code == 0, err
    more = dict(given) | ({"pool": X + 1} if "pool" in given else {})
    expected = ladle.Dendrogram.load("tree-of-others.npz").assign(X, **more)
    assert pq.read_table(tmp_path / "a.parquet").column("cluster").to_pylist() == expected.labels.tolist()


@pytest.mark.parametrize(
    ("options", "code", "told"),
    BAD_ASSIGN_OPTIONS,
    ids=named,
)
def test_options_of_assign_that_are_refused(
    refused: Any, tmp_path: Path, options: list[str], code: int, told: str
) -> None:
    output = [] if "-o" in options else ["-o", tmp_path / "a.csv"]
    refused(code, told, "assign", "tree-of-others.npz", "float32.npy", *output, *options)


# -- campaigns ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def campaigns(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two campaigns: of fixed.parquet (ids are text) and of float32.npy (ids are row numbers)."""
    home = tmp_path_factory.mktemp("campaigns")
    for name, pool in (("text", "fixed.parquet"), ("rows", "float32.npy")):
        url, labels = f"sqlite:///{home}/{name}.db", Labels.single(["cat", "dog", "emu"])
        ladle.Campaign.create(url, name=name, pool=str(world / pool), strategy="margin", labels=labels).close()
    return home


class Twins:
    """The same campaign twice: one for the command, one for the library."""

    def __init__(self, home: Path, folder: Path, name: str, run: Any) -> None:
        for twin in ("command", "library"):
            shutil.copytree(home, folder / twin)
        self._run, self._name, self._folder = run, name, folder
        self.url = f"sqlite:///{folder}/library/{name}.db"

    def command(self, *line: Any) -> dict[str, Any]:
        code, out, err = self._run("campaign", *line, "--db", self._folder / "command" / f"{self._name}.db", "--json")
        assert (code, err) == (0, ""), out
        return dict(json.loads(out))

    def refused(self, code: int, told: str, *line: Any) -> None:
        database = self._folder / "command" / f"{self._name}.db"
        before = database.read_bytes()
        found, out, err = self._run("campaign", *line, "--db", database, "--json")
        assert (found, err) == (code, ""), out
        assert told in json.loads(out)["error"]["message"]
        assert database.read_bytes() == before

    def library(self) -> ladle.Campaign:
        return ladle.Campaign.open(self.url, name=self._name)

    def commanded(self) -> ladle.Campaign:
        return ladle.Campaign.open(self.url.replace("library", "command"), name=self._name)


@pytest.fixture
def twins(here: Path, campaigns: Path, tmp_path: Path, run: Any) -> Any:
    return lambda name: Twins(campaigns, tmp_path, name, run)


@pytest.mark.parametrize("name", TOLD)
def test_labels_told(twins: Any, name: str) -> None:
    _, options, ids, labels = TOLD[name]
    both = twins("text")
    facts = both.command("tell", name, *options, "--annotator", "ann")
    with both.library() as library, both.commanded() as commanded:
        told = library.tell(ids, labels, annotator="ann")
        figures = ("labels", "accepted", "changed", "repeated", "quarantined", "labelled", "unasked")
        assert [facts[each] for each in figures] == [getattr(told, each) for each in figures]
        assert commanded.resolved()["id"].tolist() == library.resolved()["id"].tolist()
        assert list(commanded.resolved()["label"]) == list(library.resolved()["label"])
    assert both.command("tell", name, *options, "--annotator", "ann")["done_before"] is True


@pytest.mark.parametrize("name", BAD_TOLD)
def test_labels_that_are_refused(twins: Any, name: str) -> None:
    _, options, code, told = BAD_TOLD[name]
    twins("text").refused(code, told, "tell", name, *options, "--annotator", "ann")


@pytest.mark.parametrize("name", EXCLUDED)
def test_examples_excluded(twins: Any, name: str) -> None:
    both = twins("text")
    facts = both.command("exclude", name, "--reason", "odd")
    with both.library() as library:
        assert facts["changed"] == library.exclude(TEXT[EXCLUDED[name][1]], reason="odd") == facts["excluded"]
    assert both.command("exclude", name, "--reason", "odd")["changed"] == 0
    assert both.command("include", name)["changed"] == facts["changed"]


@pytest.mark.parametrize("name", BAD_EXCLUDED)
def test_lists_of_a_campaign_that_are_refused(twins: Any, name: str) -> None:
    _, code, told = BAD_EXCLUDED[name]
    both = twins("text")
    both.refused(code, told, "exclude", name, "--reason", "odd")
    both.refused(code, told, "include", name)
    both.refused(code, told, "delete", name, "--reason", "odd")
    both.refused(code, told, "release", "--annotator", "ann", "--ids", name)


@pytest.mark.parametrize("name", [each for each in SCORES if each != "p1.npy"])  # it has three classes
def test_a_campaign_asks_by_scores(twins: Any, tmp_path: Path, name: str) -> None:
    _, options, given = SCORES[name]
    both = twins("rows")
    facts = both.command("ask", "--scores", name, *options, "--size", SIZE, "-o", tmp_path / "b.parquet")
    assert facts["size"] == SIZE
    with both.library() as library:
        expected = library.ask(SIZE, margins=margins_of(given)).rows.tolist()
    assert pq.read_table(tmp_path / "b.parquet").column("id").to_pylist() == expected


@pytest.mark.parametrize("name", [each for each in BAD_SCORES if each != "s-classes.npy"])
def test_scores_that_a_campaign_refuses(twins: Any, tmp_path: Path, name: str) -> None:
    _, options, code, told = BAD_SCORES[name]
    line = ("ask", "--scores", name, *options, "--size", SIZE, "-o", tmp_path / "b.csv")
    twins("rows").refused(code, told, *line)
    assert not (tmp_path / "b.csv").exists()


# -- experiments --------------------------------------------------------------------------------------------------

PROTOCOL = """
name = "tiny"
title = "Tiny"
dataset = {name = "fashion-mnist", pool_rows = 1000}
learner = {name = "mlp", epochs = 2}
seed_size = 30
batch_size = 20
rounds = 2
trials = 3
seed = 0
mean_size = 10
metrics = ["accuracy"]
strategies = [{name = "uniform", label = "Uniform"}, {name = "margin", label = "Margin"}]
"""

# What is changed in the protocol (None: all of it), exit code, part of the message.
BAD_PROTOCOLS: list[tuple[str | None, str, int, str]] = [
    (None, "", 2, "`name` in the protocol tiny.toml must be given"),
    (None, "no toml", 4, "line 1"),
    (None, '{"name": "tiny"}', 4, "line 1"),
    ("seed = 0", "seed = 0\nseed = 1", 4, "line 11"),
    ("seed = 0", "sead = 0", 2, "Did you mean `seed`?"),
    ("seed = 0", "seed = -1", 2, "seed"),
    ("seed = 0", 'seed = "0"', 2, "seed"),
    ("seed = 0", "seed = true", 2, "seed"),
    ("trials = 3", "trials = 0", 2, "trials"),
    ("trials = 3", "trials = 1.5", 2, "trials"),
    ("trials = 3", "trials = [3]", 2, "trials"),
    ("rounds = 2", "rounds = -2", 2, "rounds"),
    ("batch_size = 20", "batch_size = 0", 2, "batch_size"),
    ("batch_size = 20", 'batch_size = "20"', 2, "batch_size"),
    ("batch_size = 20", "", 2, "batch_size"),
    ("mean_size = 10", "mean_size = 0.5", 2, "mean_size"),
    ("mean_size = 10", "mean_size = nan", 2, "mean_size"),
    ('"fashion-mnist"', '"fashion-minst"', 2, "Did you mean `fashion-mnist`?"),
    ("pool_rows = 1000", "pool_row = 1000", 2, "Did you mean `pool_rows`?"),
    ('"mlp"', '"mpl"', 2, "learner"),
    ("epochs = 2", "epoch = 2", 2, "Did you mean `epochs`?"),
    ('"margin", label', '"margn", label', 2, "Did you mean `margin`?"),
    ('label = "Margin"', 'label = "Uniform"', 2, "Uniform"),
    ('label = "Margin"', 'label = "Margin", options = {noice = 1}', 2, "Did you mean `noise`?"),
    ('["accuracy"]', '["acuracy"]', 2, "accuracy"),
    ('["accuracy"]', "[]", 2, "metrics"),
    ('["accuracy"]', '"accuracy"', 2, "metrics"),
]

BAD_LAB_OPTIONS: list[tuple[list[str], int, str]] = [
    (["--trials", "x"], 2, "--trials"),
    (["--trials", "0"], 2, "trials"),
    (["--trials", "9"], 2, "trials"),
    (["--trials", "2-1"], 2, "trials"),
    (["--trials", "-1"], 2, "--trials"),
    (["--trials", "1", "--trials", "2"], 2, "given once"),
    (["--strategies", "Margn"], 2, "Margn"),
    (["--strategies", "Uniform", "--strategies", "Nobody"], 2, "Nobody"),
    (["--strategies", ""], 2, "strateg"),
    (["--workers", "-1"], 2, "workers"),
    (["--workers", "two"], 2, "--workers"),
    (["--out", ""], 2, "--out"),
    (["--out", "tiny.toml"], 4, "tiny.toml"),
]

LEDGERS: dict[str, Any] = {
    "missing-run": None,
    "empty-run": lambda path: path.mkdir(),
    "empty-ledger.sqlite": text(""),
    "words-ledger.sqlite": text("no ledger"),
    "array-ledger.sqlite": npy(X),
}


@pytest.fixture
def protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(PROTOCOL)
    return tmp_path / "tiny.toml"


@pytest.mark.parametrize(("old", "new", "code", "told"), BAD_PROTOCOLS)
def test_protocols_that_are_refused(protocol: Path, run: Any, old: str | None, new: str, code: int, told: str) -> None:
    assert old is None or old in PROTOCOL
    protocol.write_text(new if old is None else PROTOCOL.replace(old, new))
    found, out, err = run("lab", "run", "tiny.toml", "--out", "run")
    assert (found, out, told in err) == (code, "", True), err
    assert [path.name for path in protocol.parent.iterdir()] == ["tiny.toml"]


@pytest.mark.parametrize(("options", "code", "told"), BAD_LAB_OPTIONS, ids=named)
def test_options_of_lab_that_are_refused(protocol: Path, run: Any, options: list[str], code: int, told: str) -> None:
    output = [] if "--out" in options else ["--out", "run"]
    found, out, err = run("lab", "run", "tiny.toml", *output, *options)
    assert (found, out, told in err) == (code, "", True), err
    assert [path.name for path in protocol.parent.iterdir()] == ["tiny.toml"]


@pytest.mark.parametrize("name", LEDGERS)
def test_ledgers_that_are_refused(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    if LEDGERS[name] is not None:
        LEDGERS[name](tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    for line in (
        ("report", name, "-o", "page.html"),
        ("compare", name, name),
        ("publish", name, "-o", "copy.sqlite"),
    ):
        code, out, err = run("lab", *line)
        assert (code, out) == (4, ""), err
        assert name in err
        assert sorted(tmp_path.rglob("*")) == before
