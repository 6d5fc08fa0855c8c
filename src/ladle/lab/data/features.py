"""Frozen features: a data set whose inputs are the vectors that an embedder makes of another data set, computed once.

Computed vectors are cached in one folder, each array under a hash of the inputs, the embedder and its packages, with
the SHA-256 of its bytes in a .json file beside it. Vectors that were computed elsewhere are read from three files:
NAME.npy, NAME-labels.npy, and NAME.json, whose field `sha256` has the digests of `vectors` and `labels`. Their rows are
in the order of `_stored_order`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import durable
from ladle.arrays import Rows, row_blocks
from ladle.embedding.networks import EfficientNetLite0, Embedder, MiniLm
from ladle.errors import CorruptFileError, FileError
from ladle.lab.data import cifar, wordnet45
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import cache_folder, find
from ladle.lab.data.ngrams import as_texts
from ladle.lab.data.splits import assemble, split_rows
from ladle.progress import SILENT, Reporter

Matrix = npt.NDArray[np.float32]
ORDER_SEED = 0  # of the order of the rows in files of vectors: the first rows are then a sample of all
PIXELS = 64  # to which CIFAR-10 is enlarged


def embedded(
    dataset: Dataset, embedder: Embedder, *, folder: Path | None = None, progress: Reporter = SILENT
) -> Dataset:
    """`dataset` with float32 (n, dim) vectors for inputs, of the pool and of the test split.

    folder: where vectors are cached; by default `features` in the cache, see `ladle.lab.data.locations`.
    Raises: MissingDependencyError, ArgumentError, CorruptFileError, FileError.
    Cost: the embedder's, once; afterwards a pass to hash the inputs and one to read and check the vectors.
    """
    home = cache_folder("features") if folder is None else folder
    made_of = embedder.made_of
    return replace(
        dataset,
        name=f"{dataset.name}, frozen features",
        inputs=_cached_vectors(dataset.inputs, embedder, made_of, home, progress),
        test_inputs=_cached_vectors(dataset.test_inputs, embedder, made_of, home, progress),
        source=f"{dataset.source}; {made_of}",
        looks=dataset.seen,
    )


def content_digest(inputs: npt.NDArray[Any], made_of: str) -> str:
    """SHA-256, in hex, of the inputs' dtype, shape and bytes in row order, and of what embeds them."""
    digest = hashlib.sha256(f"{made_of}\n{inputs.dtype.str}\n{inputs.shape}\n".encode())
    for block in row_blocks(len(inputs), inputs[:1].nbytes):
        digest.update(np.ascontiguousarray(inputs[block]).tobytes())
    return digest.hexdigest()


def _cached_vectors(
    inputs: npt.NDArray[Any], embedder: Embedder, made_of: str, home: Path, progress: Reporter
) -> Matrix:
    key = content_digest(inputs, made_of)
    path, manifest = home / f"{key[:32]}.npy", home / f"{key[:32]}.json"
    if manifest.exists():
        return _checked(path, json.loads(manifest.read_text(encoding="utf-8"))["sha256"])
    vectors = embedder.embed(inputs, progress=progress)
    durable.folder(home)
    with durable.writing(path) as file:
        np.save(file, vectors, allow_pickle=False)
    about = {"content": key, "made_of": made_of, "shape": list(vectors.shape), "sha256": durable.file_digest(path)}
    with durable.writing(manifest) as file:  # last: an array without a manifest counts as absent
        file.write(json.dumps(about, indent=1).encode() + b"\n")
    return vectors


def _checked(path: Path, digest: str) -> npt.NDArray[Any]:
    if not path.exists() or durable.file_digest(path) != digest:
        raise CorruptFileError(
            f"the file {path}",
            wanted="match the digest in the .json file beside it",
            got="other bytes" if path.exists() else "no file",
            remedy="Delete both; they are then computed anew.",
        )
    array: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    return array


