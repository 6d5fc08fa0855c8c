"""The border of numbers and choices, and that every public function uses it: each scalar, given each wrong type.

The table has a call for every parameter that takes a number or a switch, and for the named choices. A number or switch
that is added and is not in the table fails `test_no_scalar_is_forgotten`.
"""

from __future__ import annotations

import inspect
import re
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import ladle
from ladle import advice, formats, hac, lab, labelling, numbers, pool, scores, stopping, strategies, theory
from ladle.errors import ArgumentError, FileError, LadleError
from ladle.lab.data.near_duplicates import with_near_duplicates
from ladle.lab.learners.feature_heads import Head
from ladle.lab.learners.logistic import Logistic
from ladle.lab.learners.torch_images import FastResNet, SmallConvnet
from ladle.lab.measures.savings import curve_interval
from ladle.scores.files.score_file import open_scores
from ladle.strategies.partitioned import Partitioned

WRONG = ["5", b"5", "nan", [5], (5,), {5}, {}, np.array([5]), np.array([5, 6]), 1j, Decimal(5), object(), len]
WRONG_NUMBERS = [*WRONG, True, np.True_, float("nan"), float("inf"), -float("inf"), np.float32("nan"), 10**400]
WRONG_WHOLES = [*WRONG_NUMBERS, 5.0, np.float64(5), 5.5, np.array(5.0), 2**70, -(2**70)]
WRONG_SWITCHES = [*WRONG, 1, 0, 1.0, "true", np.int64(1), float("nan")]
WRONG_CHOICES = [*WRONG, True, 1.5, float("nan"), 5, "a", "", "MIN", ("min",)]
KINDS = {"whole": WRONG_WHOLES, "number": WRONG_NUMBERS, "switch": WRONG_SWITCHES, "choice": WRONG_CHOICES}

N = 60
X = np.random.default_rng(0).standard_normal((N, 3)).astype(np.float32)
P = np.random.default_rng(1).dirichlet(np.ones(3), N)
P2 = np.stack([P[:, 0], 1 - P[:, 0]], axis=1)
M = scores.margin(P)
TREE = ladle.cluster(X)
CLUSTERS = TREE.cut(n_clusters=12)
SPREAD = ladle.spread(([0, 1, 2], [0, 1, 0]), CLUSTERS)
ASKED: dict[str, Any] = {"probabilities": P, "margins": M, "embeddings": X, "votes": np.zeros((N, 3), int)}


LABEL_FILE = formats.LabelFile("old.csv", pa.table({"id": [0, 1], "label": [1, 0]}), 0, 0, "0" * 64)


def store():
    return ladle.Campaign.create(labelling.MemoryStore(), name="c", pool=X, strategy="margin", labels=[0, 1])


def priced(price):
    return ladle.Campaign.create(
        labelling.MemoryStore(), name="c", pool=X, strategy="margin", labels=[0, 1], price=price
    )


def advised_tree():
    """A tree of nine rows."""
    return hac.cluster(np.eye(9))


def found(**options):
    given: dict[str, Any] = {"name": "c", "pool": X, "strategy": "margin", **options}
    return ladle.Campaign.create(labelling.MemoryStore(), **given)


def dials(call):
    """The three levels of a cut, for a call that takes them."""
    return {
        "mean_size": ("number", 5, lambda value: call(mean_size=value)),
        "threshold": ("number", 0.5, lambda value: call(threshold=value)),
        "n_clusters": ("whole", 5, lambda value: call(n_clusters=value)),
    }


def each(name, *parameters):
    return {f"{name}({parameter})": row for parameters_of in parameters for parameter, row in parameters_of.items()}


def learner(make, wholes, reals, switches=()):
    return {
        **{option: ("switch", True, lambda value, option=option: make(**{option: value})) for option in switches},
        **{option: ("whole", 5, lambda value, option=option: make(**{option: value})) for option in wholes},
        **{option: ("number", 0.5, lambda value, option=option: make(**{option: value})) for option in reals},
    }


