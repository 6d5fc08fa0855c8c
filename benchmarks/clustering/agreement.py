"""What the approximate clustering loses: its tree, flat clusters and batches beside those of exact average linkage.

python -m benchmarks.clustering.agreement --name wordnet [--rows 100000] [--quality default --quality high] [--seeds 5]

Cut at mean size 10. Heights are compared at equal merge ranks, up to the cut. Batches are a hundredth of the pool with
candidate ratio 10: once from random margins, and, where the set has classes, once from the margins of a logistic
regression trained on 2,000 random rows (which are then labelled). Cluster-Margin draws at random among a cluster's
candidates, so two batches of the SAME exact clusters with different seeds share only some rows: that share is the
baseline beside which the share between exact and approximate clusters, seed by seed, is to be read. "Spread" is the
number of exact clusters a batch touches, per row of the batch. "Exact of float16" is the exact tree of the vectors
rounded to float16: as far from the exact one as a change that nobody would notice. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import ladle
from benchmarks import record
from benchmarks.data import vectors

MEAN_SIZE = 10
CANDIDATE_RATIO = 10
TRAINING_ROWS = 2_000
WARM_ROWS = 20_000  # enough for the approximate search to leave its path for few rows
Figures = dict[str, float | int | str]


def partition_agreement(truth: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Of two flat clusterings, int (n,) each: adjusted Rand index, V-measure, share of rows in identical clusters."""
    from sklearn.metrics import adjusted_rand_score, v_measure_score

    return {
        "adjusted Rand index": float(adjusted_rand_score(truth, other)),
        "V-measure": float(v_measure_score(truth, other)),
        "rows in identical clusters": rows_in_identical_clusters(truth, other),
    }


def rows_in_identical_clusters(truth: np.ndarray, other: np.ndarray) -> float:
    """Share of the rows whose cluster has exactly the same members in both."""
    _, both = np.unique(np.column_stack([truth, other]), axis=0, return_inverse=True)
    size, truth_size, other_size = (np.bincount(labels)[labels] for labels in (both, truth, other))
    return float(np.mean((size == truth_size) & (size == other_size)))


def height_differences(exact: ladle.Dendrogram, approximate: ladle.Dendrogram) -> Figures:
    """Relative, at equal merge ranks below the cut, where the exact height is not 0."""
    ranks = exact.n - exact.n // MEAN_SIZE
    truth = exact.heights[:ranks].astype(np.float64)
    relative = np.abs(approximate.heights[:ranks][truth > 0] / truth[truth > 0] - 1)
    return {
        "relative height difference, median": float(np.median(relative)),
        "relative height difference, 99th percentile": float(np.percentile(relative, 99)),
    }


def batch_agreement(
    margins: np.ndarray, labelled: np.ndarray, exact: np.ndarray, approximate: np.ndarray, seeds: int
) -> dict[str, float]:
    """Means over `seeds` seeds of shares of equal picks, and how many exact clusters a batch touches."""
    size = len(margins) // 100

    def batch(clusters: np.ndarray, seed: int) -> np.ndarray:
        return ladle.cluster_margin(
            margins, clusters, size, candidate_ratio=CANDIDATE_RATIO, labelled=labelled, seed=seed
        )

    exact_batches = [batch(exact, seed) for seed in range(seeds + 1)]
    approximate_batches = [batch(approximate, seed) for seed in range(seeds)]

    def equal(one: list[np.ndarray], other: list[np.ndarray]) -> float:
        return float(np.mean([len(np.intersect1d(a, b)) / size for a, b in zip(one, other, strict=True)]))

    def touched(batches: list[np.ndarray]) -> float:
        return float(np.mean([len(np.unique(exact[rows])) / size for rows in batches]))

    return {
        "equal picks": equal(exact_batches[:-1], approximate_batches),
        "equal picks, exact with another seed": equal(exact_batches[:-1], exact_batches[1:]),
        "spread": touched(approximate_batches),
        "spread, exact": touched(exact_batches[:-1]),
    }


def model_margins(points: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Margins (n,) of a model trained on a few random rows, and those rows."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labelled = np.random.default_rng(0).choice(len(points), min(TRAINING_ROWS, len(points) // 10), replace=False)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1_000))
    model.fit(points[labelled], classes[labelled])
    return ladle.margin(model.predict_proba(points)), labelled


def timed(points: np.ndarray, *, exact: bool, quality: str) -> tuple[ladle.Dendrogram, float]:
    start = time.perf_counter()
    tree = ladle.cluster(points, mean_size=MEAN_SIZE, exact=exact, quality=quality)
    return tree, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--quality", action="append", choices=["default", "high"])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    points = vectors.load(options.name, options.rows)
    classes = vectors.labels(options.name, options.rows)
    margins = {"random margins": (np.random.default_rng(0).random(len(points), np.float32), np.empty(0, np.int64))}
    if classes is not None:
        margins["model margins"] = model_margins(points, classes)

    for exact in (True, False):
        ladle.cluster(points[:WARM_ROWS], mean_size=MEAN_SIZE, exact=exact)
    exact_tree, exact_seconds = timed(points, exact=True, quality="default")
    assert exact_tree.checks is not None
    figures: Figures = {"exact, seconds": exact_seconds, "exact, certified": exact_tree.certified}
    figures |= {"exact, inversions": exact_tree.checks.inversions, "exact, pushes": exact_tree.checks.pushes}
    exact_clusters = exact_tree.cut(mean_size=MEAN_SIZE)
    rounded = ladle.cluster(points.astype(np.float16), mean_size=MEAN_SIZE, exact=True).cut(mean_size=MEAN_SIZE)
    figures |= {
        f"exact of float16, {key}": value for key, value in partition_agreement(exact_clusters, rounded).items()
    }
    for quality in options.quality or ["default", "high"]:
        tree, seconds = timed(points, exact=False, quality=quality)
        clusters = tree.cut(mean_size=MEAN_SIZE)
        differences: Figures = {"seconds": seconds, "certified": tree.certified}
        differences["recall"] = "exact" if tree.recall is None else tree.recall
        assert tree.checks is not None
        differences |= {"inversions": tree.checks.inversions, "pushes": tree.checks.pushes}
        differences |= partition_agreement(exact_clusters, clusters) | height_differences(exact_tree, tree)
        for kind, (values, labelled) in margins.items():
            shares = batch_agreement(values, labelled, exact_clusters, clusters, options.seeds)
            differences |= {f"{kind}, {key}": value for key, value in shares.items()}
        figures |= {f"{quality}, {key}": value for key, value in differences.items()}
    for key, value in figures.items():
        print(f"{key:70} {value if isinstance(value, str) else format(value, '.5g')}")
    sizes = {"name": options.name, "digest": vectors.digest(options.name), "seeds": options.seeds}
    record.append("agreement", sizes | {"rows": len(points), "dim": points.shape[1]}, figures)


if __name__ == "__main__":
    main()
