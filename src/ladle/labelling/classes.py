"""The classes of a campaign after one is added, removed, renamed, merged into another or unmerged.

The old name of a class is kept: labels that come late under it count as labels of the new name. So an old name cannot
become a class of its own, unless the class gets it back, or its merge is undone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ladle.counts import counted
from ladle.errors import ArgumentError, LadleError, MismatchError, NotFoundError
from ladle.labelling.contract.columns import Texts, texts
from ladle.labelling.labels import Class, Labels
from ladle.labelling.spelling import looks_of, one_spelling

_KEYS = ("name", "old", "new", "into")  # where a change names one class


def same_class(one: Class, other: Class) -> bool:
    """Whether two names are one class: 3 and "3" are not."""
    return type(one) is type(other) and one == other


def looks_same(one: Class, other: Class) -> bool:
    """Whether two names look the same in files: 3 and "3" do. No two classes may, nor a class and a former name."""
    return str(one) == str(other)


def is_among(name: Class, classes: Iterable[Class]) -> bool:
    """Whether a name is one of these classes."""
    return any(same_class(name, each) for each in classes)


def added(labels: Labels, name: Class) -> Labels:
    """The labels with one more class, the last one. Raises: ArgumentError, MismatchError."""
    _require_classes(labels)
    if labels.classes is None:
        raise ArgumentError("the classes", wanted="be listed, to add one", got="a campaign that accepts any class")
    name = class_name(name)
    if any(looks_same(name, each) for each in labels.classes):
        raise ArgumentError("the new class", wanted="have a name of its own", got=f"{name!r}, which is a class already")
    _require_no_former(labels, name)
    return replace(labels, classes=(*labels.classes, name))


def renamed(labels: Labels, old: Class, new: Class, present: Iterable[Class]) -> Labels:
    """The labels with another name for a class. present: the classes that have labels, where any class is accepted.

    Raises: ArgumentError, MismatchError, NotFoundError.
    """
    _require_classes(labels)
    classes = tuple(present) if labels.classes is None else labels.classes
    old, new = _known(old, classes), class_name(new)
    if is_among(new, classes) or any(looks_same(new, each) for each in classes if not same_class(each, old)):
        raise ArgumentError(
            "the new name",
            wanted="be no class of the campaign",
            got=f"{new!r}, which is one",
            remedy="" if same_class(old, new) else f"To count {old!r} as {new!r}, merge it: Campaign.classes.merge.",
        )
    _require_no_former(labels, new, unless=old)
    return _replaced(labels, old, new, [new if same_class(each, old) else each for each in classes])


def merged(labels: Labels, old: Class, into: Class, present: Iterable[Class]) -> Labels:
    """The labels without the class `old`, which counts as `into`. Raises: ArgumentError, NotFoundError."""
    _require_classes(labels)
    classes = tuple(present) if labels.classes is None else labels.classes
    old, into = _known(old, classes), _known(into, classes)
    if same_class(old, into):
        raise ArgumentError("the classes", wanted="be two", got=f"{old!r} and itself")
    return _replaced(labels, old, into, [each for each in classes if not same_class(each, old)])


def removed(labels: Labels, name: Class, uses: Mapping[str, int]) -> Labels:
    """The labels without a class that was never used. uses: how many labels, gold examples and final words name it.

    Raises: ArgumentError, NotFoundError.
    """
    _require_classes(labels)
    if labels.classes is None:
        raise ArgumentError("the classes", wanted="be listed, to remove one", got="a campaign that accepts any class")
    name = _known(name, labels.classes)
    if any(uses.values()):
        raise ArgumentError(
            f"the class {name!r}",
            wanted="have no label, gold example or final word on record, to be removed",
            got=", ".join(counted(count, what) for what, count in uses.items() if count),
            remedy="What is on record stays. To count it as another class, merge it: Campaign.classes.merge.",
        )
    if len(labels.classes) == 1:
        raise ArgumentError("the classes", wanted="be one at least", got=f"{name!r} alone")
    classes = tuple(each for each in labels.classes if not same_class(each, name))
    former = tuple((old, new) for old, new in labels.former if not same_class(new, name))
    return replace(labels, classes=classes, former=former)


def unmerged(founding: Labels, changes: Sequence[Mapping[str, Any]], name: Class, now: Labels) -> Labels:
    """The labels as they were without the last merge of this class: `founding` after all other changes, in order.

    changes: the changes of classes in the log. now: the labels after all of them.
    Raises: ArgumentError, NotFoundError; MismatchError where a later change could not have been without the merge: its
    labels tell no more which class was meant.
    """
    name, made = class_name(name), _standing(changes)
    merges = [change for change in made if change["change"] == "merge" and same_class(change["old"], name)]
    old_names = [old for old, _ in now.former]
    if not merges or not is_among(name, old_names):
        gone = [each["old"] for each in made if each["change"] == "merge" and is_among(each["old"], old_names)]
        listed = ", ".join(map(repr, gone)) or "none"
        raise NotFoundError(f"the class {name!r}", wanted=f"be one that was merged: {listed}", got="no such class")
    labels, stays = founding, False
    for change in made:
        if change is merges[-1]:
            stays = True
            continue
        try:
            labels = _again(labels, change, (name,) if stays else ())
        except LadleError as error:
            raise MismatchError(
                f"the class {name!r}",
                wanted="have had no other meaning since it was merged, so that its labels can be told apart",
                got=f"a later change of the classes that took its name or place ({error.subject}: {error.got})",
                remedy="Add a class of another name, and tell the labels again.",
            ) from error
    return labels


def class_change(change: Mapping[str, Any]) -> tuple[int, str]:
    """How many classes a change of the log made more, and the change in words."""
    what = change["change"]
    if what == "add":
        return len(change["classes"]), f"{', '.join(map(repr, change['classes']))} added"
    if what == "merge":
        return -1, f"{change['old']!r} merged into {change['into']!r}"
    if what == "rename":
        return 0, f"{change['old']!r} renamed {change['new']!r}"
    return (-1, f"{change['name']!r} removed") if what == "remove" else (1, f"{change['name']!r} unmerged")


def was_made(changes: Sequence[Mapping[str, Any]], change: Mapping[str, Any]) -> bool:
    """Whether a change was made before and still holds: no later change names a class of it.

    changes: those of the log, in order. change: its name and its classes, as in the log.
    """
    for each in reversed(changes):
        if all(each.get(name) == value for name, value in change.items()):
            return True
        if any(is_among(name, _named_by(change)) for name in _named_by(each)):
            return False
    return False


def _named_by(change: Mapping[str, Any]) -> list[Class]:
    """The classes that a change of the log names."""
    return [*change.get("classes", ()), *(change[each] for each in _KEYS if each in change)]


def _standing(changes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The changes without merges that were undone, and without what undid them."""
    made: list[Mapping[str, Any]] = []
    for change in changes:
        if change["change"] != "unmerge":
            made.append(change)
            continue
        merges = [at for at, each in enumerate(made) if each["change"] == "merge"]
        del made[next(at for at in reversed(merges) if same_class(made[at]["old"], change["name"]))]
    return made


