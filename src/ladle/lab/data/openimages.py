"""Open Images: the classes that people confirmed or denied in each image, with embeddings that you bring.

The files, as they are published (v6 and v7), and the folder of embeddings beside them:

    oidv6-class-descriptions.csv                        LabelName, DisplayName
    oidv6-train-annotations-human-imagelabels.csv       ImageID, Source, LabelName, Confidence: 1 there, 0 not there
    test-annotations-human-imagelabels.csv              the same
    embeddings/train..., embeddings/test...             any pool `ladle.open_pool` reads, with image ids: a folder or
                                                        file of Parquet or Arrow, a .npz, a folder of .npy with its ids
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import check_finite
from ladle.errors import ArgumentError, CorruptFileError, FileError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import need_file
from ladle.memory.budget import require
from ladle.packages import need
from ladle.pool import Pool, open_pool

LICENCE = "annotations CC BY 4.0, Google; images CC BY 2.0, their photographers"
HOME = "https://storage.googleapis.com/openimages"
CLASSES = "oidv6-class-descriptions.csv"
TRAIN = "oidv6-train-annotations-human-imagelabels.csv"
TEST = "test-annotations-human-imagelabels.csv"
BRING = " ".join(
    [
        "In the data set's folder, run:",
        *(f"curl -O {HOME}/{place};" for place in (f"v6/{CLASSES}", f"v6/{TRAIN}", f"v5/{TEST}")),
        "then put your embeddings of the images under embeddings/train and embeddings/test",
    ]
)
BLOCK_BYTES = 16 << 20
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Verified:
    """Human-verified labels of images that have an embedding.

    rows: (v,) positions among the embeddings. classes: (v,) positions among the class descriptions. there: (v,) bool.
    strangers: labels of images that have no embedding.
    """

    rows: Longs
    classes: Longs
    there: npt.NDArray[np.bool_]
    strangers: int


def open_images(*, folder: str, classes: int = 500) -> Dataset:
    """float32 (n, dim) embeddings, and labels (n, classes) int8: 1 there, 0 not there, -1 nobody looked.

    classes: how many to take, those with the most labels of training images first (ties: by name); 0: all. The pool is
    the images of embeddings/train that have a label, the test split those of embeddings/test; `source` has the numbers
    of embeddings without a label and of labels without an embedding. Where an image was verified twice, "there" counts.
    `ids` are image ids.
    Raises: FileError, CorruptFileError, ArgumentError, MemoryPlanError, and what `ladle.open_pool` raises.
    Cost: reads the files once, 60 million labels in about a minute; n x (4 dim + classes) bytes.
    Source: Kuznetsova et al. 2020, "The Open Images dataset V4".
    """
    if classes < 0:
        raise ArgumentError("`classes`", wanted="be 0 (all) or more", got=repr(classes))
    home = Path(folder).expanduser()
    names = _class_names(need_file(home / CLASSES, bring=BRING))
    pools = [_embeddings(home / "embeddings", part) for part in ("train", "test")]
    files = [need_file(home / name, bring=BRING) for name in (TRAIN, TEST)]
    verified = [_verified(file, pool, list(names)) for file, pool in zip(files, pools, strict=True)]
    label_counts = np.bincount(verified[0].classes, minlength=len(names))
    order = np.lexsort((np.array(list(names)), -label_counts))  # ties: by name
    chosen = np.sort(order[: classes or len(names)])
    chosen = chosen[label_counts[chosen] > 0]
    (rows, labels), (test_rows, test_labels) = (_matrix(each, chosen) for each in verified)
    left_out = [
        f"{part}: {pool.rows - len(used):,} embeddings without and {each.strangers:,} labels without the other"
        for part, pool, used, each in zip(("train", "test"), pools, (rows, test_rows), verified, strict=True)
    ]
    display_names = list(names.values())
    return Dataset(
        name="Open Images",
        inputs=_vectors(pools[0], rows),
        labels=labels,
        test_inputs=_vectors(pools[1], test_rows),
        test_labels=test_labels,
        class_names=tuple(display_names[each] for each in chosen),
        ids=np.asarray(pools[0].ids)[rows],
        licence=LICENCE,
        multilabel=True,
        source=f"{len(chosen):,} of {len(names):,} classes; left out, {'; '.join(left_out)}",
    )


def _class_names(path: Path) -> dict[str, str]:
    """Label name -> what people call it, in the file's order; with or without a line of headings."""
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.reader(file) if line]
    if lines and lines[0][0] == "LabelName":
        lines = lines[1:]
    if not lines or any(len(line) != 2 for line in lines):
        raise CorruptFileError(f"the file {path}", wanted="have two columns, LabelName and DisplayName", got="others")
    return {line[0]: line[1] for line in lines}


