"""The classes of a campaign after one is added, renamed or merged into another.

The old name of a class is kept: labels that come late under it count as labels of the new name. So an old name cannot
become a class of its own, unless the class gets it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from ladle.errors import ArgumentError, MismatchError, NotFoundError
from ladle.labelling.columns import Texts, texts
from ladle.labelling.labels import Class, Labels


def same_class(one: Class, other: Class) -> bool:
    """Whether two names are one class: 3 and "3" are not."""
    return type(one) is type(other) and one == other


def is_among(name: Class, classes: Iterable[Class]) -> bool:
    """Whether a name is one of these classes."""
    return any(same_class(name, each) for each in classes)


def added(labels: Labels, name: Class) -> Labels:
    """The labels with one more class, the last one. Raises: ArgumentError, MismatchError."""
    _require_classes(labels)
    if labels.classes is None:
        raise ArgumentError("the classes", wanted="be listed, to add one", got="a campaign that accepts any class")
    name = _named(name)
    if str(name) in map(str, labels.classes):  # the number 3 and the text 3 look the same in files
        raise ArgumentError("the new class", wanted="have a name of its own", got=f"{name!r}, which is a class already")
    _require_no_former(labels, name)
    return replace(labels, classes=(*labels.classes, name))


def renamed(labels: Labels, old: Class, new: Class, present: Iterable[Class]) -> Labels:
    """The labels with another name for a class. present: the classes that have labels, where any class is accepted.

    Raises: ArgumentError, MismatchError, NotFoundError.
    """
    _require_classes(labels)
    classes = tuple(present) if labels.classes is None else labels.classes
    old, new = _known(old, classes), _named(new)
    if is_among(new, classes):
        raise ArgumentError(
            "the new name",
            wanted="be no class of the campaign",
            got=f"{new!r}, which is one",
            remedy=f"To count {old!r} as {new!r}, merge it: ladle campaign class merge, or Campaign.classes.merge.",
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


def rewritten(labels: Labels, written: Texts) -> Texts:
    """(l,) canonical labels of before, as these labels write them; "" stays "". Cost: one call a distinct text."""
    known = {text: labels.canonical(json.loads(text)) if text else "" for text in set(written.tolist())}
    return texts(known[text] for text in written.tolist())


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
        if same_class(old, name) and not (unless is not None and same_class(new, unless)):
            raise MismatchError(
                f"the class {name!r}",
                wanted="have a name of its own",
                got=f"the former name of {new!r}: late labels of {name!r} count as {new!r}",
                remedy=f"Use another name, or give {new!r} its old name back.",
            )


def _named(name: object) -> Class:
    """A name of a class. Raises: ArgumentError."""
    classes = Labels.single([name]).classes  # type: ignore[list-item]  # checked there
    assert classes is not None
    return classes[0]


def _known(name: object, classes: tuple[Class, ...]) -> Class:
    """A class of the campaign. Raises: ArgumentError for what is no name, NotFoundError for no such class."""
    named = _named(name)
    if not is_among(named, classes):
        listed = ", ".join(map(repr, classes[:8])) + (", ..." if len(classes) > 8 else "")
        raise NotFoundError(f"the class {named!r}", wanted=f"be one of {listed or 'none'}", got="no such class")
    return named
