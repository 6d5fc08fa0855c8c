"""The lab: experiments that compare strategies, from seed set to label savings with intervals.

>>> from ladle import lab
>>> with lab.run_experiment(lab.read_experiment("smoke"), "runs/smoke") as ledger:
...     curves = ledger.curves("Margin", "accuracy")

A data set, a learner or a strategy of your own stands in a protocol by its place: see `ladle.lab.own`.
"""

from ladle.lab.datasets import Dataset
from ladle.lab.experiment import Experiment
from ladle.lab.experiments import run_experiment
from ladle.lab.fashion_mnist import fashion_mnist
from ladle.lab.learner import Learner, Model
from ladle.lab.ledger import Ledger
from ladle.lab.measures import Savings, label_savings
from ladle.lab.mlp import Mlp
from ladle.lab.oracle import Oracle
from ladle.lab.protocol_files import read_experiment

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
    "read_experiment",
    "run_experiment",
]
