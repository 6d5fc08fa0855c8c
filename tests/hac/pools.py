"""Twenty small pools: random, real, tied and duplicate-heavy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    name: str
    embeddings: np.ndarray
    metric: str
    ties: bool = False  # equal linkages that are not duplicates: the tree is not unique


def blobs(seed: int, n: int, dim: int, *, spread: float = 0.3, dtype: type = np.float32) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(2, n // 10), dim))
    return (centres[random.integers(0, len(centres), n)] + spread * random.normal(size=(n, dim))).astype(dtype)


def digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    return np.unique(load_digits().data, axis=0).astype(np.float32)


def cases() -> list[Case]:
    random = np.random.default_rng(7)
    duplicates = np.repeat(random.normal(size=(120, 16)), 12, axis=0)
    stars = np.concatenate([np.zeros((400, 8)), random.normal(size=(600, 8)), np.ones((500, 8))])
    jitter = np.repeat(random.normal(size=(150, 24)), 12, axis=0)
    jitter += 1e-4 * random.normal(size=jitter.shape)
    heavy = blobs(8, 1500, 20) * np.exp(2 * random.normal(size=(1500, 1))).astype(np.float32)
    far = blobs(9, 1200, 12, dtype=np.float64) + 1e4
    return [
        Case("uniform 2-d float64", random.random((1500, 2)), "sqeuclidean"),
        Case("gauss 8-d float32", random.normal(size=(2000, 8)).astype(np.float32), "sqeuclidean"),
        Case("gauss 64-d cosine float64", random.normal(size=(1500, 64)), "cosine"),
        Case("gauss 512-d cosine float32", random.normal(size=(1200, 512)).astype(np.float32), "cosine"),
        Case("blobs 3000 x 32 sqeuclidean", blobs(1, 3000, 32), "sqeuclidean"),
        Case("blobs 5000 x 128 cosine", blobs(2, 5000, 128), "cosine"),
        Case("blobs 16-d float16", blobs(3, 1500, 16, dtype=np.float16), "sqeuclidean"),
        Case("blobs 256-d float16 cosine", blobs(4, 1200, 256, dtype=np.float16), "cosine"),
        Case("blobs 128-d float64", blobs(5, 2500, 128, dtype=np.float64), "sqeuclidean"),
        Case("digits, real", digits(), "sqeuclidean", ties=True),
        Case("digits, real, cosine", digits(), "cosine"),
        Case("twelve copies of each", duplicates, "sqeuclidean"),
        Case("twelve copies of each, cosine", duplicates.astype(np.float32), "cosine"),
        Case("two stars of duplicates", stars, "sqeuclidean"),
        Case("near-duplicates at 1e-4", jitter, "sqeuclidean"),
        Case("near-duplicates at 1e-4, cosine, float32", jitter.astype(np.float32), "cosine"),
        Case("heavy-tailed norms", heavy, "sqeuclidean"),
        Case("far from the origin", far, "sqeuclidean"),
        Case("grid of ties", np.stack(np.meshgrid(*[np.arange(7.0)] * 3), -1).reshape(-1, 3), "sqeuclidean", ties=True),
        Case("binary vectors", random.integers(0, 2, (350, 10)).astype(np.float32), "sqeuclidean", ties=True),
    ]