def passed(**options):
    """The rows of a pass over the small pool."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "pool")
        return ladle.score_and_embed(lambda part: (part, part), X, out=out, version="1", **options).rows


# "function(parameter)" -> its kind, a value that is right, the call.
TABLE: dict[str, tuple[str, Any, Any]] = {
    **each(
        "cluster",
        dials(lambda **level: ladle.cluster(X, **level).heights),
        {
            "seed": ("whole", 5, lambda value: ladle.cluster(X, seed=value).heights),
            "exact": ("switch", True, lambda value: ladle.cluster(X, exact=value).heights),
            "skip_invalid": ("switch", True, lambda value: ladle.cluster(X, skip_invalid=value).heights),
            "prototypes": ("switch", True, lambda value: ladle.cluster(X, prototypes=value).heights),
        },
    ),
    "linkage(exact)": ("switch", True, lambda value: ladle.linkage(X, exact=value)),
    "linkage(seed)": ("whole", 5, lambda value: ladle.linkage(X, seed=value)),
    **each(
        "score_and_embed",
        {name: ("whole", 5, lambda value, name=name: passed(**{name: value})) for name in ("batch_size", "shard_rows")},
        {"logits": ("switch", True, lambda value: passed(logits=value))},
        {"binary": ("switch", False, lambda value: passed(binary=value))},
        {"multilabel": ("choice", "min", lambda value: passed(multilabel=value))},
        {"keep": ("choice", "margins", lambda value: passed(keep=value))},
        {"dtype": ("choice", "float16", lambda value: passed(dtype=value))},
    ),
    "open_pool(skip_invalid)": ("switch", True, lambda value: ladle.open_pool(X, skip_invalid=value).rows),
    **each("Dendrogram.cut", dials(TREE.cut)),
    **each("Level", dials(hac.Level)),
    **each("Level.of", dials(hac.Level.of)),
    **each(
        "Dendrogram.assign",
        dials(lambda **level: TREE.assign(X[:3], pool=X, **level).labels),
        {
            "exact": ("switch", True, lambda value: TREE.assign(X[:3], exact=value).labels),
            "seed": ("whole", 5, lambda value: TREE.assign(X[:3], seed=value).labels),
        },
    ),
    **each("Dendrogram.with_prototypes", dials(lambda **level: TREE.with_prototypes(X, **level).prototypes.sizes)),
    **each(
        "cluster_margin",
        {
            "batch_size": ("whole", 5, lambda value: ladle.cluster_margin(M, CLUSTERS, value)),
            "seed": ("whole", 5, lambda value: ladle.cluster_margin(M, CLUSTERS, 5, seed=value)),
            "candidate_ratio": (
                "number",
                5,
                lambda value: ladle.cluster_margin(M, CLUSTERS, 5, candidate_ratio=value),
            ),
        },
    ),
    **each(
        "CappedMargin",
        dials(lambda **level: strategies.CappedMargin(TREE, **level).clusters.labels),
    ),
    **each(
        "ClusterMargin",
        dials(lambda **level: ladle.ClusterMargin(TREE, **level).clusters.labels),
        {
            "candidate_ratio": (
                "number",
                5,
                lambda value: ladle.ClusterMargin(TREE, candidate_ratio=value).candidate_ratio,
            )
        },
    ),
    **each(
        "spread",
        dials(lambda **level: ladle.spread(([0, 1], [0, 1]), TREE, **level).rows),
        {
            "audit": ("whole", 5, lambda value: ladle.spread(([0, 1], [0, 1]), TREE, audit=value).audit),
            "seed": ("whole", 5, lambda value: ladle.spread(([0, 1], [0, 1]), TREE, seed=value).audit),
        },
    ),
    **each(
        "Spread.precision",
        {"confidence": ("number", 0.5, lambda value: SPREAD.precision([0], confidence=value).low)},
    ),
    **each(
        "Chooser.query",
        {
            "size": ("whole", 5, lambda value: ladle.Margin().query(value, margins=M).rows),
            "seed": ("whole", 5, lambda value: ladle.Uniform().query(5, margins=M, seed=value).rows),
            "pool_rows": ("whole", 60, lambda value: ladle.Uniform().query(5, pool_rows=value).rows),
        },
    ),
    "Chooser.query(binary)": (
        "switch",
        True,
        lambda value: ladle.Margin().query(5, probabilities=P[:, 0], binary=value).rows,
    ),
    "Chooser.query(normalise)": (
        "switch",
        True,
        lambda value: ladle.Margin().query(5, probabilities=P * 3, normalise=value).rows,
    ),
    **{
        f"{measure.__name__}({option})": (
            "switch",
            True,
            lambda value, measure=measure, option=option, given=given: measure(given, **{option: value}),
        )
        for measure in (scores.margin, scores.entropy, scores.least_confidence, scores.class_probabilities)
        for option, given in (("binary", P[:, 0]), ("normalise", P * 3))
    },
    "softmax(binary)": ("switch", True, lambda value: scores.softmax(P[:, 0], binary=value)),
    "margin_from_logits(binary)": ("switch", True, lambda value: scores.margin_from_logits(P[:, 0], binary=value)),
    "Margin(beta)": ("number", 5, lambda value: ladle.Margin(beta=value).beta),
    "Entropy(beta)": ("number", 5, lambda value: strategies.Entropy(beta=value).beta),
    "LeastConfidence(beta)": ("number", 5, lambda value: strategies.LeastConfidence(beta=value).beta),
    "Falcun(gamma)": ("number", 5, lambda value: strategies.Falcun(gamma=value).gamma),
    "Badge(multilabel)": ("switch", True, lambda value: strategies.Badge(multilabel=value).multilabel),
    "DropQuery(disagreement)": ("number", 0.5, lambda value: strategies.DropQuery(disagreement=value).disagreement),
    "ProbCover(radius)": ("number", 0.5, lambda value: strategies.ProbCover(radius=value).radius),
    "Herding(bandwidth)": ("number", 0.5, lambda value: strategies.Herding(bandwidth=value).bandwidth),
    "UncertaintyHerding(bandwidth)": (
        "number",
        0.5,
        lambda value: strategies.UncertaintyHerding(bandwidth=value).bandwidth,
    ),
    "CappedMargin(cap)": ("whole", 5, lambda value: strategies.CappedMargin([0, 0, 1], cap=value).cap),
    "Auto(reach)": ("number", 5, lambda value: strategies.Auto([0, 0, 1], reach=value).reach),
    "advise(size)": ("whole", 5, lambda value: advice.advise(advised_tree(), value, margins=np.ones(9)).size),
    "advise(confidence)": (
        "number",
        0.5,
        lambda value: advice.advise(advised_tree(), 5, margins=np.ones(9), confidence=value).confidence,
    ),
    "Auto(widest)": ("number", 0.5, lambda value: strategies.Auto([0, 0, 1], widest=value).widest),
    "Auto(alike)": ("number", 0.5, lambda value: strategies.Auto([0, 0, 1], alike=value).alike),
    "Auto(multilabel)": ("choice", "min", lambda value: strategies.Auto([0, 0, 1], multilabel=value).multilabel),
    "ProbCover(neighbours)": ("whole", 5, lambda value: strategies.ProbCover(neighbours=value).neighbours),
    "Herding(neighbours)": ("whole", 5, lambda value: strategies.Herding(neighbours=value).neighbours),
    "UncertaintyHerding(neighbours)": (
        "whole",
        5,
        lambda value: strategies.UncertaintyHerding(neighbours=value).neighbours,
    ),
    "Partitioned(partitions)": ("whole", 5, lambda value: Partitioned(ladle.Uniform(), value).partitions),
    "Partitioned(deal_labelled)": ("switch", True, lambda value: Partitioned(ladle.Uniform(), 2, value).deal_labelled),
    "create(partitions)": ("whole", 5, lambda value: strategies.create("margin", partitions=value).partitions),
    "create(deal_labelled)": (
        "switch",
        True,
        lambda value: strategies.create("margin", partitions=2, deal_labelled=value).deal_labelled,
    ),
    "create(deal_labelled, alone)": (
        "switch",
        False,
        lambda value: strategies.create("margin", deal_labelled=value).beta,
    ),
    **each(
        "least_sure_pairs",
        {
            "size": ("whole", 5, lambda value: strategies.least_sure_pairs(P, value).rows),
            "seed": ("whole", 5, lambda value: strategies.least_sure_pairs(P, 5, seed=value).rows),
            "candidate_ratio": (
                "number",
                5,
                lambda value: strategies.least_sure_pairs(P, 5, clusters=CLUSTERS, candidate_ratio=value).rows,
            ),
        },
    ),
    "ClassificationChange(most)": ("number", 0.5, lambda value: stopping.ClassificationChange(most=value).most),
    "OverallUncertainty(below)": ("number", 0.5, lambda value: stopping.OverallUncertainty(below=value).below),
    "StablePredictions(agreement)": (
        "number",
        0.5,
        lambda value: stopping.StablePredictions(agreement=value).agreement,
    ),
    "StablePredictions(window)": ("whole", 5, lambda value: stopping.StablePredictions(window=value).window),
    "GainPlateau(least_gain)": ("number", 0.5, lambda value: stopping.GainPlateau(value).least_gain),
    "GainPlateau(batch_size)": ("whole", 5, lambda value: stopping.GainPlateau(0.1, batch_size=value).batch_size),
    "GainPlateau(window)": ("whole", 5, lambda value: stopping.GainPlateau(0.1, window=value).window),
    "GainPlateau(confidence)": ("number", 0.75, lambda value: stopping.GainPlateau(0.1, confidence=value).confidence),
    "Labels.value(low)": ("number", 0.5, lambda value: labelling.Labels.value(low=value).low),
    "Labels.value(high)": ("number", 0.5, lambda value: labelling.Labels.value(high=value).high),
    "MemoryStore(wait_seconds)": ("number", 5, lambda value: labelling.MemoryStore(wait_seconds=value).names()),
    **each(
        "Campaign.create",
        {
            "budget": ("whole", 5, lambda value: found(budget=value).settings.budget),
            "annotators_per_task": (
                "whole",
                5,
                lambda value: found(annotators_per_task=value).settings.annotators_per_task,
            ),
            "seed": ("whole", 5, lambda value: found(seed=value).settings.seed),
            "lease_seconds": ("number", 5, lambda value: found(lease_seconds=value).settings.lease_seconds),
        },
    ),
    **each(
        "Campaign.ask",
        {
            "size": ("whole", 5, lambda value: store().ask(value, margins=M).ids),
            "gold": ("whole", 0, lambda value: store().ask(5, margins=M, gold=value).ids),
            "lease_seconds": ("number", 5, lambda value: store().ask(5, margins=M, lease_seconds=value).ids),
            "binary": ("switch", True, lambda value: store().ask(5, probabilities=P[:, 0], binary=value).ids),
            "normalise": ("switch", True, lambda value: _of_three().ask(5, probabilities=P * 3, normalise=value).ids),
        },
    ),
    "Campaign.tell_file(imported)": (
        "switch",
        True,
        lambda value: store().tell_file(LABEL_FILE, source="old", imported=value).labels,
    ),
    **each(
        "Campaign.round",
        {
            "size": ("whole", 5, lambda value: store().round(value, margins=M).batch.ids),
            "gold": ("whole", 0, lambda value: store().round(5, margins=M, gold=value).batch.ids),
            "lease_seconds": ("number", 5, lambda value: store().round(5, margins=M, lease_seconds=value).batch.ids),
            "binary": ("switch", True, lambda value: store().round(5, probabilities=P[:, 0], binary=value).batch.ids),
            "normalise": (
                "switch",
                True,
                lambda value: _of_three().round(5, probabilities=P * 3, normalise=value).batch.ids,
            ),
        },
    ),
    "Campaign.groups_of(most)": ("whole", 5, lambda value: _asked().groups_of("ann", [0], most=value)),
    "Campaign.audit_page(limit)": ("whole", 5, lambda value: len(_asked().audit_page(limit=value))),
    "Campaign.label_page(limit)": ("whole", 5, lambda value: len(_asked().label_page(limit=value))),
    "Campaign.quarantine_page(limit)": ("whole", 5, lambda value: len(_asked().quarantine_page(limit=value))),
    "Campaign.quarantine_page(open_only)": (
        "switch",
        True,
        lambda value: len(_asked().quarantine_page(open_only=value)),
    ),
    "Campaign.progress(people)": ("switch", True, lambda value: len(_asked().progress(people=value).annotators)),
    "Campaign.task_page(limit)": ("whole", 5, lambda value: _asked().task_page(limit=value).rows["id"].tolist()),
    "Campaign.task_page(batch)": ("whole", 1, lambda value: _asked().task_page(batch=value).rows["id"].tolist()),
    "Campaign.task_page(cluster)": (
        "whole",
        1,
        lambda value: _clustered().task_page(cluster=value).rows["id"].tolist(),
    ),
    "Campaign.task_total(batch)": ("whole", 1, lambda value: _asked().task_total(batch=value)),
    "Campaign.task_total(cluster)": ("whole", 1, lambda value: _clustered().task_total(cluster=value)),
    "Campaign.resolved_page(limit)": ("whole", 5, lambda value: _told().resolved_page(limit=value).rows["id"].tolist()),
    "Campaign.resolved_page(batch)": ("whole", 1, lambda value: _told().resolved_page(batch=value).rows["id"].tolist()),
    "Campaign.take(size)": ("whole", 5, lambda value: store().take("ann", value).ids),
    "Campaign.take(lease_seconds)": ("number", 5, lambda value: store().take("ann", 5, lease_seconds=value).ids),
    "Campaign.take(share)": ("switch", True, lambda value: store().take("ann", 5, share=value).ids),
    "Campaign.take(disputed)": ("switch", True, lambda value: store().take("ann", 5, disputed=value).ids),
    "Campaign.take(renew_below_seconds)": (
        "number",
        5,
        lambda value: store().take("ann", 5, renew_below_seconds=value).ids,
    ),
    "Campaign.create(price)": ("number", 5, lambda value: found(price=value).settings.price),
    "Campaign.create(gold_accuracy)": ("number", 1, lambda value: found(gold_accuracy=value).settings.gold_accuracy),
    "Campaign.create(control)": ("number", 0, lambda value: found(control=value).settings.control),
    **each(
        "Campaign.control",
        {
            "held_out": ("switch", True, lambda value: _control(P2, held_out=value)),
            "unseen_from": ("whole", 1, lambda value: _control(P2, unseen_from=value)),
            "normalise": ("switch", True, lambda value: _control(P2, normalise=value)),
            "binary": ("switch", True, lambda value: _control(P[:, 0], binary=value)),
        },
    ),
    **each(
        "Campaign.set",
        {
            "control": ("number", 0, lambda value: store().set(control=value).changed),
            "budget": ("whole", 5, lambda value: store().set(budget=value).changed),
            "annotators_per_task": ("whole", 2, lambda value: store().set(annotators_per_task=value).changed),
            "gold_accuracy": ("number", 1, lambda value: store().set(gold_accuracy=value).changed),
            "lease_seconds": ("number", 5, lambda value: store().set(lease_seconds=value).changed),
            "price": ("number", 5, lambda value: store().set(price=value).changed),
            "instead_of": ("number", 5, lambda value: priced(5).set(price=1, instead_of=value).corrected),
        },
    ),
    "Campaign.extend(replace)": ("switch", True, lambda value: store().extend(X, replace=value)),
    "Campaign.record_model(correct)": ("switch", False, lambda value: store().record_model("v1", correct=value)),
    "Campaign.round(go_on)": ("switch", True, lambda value: store().round(5, margins=M, go_on=value).batch.ids),
    "Campaign.chosen(number)": ("whole", 1, lambda value: _asked().chosen(value)["id"]),
    "Campaign.chosen(first)": ("whole", 1, lambda value: _asked().chosen(1, first=value)["id"]),
    "Campaign.chosen(count)": ("whole", 1, lambda value: _asked().chosen(1, count=value)["id"]),
    "Campaign.batch(number)": ("whole", 1, lambda value: _asked().batch(value).ids),
    "Campaign.record_model(round)": ("whole", 1, lambda value: _asked().record_model("v1", round=value)),
    **each("Mlp", learner(lab.Mlp, ["hidden", "epochs", "minibatch"], ["learning_rate"], ["standardise"])),
    **each("Head", learner(Head, ["hidden", "epochs", "minibatch"], ["learning_rate", "decay"], ["standardise"])),
    **each("Logistic", learner(Logistic, ["iterations"], ["strength"], ["standardise"])),
    **each(
        "FastResNet",
        learner(FastResNet, ["epochs", "minibatch", "padding", "least_steps"], ["learning_rate", "decay"]),
    ),
    "label_savings(confidence)": ("number", 0.5, lambda value: _savings(confidence=value).low),
    "label_savings(seed)": ("whole", 5, lambda value: _savings(seed=value).low),
    "curve_interval(confidence)": (
        "number",
        0.5,
        lambda value: curve_interval(np.random.default_rng(0).random((9, 3)), confidence=value)[0],
    ),
    "with_near_duplicates(mean)": ("number", 1, lambda value: _copies(mean=value)),
    "with_near_duplicates(jitter)": ("number", 0, lambda value: _copies(jitter=value)),
    "with_near_duplicates(seed)": ("whole", 5, lambda value: _copies(seed=value)),
}
# Arguments that name one of a few choices.
TABLE |= {
    "linkage(method)": ("choice", "average", lambda value: ladle.linkage(X, value)),
    "linkage(metric)": ("choice", "cosine", lambda value: ladle.linkage(X, metric=value)),
    "open_pool(dense_bytes)": ("whole", 5, lambda value: ladle.open_pool(X, dense_bytes=value).rows),
    "open_pool(metric)": ("choice", "cosine", lambda value: ladle.open_pool(X, metric=value).rows),
    "Pool.check(metric)": ("choice", "cosine", lambda value: ladle.open_pool(X).check(value)),
    **each(
        "cluster",
        {
            "metric": ("choice", "sqeuclidean", lambda value: ladle.cluster(X, metric=value).heights),
            "engine": ("choice", "brute", lambda value: ladle.cluster(X, engine=value).heights),
            "quality": ("choice", "high", lambda value: ladle.cluster(X, quality=value).heights),
        },
    ),
    "Dendrogram.assign(new)": ("choice", "mark", lambda value: TREE.assign(X[:3], new=value).labels),
    "margin(multilabel)": ("choice", "mean", lambda value: scores.margin(P, multilabel=value)),
    "Margin(multilabel)": ("choice", "min", lambda value: ladle.Margin(multilabel=value).multilabel),
    "CappedMargin(multilabel)": (
        "choice",
        "min",
        lambda value: strategies.CappedMargin(CLUSTERS, multilabel=value).multilabel,
    ),
    "ClusterMargin(multilabel)": (
        "choice",
        "min",
        lambda value: ladle.ClusterMargin(CLUSTERS, multilabel=value).multilabel,
    ),
    "cluster_margin(group_size)": (
        "choice",
        "pool",
        lambda value: ladle.cluster_margin(M, CLUSTERS, 5, group_size=value),
    ),
    "ClusterMargin(group_size)": (
        "choice",
        "pool",
        lambda value: ladle.ClusterMargin(CLUSTERS, group_size=value).group_size,
    ),
    "Margin(noise)": ("choice", "power", lambda value: ladle.Margin(noise=value).noise),
    "CoreSet(metric)": ("choice", "cosine", lambda value: strategies.create("coreset", metric=value).metric),
    "create(the strategy)": ("choice", "margin", lambda value: strategies.create(value).name),
    "Campaign.create(the strategy)": ("choice", "margin", lambda value: found(strategy=value).settings.strategy),
    "Campaign.create(agreement)": ("choice", "latest", lambda value: found(agreement=value).settings.agreement),
    "FastResNet(device)": ("choice", "cpu", lambda value: FastResNet(device=value).device),
    "SmallConvnet(precision)": ("choice", "bfloat16", lambda value: SmallConvnet(precision=value).precision),
    "open_scores(read_as)": ("choice", "logits", lambda value: open_scores(P, ladle.open_pool(X), read_as=value).rows),
}
TABLE |= {
    **each(
        "open_scores",
        {
            name: ("switch", True, lambda value, name=name: open_scores(M, ladle.open_pool(X), **{name: value}).rows)
            for name in ("single",)
        },
        {
            "ignore_extra_scores": (
                "switch",
                True,
                lambda value: open_scores(P, ladle.open_pool(X), ignore_extra_scores=value).rows,
            )
        },
    ),
    "Pool.blocks(block_bytes)": ("whole", 5, lambda value: next(ladle.open_pool(X).blocks(value))[1]),
    "Pool.readable_blocks(block_bytes)": ("whole", 5, lambda value: next(ladle.open_pool(X).readable_blocks(value))[1]),
}


def _learnt(**options):
    source = theory.distribution("gaussian", 2)
    given = {"learner": "passive", "batch_size": 5, "error": 0.3, "walks": 64} | options
    return theory.learn(given.pop("learner"), source, **given)


TABLE |= {
    "distribution(name)": ("choice", "ball", lambda value: theory.distribution(value, 5).dim),
    "distribution(dim)": ("whole", 5, lambda value: theory.distribution("ball", value).dim),
    "VersionSpace(dim)": ("whole", 5, lambda value: theory.VersionSpace(value).dim),
    "VersionSpace(seed)": ("whole", 5, lambda value: theory.VersionSpace(5, seed=value).spread),
    "VersionSpace(walks)": ("whole", 50, lambda value: theory.VersionSpace(5, walks=value).spread),
    "cells(dim)": ("whole", 5, lambda value: theory.cells(value, 5)),
    "cells(batch_size)": ("whole", 5, lambda value: theory.cells(5, value)),
    "bits_bound(dim)": ("whole", 5, lambda value: theory.bits_bound(value, 5)),
    "bits_bound(batch_size)": ("whole", 5, lambda value: theory.bits_bound(5, value)),
    "labels_bound(dim)": ("whole", 5, lambda value: theory.labels_bound(value, 5, 0.1)),
    "labels_bound(batch_size)": ("whole", 5, lambda value: theory.labels_bound(5, value, 0.1)),
    "labels_bound(error)": ("number", 0.125, lambda value: theory.labels_bound(5, 5, value)),
    "learn(learner)": ("choice", "passive", lambda value: _learnt(learner=value).labels),
    "learn(batch_size)": ("whole", 5, lambda value: _learnt(batch_size=value).labels),
    "learn(error)": ("number", 0.3, lambda value: _learnt(error=value).labels),
    "learn(seed)": ("whole", 5, lambda value: _learnt(seed=value).labels),
    "learn(most_labels)": ("whole", 5, lambda value: _learnt(most_labels=value).labels),
    "learn(walks)": ("whole", 50, lambda value: _learnt(walks=value).labels),
    "LabelCurve.labels_to(error)": ("number", 0.25, lambda value: _learnt(error=0.2).labels_to(value)),
}

# What is checked elsewhere or is no border: values that Ladle itself puts together, and what pydantic checks.
EXEMPT = {
    *(
        "Agreement",
        "Assigned",
        "Campaign.split",
        "PersonChange",
        "ControlEstimate",
        "ControlFigures",
        "LabelsSaved",
        "PoolSplit",
        "ScoredPool",
        "SettingsChange",
        "Withdrawn",
        "Batch",
        "Taken",
        "Told",
        "Verdict",
        "Verification",
        "Progress",
        "Figures",
        "TaskStory",
        "Selection",
        "Story",
        "Choice",
        "Asked",
        "Checks",
    ),
    *("Precision", "Savings", "PoolFacts", "Dataset", "Experiment", "Dendrogram", "Settings", "Labels", "Strategy"),
    *("View", "Writer", "Learner", "Store", "Distribution", "Disagreement", "LabelCurve"),
    *("Level.clusters_of", "check_pool", "Mlp.fit", "run_experiment", "Chooser.get_params", "labels_saved"),
}


def _of_three():
    return ladle.Campaign.create(labelling.MemoryStore(), name="c", pool=X, strategy="margin", labels=[0, 1, 2])


def _asked():
    begun = store()
    begun.ask(5, margins=M)
    return begun


def _clustered():
    begun = found(strategy="cluster-margin", tree=np.arange(len(M), dtype=np.int32) // 3)
    begun.ask(5, margins=M)
    return begun


def _told():
    begun = _asked()
    begun.tell(begun.batch().ids, [0] * 5)
    return begun


def _control(probabilities, **options):
    begun = found(labels=[0, 1], control=0.5)
    batch = begun.ask(6, margins=M)
    begun.tell(batch.ids, [0, 1] * 3)
    return begun.control(probabilities=probabilities, **options).accuracy


def _savings(**options):
    curves = np.random.default_rng(0).random((9, 4)).cumsum(axis=1)
    return lab.label_savings(np.arange(4), curves, curves + 0.1, strategy="a", against="b", **options)


def _copies(*, mean=2, jitter=0.1, seed=0):
    inputs, labels = np.arange(60, dtype=np.float32).reshape(30, 2), np.arange(30) % 2
    ids = labels.astype(str)
    made = lab.Dataset("d", inputs, labels, inputs, labels, class_names=("a", "b"), ids=ids, licence="")
    return with_near_duplicates(made, mean=mean, jitter=jitter, seed=seed).inputs


def same(first, second):
    return np.array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.parametrize("place", TABLE)
def test_the_right_value_is_taken_in_every_spelling(place):
    kind, right, call = TABLE[place]
    wanted = call(right)
    if kind in ("switch", "choice"):
        assert same(call(np.bool_(right) if kind == "switch" else np.str_(right)), wanted)
        return
    whole = isinstance(right, int)
    spellings = [np.int64(right), np.uint8(right), np.array(right), np.int32(right)[()]] if whole else []
    if kind == "number":
        spellings += [np.float64(right), np.float32(right), np.array(right, np.float64), float(right)]
    for value in spellings:
        assert same(call(value), wanted), repr(value)


@pytest.mark.parametrize("place", TABLE)
def test_every_wrong_type_is_refused_by_name(place):
    kind, _, call = TABLE[place]
    parameter = re.split(r"[(),]", place)[1].split(",")[0]
    for value in KINDS[kind]:
        with pytest.raises(ArgumentError, match=parameter.replace("_", ".")) as error:
            call(value)
        assert len(str(error.value)) < 400, value


@pytest.mark.parametrize("place", TABLE)
def test_none_is_refused_by_name_unless_it_means_the_default(place):
    parameter = re.split(r"[(),]", place)[1]
    refusal = ""
    try:
        TABLE[place][2](None)
    except ArgumentError as error:
        refusal = str(error)
    assert not refusal or re.search(parameter.replace("_", "."), refusal)


def _scalars(function):
    """Parameters that take a number or a switch, by their annotation."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    listed = re.compile(r"Sequence|Mapping|dict|list|tuple|Array|Iterable")
    return [
        each.name
        for each in parameters
        if re.search(r"\b(int|float|bool)\b", str(each.annotation)) and not listed.search(str(each.annotation))
    ]


