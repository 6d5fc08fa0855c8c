"""The kinds of labels, one class, several classes or a number, and the one text form of each.

Text names a class exactly, or else but for the spaces around it, the width of its gaps and Unicode's forms of a letter.
A label is stored as canonical JSON, so that equal labels are equal texts: `"cat"`, `3`, `["cat","dog"]` (the classes of
an example, sorted, each once), `0.5`. A value that is no label of the campaign is refused with a reason, never dropped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.labelling.contract.columns import Texts, texts
from ladle.labelling.spelling import one_spelling
from ladle.numbers import number, shown

Kind = Literal["single", "multi", "value"]
Class = str | int

_PLAIN = {str, int, float, bool}  # types of labels that are equal only to labels of their own type


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels that a campaign accepts. Make one with `single`, `multi` or `value`.

    Attributes
    ----------
    kind : str
        "single", "multi" or "value".
    classes : tuple of str and int, or None
        The classes; None accepts any.
    low, high : float or None
        The bounds of a value, both included; None for no bound.
    former : tuple of (old, new)
        Names that classes had before they were renamed or merged. A label of an old name counts as one of the new.
    """

    kind: Kind = "single"
    classes: tuple[Class, ...] | None = None
    low: float | None = None
    high: float | None = None
    former: tuple[tuple[Class, Class], ...] = ()

    @classmethod
    def single(cls, classes: Iterable[Class] | None = None) -> Labels:
        """Labels of one class for each example.

        Parameters
        ----------
        classes : iterable of str and int, optional
            The classes; None accepts any.

        Returns
        -------
        Labels

        Raises
        ------
        ArgumentError
            For values that are no classes, and a class that occurs twice.
        """
        return cls("single", _classes(classes))

    @classmethod
    def multi(cls, classes: Iterable[Class] | None = None) -> Labels:
        """Labels of any number of classes for each example: a list, which may be empty.

        Parameters
        ----------
        classes : iterable of str and int, optional
            The classes; None accepts any.

        Returns
        -------
        Labels

        Raises
        ------
        ArgumentError
            As `single`.
        """
        return cls("multi", _classes(classes))

    @classmethod
    def value(cls, low: float | None = None, high: float | None = None) -> Labels:
        """Labels that are finite numbers.

        Parameters
        ----------
        low, high : float, optional
            The bounds, both included; None for no bound.

        Returns
        -------
        Labels

        Raises
        ------
        ArgumentError
            For bounds that are no finite numbers, or a `low` that is not below `high`.
        """
        low, high = (
            None if bound is None else number(bound, f"`{name}`", wanted="be a finite number or None")
            for name, bound in (("low", low), ("high", high))
        )
        if low is not None and high is not None and low >= high:
            raise ArgumentError("`low`", wanted=f"be less than `high` ({high})", got=shown(low))
        return cls("value", None, None if low is None else float(low), None if high is None else float(high))

    @classmethod
    def of(cls, given: Labels | Iterable[Class] | None) -> Labels:
        """The labels in any form that `Campaign.create` accepts.

        Parameters
        ----------
        given : Labels, iterable of classes, or None
            Classes stand for `single`; None accepts any class.

        Returns
        -------
        Labels

        Raises
        ------
        ArgumentError
            As `single`.
        """
        return given if isinstance(given, Labels) else cls.single(given)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Labels:
        """The labels in a dict of `to_dict`. Raises: KeyError, TypeError, ValueError for any other dict."""
        kind, classes = plain["kind"], plain["classes"]
        if kind not in get_args(Kind) or not (classes is None or isinstance(classes, list)):
            raise ValueError(f"labels of the kind {kind!r} with the classes {classes!r}")
        _classes(classes)  # refuses values that are no classes
        cls.value(plain["low"], plain["high"])
        former = tuple((_plain_class(old), _plain_class(new)) for old, new in plain.get("former", ()))
        return cls(kind, None if classes is None else tuple(classes), plain["low"], plain["high"], former)

    def to_dict(self) -> dict[str, Any]:
        """The labels as plain values that JSON can hold; `former` only where a class had another name."""
        classes = None if self.classes is None else list(self.classes)
        former = {"former": [list(pair) for pair in self.former]} if self.former else {}
        return {"kind": self.kind, "classes": classes, "low": self.low, "high": self.high, **former}

    def as_told(self) -> Labels:
        """The labels with former names of classes as classes of their own: how a label is written as it was told."""
        classes = None if self.classes is None else (*self.classes, *(old for old, _ in self.former))
        return replace(self, classes=classes, former=())

    def of_any_class(self) -> Labels:
        """Labels of this kind with any class and any value: how a label is written whatever the campaign accepts."""
        return Labels(self.kind)

    def canonical(self, label: object) -> str:
        """The canonical JSON text of a label.

        Parameters
        ----------
        label : object
            A class, a list of classes, or a number, as Python or NumPy has them.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            When the campaign does not accept the label; its text is the reason.
        """
        if self.kind == "value":
            return json.dumps(self._number(label))
        if self.kind == "single":
            return _json(self._class(label))
        if isinstance(label, (str, bytes)) or not isinstance(label, (Sequence, np.ndarray, set, frozenset)):
            raise ValueError(f"several classes are a list; got {shown(label)}")
        classes = {self._class(each) for each in label}
        return _json(sorted(classes, key=lambda each: (isinstance(each, str), each)))

    def all_canonical(self, labels: Iterable[Any]) -> tuple[Texts, dict[int, str]]:
        """The canonical JSON texts of many labels.

        Parameters
        ----------
        labels : iterable of l objects
            As in `canonical`.

        Returns
        -------
        texts : ndarray of shape (l,), objects of str
            "" for a refused value.
        refused : dict of int to str
            The reason for each refused position.

        Notes
        -----
        Cost: a dictionary look-up for each label; `canonical` for each distinct label.
        """
        labels = list(labels)
        if set(map(type, labels)) <= _PLAIN:
            return self._all_plain(labels)
        known: dict[Any, str] = {}
        written: list[str] = []
        refused: dict[int, str] = {}
        for position, label in enumerate(labels):
            try:
                # 1, 1.0 and True are equal as keys of a dict, but not as labels.
                written.append(known[(type(label), label)])
                continue
            except (KeyError, TypeError):
                pass
            try:
                written.append(self.canonical(label))
            except (ValueError, TypeError) as reason:
                refused[position] = str(reason)
                written.append("")
                continue
            if isinstance(label, (str, int, float)):
                known[(type(label), label)] = written[-1]
        return texts(written), refused

    def _all_plain(self, labels: list[Any]) -> tuple[Texts, dict[int, str]]:
        """As `all_canonical`, of labels of plain types: without a step of Python for each."""
        # 1, 1.0 and True are equal as keys of a dict, but not as labels.
        keys = list(zip(map(type, labels), labels, strict=True))
        known: dict[Any, str] = {}
        reasons: dict[Any, str] = {}
        for key in dict.fromkeys(keys):
            try:
                known[key] = self.canonical(key[1])
            except (ValueError, TypeError) as reason:
                known[key], reasons[key] = "", str(reason)
        refused = {place: reasons[key] for place, key in enumerate(keys) if key in reasons} if reasons else {}
        return texts(map(known.__getitem__, keys)), refused

    def _class(self, label: object) -> Class:
        plain = self._renamed(self._spelled(_plain_class(label)))
        if self.classes is not None and not _among(plain, self.classes):
            self._refuse_twin(plain)
            listed = ", ".join(map(repr, self.classes[:5])) + (", ..." if len(self.classes) > 5 else "")
            raise ValueError(f"a label is one of {listed}; got {plain!r}")
        return plain

    def _refuse_twin(self, label: Class) -> None:
        """Refuse text where the class is a number, and a number where it is text. Raises: ValueError."""
        text = str(one_spelling(label) if isinstance(label, str) else label)
        twin = next((each for each in self.classes or () if type(each) is not type(label) and str(each) == text), None)
        if twin is not None:
            was, got = ("number", "text") if isinstance(twin, int) else ("text", "number")
            raise ValueError(f"the class is the {was} {twin!r}; got the {got} {label!r}")

    def _spelled(self, label: Class) -> Class:
        """The class that this text names: exactly, or else but for spaces and Unicode's forms; the text for none."""
        if self.classes is None or not isinstance(label, str):
            return label
        known = (*self.classes, *(old for old, _ in self.former))
        plain = label if _among(label, known) else one_spelling(label)
        return plain if _among(plain, known) else label

    def _renamed(self, label: Class) -> Class:
        """The class that this name stands for now."""
        return next((new for old, new in self.former if _same(old, label)), label)

    def _number(self, label: object) -> float:
        if isinstance(label, (bool, np.bool_)) or not isinstance(label, (int, float, np.integer, np.floating)):
            raise ValueError(f"a label is a number; got {shown(label)}")
        try:
            value = float(label)
        except OverflowError:  # an int beyond all floats
            raise ValueError(f"a label is a finite number; got {shown(label)}") from None
        if not math.isfinite(value):
            raise ValueError(f"a label is a finite number; got {value}")
        if isinstance(label, (int, np.integer)) and int(value) != int(label):
            raise ValueError(f"a label is a number that float64 holds exactly; got {shown(label)}")
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            low = "-inf" if self.low is None else self.low
            raise ValueError(f"a label is from {low} to {'inf' if self.high is None else self.high}; got {value}")
        return value + 0.0  # -0.0 is 0.0


