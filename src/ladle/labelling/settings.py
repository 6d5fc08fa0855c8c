"""The settings of a campaign: those it began with, and those in force after its changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import Any

import numpy as np

from ladle.errors import ArgumentError, CorruptFileError
from ladle.labelling.agreement import check_agreement
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import SettingsTable
from ladle.labelling.labels import Labels
from ladle.numbers import number, path_of, shown, whole
from ladle.seeds import check_seed

LONGEST_NAME, LONGEST_CURRENCY = 200, 20  # characters
LARGEST_PRICE = 1e12
LARGEST_CONTROL = 0.5  # of a batch: the rest is the strategy's


class Unchanged(Enum):
    """The value of an argument that leaves a setting as it is, because None has a meaning of its own."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a campaign.

    Attributes
    ----------
    name : str
        The name of the campaign, which is unique in its database.
    strategy : str
        One of `ladle.strategies.names()`.
    labels : Labels
        The labels that the campaign takes.
    options : mapping
        The options of the strategy, as `ladle.strategies.create` takes them.
    budget : int or None
        The number of labels that may be paid for and reserved, as `ladle.labelling.measures.spending` counts them; None
        for no limit.
    annotators_per_task : int
        How many annotators label each example.
    agreement : str
        The rule that makes one label of theirs, see `ladle.labelling.agreement`.
    gold_accuracy : float
        The share of gold examples that each annotator should label rightly; clearly less is due for a review.
    seed : int
        The seed of all random choices.
    lease_seconds : float
        How long a batch is leased, unless an ask says otherwise.
    files : str
        The folder of the campaign's files, as the caller named it; "" for the one beside the database.
    price : float or None
        What a label costs; None when it is not known.
    currency : str
        The word for what the price is in, such as "EUR"; "" for none.
    control : float
        The share of every batch that is drawn uniformly from the pool, see `ladle.labelling.rules.control`; 0 for none.
    correction : mapping
        What the change that made these settings corrected of the prices before: `instead_of`, the mistaken price, and
        `price`, `currency` or both, which hold in its place. Empty for any other change, and in settings in force.

    Raises
    ------
    ArgumentError
        For a value that is out of range.
    """

    name: str
    strategy: str
    labels: Labels
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: int | None = None
    annotators_per_task: int = 1
    agreement: str = "majority"
    gold_accuracy: float = 0.8
    seed: int = 0
    lease_seconds: float = 7 * 24 * 3600.0
    files: str = ""
    price: float | None = None
    currency: str = ""
    control: float = 0.0
    correction: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "files", os.fspath(path_of(self.files, "`files`")))
        check_agreement(self.agreement, self.labels)
        plain = {
            "seed": check_seed(self.seed),
            "annotators_per_task": whole(self.annotators_per_task, "`annotators_per_task`", least=1),
            "budget": None if self.budget is None else whole(self.budget, "`budget`", least=1),
            "lease_seconds": check_lease(self.lease_seconds),
            "price": None if self.price is None else check_price(self.price),
            "currency": check_currency(self.currency),
            "control": check_share(self.control),
            "gold_accuracy": float(number(self.gold_accuracy, "`gold_accuracy`", above=0, most=1)),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def to_json(self) -> str:
        """The settings as JSON text for `from_json`. Raises: ArgumentError for options that JSON cannot hold."""
        plain = asdict(self) | {"labels": self.labels.to_dict(), "options": dict(self.options)}
        if not self.correction:
            del plain["correction"]
        try:
            return json.dumps(plain, allow_nan=False, sort_keys=True, default=_plain)
        except (TypeError, ValueError) as cause:
            raise ArgumentError("`options`", wanted="be numbers, text and lists", got=str(cause)) from cause

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The settings in the text that `to_json` wrote. Raises: CorruptFileError for any other text."""
        try:
            plain = json.loads(text)
            made = cls(**(plain | {"labels": Labels.from_dict(plain["labels"])}))
            texts_and_mappings = (made.strategy, str), (made.options, dict), (made.files, str), (made.correction, dict)
            if not all(isinstance(value, kind) for value, kind in texts_and_mappings):
                raise TypeError("a field of another type")
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as cause:
            raise CorruptFileError(
                "the settings of a campaign", wanted="be as they were written", got=f"others ({cause})"
            ) from cause
        return made


def settings_in_force(view: View) -> Settings:
    """The settings after the last change; name and folder are those of this database. Raises: CorruptFileError."""
    return in_force(_parsed(view.settings), view.last(SettingsTable))


def in_force(founding: Settings, changes: SettingsTable) -> Settings:
    """The settings after these changes, in order. Raises: CorruptFileError."""
    if not len(changes):
        return founding
    return _changed(str(changes.settings[-1]), founding.name, founding.files)


@lru_cache(maxsize=64)
def _changed(text: str, name: str, files: str) -> Settings:
    """The settings of a change, in the campaign of this name and folder."""
    return replace(_parsed(text), name=name, files=files, correction={})


@lru_cache(maxsize=64)
def _parsed(text: str) -> Settings:
    return Settings.from_json(text)


def check_name(name: object) -> str:
    """`name`, if it can name a campaign and a folder. Raises: ArgumentError."""
    wanted = f"be 1 to {LONGEST_NAME} letters, digits, spaces, dots, dashes or underscores, not beginning with a dot"
    sized = isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name[0] != "." and name == name.strip()
    if not (sized and isinstance(name, str) and all(sign.isalnum() or sign in " .-_" for sign in name)):
        raise ArgumentError("`name`", wanted=wanted, got=shown(name))
    return name


def check_lease(seconds: object) -> float:
    """`seconds` as a float, if it is the length of a lease. Raises: ArgumentError."""
    wanted = "be more than 0, and a hundred years at most"
    return float(number(seconds, "`lease_seconds`", above=0, most=100 * 366 * 86400, wanted=wanted))


def check_share(share: object) -> float:
    """`share` as a float, if it can be the share of the control. Raises: ArgumentError."""
    return float(number(share, "`control`", least=0, most=LARGEST_CONTROL))


def check_price(price: object, subject: str = "`price`") -> float:
    """`price` as a float, if a label can cost so much. Raises: ArgumentError."""
    return float(number(price, subject, least=0, most=LARGEST_PRICE))


def check_currency(word: object) -> str:
    """`word`, if it is a short word for a currency, or "". Raises: ArgumentError."""
    wanted = f"be a word of {LONGEST_CURRENCY} characters at most, such as EUR"
    if not isinstance(word, str) or len(word) > LONGEST_CURRENCY or not word.isprintable() or word != word.strip():
        raise ArgumentError("`currency`", wanted=wanted, got=shown(word)[:80])
    return word


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} {value!r}")
