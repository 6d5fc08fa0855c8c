"""The lab: experiments that compare strategies, from seed set to label savings with intervals.

>>> from ladle import lab
>>> with lab.run_experiment(lab.read_experiment("smoke"), "runs/smoke") as ledger:
...     curves = ledger.curves("Margin", "accuracy")

`run_study` does the same for a data set, a learner and strategies at hand, in threads of this process and in memory.
"""

from ladle.lab.datasets import Dataset
from ladle.lab.experiment import Experiment
from ladle.lab.experiments import run_experiment
from ladle.lab.fashion_mnist import fashion_mnist
from ladle.lab.learner import Learner, Model
from ladle.lab.ledger import Ledger
from ladle.lab.loop import StrategyMaker
from ladle.lab.measures import Savings, label_savings
from ladle.lab.mlp import Mlp
from ladle.lab.oracle import Oracle
from ladle.lab.protocol import LabProtocol
from ladle.lab.protocol_files import read_experiment
from ladle.lab.records import Study
from ladle.lab.runner import run_study

__all__ = [
    "Dataset",
    "Experiment",
    "LabProtocol",
    "Learner",
    "Ledger",
    "Mlp",
    "Model",
    "Oracle",
    "Savings",
    "StrategyMaker",
    "Study",
    "fashion_mnist",
    "label_savings",
    "read_experiment",
    "run_experiment",
    "run_study",
]