def _embeddings(home: Path, part: str) -> Pool:
    paths = sorted(path for path in home.glob(f"{part}*") if path.name[0] not in "._") if home.is_dir() else []
    if len(paths) != 1:
        got = ", ".join(path.name for path in paths) or "none"
        raise FileError(f"{home}", wanted=f"hold one file or folder called {part}", got=got, remedy=BRING)
    return open_pool(paths[0])


def _verified(path: Path, pool: Pool, names: list[str]) -> Verified:
    arrow = need("pyarrow", package="pyarrow", purpose="read CSV files")
    reading = need("pyarrow.csv", package="pyarrow", purpose="read CSV files")
    compute = need("pyarrow.compute", package="pyarrow", purpose="read CSV files")
    known_ids, known_names = arrow.array(np.asarray(pool.ids).astype(np.str_)), arrow.array(names)
    columns = ["ImageID", "LabelName", "Confidence"]
    kinds = {"ImageID": arrow.string(), "LabelName": arrow.string(), "Confidence": arrow.float32()}
    parts: list[tuple[Longs, Longs, npt.NDArray[np.bool_]]] = []
    strangers = 0
    try:
        options = reading.ConvertOptions(column_types=kinds, include_columns=columns)
        reader = reading.open_csv(
            path, read_options=reading.ReadOptions(block_size=BLOCK_BYTES), convert_options=options
        )
        for batch in reader:
            rows = compute.index_in(batch.column(0), value_set=known_ids).fill_null(-1).to_numpy(zero_copy_only=False)
            labels = compute.index_in(batch.column(1), value_set=known_names).fill_null(-1)
            classes = labels.to_numpy(zero_copy_only=False)
            there = batch.column(2).to_numpy(zero_copy_only=False) > 0.5
            if (classes < 0).any():
                stranger = batch.column(1)[int(np.argmax(classes < 0))].as_py()
                raise CorruptFileError(f"the file {path}", wanted=f"name classes of {CLASSES}", got=repr(stranger))
            strangers += int((rows < 0).sum())
            ours = rows >= 0
            parts.append((rows[ours].astype(np.int64), classes[ours].astype(np.int64), there[ours]))
    except (arrow.ArrowInvalid, arrow.ArrowKeyError) as cause:
        raise CorruptFileError(
            f"the file {path}", wanted=f"have the columns {', '.join(columns)}", got=str(cause)
        ) from cause
    if not sum(len(rows) for rows, _, _ in parts):
        raise ArgumentError(f"the file {path}", wanted=f"speak of images in {pool.source}", got="none of them")
    joined: list[Any] = [np.concatenate(each) for each in zip(*parts, strict=True)]
    return Verified(joined[0], joined[1], joined[2], strangers)


def _matrix(verified: Verified, chosen: Longs) -> tuple[Longs, npt.NDArray[Any]]:
    """The images with a label of a chosen class, ascending, and their labels, (images, chosen) int8."""
    place_of = np.full(int(max(chosen.max(), verified.classes.max())) + 1, -1)
    place_of[chosen] = np.arange(len(chosen))
    places = place_of[verified.classes]
    ours = places >= 0
    rows, image = np.unique(verified.rows[ours], return_inverse=True)
    if len(rows) == 0:
        raise ArgumentError("`classes`", wanted="leave labels in both splits", got=f"{len(chosen)} classes with none")
    require(
        len(rows) * len(chosen),
        f"labels of {len(rows):,} images and {len(chosen):,} classes",
        remedy="Lower `classes`.",
    )
    labels = np.full((len(rows), len(chosen)), -1, np.int8)
    there = verified.there[ours]
    labels[image[~there], places[ours][~there]] = 0
    labels[image[there], places[ours][there]] = 1
    return rows, labels


def _vectors(pool: Pool, rows: Longs) -> npt.NDArray[np.float32]:
    """(r, dim) float32, of these rows, ascending; a block of the pool at a time."""
    require(len(rows) * pool.dim * 4, f"{len(rows):,} embeddings", remedy="Use fewer dimensions.")
    answer = np.empty((len(rows), pool.dim), np.float32)
    for block, vectors in pool.blocks():
        first, last = np.searchsorted(rows, [block.start, block.stop])
        answer[first:last] = vectors[rows[first:last] - block.start]
    check_finite(answer, "embeddings")
    return answer
