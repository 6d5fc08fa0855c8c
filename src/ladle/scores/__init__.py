"""How unsure the model is of each example: one number per row, in one streaming pass.

`margin` is small where the model is unsure; `entropy` and `least_confidence` are large there.
"""

from ladle.scores.logits import margin_from_logits, softmax
from ladle.scores.uncertainty import MultiLabel, class_probabilities, entropy, least_confidence, margin

__all__ = [
    "MultiLabel",
    "class_probabilities",
    "entropy",
    "least_confidence",
    "margin",
    "margin_from_logits",
    "softmax",
]