def _again(labels: Labels, change: Mapping[str, Any], others: Sequence[Class]) -> Labels:
    """The labels after a change of the log. others: classes beside those of the change, where any class is accepted."""
    what = change["change"]
    if what == "add":
        for each in change["classes"]:
            labels = added(labels, each)
        return labels
    if what == "remove":
        return removed(labels, change["name"], {})
    if what == "rename":
        return renamed(labels, change["old"], change["new"], (change["old"], *others))
    return merged(labels, change["old"], change["into"], (change["old"], change["into"]))


def rewritten(labels: Labels, as_told: Texts) -> tuple[Texts, dict[int, str]]:
    """(l,) labels as they were given, under the names of the classes now; "" stays "". The reasons of those refused.

    Cost: one call a distinct text.
    """
    known, reasons = {"": ""}, {}
    for text in set(as_told.tolist()) - {""}:
        try:
            known[text] = labels.canonical(json.loads(text))
        except ValueError as reason:
            known[text], reasons[text] = "", str(reason)
    listed = as_told.tolist()
    refused = {place: reasons[text] for place, text in enumerate(listed) if text in reasons} if reasons else {}
    return texts(map(known.__getitem__, listed)), refused


def classes_in(written: Iterable[str]) -> list[Class]:
    """The classes that canonical labels name, each once."""
    found: dict[tuple[type, Class], Class] = {}
    for text in dict.fromkeys(written):
        value = json.loads(text) if text else []
        for each in value if isinstance(value, list) else [value]:
            found.setdefault((type(each), each), each)
    return list(found.values())


