"""What to expect of each strategy on a pool of one's own, from pools on which all of them were measured."""

from ladle.advice.advice import Advice, advise
from ladle.advice.estimate import ExpectedSavings
from ladle.advice.repetition import Repetition

__all__ = ["Advice", "ExpectedSavings", "Repetition", "advise"]
