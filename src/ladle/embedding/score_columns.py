"""From the outputs of a model to the columns of scores that a selection needs.

With few classes the probabilities are kept. With many only the margins are: 9 million rows of 20,000 probabilities are
720 GB in float32, their margins 36 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ladle.arrays import as_floats, is_number_dtype
from ladle.errors import ArgumentError, DataError, NonFiniteError, ShapeError
from ladle.numbers import choice, switch
from ladle.scores import entropy, least_confidence, margin, softmax
from ladle.scores.logits import margin_from_logits
from ladle.scores.uncertainty import MultiLabel

FEW_CLASSES = 64  # up to so many, `keep="auto"` keeps the probabilities
ROUNDING = 1e-3  # of the sum of probabilities
Keep = Literal["auto", "probabilities", "margins"]
ALSO = ("entropy", "least_confidence")


@dataclass(frozen=True, slots=True)
class ScoreForm:
    """What outputs mean, and what of them is kept; see `ladle.score_and_embed`."""

    logits: bool = True
    binary: bool = False
    multilabel: MultiLabel | None = None
    keep: Keep = "auto"
    also: tuple[str, ...] = ()

    @classmethod
    def checked(
        cls, *, logits: object, binary: object, multilabel: object, keep: object, also: Sequence[str]
    ) -> ScoreForm:
        """The options, checked. Raises: ArgumentError."""
        choice(multilabel, "`multilabel`", get_args(MultiLabel), undecided=True)
        if isinstance(also, str) or not set(also) <= set(ALSO):
            raise ArgumentError("`also`", wanted=f"be a list of some of {', '.join(ALSO)}", got=repr(also))
        made = cls(
            switch(logits, "`logits`"),
            switch(binary, "`binary`"),
            multilabel,  # type: ignore[arg-type]
            choice(keep, "`keep`", get_args(Keep)),
            tuple(name for name in ALSO if name in also),
        )
        if made.binary and made.multilabel is not None:
            raise ArgumentError("`binary`", wanted="be left out with `multilabel`", got="both")
        if made.also and made.multilabel is not None:
            raise ArgumentError("`also`", wanted="be left out with `multilabel`", got=", ".join(made.also))
        return made

    def classes_of(self, outputs: npt.NDArray[Any]) -> int:
        """How many classes these outputs have; 2 for one number with `binary`. Raises: ShapeError."""
        if not is_number_dtype(outputs.dtype):
            raise ShapeError("the outputs of the model", wanted="be floats", got=f"dtype {outputs.dtype}")
        single = outputs.ndim == 1 or (outputs.ndim == 2 and outputs.shape[1] == 1)
        several = outputs.ndim == 2 and outputs.shape[1] > (0 if self.multilabel else 1)
        if self.binary and single:
            return 2
        if not several or self.binary:
            remedy = ""
            if single and not self.binary:
                remedy = (
                    "One number per example can be read in two ways: binary=True for one of two classes, or, as "
                    '(n, 1), multilabel="min" for a yes-or-no class.'
                )
            wanted = "be one number per example, with `binary`" if self.binary else "have shape (rows, classes)"
            raise ShapeError("the outputs of the model", wanted=wanted, got=f"shape {outputs.shape}", remedy=remedy)
        return int(outputs.shape[1])

    def keeps_probabilities(self, classes: int) -> bool:
        """Whether the probabilities of so many classes are kept."""
        return self.keep == "probabilities" or (self.keep == "auto" and classes <= FEW_CLASSES)

    def how_to_read(self, classes: int | None) -> tuple[str, ...]:
        """What `select` has to be told about the scores, where it is not the probabilities of one class each."""
        if classes is None:
            return ()
        if not self.keeps_probabilities(classes):
            return ('the scores are margins: select with --margins, or read_as="margins"',)
        if self.multilabel is not None:
            option = f'--option multilabel={self.multilabel}, or multilabel="{self.multilabel}"'
            return (f"the scores are probabilities of independent labels: select with {option}",)
        return ()

    def columns(self, outputs: npt.NDArray[Any], first_row: int) -> dict[str, Any]:
        """The columns as pyarrow arrays of float32: `margin`, those of `also`, and `probabilities` if they are kept.

        first_row: of these outputs, for errors. Raises: ShapeError, NonFiniteError, ProbabilityError.
        """
        classes = self.classes_of(outputs)
        if first_row == 0:
            self._refuse_probabilities(outputs)
        try:
            return self._columns(as_floats(outputs), classes)
        except DataError as error:
            subject = f"the outputs of the model, in the batch that begins with row {first_row:,}, counted from there,"
            raise error.reworded(subject, wanted=error.wanted, got=error.got, remedy=error.remedy) from error

    def _refuse_probabilities(self, outputs: npt.NDArray[Any]) -> None:
        """Refuse logits that are surely probabilities: each row in [0, 1] and summing to 1. Raises: ArgumentError."""
        if not self.logits or self.binary or self.multilabel is not None:
            return
        block = as_floats(outputs)
        if (block >= 0).all() and (block <= 1).all() and (np.abs(block.sum(axis=1) - 1) < ROUNDING).all():
            raise ArgumentError(
                "`logits`",
                wanted="be False where the model gives probabilities",
                got="True, and outputs that lie between 0 and 1 and sum to 1",
                remedy="Say logits=False.",
            )

    def _columns(self, outputs: npt.NDArray[Any], classes: int) -> dict[str, Any]:
        if self.multilabel is None and self.logits and not self.also and not self.keeps_probabilities(classes):
            return {"margin": pa.array(margin_from_logits(outputs, binary=self.binary))}
        P = self._probabilities(outputs)
        made = {"margin": pa.array(margin(P, multilabel=self.multilabel))}
        functions = {"entropy": entropy, "least_confidence": least_confidence}
        made |= {name: pa.array(functions[name](P)) for name in self.also}
        if self.keeps_probabilities(classes):
            flat = np.ascontiguousarray(P, np.float32).reshape(-1)
            made["probabilities"] = pa.FixedSizeListArray.from_arrays(pa.array(flat), classes)
        return made

    def _probabilities(self, outputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(b, classes) probabilities."""
        if self.multilabel is not None:
            return _sigmoid(outputs) if self.logits else outputs
        if self.logits:
            return softmax(outputs, binary=self.binary)
        if self.binary:
            one = outputs.reshape(-1)
            return np.stack([1 - one, one], axis=1)
        return outputs


def _sigmoid(logits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    from scipy.special import expit

    if not np.isfinite(logits).all():
        row = int(np.argmin(np.isfinite(logits).all(axis=1)))
        raise NonFiniteError("`logits`", wanted="hold finite numbers only", got=f"NaN or infinity in row {row:,}")
    return np.asarray(expit(logits.astype(np.float32, copy=False)))