def _public():
    for room in (ladle, strategies, stopping, labelling, lab, scores, pool, hac, theory):
        for name in room.__all__ if hasattr(room, "__all__") else ():
            value = getattr(room, name)
            if inspect.isclass(value) and not issubclass(value, LadleError):
                yield name, value
                for method, function in inspect.getmembers(value, callable):
                    if not method.startswith("_") and method in vars(value):
                        yield f"{name}.{method}", function
                    elif not method.startswith("_") and issubclass(value, strategies.Chooser):
                        yield f"Chooser.{method}", function
                    elif not method.startswith("_") and value is ladle.Campaign:
                        yield f"Campaign.{method}", function
            elif callable(value):
                yield name, value


def test_no_scalar_is_forgotten():
    wanted = {
        f"{name}({parameter})"
        for name, function in _public()
        if not {name, name.partition(".")[0], name.partition(".")[2]} & EXEMPT
        for parameter in _scalars(function)
    }
    assert len(wanted) > 60
    assert wanted - set(TABLE) == set()


def test_trials_and_workers_of_an_experiment(tmp_path):
    smoke = lab.read_experiment("smoke")
    for options in ({"workers": "2"}, {"workers": 1.0}, {"trials": 1.0}, {"trials": ["0"]}, {"trials": True}):
        with pytest.raises(ArgumentError, match=next(iter(options))):
            lab.run_experiment(smoke, tmp_path / "run", **options)


