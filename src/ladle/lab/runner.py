"""All trials of all strategies, side by side on a few threads, with the same result for any number of them."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

import numpy as np

from ladle.errors import ArgumentError
from ladle.hac import cluster
from ladle.lab.datasets import Dataset
from ladle.lab.learner import Learner
from ladle.lab.loop import Prepared, Stopwatch, StrategyMaker, prepare, rounds_of
from ladle.lab.protocol import LabProtocol
from ladle.lab.records import Round, Study, Trial
from ladle.lab.redundancy import near_limit
from ladle.progress import SILENT, Progress
from ladle.threads import run_each, single_threaded_blas, thread_count


def run_study(
    dataset: Dataset,
    learner: Learner,
    makers: Mapping[str, StrategyMaker],
    protocol: LabProtocol,
    *,
    progress: Progress = SILENT,
) -> Study:
    """Run `protocol` for every strategy of `makers`, whose keys are the names under which they are reported.

    Trials run on `ladle.threads.thread_count()` threads with BLAS held to one thread each.
    Raises: ArgumentError, and what learner, clustering and strategies raise.
    Cost: trials x (one `prepare` + strategies x `rounds_of`); two models in memory a thread.
    Repeats: set by the arguments and the protocol's seed; any number of threads.
    """
    if not makers:
        raise ArgumentError("`makers`", wanted="name at least one strategy", got="none")
    protocol.check_pool(len(dataset))
    watch = Stopwatch()
    with single_threaded_blas():
        with watch.timing("compile"):
            compile_kernels(makers, progress)
        with watch.timing("measure the pool"), progress.task("Measure how alike the pool's images are"):
            near = near_limit(dataset.inputs, protocol.batch_size, seed=protocol.seed)
        with watch.timing("prepare"):
            prepared = _prepare_all(dataset, learner, protocol, progress)
        with watch.timing("rounds"):
            trials = _run_all(dataset, learner, makers, protocol, prepared, near, progress)
    return Study(
        protocol=protocol,
        learner=learner.name,
        strategies=tuple(makers),
        starts=tuple(each.start for each in prepared),
        trials=tuple(trials),
        near_limit=near,
        workers=min(thread_count(), len(trials)),
        seconds=watch.seconds,
    )


def compile_kernels(makers: Mapping[str, StrategyMaker], progress: Progress) -> None:
    """Cluster and query a toy pool, so that compiling is not counted as work. Cost: up to 20 s the first time."""
    toy = np.random.Generator(np.random.PCG64(0)).random((256, 8), np.float32)
    tree = cluster(toy, mean_size=4, progress=progress)
    for make in makers.values():
        make(tree).query(8, probabilities=toy / toy.sum(axis=1, keepdims=True), embeddings=toy)


def _prepare_all(dataset: Dataset, learner: Learner, protocol: LabProtocol, progress: Progress) -> list[Prepared]:
    prepared = []
    with progress.task("Seed model, embed the pool, cluster it once", protocol.trials) as advance:
        for trial in range(protocol.trials):
            prepared.append(prepare(dataset, learner, protocol, trial, progress=progress))
            advance(1)
    return prepared


def _run_all(
    dataset: Dataset,
    learner: Learner,
    makers: Mapping[str, StrategyMaker],
    protocol: LabProtocol,
    prepared: list[Prepared],
    near: float,
    progress: Progress,
) -> list[Trial]:
    jobs = [(each, name) for each in prepared for name in makers]
    walks = [rounds_of(dataset, learner, protocol, each, makers[name], near_limit=near) for each, name in jobs]
    taken = [[Round(protocol.seed_size, each.start.accuracy, None, {})] for each, _ in jobs]
    lock = Lock()
    with progress.task("Rounds: choose, label, retrain", len(jobs) * protocol.rounds) as advance:

        def take_one(job: int) -> None:
            taken[job].append(next(walks[job]))
            with lock:  # the jobs share one bar, and a Progress need not be safe to call from two threads
                advance(1)

        for _ in range(protocol.rounds):  # all jobs step together, so an interrupt waits for one round, not for a trial
            run_each(take_one, range(len(jobs)))
    return [Trial(name, each.start.trial, tuple(rounds)) for (each, name), rounds in zip(jobs, taken, strict=True)]
