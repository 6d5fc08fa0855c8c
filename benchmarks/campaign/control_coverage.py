"""How often do the 95% intervals of the control cover the truth?

    python -m benchmarks.campaign.control_coverage --trials 100

On each set a campaign is simulated many times: a learner, a strategy, rounds, and a control of another random order
each time. The truth is known: the class shares of the pool, the accuracy of each round's model on the examples that had
no label when it chose, and, for models trained without the control, the accuracy on examples outside the pool.
LADLE_DATA names the folder of the natural sets; without it, digits and made sets remain.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import ladle
from ladle import strategies
from ladle.lab.learners.logistic import Logistic
from ladle.labelling.control_figures import ControlEstimate
from ladle.labelling.measures.control_estimates import (
    NEVER,
    ControlEnd,
    ControlFacts,
    model_tests,
    share_of,
    share_with,
)
from ladle.labelling.rules.control import plan_control, quota_of

LARGEST = 6_000  # rows of a set: half of them are the pool, the others what the truth is measured on
ROUNDS = 6


@dataclass(frozen=True)
class Set:
    name: str
    inputs: np.ndarray
    labels: np.ndarray


def sets() -> Iterator[Set]:
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    yield Set("digits", images.astype(np.float32), digits)
    random = np.random.default_rng(1)
    labels = random.choice(5, 6000, p=[0.6, 0.3, 0.07, 0.02, 0.01])
    yield Set("made, 1% to 60%", (random.normal(size=(5, 20))[labels] + random.normal(size=(6000, 20))), labels)
    for name in ("eeg", "har", "occupancy", "robot", "signs"):
        path = Path(os.environ.get("LADLE_DATA", "")) / "natural" / f"{name}.npz"
        if path.exists():
            with np.load(path) as data:
                inputs, (_, labels) = data["inputs"], np.unique(data["labels"], return_inverse=True)
            yield Set(name, inputs.reshape(len(inputs), -1).astype(np.float32), labels)


def trial(
    given: Set, tree: object, strategy_name: str, share: float, seed: int, is_held_out: bool
) -> Iterator[tuple[str, ControlEstimate, float]]:
    """The estimates of every round, each with what it is of and the truth.

    is_held_out: whether no model is trained on the labels of the control.
    """
    half = len(given.labels) // 2
    X, y, classes = given.inputs[:half], given.labels[:half], int(given.labels.max()) + 1
    random = np.random.default_rng(seed)
    words = random.integers(0, 1 << 63, half).astype(np.uint64)
    first = np.full(half, NEVER)
    members, ends, predicted = np.empty(0, np.int64), [], np.full(half, -1)
    strategy = strategies.create(strategy_name, tree=tree if strategy_name == "cluster-margin" else None)
    P, size, fresh = None, max(40, half // 25), slice(half, None)
    learner = Logistic(strength=0.01, iterations=60, standardise=True)
    for number in range(1, ROUNDS + 1):
        done, event = first < NEVER, 2 * number
        quota = quota_of(share, (number - 1) * size, size)
        plan = plan_control(words, quota, members, free=~done, excluded=np.zeros(half, bool), labelled=done)
        members = np.concatenate([members, plan.joined])
        ends.append(ControlEnd(number, event, int(words[members].max())))
        if P is not None:
            tested = plan.joined[plan.is_test]
            predicted[tested] = P[tested].argmax(1)
        taken = np.union1d(np.flatnonzero(done), plan.drawn)
        scores = P if P is not None else np.full((half, classes), 1 / classes)
        chosen = strategy.query(size - len(plan.drawn), probabilities=scores, labelled=taken, seed=seed).rows
        first[np.concatenate([chosen, plan.drawn])] = event + 1
        facts = ControlFacts(words, first < NEVER, first, ends)
        if P is not None:
            unlabelled = ~facts.members(number - 2) & (first > event)
            right = P.argmax(1) == y
            newest = list(model_tests(facts, predicted, y))[-1]
            if newest.accuracy is not None and newest.tests >= 10:
                yield "model on what had no label", newest.accuracy, right[unlabelled].mean()
        for each in range(classes):
            has = (y == each) & (first < NEVER)
            found, by_all = share_with(facts, has, number - 1)
            yield f"class share, {'all labels' if by_all else 'control alone'}", found, (y == each).mean()
        done = np.flatnonzero(first < NEVER)
        if is_held_out:
            done = np.setdiff1d(done, members)
        model = learner.fit(X[done], y[done], classes=classes, seed=seed)
        P = model.probabilities(X)
        if is_held_out and len(members) >= 20:
            found = share_of(int((P[members].argmax(1) == y[members]).sum()), len(members))
            truth = (model.probabilities(given.inputs[fresh]).argmax(1) == given.labels[fresh]).mean()
            yield "models without the control", found, truth


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--trials", type=int, default=100)
    options.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.2])
    options.add_argument("--only", nargs="*", default=[])
    given = options.parse_args()
    totals: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for each in sets():
        if given.only and each.name not in given.only:
            continue
        order = np.random.default_rng(0).permutation(len(each.labels))[:LARGEST]
        some = Set(each.name, each.inputs[order], each.labels[order])
        tree = ladle.cluster(some.inputs[: len(order) // 2], metric="sqeuclidean", mean_size=10)
        own: dict[str, list[tuple[bool, float]]] = defaultdict(list)
        for strategy in ("margin", "cluster-margin"):
            for share in given.shares:
                for seed in range(given.trials):
                    for what, found, truth in trial(some, tree, strategy, share, seed, seed % 2 == 1):
                        covered = found.low - 1e-9 <= truth <= found.high + 1e-9
                        own[what].append((covered, found.high - found.low))
        print(f"{each.name}: {len(order) // 2:,} examples in the pool")
        for what, rows in sorted(own.items()):
            totals[what] += rows
            _say(what, rows)
    print("all sets")
    for what, rows in sorted(totals.items()):
        _say(what, rows)


def _say(what: str, rows: list[tuple[bool, float]]) -> None:
    covered, width = np.mean(rows, axis=0)
    print(f"  {what:36} {covered:6.1%} of {len(rows):6,}, mean width {width:.3f}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
