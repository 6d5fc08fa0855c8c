"""A text learner for millions of short texts: the mean of the vectors of hashed pieces, then a linear layer.

Training is serial, one example at a time, so the seed alone decides; predictions use all threads. Texts are read as
bytes and hashed again at each visit: that costs less than to read millions of stored lists of pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.lab.data.ngrams import TEXTS_A_RANGE, Ngrams, as_letters
from ladle.lab.learners.learner import Model, check_single, check_warm
from ladle.seeds import stream
from ladle.threads import ranges, run_each

Matrix = npt.NDArray[np.float32]
LEAST_VISITS = 200_000  # of a text, in a fit: fewer do not fit a thousand texts
FEWEST_EPOCHS, MOST_EPOCHS = 5, 200


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TextModel:
    """table: (buckets, dim), a vector for each bucket; weights (classes, dim) and biases (classes,): the outputs."""

    ngrams: Ngrams
    table: Matrix
    weights: Matrix
    biases: Matrix

    def probabilities(self, inputs: npt.NDArray[Any]) -> Matrix:
        """(n, classes) float32. Cost: about 3 us a short word a core. Raises: ArgumentError."""
        return self._apply(inputs, len(self.weights), wants_hidden=False)

    def embeddings(self, inputs: npt.NDArray[Any]) -> Matrix:
        """(n, dim) float32, the mean vector of each text. Raises: ArgumentError."""
        return self._apply(inputs, self.table.shape[1], wants_hidden=True)

    def __repr__(self) -> str:
        return f"TextModel({self.table.shape[0]:,} buckets -> {' -> '.join(map(str, self.weights.shape[::-1]))})"

    def _apply(self, inputs: npt.NDArray[Any], width: int, *, wants_hidden: bool) -> Matrix:
        from ladle.lab.data import text_kernels

        letters = as_letters(inputs)
        answer = np.empty((len(letters), width), np.float32)

        def fill(part: tuple[int, int]) -> None:
            rows = slice(*part)
            parameters = (self.table, self.weights, self.biases)
            text_kernels.apply(letters[rows], *self.ngrams.dials, *parameters, wants_hidden, answer[rows])

        run_each(fill, ranges(len(letters), TEXTS_A_RANGE))
        return answer


@dataclass(frozen=True, slots=True)
class Text:
    """An embedding bag over hashed byte n-grams and, with `words`, words, fitted by stochastic gradient descent.

    shortest, longest, words, buckets: see `ladle.lab.data.ngrams.Ngrams`. dim: of the vectors, which are the
    embeddings.
    epochs: passes over the labelled texts, while the learning rate falls from `learning_rate` to 0; 0: as many as
    `LEAST_VISITS` visits of a text need, between `FEWEST_EPOCHS` and `MOST_EPOCHS`.
    Cost: a few microseconds a word and epoch, one core; buckets x dim floats.
    Repeats: set by the arguments and the seed; any number of threads.
    Source: Joulin et al. 2017, "Bag of tricks for efficient text classification".
    """

    shortest: int = 1
    longest: int = 4
    words: bool = False
    buckets: int = 1 << 17
    dim: int = 32
    epochs: int = 0
    learning_rate: float = 1.0

    def __post_init__(self) -> None:
        for option, least in (("dim", 1), ("epochs", 0)):
            if getattr(self, option) < least:
                raise ArgumentError(f"`{option}`", wanted=f"be {least} or more", got=repr(getattr(self, option)))
        if not 0 < self.learning_rate < float("inf"):
            raise ArgumentError("`learning_rate`", wanted="be above 0", got=repr(self.learning_rate))
        self._ngrams()

    def _ngrams(self) -> Ngrams:
        return Ngrams(self.shortest, self.longest, self.words, self.buckets)

    @property
    def name(self) -> str:
        """A description in one line, for reports."""
        grams = [f"{self.shortest} to {self.longest} bytes"] if self.longest else []
        pieces = " and ".join([*grams, *(["words and their pairs"] if self.words else [])])
        length = f"{self.epochs} epochs" if self.epochs else "epochs by the number of labels"
        return f"embedding bag over hashed pieces ({pieces}), {self.dim} wide, {length}"

    def passes(self, texts: int) -> int:
        """How many epochs a fit to so many texts has."""
        return self.epochs or min(max(-(-LEAST_VISITS // max(1, texts)), FEWEST_EPOCHS), MOST_EPOCHS)

    def fit(
        self,
        inputs: npt.NDArray[Any],
        labels: npt.NDArray[np.int64],
        *,
        classes: int,
        seed: int,
        warm: Model | None = None,
    ) -> TextModel:
        """Fit to texts (n,), dtype S. warm: a `TextModel` of this learner to continue from; it is not changed.

        Raises: ArgumentError.
        """
        from ladle.lab.data import text_kernels

        letters = as_letters(inputs)
        check_single(labels, "the text learner")
        if classes < 2:
            raise ArgumentError("`classes`", wanted="be 2 or more", got=repr(classes))
        shape = (self.buckets, self.dim)
        if warm is None:
            limit = np.float32(1 / self.dim)
            table = stream(seed, "text vectors").random(shape, np.float32) * (2 * limit) - limit
            weights, biases = np.zeros((classes, self.dim), np.float32), np.zeros(classes, np.float32)
        else:
            before = check_warm(
                warm,
                TextModel,
                lambda model: (
                    model.ngrams == self._ngrams() and model.table.shape == shape and len(model.weights) == classes
                ),
            )
            table, weights, biases = before.table.copy(), before.weights.copy(), before.biases.copy()
        known = np.ascontiguousarray(labels, np.int64)
        epochs = self.passes(len(letters))
        steps = np.linspace(self.learning_rate, 0, epochs + 1, dtype=np.float32)
        for epoch in range(epochs):
            order = stream(seed, "text order", epoch).permutation(len(letters))
            rates = steps[epoch : epoch + 2]
            text_kernels.train(letters, known, order, *self._ngrams().dials, rates, table, weights, biases)
        return TextModel(self._ngrams(), table, weights, biases)
