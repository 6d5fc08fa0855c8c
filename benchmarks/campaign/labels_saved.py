"""How often is what `ladle.lab.labels_saved` says of a campaign true?

    python -m benchmarks.campaign.labels_saved --trials 20

Campaigns are simulated on the sets of `control_coverage`. The truth comes from fits to many uniform samples of the
pool, tested on examples outside it: how many uniform labels reach the accuracy of all labels of the campaign.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np

import ladle
from benchmarks.campaign.control_coverage import LARGEST, Set, sets
from ladle import strategies
from ladle.lab.campaigns import labels_saved
from ladle.lab.learners.logistic import Logistic
from ladle.labelling.rules.control import plan_control, quota_of

ROUNDS = 5
LEARNER = Logistic(strength=0.01, iterations=60, standardise=True)


def curve_of(given: Set, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of uniform samples of the pool, and the mean accuracy outside the pool of fits to them."""
    half, classes = len(given.labels) // 2, int(given.labels.max()) + 1
    sizes = np.unique(np.geomspace(20, half, 14).astype(int))
    found = np.zeros((repeats, len(sizes)))
    for repeat in range(repeats):
        order = np.random.default_rng(1000 + repeat).permutation(half)
        for place, size in enumerate(sizes):
            rows = order[:size]
            model = LEARNER.fit(given.inputs[rows], given.labels[rows], classes=classes, seed=0)
            found[repeat, place] = (model.probabilities(given.inputs[half:]).argmax(1) == given.labels[half:]).mean()
    return sizes, np.maximum.accumulate(found.mean(0))


def campaign_of(
    given: Set, tree: object, name: str, share: float, size: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The labelled rows of a simulated campaign, and the rows of its control in their order."""
    half, classes = len(given.labels) // 2, int(given.labels.max()) + 1
    X, y = given.inputs[:half], given.labels[:half]
    words = np.random.default_rng(seed).permutation(half).astype(np.uint64)
    done, members, P = np.zeros(half, bool), np.empty(0, np.int64), np.full((half, classes), 1 / classes)
    strategy = strategies.create(name, tree=tree if name == "cluster-margin" else None)
    for number in range(ROUNDS):
        quota = quota_of(share, number * size, size)
        plan = plan_control(words, quota, members, free=~done, excluded=np.zeros(half, bool), labelled=done)
        members = np.concatenate([members, plan.joined])
        done[plan.drawn] = True
        rest = size - len(plan.drawn)
        done[strategy.query(rest, probabilities=P, labelled=np.flatnonzero(done), seed=seed).rows] = True
        rows = np.flatnonzero(done)
        P = LEARNER.fit(X[rows], y[rows], classes=classes, seed=seed).probabilities(X)
    return np.flatnonzero(done), members[np.argsort(words[members])]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--trials", type=int, default=20)
    options.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.25, 0.5])
    options.add_argument("--only", nargs="*", default=[])
    given = options.parse_args()
    for each in sets():
        if given.only and each.name not in given.only:
            continue
        order = np.random.default_rng(0).permutation(len(each.labels))[:LARGEST]
        some, half = Set(each.name, each.inputs[order], each.labels[order]), len(order) // 2
        tree = ladle.cluster(some.inputs[:half], metric="sqeuclidean", mean_size=10)
        sizes, curve = curve_of(some, 10)
        print(f"{each.name}: {half:,} examples in the pool")
        for name in ("margin", "cluster-margin"):
            for share in given.shares:
                _say(some, tree, name, share, max(60, half // 10), given.trials, sizes, curve)


def _say(
    given: Set, tree: object, name: str, share: float, size: int, trials: int, sizes: np.ndarray, curve: np.ndarray
) -> None:
    half, classes = len(given.labels) // 2, int(given.labels.max()) + 1
    bounded, told, true_saved, said = [], [], [], []
    for seed in range(trials):
        rows, members = campaign_of(given, tree, name, share, size, seed)
        X, y, places = given.inputs[rows], given.labels[rows], np.searchsorted(rows, members)
        model = LEARNER.fit(X, y, classes=classes, seed=seed)
        reached = (model.probabilities(given.inputs[half:]).argmax(1) == given.labels[half:]).mean()
        worth = np.inf if reached > curve[-1] else float(np.interp(reached, curve, sizes))
        found = labels_saved.saved_of(X, y, places, classes=classes, learner=LEARNER, seed=seed)
        true_saved.append(worth - len(rows))
        told.append(found.least is not None)
        if found.least is not None:
            bounded.append(found.least <= worth - len(rows))
            said.append(found.least)
    truth = np.median(true_saved)
    text = f"  {name:15} control {share:4.0%}: told in {np.mean(told):4.0%} of {trials}"
    if bounded:
        text += f", right in {sum(bounded)} of {len(bounded)} (median {np.median(said):,.0f} at least)"
    print(f"{text}; truly saved, median: {truth:,.0f} of {ROUNDS * size:,}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
