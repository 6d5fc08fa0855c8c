"""The lab: experiments that compare strategies, from seed set to label savings with confidence intervals.

>>> from ladle import lab
>>> with lab.run_experiment(lab.read_experiment("smoke"), "runs/smoke") as ledger:
...     curves = ledger.curves("Margin", "accuracy")

A protocol names a data set, a learner or a strategy of your own by its place: see `ladle.lab.protocol.own_code`.
"""

from ladle.lab.campaigns.labels_saved import labels_saved
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.fashion_mnist import fashion_mnist
from ladle.lab.learners.learner import Learner, Model
from ladle.lab.learners.mlp import Mlp
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.measures.savings import Savings, label_savings
from ladle.lab.protocol.experiment import Experiment
from ladle.lab.protocol.files import read_experiment
from ladle.lab.runner.oracle import Oracle
from ladle.lab.runner.run import run_experiment

__all__ = [
    "Dataset",
    "Experiment",
    "Learner",
    "Ledger",
    "Mlp",
    "Model",
    "Oracle",
    "Savings",
    "fashion_mnist",
    "label_savings",
    "labels_saved",
    "read_experiment",
    "run_experiment",
]
