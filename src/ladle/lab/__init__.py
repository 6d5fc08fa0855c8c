"""The lab: experiments that compare strategies, from seed set to label savings with intervals.

>>> from ladle import lab
>>> study = lab.run_study(lab.fashion_mnist(), lab.Mlp(), {"Margin": lambda tree: ladle.Margin()}, protocol)
"""

from ladle.lab.datasets import Dataset
from ladle.lab.fashion_mnist import fashion_mnist
from ladle.lab.learner import Learner, Model
from ladle.lab.loop import StrategyMaker
from ladle.lab.measures import Savings, label_savings
from ladle.lab.mlp import Mlp
from ladle.lab.oracle import Oracle
from ladle.lab.protocol import LabProtocol
from ladle.lab.records import Study
from ladle.lab.runner import run_study

__all__ = [
    "Dataset",
    "LabProtocol",
    "Learner",
    "Mlp",
    "Model",
    "Oracle",
    "Savings",
    "StrategyMaker",
    "Study",
    "fashion_mnist",
    "label_savings",
    "run_study",
]