# -- the border itself -------------------------------------------------------------------------------------------


def test_what_passes_is_plain():
    for value in (np.int64(5), np.array(5), np.uint8(5)):
        assert type(numbers.whole(value, "x")) is int
        assert type(numbers.number(value, "x")) is int
    for value in (np.float32(0.5), np.float16(0.5), np.longdouble(0.5), np.array(0.5)):
        assert (type(numbers.number(value, "x")), numbers.number(value, "x")) == (float, 0.5)
    assert numbers.switch(np.True_, "x") is True
    assert numbers.switch(None, "x", undecided=True) is None
    assert type(numbers.choice(np.str_("a"), "x", ("a", "b"))) is str


class Tensor:
    """A tensor of no axes, as other libraries have them."""

    ndim = 0

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


def test_tensors_of_no_axes_are_numbers():
    assert numbers.whole(Tensor(5), "x") == 5
    assert numbers.number(Tensor(0.5), "x") == 0.5
    for value in (True, 5.0):
        with pytest.raises(ArgumentError):
            numbers.whole(Tensor(value), "x")


@pytest.mark.parametrize(
    ("bounds", "good", "bad", "said"),
    [
        ({"least": 1}, [1, 5], [0, -1], "a whole number, 1 or larger"),
        ({"least": 1, "most": 3}, [1, 3], [0, 4], "a whole number from 1 to 3"),
        ({"most": 3}, [3, -5], [4], "a whole number, 3 at most"),
        ({}, [0, -5, 2**63 - 1], [2**63, -(2**63)], "a whole number"),
    ],
)
def test_bounds_of_whole_numbers(bounds, good, bad, said):
    assert [numbers.whole(value, "x", **bounds) for value in good] == good
    for value in bad:
        with pytest.raises(ArgumentError, match=f"x must be {said}; got"):
            numbers.whole(value, "x", **bounds)


