"""Whether an example was in dispute after each of its labels: the rules of agreement for all beginnings of a list.

`ladle.labelling.agreement` has the rules for one list of labels; this is the same for every beginning of many lists at
once. Every rule there has an entry here, and a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64
from ladle.labelling.labels import Labels

Mask = npt.NDArray[np.bool_]


def running_disputes(start: Int64, code: Int64, texts: list[str], kind: Labels, *, agreement: str) -> Mask:
    """(v,) whether the labels of an example up to this one, two or more, make no label by the rule.

    start: (v,) the place of the first label of the same example; examples are together, their labels in the order of
    arrival. code: (v,) each label's place in `texts`, which are canonical JSON. Cost: a few sorts of the labels.
    """
    return _RUNNING[agreement](start, code, texts, kind)


def _never(start: Int64, code: Int64, texts: list[str], kind: Labels) -> Mask:
    return np.zeros(len(code), bool)


def _differ(start: Int64, code: Int64, texts: list[str], kind: Labels) -> Mask:
    """Whether any label differs from the first of its example."""
    differing = np.cumsum(code != code[start])
    return differing > differing[start]


def _tied(start: Int64, code: Int64, texts: list[str], kind: Labels) -> Mask:
    if kind.kind == "value":
        return _never(start, code, texts, kind)
    if kind.kind == "multi":
        return _half(start, code, texts)
    # The most labels of one class so far grow by one at a time. A class that has as many gets there once, so the
    # classes that have them are the labels that came to this count since it was first reached.
    count = _occurrence(start, code) + 1
    span = len(code) + 1
    most = np.maximum.accumulate(count + start * span) - start * span
    place = np.arange(len(code))
    leads = np.where((place == start) | (most > np.roll(most, 1)), place, 0)
    since = np.maximum.accumulate(leads)
    reached = np.cumsum(count == most)
    return reached > reached[since]


def _half(start: Int64, code: Int64, texts: list[str]) -> Mask:
    """Whether exactly half of the labels so far name some class."""
    named = [json.loads(text) for text in texts]
    known = {each: place for place, each in enumerate(dict.fromkeys(name for names in named for name in names))}
    width = np.array([len(names) for names in named], np.int64)
    flat = np.array([known[name] for names in named for name in names], np.int64)
    naming = np.repeat(np.arange(len(code)), width[code] if len(code) else code)
    first = np.cumsum(width) - width
    which = (
        flat[first[code[naming]] + np.arange(len(naming)) - np.searchsorted(naming, naming)] if len(naming) else naming
    )
    # A class that `count` labels name, from one naming to the next, is named by half of the first 2 * count labels.
    order = np.lexsort((naming, which, start[naming]))
    label, class_, began = naming[order], which[order], start[naming[order]]
    new = np.ones(len(order), bool)
    new[1:] = (class_[1:] != class_[:-1]) | (began[1:] != began[:-1])
    opens = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    count = np.arange(len(order)) - opens + 1
    half = began + 2 * count - 1
    after = np.append(label[1:], len(code))
    after[np.append(new[1:], True)] = len(code)
    found = np.zeros(len(code), bool)
    there = (label <= half) & (half < after) & (half < len(code))
    there[there] = start[half[there]] == began[there]
    found[half[there]] = True
    return found


def _occurrence(start: Int64, code: Int64) -> Int64:
    """(v,) how many earlier labels of the same example are equal."""
    order = np.lexsort((np.arange(len(code)), code, start))
    new = np.ones(len(code), bool)
    new[1:] = (code[order][1:] != code[order][:-1]) | (start[order][1:] != start[order][:-1])
    place = np.arange(len(code))
    found = np.empty(len(code), np.int64)
    found[order] = place - np.maximum.accumulate(np.where(new, place, 0))
    return found


_RUNNING: dict[str, Callable[[Int64, Int64, list[str], Labels], Mask]] = {
    "majority": _tied,
    "unanimous": _differ,
    **dict.fromkeys(("latest", "first", "dawid-skene"), _never),
}
