"""One function a library: each point's nearest neighbours among all points, by one setting of that library.

Every function takes unit vectors float32 (n, dim), k, the threads it may use and a setting, and gives integer ids
(n, k) or (n, k + 1), the point itself among them or not; building whatever index it needs is part of the work.
`LADDERS` holds the settings tried, each ladder from cheap to dear. Run by benchmarks/neighbours/peers.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from benchmarks import isolated

Setting = Mapping[str, Any]
# Rows of the first call, which compiles: enough for each library to leave its path for small data.
WARM_ROWS = {"ladle cells": 20_000, "pynndescent": 20_000}
FEW_ROWS = 2_000


def ladle_cells(points: np.ndarray, k: int, threads: int, setting: Setting) -> np.ndarray:
    from ladle.neighbours import CellSearch, Effort
    from ladle.progress import SILENT

    members = np.arange(len(points), dtype=np.int32)
    search = CellSearch(effort=Effort(**setting))
    neighbours = search.nearest(
        points, np.zeros(len(points)), members=members, queries=members, k=k, precise=False, progress=SILENT
    )
    return neighbours.ids


def ladle_exact(points: np.ndarray, k: int, threads: int, setting: Setting) -> np.ndarray:
    from ladle.neighbours import BruteSearch
    from ladle.progress import SILENT

    members = np.arange(len(points), dtype=np.int32)
    neighbours = BruteSearch().nearest(
        points, np.zeros(len(points)), members=members, queries=members, k=k, precise=False, progress=SILENT
    )
    return neighbours.ids


def faiss_flat(points: np.ndarray, k: int, threads: int, setting: Setting) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(threads)
    index_flat = faiss.IndexFlatL2(points.shape[1])
    index_flat.add(points)
    return index_flat.search(points, k + 1)[1]


def faiss_ivf(points: np.ndarray, k: int, threads: int, setting: Setting) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(threads)
    lists = int(setting["lists_per_root"] * len(points) ** 0.5)
    ivf = faiss.index_factory(points.shape[1], f"IVF{lists},Flat")
    ivf.train(points)
    ivf.add(points)
    ivf.nprobe = setting["nprobe"]
    return ivf.search(points, k + 1)[1]


def faiss_hnsw(points: np.ndarray, k: int, threads: int, setting: Setting) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(threads)
    graph = faiss.IndexHNSWFlat(points.shape[1], setting["M"])
    graph.hnsw.efConstruction = setting["build"]
    graph.add(points)
    graph.hnsw.efSearch = setting["search"]
    return graph.search(points, k + 1)[1]


def hnswlib_hnsw(points: np.ndarray, k: int, threads: int, setting: Setting) -> np.ndarray:
    import hnswlib

    graph = hnswlib.Index(space="l2", dim=points.shape[1])
    graph.init_index(max_elements=len(points), M=setting["M"], ef_construction=setting["build"], random_seed=0)
    graph.set_num_threads(threads)
    graph.add_items(points)
    graph.set_ef(setting["search"])
    return graph.knn_query(points, k + 1)[0].astype(np.int64)


def usearch_hnsw(points: np.ndarray, k: int, threads: int, setting: Setting) -> np.ndarray:
    from usearch.index import Index

    graph = Index(
        ndim=points.shape[1],
        metric="l2sq",
        dtype="f32",
        connectivity=setting["M"],
        expansion_add=setting["build"],
        expansion_search=setting["search"],
    )
    graph.add(np.arange(len(points)), points, threads=threads)
    return graph.search(points, k + 1, threads=threads).keys.astype(np.int64)


def pynndescent_graph(points: np.ndarray, k: int, threads: int, setting: Setting) -> np.ndarray:
    from pynndescent import NNDescent

    width = max(k + 1, setting["n_neighbors"])
    graph = NNDescent(points, metric="euclidean", n_neighbors=width, n_jobs=threads, random_state=0)
    return graph.neighbor_graph[0][:, : k + 1]


LIBRARIES: dict[str, Callable[[np.ndarray, int, int, Setting], np.ndarray]] = {
    "ladle cells": ladle_cells,
    "ladle exact": ladle_exact,
    "faiss Flat": faiss_flat,
    "faiss IVF,Flat": faiss_ivf,
    "faiss HNSW": faiss_hnsw,
    "hnswlib": hnswlib_hnsw,
    "usearch": usearch_hnsw,
    "pynndescent": pynndescent_graph,
}
GRAPHS = [
    [{"M": 16, "build": build, "search": search} for build, search in [(40, 16), (40, 32), (60, 64), (100, 100)]],
    [{"M": 32, "build": build, "search": search} for build, search in [(60, 64), (100, 100), (200, 200)]],
]
LADDERS: dict[str, list[list[dict[str, float]]]] = {
    "ladle cells": [
        [{"probes": 2, "hard_cost": 0, "recall": recall} for recall in (0.85, 0.9, 0.95, 0.99)],
        [{"hard_cost": 0, "recall": recall} for recall in (0.85, 0.9, 0.95, 0.97, 0.985, 0.99)],
    ],
    "ladle exact": [[{}]],
    "faiss Flat": [[{}]],
    "faiss IVF,Flat": [
        [{"lists_per_root": 1, "nprobe": nprobe} for nprobe in (1, 2, 4, 8, 16, 32, 64)],
        [{"lists_per_root": 4, "nprobe": nprobe} for nprobe in (4, 8, 16, 32, 64, 128, 256)],
    ],
    "faiss HNSW": GRAPHS,
    "hnswlib": GRAPHS,
    "usearch": GRAPHS,
    "pynndescent": [[{"n_neighbors": width} for width in (16, 30, 60)]],
}


@cache
def _points(path: str) -> np.ndarray:
    return np.load(path, allow_pickle=False)


@cache
def _first_call_seconds(library: str, setting: str, path: str, k: int, threads: int) -> float:
    points = _points(path)[: WARM_ROWS.get(library, FEW_ROWS)]
    start = time.perf_counter()
    LIBRARIES[library](points, k, threads, json.loads(setting))
    return time.perf_counter() - start


def turn(question: isolated.Answer) -> isolated.Answer:
    """Seconds of one search of all points, and its answers for the sample."""
    library, path, k, threads = (question[key] for key in ("library", "points", "k", "threads"))
    first = _first_call_seconds(library, json.dumps(question["setting"]), path, k, threads)
    points = _points(path)
    start = time.perf_counter()
    ids = LIBRARIES[library](points, k, threads, question["setting"])
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "first_call_seconds": first, "ids": ids[question["sample"]].tolist()}


if __name__ == "__main__":
    isolated.serve(turn)