@pytest.mark.parametrize(
    ("bounds", "good", "bad", "said"),
    [
        ({"least": 1}, [1, 1.5], [0.99], "a number, 1 or larger"),
        ({"above": 0}, [1e-300], [0, -1], "a number, larger than 0"),
        ({"least": 0, "most": 1}, [0, 1], [-1e-9, 1.1], "a number from 0 to 1"),
        ({"above": 0.5, "below": 1}, [0.75], [0.5, 1], "a number between 0.5 and 1, neither of them"),
        ({"least": 0, "below": 1}, [0, 0.99], [1], "a number, 0 or larger and below 1"),
        ({}, [-1e300, 0], [], "a finite number"),
    ],
)
def test_bounds_of_numbers(bounds, good, bad, said):
    assert [numbers.number(value, "x", **bounds) for value in good] == good
    for value in [*bad, float("nan"), float("inf"), -float("inf"), 10**400]:
        with pytest.raises(ArgumentError, match=f"x must be {said}; got"):
            numbers.number(value, "x", **bounds)


def test_errors_are_short_and_say_what_to_do():
    for value in ("x" * 10_000, 10**5000, np.zeros(1000), [0] * 1000):
        for check in (numbers.whole, numbers.number, numbers.switch):
            with pytest.raises(ArgumentError) as error:
                check(value, "x")
            assert len(str(error.value)) < 200
    with pytest.raises(ArgumentError, match=r"got 5\.0\. A whole number is given as an int"):
        numbers.whole(5.0, "x")
    for value in (["a"], np.array(["a", "b"]), 5, None):
        with pytest.raises(ArgumentError, match="be one of a, b"):
            numbers.choice(value, "x", ("a", "b"))
    with pytest.raises(ArgumentError, match=r"be None or one of cosine, euclidean; got 'cosin'. Did you mean `cosine`"):
        numbers.choice("cosin", "x", ("cosine", "euclidean"), undecided=True)
    assert numbers.choice(None, "x", ("cosine",), undecided=True) is None


def test_texts():
    assert type(numbers.text(np.str_("a"), "x")) is str
    assert numbers.text(None, "x", undecided=True) is None
    for value in (5, None, b"a", ["a"], float("nan")):
        with pytest.raises(ArgumentError, match="x must be a text; got"):
            numbers.text(value, "x")


@pytest.mark.parametrize("wrong", ["a\0b", "\ud800", "x" * 256, "/".join(["folder"] * 1000), b"x", 3, None])
def test_a_path_that_no_system_has_is_refused(wrong: Any) -> None:
    with pytest.raises((ArgumentError, FileError), match=r"^`path` must be a path"):
        numbers.path_of(wrong, "`path`")
    assert numbers.path_of(None, "`path`", undecided=True) is None
    assert numbers.path_of("x" * 255, "`path`") == "x" * 255
