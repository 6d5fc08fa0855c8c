"""One function a library: flat clusters of unit vectors float32 (n, dim), n / 10 of them where it can be told how many.

Labels are integers (n,), -1 for a row that a density method leaves out. Squared Euclidean distance, which on unit
vectors is twice the cosine distance. Run by benchmarks/clustering/peers.py, each in a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from benchmarks import isolated
from benchmarks.memory import peak_of_this_process

MEAN_SIZE = 10
NEIGHBOURS = 15  # of a connectivity graph
# Rows of the first call, which compiles: enough for each library to leave its path for small data.
WARM_ROWS = {"ladle cells": 20_000}
FEW_ROWS = 2_000


def ladle_exact(points: np.ndarray, threads: int) -> np.ndarray:
    import ladle

    return ladle.cluster(points, mean_size=MEAN_SIZE, exact=True).cut()


def ladle_cells(points: np.ndarray, threads: int) -> np.ndarray:
    import ladle

    return ladle.cluster(points, mean_size=MEAN_SIZE, exact=False).cut()


def scipy_linkage(points: np.ndarray, threads: int) -> np.ndarray:
    from scipy.cluster.hierarchy import linkage

    return _cut(linkage(_distances(points), "average"), len(points))


def fastcluster_linkage(points: np.ndarray, threads: int) -> np.ndarray:
    import fastcluster

    return _cut(fastcluster.linkage(_distances(points), "average", preserve_input=False), len(points))


def sklearn_full(points: np.ndarray, threads: int) -> np.ndarray:
    from sklearn.cluster import AgglomerativeClustering

    return AgglomerativeClustering(_wanted(points), metric="sqeuclidean", linkage="average").fit_predict(points)


def sklearn_graph(points: np.ndarray, threads: int) -> np.ndarray:
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.neighbors import kneighbors_graph

    graph = kneighbors_graph(points, NEIGHBOURS, n_jobs=threads)
    # metric="sqeuclidean" fails here in scikit-learn itself; on unit vectors cosine is half of it
    model = AgglomerativeClustering(_wanted(points), metric="cosine", linkage="average", connectivity=graph)
    return model.fit_predict(points)


def racplusplus_full(points: np.ndarray, threads: int) -> np.ndarray:
    import racplusplus

    labels = racplusplus.rac(points.astype(np.float64), 1e9, None, 1_000, threads, "cosine")
    return np.asarray(labels)


def genieclust_genie(points: np.ndarray, threads: int) -> np.ndarray:
    import genieclust

    return genieclust.Genie(n_clusters=_wanted(points)).fit_predict(points)


def fast_hdbscan_clusters(points: np.ndarray, threads: int) -> np.ndarray:
    import fast_hdbscan

    model = fast_hdbscan.HDBSCAN(min_cluster_size=MEAN_SIZE // 2, cluster_selection_method="leaf")
    return model.fit_predict(points)


def evoc_finest(points: np.ndarray, threads: int) -> np.ndarray:
    import evoc

    model = evoc.EVoC(base_min_cluster_size=MEAN_SIZE // 2, random_state=0)
    model.fit(points)
    return max(model.cluster_layers_, key=lambda layer: len(np.unique(layer)))


def faiss_kmeans(points: np.ndarray, threads: int) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(threads)
    model = faiss.Kmeans(points.shape[1], _wanted(points), niter=20, seed=0, min_points_per_centroid=1)
    model.train(points)
    return model.index.search(points, 1)[1][:, 0]


LIBRARIES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "ladle exact": ladle_exact,
    "ladle cells": ladle_cells,
    "SciPy linkage": scipy_linkage,
    "fastcluster linkage": fastcluster_linkage,
    "scikit-learn average": sklearn_full,
    "scikit-learn average, kNN graph": sklearn_graph,
    "racplusplus": racplusplus_full,
    "genieclust Genie": genieclust_genie,
    "fast_hdbscan, leaves": fast_hdbscan_clusters,
    "EVoC, finest layer": evoc_finest,
    "faiss k-means": faiss_kmeans,
}


def _wanted(points: np.ndarray) -> int:
    return len(points) // MEAN_SIZE


def _distances(points: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import pdist

    return pdist(points.astype(np.float64), "sqeuclidean")


def _cut(tree: np.ndarray, rows: int) -> np.ndarray:
    from scipy.cluster.hierarchy import fcluster

    return fcluster(tree, rows // MEAN_SIZE, "maxclust")


def turn(question: isolated.Answer) -> isolated.Answer:
    """Cluster the first `rows` points once; the labels go to the file asked for."""
    points = np.load(question["points"], mmap_mode="r", allow_pickle=False)
    points = np.array(points[: question["rows"]])
    start = time.perf_counter()
    labels = LIBRARIES[question["library"]](points, question["threads"])
    seconds = time.perf_counter() - start
    np.save(question["labels"], np.asarray(labels, np.int64), allow_pickle=False)
    return {"seconds": seconds, "peak_bytes": peak_of_this_process()}


if __name__ == "__main__":
    isolated.serve(turn)