def _replaced(labels: Labels, old: Class, new: Class, classes: list[Class]) -> Labels:
    """The labels with `old` among the former names of `new`. A name that is a class now is no former name."""
    moved = [(name, new if same_class(target, old) else target) for name, target in labels.former]
    former = [(name, target) for name, target in [*moved, (old, new)] if not same_class(name, new)]
    return replace(labels, classes=None if labels.classes is None else tuple(classes), former=tuple(former))


def _require_classes(labels: Labels) -> None:
    if labels.kind == "value":
        raise ArgumentError("the campaign", wanted="have labels of classes", got="labels that are numbers")


def _require_no_former(labels: Labels, name: Class, *, unless: Class | None = None) -> None:
    """Refuse a name that late labels use for another class."""
    for old, new in labels.former:
        if looks_same(old, name) and not (unless is not None and same_class(new, unless)):
            raise MismatchError(
                f"the class {name!r}",
                wanted="have a name of its own",
                got=f"the former name of {new!r}: late labels of {name!r} count as {new!r}",
                remedy=f"Use another name, or give {new!r} its old name back. If {name!r} was merged, undo that: "
                "Campaign.classes.unmerge.",
            )


def spelled(change: Mapping[str, Any], known: Sequence[Class]) -> dict[str, Any]:
    """A change with its classes as the campaign spells them: a known name exactly, any other one in one spelling.

    known: the classes, and the names that they had before. Raises: ArgumentError for what is no name of a class.
    """

    def one(name: object) -> Class:
        plain = class_name(name)
        return plain if isinstance(plain, int) or is_among(plain, known) else class_name(one_spelling(plain))

    named = {key: one(change[key]) for key in _KEYS if key in change}
    return {**change, **named, **({"classes": list(map(one, change["classes"]))} if "classes" in change else {})}


def near_notices(change: Mapping[str, Any], classes: Sequence[Class]) -> list[str]:
    """What users should know of the new classes of a change that differ from others in looks alone.

    classes: those before the change.
    """
    old = [change["old"]] if change["change"] == "rename" else []
    new = change.get("classes", ()) if change["change"] == "add" else [change["new"]] if old else []
    others = [each for each in classes if isinstance(each, str) and not is_among(each, old)]
    return [
        f"the classes {name!r} and {other!r} differ in capitals, spaces or punctuation alone; they count as two "
        "classes until one is merged into the other (ladle campaign class merge)"
        for place, name in enumerate(new)
        for other in [*others, *new[:place]]
        if isinstance(name, str) and isinstance(other, str) and looks_of(other) == looks_of(name) and other != name
    ]


def class_name(name: object) -> Class:
    """A name of a class. Raises: ArgumentError."""
    classes = Labels.single([name]).classes  # type: ignore[list-item]  # checked there
    assert classes is not None
    return classes[0]


def _known(name: object, classes: tuple[Class, ...]) -> Class:
    """A class of the campaign. Raises: ArgumentError for what is no name, NotFoundError for no such class."""
    named = class_name(name)
    if not is_among(named, classes):
        listed = ", ".join(map(repr, classes[:8])) + (", ..." if len(classes) > 8 else "")
        raise NotFoundError(f"the class {named!r}", wanted=f"be one of {listed or 'none'}", got="no such class")
    return named