def cifar_10_frozen(*, folder: str = "") -> Dataset:
    """CIFAR-10 as features at 64 pixels: float32 (50,000, 1,280) and the published 10,000 to test on.

    Read from files of vectors where there are some; else computed from `cifar-10` once, and cached by content. The
    order is the same seeded one in both cases; `ids` are positions in the files of the data laid end to end.
    folder: the one that holds `cifar10.npy`; empty: see `ladle.lab.data.locations`.
    Raises: FileError, CorruptFileError; MissingDependencyError when they are to be made.
    Cost: 2 s, mostly to check the digest; 310 MB, twice that while it reads. Making them: 2 minutes on two cores.
    Source: as `ladle.lab.data.cifar`; EfficientNet-Lite0's features.
    """
    vectors, labels, places, made_of = _vectors("cifar10", folder, _embedded_cifar_10)
    images = cache(cifar.cifar_10)
    is_test = places >= 50_000
    return assemble(
        "CIFAR-10, frozen features",
        vectors,
        labels,
        (np.flatnonzero(~is_test), np.flatnonzero(is_test)),
        class_names=cifar.CIFAR_10_NAMES,
        licence=cifar.LICENCE,
        ids=places,
        source=f"{made_of}; the published test split",
        looks=lambda rows: images().inputs[places[rows]],  # the pool comes first in its files
    )


def wordnet_45_frozen(*, folder: str = "", test_rows: int = wordnet45.TEST_ROWS) -> Dataset:
    """WordNet-45 as features: float32 (n, 384), with the split and ids of `wordnet-45`.

    Read from files of vectors where there are some; else computed once, and cached by content.
    folder: the one that holds `wordnet.npy`; empty: see `ladle.lab.data.locations`.
    Raises: FileError, CorruptFileError, ArgumentError; MissingDependencyError when they are to be made.
    Cost: 1 s; 180 MB, twice that while it reads. Making them: 6 minutes on two cores.
    Source: as `ladle.lab.data.wordnet45`; all-MiniLM-L6-v2.
    """
    vectors, labels, places, made_of = _vectors("wordnet", folder, _embedded_glosses)
    row_of_place = np.argsort(places)
    texts = cache(lambda: as_texts(wordnet45.glosses()[0]))
    pool_places, test_places = split_rows(len(places), test_rows, "wordnet-45")
    return assemble(
        "WordNet-45, frozen features",
        vectors,
        labels,
        (row_of_place[pool_places], row_of_place[test_places]),
        class_names=wordnet45.CLASS_NAMES,
        licence=wordnet45.LICENCE,
        ids=places,
        source=f"{made_of}; {test_rows:,} drawn by seed to test on",
        looks=lambda rows: texts()[places[rows]],
    )


def _vectors(
    name: str, folder: str, make: Callable[[], tuple[Matrix, npt.NDArray[np.int64], str]]
) -> tuple[Matrix, npt.NDArray[np.int64], Rows, str]:
    """Vectors and labels in the stored order, the place of each row in the source, and what they are made of."""
    files = (f"{name}.json", f"{name}.npy", f"{name}-labels.npy")
    try:
        home = find(".", files, folder=folder, bring="Leave out `folder`: the vectors are then computed.")
    except FileError:
        if folder:
            raise
        vectors, labels, made_of = make()
        places = _stored_order(len(vectors))
        return vectors[places], labels[places], places, made_of
    manifest = json.loads((home / files[0]).read_text(encoding="utf-8"))
    vectors = _checked(home / files[1], manifest["sha256"]["vectors"])
    labels = _checked(home / files[2], manifest["sha256"]["labels"]).astype(np.int64)
    return vectors, labels, _stored_order(len(vectors)), str(manifest["made_of"])


def _stored_order(count: int) -> Rows:
    """The place in the source of each row of a file of vectors."""
    return np.random.default_rng(ORDER_SEED).permutation(count).astype(np.int64)


def _embedded_cifar_10() -> tuple[Matrix, npt.NDArray[np.int64], str]:
    embedder = EfficientNetLite0(PIXELS)
    made_of = embedder.made_of  # so that a missing package is reported before the data is read
    dataset = cifar.cifar_10()
    images = np.concatenate([dataset.inputs, dataset.test_inputs])
    vectors = _cached_vectors(images, embedder, made_of, cache_folder("features"), SILENT)
    labels = np.concatenate([dataset.labels, dataset.test_labels])
    return vectors, labels, f"CIFAR-10, 32 to {PIXELS} pixels; {made_of}"


def _embedded_glosses() -> tuple[Matrix, npt.NDArray[np.int64], str]:
    embedder = MiniLm()
    made_of = embedder.made_of
    lines, classes = wordnet45.glosses()
    vectors = _cached_vectors(as_texts(lines), embedder, made_of, cache_folder("features"), SILENT)
    return vectors, classes, f"WordNet 3.0 glosses; {made_of}"