def parsed(label: str) -> Any:
    """The label of a canonical JSON text: a str, an int, a float or a list."""
    return json.loads(label)


def all_parsed(labels: npt.NDArray[Any]) -> list[Any]:
    """The labels of (l,) canonical JSON texts; "" is None. Cost: parses each distinct text once."""
    known: dict[str, Any] = {"": None}
    values = []
    for label in labels.tolist():
        if label not in known:
            known[label] = json.loads(label)
        value = known[label]
        values.append(list(value) if isinstance(value, list) else value)
    return values


def holdable(text: str) -> bool:
    """Whether every database can store this text: it has no NUL and no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _classes(given: Iterable[Class] | None) -> tuple[Class, ...] | None:
    if given is None:
        return None
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise ArgumentError("`labels`", wanted="be a list of classes", got=shown(given))
    try:
        classes = tuple(_plain_class(each) for each in given)
    except (ValueError, TypeError) as reason:
        raise ArgumentError("`labels`", wanted="be a list of classes, text or whole numbers", got=str(reason)) from None
    if not classes:
        raise ArgumentError("`labels`", wanted="name a class at least", got="none")
    if len(set(classes)) < len(classes):
        raise ArgumentError("`labels`", wanted="name each class once", got="one of them twice")
    return classes


def _plain_class(label: object) -> Class:
    if isinstance(label, np.generic):
        label = label.item()
    if label is None:
        raise ValueError("there is no label")
    if isinstance(label, str):
        if not label:
            raise ValueError("the label is empty")
        if not holdable(label):
            raise ValueError(f"a label has no NUL, and no half of a character; got {shown(label)}")
        return label
    if isinstance(label, bool):
        return int(label)
    if isinstance(label, int):
        if not -(2**63) <= label < 2**63:
            raise ValueError(f"a class fits 64 bits; got {shown(label)}")
        return label
    if isinstance(label, float) and label.is_integer() and abs(label) <= 2**53:
        return int(label)  # a column of whole numbers with missing ones has this type
    if isinstance(label, float) and math.isnan(label):
        raise ValueError("there is no label (NaN)")
    raise ValueError(f"a class is text or a whole number; got {shown(label)}")


def _among(label: Class, classes: tuple[Class, ...]) -> bool:
    return any(_same(label, each) for each in classes)


def _same(one: Class, other: Class) -> bool:
    return type(one) is type(other) and one == other


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
