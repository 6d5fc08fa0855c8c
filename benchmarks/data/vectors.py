"""The named sets of vectors that the benchmarks of neighbours and clustering share.

topics    made: clusters of mean size 10 nested in topics, 5% of the rows between them; any number of rows, unit length
mixture   made: clusters of mean size 10 with no structure above them; any number of rows
glove     400,000 x 50: words of English, GloVe 6B
wordnet   117,659 x 384: WordNet's glosses by all-MiniLM-L6-v2 (int8 weights); labels: its 45 classes
cifar10   60,000 x 1,280: CIFAR-10's images, enlarged from 32 to 64 pixels only, by EfficientNet-Lite0; 10 classes
words     870,000 x 256: hard text. Debian's package descriptions, WordNet's glosses and a sample of the words of nine
          languages, each the mean of its tokens' static vectors (WordLlama), unit length

The four sets that are not made are computed once by benchmarks/data/embed.py and kept as .npy files, in one fixed
random order, so that the first rows are a sample of all. They lie in the folder of the environment variable LADLE_DATA,
or ~/.cache/ladle/vectors. Beside each is a .json file with the SHA-256 of every array, checked whenever it is read.

python -m benchmarks.data.vectors                     what there is
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ladle.durable import file_digest, writing
from ladle.errors import ArgumentError, CorruptFileError

DIM = 128  # of the made sets
ROWS = 100_000  # of the made sets, unless said otherwise
EMBEDDED = ("words", "glove", "wordnet", "cifar10")
LABELLED = ("wordnet", "cifar10")


def load(name: str, rows: int | None = None) -> np.ndarray:
    """The first `rows` vectors of a named set, all of them (100,000 of a made set) by default: float32 (rows, dim).

    Computes the set if it has not been; that needs the packages and sources benchmarks/data/embed.py names when absent.
    Raises: ArgumentError for an unknown name or more rows than there are; CorruptFileError; and what embedding raises.
    """
    if name in MADE:
        return MADE[name](ROWS if rows is None else rows, DIM)
    return _read(name, "vectors", rows)


def labels(name: str, rows: int | None = None) -> np.ndarray | None:
    """The classes of the same rows, int32 (rows,); None for a set that has none."""
    return _read(name, "labels", rows) if name in LABELLED else None


def digest(name: str) -> str:
    """What tells one computation of a set from another: 16 digits of the SHA-256 of its vectors, or "made"."""
    return "made" if name in MADE else str(_manifest(name)["sha256"]["vectors"])[:16]


def topics(rows: int, dim: int, seed: int = 0) -> np.ndarray:
    """Clusters in topics, as embeddings have them: float32 (rows, dim) of unit length.

    Sizes, spreads and the popularity of topics are log-normal, directions have a decaying spectrum, and every
    twentieth row belongs to a topic but to no cluster.
    """
    random = np.random.default_rng(seed)
    decay = np.arange(1, dim + 1) ** -0.35
    spectrum = (decay / np.sqrt((decay**2).mean())).astype(np.float32)
    lone = rows // 20
    cluster_count = max(10, (rows - lone) // 10)
    topic_count = max(10, cluster_count // 100)

    def noise(count: int, power: float) -> np.ndarray:
        return random.standard_normal((count, dim), dtype=np.float32) * spectrum**power

    def log_normal(count: int, spread: float) -> np.ndarray:
        return np.exp(random.normal(0, spread, count)).astype(np.float32)

    topic_centres = noise(topic_count, 1)
    topic_spreads = log_normal(topic_count, 0.3)[:, None]
    topic_share = _shares(log_normal(topic_count, 0.7))
    topic_of_cluster = random.choice(topic_count, cluster_count, p=topic_share)
    centres = topic_centres[topic_of_cluster] + 0.75 * topic_spreads[topic_of_cluster] * noise(cluster_count, 1.5)
    cluster_spreads = 0.28 * log_normal(cluster_count, 0.35)[:, None]
    cluster_of_row = random.choice(cluster_count, rows - lone, p=_shares(log_normal(cluster_count, 1.0)))
    topic_of_lone = random.choice(topic_count, lone, p=topic_share)

    vectors = np.empty((rows, dim), np.float32)
    vectors[:lone] = topic_centres[topic_of_lone] + 1.1 * topic_spreads[topic_of_lone] * noise(lone, 1.5)
    for start in range(lone, rows, 200_000):
        mine = cluster_of_row[start - lone : start - lone + 200_000]
        vectors[start : start + len(mine)] = centres[mine] + cluster_spreads[mine] * noise(len(mine), 1.5)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    random.shuffle(vectors)
    return vectors


def mixture(rows: int, dim: int) -> np.ndarray:
    """Gaussian clusters of mean size 10, and noise around them: float32 (rows, dim)."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(max(1, rows // 10), dim)).astype(np.float32)
    noise = random.standard_normal((rows, dim), dtype=np.float32)
    return centres[random.integers(0, len(centres), rows)] + np.float32(0.3) * noise


