"""A data set and a learner by name, small enough for experiments in tests: functions that worker processes import."""

import os
import time
from pathlib import Path

import numpy as np

from ladle.errors import ArgumentError
from ladle.lab.learners.mlp import Mlp
from ladle.lab.protocol.files import parse_experiment
from ladle.lab.runner.workbench import Sources
from tests.lab.toy import toy_dataset

TOML = """
name = "toy"
title = "Toy blobs"
dataset = {name = "toy", rows = 400}
learner = {name = "mlp", hidden = 16, epochs = 4}
seed_size = 30
batch_size = 20
rounds = 3
trials = 2
seed = 4
mean_size = 5
metrics = ["accuracy", "macro_f1"]

[[strategies]]
name = "cluster-margin"
label = "Cluster-Margin"
options = {candidate_ratio = 2}

[[strategies]]
name = "margin"
label = "Margin"
"""


def experiment(text=TOML, **fields):
    return parse_experiment(text).model_copy(update=fields)


class SlowMlp(Mlp):
    """Waits before each fit, so that a signal finds it at work."""

    def fit(self, inputs, labels, *, classes, seed, warm=None):
        time.sleep(float(os.environ.get("TOY_WAIT", "0")))
        if note := os.environ.get("TOY_FITS"):
            with Path(note).open("a") as file:  # one line, one write: several processes may append
                file.write(f"{seed} {len(labels)}\n")
        return super().fit(inputs, labels, classes=classes, seed=seed)


class WarmMlp(Mlp):
    """Goes on from the model before: its probabilities are mixed in, so that a lost link of the chain would show."""

    def fit(self, inputs, labels, *, classes, seed, warm=None):
        model = super().fit(inputs, labels, classes=classes, seed=seed)
        return Mixed(model, warm)


class Mixed:
    def __init__(self, model, warm):
        self.model, self.warm = model, warm

    def probabilities(self, inputs):
        mine = self.model.probabilities(inputs)
        return mine if self.warm is None else (mine + self.warm.probabilities(inputs)) / np.float32(2)

    def embeddings(self, inputs):
        return self.model.embeddings(inputs)


def load(name, options):
    if name != "toy":
        raise ArgumentError("the data set", wanted="be toy", got=repr(name))
    return toy_dataset(**options)


def learner(name, options):
    kinds = {"mlp": SlowMlp, "warm": WarmMlp, "dies": DyingMlp, "fails": FailingMlp}
    return kinds[name](minibatch=32, **options)


class DyingMlp(Mlp):
    def fit(self, inputs, labels, *, classes, seed, warm=None):
        os.kill(os.getpid(), 9)


class FailingMlp(Mlp):
    def fit(self, inputs, labels, *, classes, seed, warm=None):
        raise KeyError("a bug of the learner")


SOURCES = Sources(load=load, learner=learner)
