"""What a campaign was founded with; it does not change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ladle.errors import ArgumentError, CorruptFileError
from ladle.labelling.agreement import check_agreement
from ladle.labelling.labels import Labels
from ladle.numbers import number, whole
from ladle.seeds import check_seed

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Settings:
    """What a campaign was founded with.

    options: of the strategy, as `ladle.strategies.create` takes them. budget: labels it may ask for, None for any
    number. files: the folder of its files as the caller named it; "" for the one beside its database.
    """

    name: str
    strategy: str
    labels: Labels
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: int | None = None
    annotators_per_task: int = 1
    agreement: str = "majority"
    seed: int = 0
    lease_seconds: float = 7 * 24 * 3600.0
    files: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_agreement(self.agreement, self.labels)
        plain = {
            "seed": check_seed(self.seed),
            "annotators_per_task": check_count(self.annotators_per_task, "annotators_per_task", least=1),
            "budget": None if self.budget is None else check_count(self.budget, "budget", least=1),
            "lease_seconds": check_lease(self.lease_seconds),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def to_json(self) -> str:
        """As text, to be read by `from_json`. Raises: ArgumentError for options that JSON cannot carry."""
        told = asdict(self) | {"labels": self.labels.to_dict(), "options": dict(self.options)}
        try:
            return json.dumps(told, allow_nan=False, sort_keys=True, default=_plain)
        except (TypeError, ValueError) as cause:
            raise ArgumentError("`options`", wanted="be numbers, text and lists", got=str(cause)) from cause

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """What `to_json` wrote. Raises: CorruptFileError for anything else."""
        try:
            told = json.loads(text)
            made = cls(**(told | {"labels": Labels.from_dict(told["labels"])}))
            if not (isinstance(made.strategy, str) and isinstance(made.options, dict) and isinstance(made.files, str)):
                raise TypeError("a field of another type")
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as cause:
            raise CorruptFileError(
                "the settings of a campaign", wanted="be as they were written", got=f"others ({cause})"
            ) from cause
        return made


def check_name(name: object) -> str:
    """`name` if it can name a campaign and its folder. Raises: ArgumentError."""
    wanted = f"be 1 to {LONGEST_NAME} letters, digits, spaces, dots, dashes or underscores, not beginning with a dot"
    sound = isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name[0] != "." and name == name.strip()
    if not (sound and isinstance(name, str) and all(sign.isalnum() or sign in " .-_" for sign in name)):
        raise ArgumentError("`name`", wanted=wanted, got=repr(name))
    return name


def check_lease(seconds: object) -> float:
    """`seconds` as a float, if a lease can last so long. Raises: ArgumentError."""
    wanted = "be more than 0, and a hundred years at most"
    return float(number(seconds, "`lease_seconds`", above=0, most=100 * 366 * 86400, wanted=wanted))


def check_count(value: object, name: str, *, least: int) -> int:
    """`value` as an int of at least `least`. Raises: ArgumentError."""
    return whole(value, f"`{name}`", least=least, most=2**62, wanted=f"be a whole number, {least} or larger")


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} {value!r}")
