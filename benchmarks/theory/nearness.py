"""How near is Cluster-Margin to the volume sampler on one band: shared picks, and how well each batch covers the band?

    python -m benchmarks.theory.nearness [--trials 20] [--source gaussian]

Both choose k of the same 10 k examples, after 10 d random labels; two random batches share 10%. Bits: what the labels
of the batch tell of the separator, as the entropy of the cells in which 4,000 samples of the version space lie, at most
log2 4,000 = 12. Cover: the mean cosine distance of the band's examples, or their opposites, from the
nearest one chosen, relative to uniform draws.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.record import append
from ladle.theory import VersionSpace, distribution
from ladle.theory.learners import draw_separator
from ladle.theory.samplers import cluster_margin_batch, greedy_batch, half_width

DIMS, SIZES = (2, 3, 5, 10), (4, 16, 64)


def bits(space: VersionSpace, examples: np.ndarray) -> float:
    signs = np.packbits(space.samples @ examples.T > 0, axis=1)
    chances = np.unique(signs, axis=0, return_counts=True)[1] / len(signs)
    return float(-(chances * np.log2(chances)).sum())


def cover(band: np.ndarray, batch: np.ndarray) -> float:
    units = band / np.linalg.norm(band, axis=1, keepdims=True)
    return float((1 - np.abs(units @ units[batch].T).max(axis=1)).mean())


def measure(source: str, dim: int, size: int, seed: int) -> dict[str, float]:
    random = np.random.default_rng(seed)
    space, target = VersionSpace(dim, seed=seed, walks=4_000), draw_separator(dim, seed)
    examples = distribution(source, dim).sample(10 * dim, random)
    space.add(examples, examples @ target > 0)
    band = distribution(source, dim).band(space.centre, half_width(space), 10 * size, random)
    volume = greedy_batch(band, space, size, measure="volume", seed=seed)
    clustered = cluster_margin_batch(band, space, size, seed=seed)
    uniform = np.arange(size)
    return {
        "shared": len(np.intersect1d(volume, clustered)) / size,
        "bits_volume": bits(space, band[volume]),
        "bits_cluster_margin": bits(space, band[clustered]),
        "bits_uniform": bits(space, band[uniform]),
        "cover_volume": cover(band, volume) / cover(band, uniform),
        "cover_cluster_margin": cover(band, clustered) / cover(band, uniform),
    }


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--source", default="gaussian")
    given = parser.parse_args()
    print("| d | k | shared picks | bits: uniform | Cluster-Margin | volume | cover: Cluster-Margin | volume |")
    print("|---" * 8 + "|")
    for dim in DIMS:
        for size in SIZES:
            rows = [measure(given.source, dim, size, seed) for seed in range(given.trials)]
            means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
            bits_text = " | ".join(f"{means[f'bits_{name}']:.2f}" for name in ("uniform", "cluster_margin", "volume"))
            covers = f"{means['cover_cluster_margin']:.2f} | {means['cover_volume']:.2f}"
            print(f"| {dim} | {size} | {means['shared']:.0%} | {bits_text} | {covers} |")
            sizes = {"source": given.source, "dim": dim, "batch_size": size, "trials": given.trials}
            append("theory_nearness", sizes, means)


if __name__ == "__main__":
    _main()