def _shares(weights: np.ndarray) -> np.ndarray:
    wide = weights.astype(np.float64)
    return wide / wide.sum()


MADE: Mapping[str, Callable[[int, int], np.ndarray]] = {"topics": topics, "mixture": mixture}


def folder() -> Path:
    """Where the computed sets are kept."""
    return Path(os.environ.get("LADLE_DATA") or "~/.cache/ladle/vectors").expanduser()


def keep(name: str, arrays: Mapping[str, np.ndarray], made_of: str) -> None:
    """Write a computed set, whole or not at all: the rows of `arrays` in one random order, then its manifest."""
    folder().mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(0).permutation(len(arrays["vectors"]))
    manifest: dict[str, object] = {"name": name, "made_of": made_of, "shape": list(arrays["vectors"].shape)}
    digests = {}
    for part, array in arrays.items():
        with writing(_path(name, part)) as file:
            np.save(file, array[order], allow_pickle=False)
        digests[part] = file_digest(_path(name, part))
    manifest["sha256"] = digests
    with writing(folder() / f"{name}.json") as file:
        file.write(json.dumps(manifest, indent=1).encode() + b"\n")


def _path(name: str, part: str) -> Path:
    return folder() / (f"{name}.npy" if part == "vectors" else f"{name}-{part}.npy")


def _manifest(name: str) -> dict[str, dict[str, str]]:
    if name not in EMBEDDED:
        raise ArgumentError("`name`", wanted=f"be one of {', '.join((*MADE, *EMBEDDED))}", got=repr(name))
    path = folder() / f"{name}.json"
    if not path.exists():
        from benchmarks.data import embed

        embed.compute(name)
    return json.loads(path.read_text())


def _read(name: str, part: str, rows: int | None) -> np.ndarray:
    expected = _manifest(name)["sha256"][part]
    path = _path(name, part)
    if not path.exists() or file_digest(path) != expected:
        raise CorruptFileError(
            f"the file {path}",
            wanted="match the digest in the .json file beside it",
            got="other bytes" if path.exists() else "no file",
            remedy=f"Compute it again: python -m benchmarks.data.embed {name}",
        )
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if rows is not None and not 1 <= rows <= len(array):
        raise ArgumentError("`rows`", wanted=f"be 1 to {len(array):,}, what {name} has", got=f"{rows:,}")
    return np.array(array[:rows])


def main() -> None:
    print("made: " + ", ".join(MADE))
    for name in EMBEDDED:
        path = folder() / f"{name}.json"
        if path.exists():
            manifest = json.loads(path.read_text())
            print(f"{name}: {' x '.join(map(str, manifest['shape']))}, {digest(name)}. {manifest['made_of']}")
        else:
            print(f"{name}: not computed yet; python -m benchmarks.data.embed {name}")


if __name__ == "__main__":
    main()
