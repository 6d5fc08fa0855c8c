"""Exports of Label Studio as JSON: tasks with annotations, as one object for each annotation.

An object has the data of the task, the value of the control that holds the labels, and what Label Studio's CSV calls
`annotator`, `annotation_id`, `created_at`, `updated_at`, `lead_time` and `was_cancelled`. A task without annotations is
one object without them. The number of a task is no id: the id is in its data. Predictions of models are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ladle.errors import DataError, FileFormatError
from ladle.formats.columns import shown
from ladle.formats.text.text_files import json_text
from ladle.notices import notice

Entry = dict[str, Any]
# Controls whose values may be labels, and the name of the value in their results.
_VALUES = {"choices": "choices", "rating": "rating", "number": "number", "textarea": "text", "taxonomy": "taxonomy"}

_NESTED = {"annotations", "completions", "predictions"}  # where tasks have labels, now and in old versions


def is_label_studio(entries: Sequence[Any]) -> bool:
    """Whether a list of JSON objects is an export of tasks with annotations."""
    return bool(entries) and all(
        isinstance(entry, dict) and isinstance(entry.get("data"), dict) and isinstance(entry.get("annotations"), list)
        for entry in entries
    )


def refuse_other_tasks(entries: Sequence[Any], path: Path) -> None:
    """Refuse a list with tasks of Label Studio that are not all as `is_label_studio` wants them.

    As plain objects, the number of a task would be its id, and its labels would be nothing. Raises: FileFormatError.
    """
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, dict) and isinstance(entry.get("data"), dict) and _NESTED & set(entry):
            raise FileFormatError(
                str(path),
                wanted="have `data` and a list `annotations` in each task, as exports of Label Studio have",
                got=f"others beside task {number:,}" if "annotations" in entry else f"none in task {number:,}",
                remedy="Export the project from Label Studio again, as JSON.",
            )


def annotation_objects(
    tasks: Sequence[Entry], label: str, path: Path, *, multi: bool = False
) -> Iterator[tuple[str, Entry]]:
    """(place, object) of each annotation. label: the control that is read; the only one, where it is `label`.

    Raises: FileFormatError where several controls could hold the labels; DataError naming the annotation.
    """
    control = _control(tasks, label, path)
    for number, task in enumerate(tasks, 1):
        where = f"task {number:,} of {path}"
        data = {name: value for name, value in task["data"].items() if name != label}
        if not task["annotations"]:
            yield where, data
        for place, annotation in enumerate(task["annotations"], 1):
            at = f"annotation {place:,} of {where}"
            if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
                raise DataError(at, wanted="have a list `result`", got="none")
            _check_results(annotation["result"], at)
            about = {name: annotation.get(name) for name in ("created_at", "updated_at", "lead_time", "was_cancelled")}
            about |= {"annotation_id": annotation.get("id"), "annotator": _annotator(annotation.get("completed_by"))}
            yield at, data | about | {label: _value(annotation["result"], control, multi=multi, at=at)}


def _control(tasks: Sequence[Entry], label: str, path: Path) -> str:
    """The name of the control of the labels: the one of this name, else the only one."""
    controls = _controls(tasks)
    if label in controls or not controls:
        return label
    if len(controls) > 1 or label != "label":
        got = f"controls {shown(list(controls))}"
        remedy = 'Name the control that holds the labels: names={"label": CONTROL}.'
        raise FileFormatError(str(path), wanted=f"have labels in a control `{label}`", got=got, remedy=remedy)
    control = next(iter(controls))
    notice(f"{path} is an export of Label Studio: its control `{control}` holds the labels.")
    return control


def _controls(tasks: Sequence[Entry]) -> dict[str, None]:
    """The names of the controls with values that may be labels; of all controls where there are none."""
    names: dict[str, None] = {}
    others: dict[str, None] = {}
    for task in tasks:
        for annotation in task["annotations"]:
            for result in annotation.get("result") or [] if isinstance(annotation, dict) else []:
                if isinstance(result, dict) and isinstance(result.get("from_name"), str):
                    (names if result.get("type") in _VALUES else others)[result["from_name"]] = None
    return names or others


def _check_results(results: Sequence[Any], at: str) -> None:
    """Refuse a result that names no control, since its choices would be lost. A relation of two regions has none."""
    for result in results:
        if not isinstance(result, dict):
            raise DataError(at, wanted="have objects in the list `result`", got=json_text(result))
        if not isinstance(result.get("from_name"), str) and result.get("type") != "relation":
            raise DataError(
                at,
                wanted="name the control of each result in `from_name`",
                got=json_text(result),
                remedy="Write the name of the control into each result, or export the project from Label Studio again.",
            )


def _value(results: Sequence[Entry], control: str, *, multi: bool, at: str) -> Any:
    """What a control says: a list of choices, or a number; [] or None where nothing was chosen."""
    found: list[Any] = []
    for result in results:
        if result.get("from_name") != control:
            continue
        kind, value = result.get("type"), result.get("value")
        if kind not in _VALUES or not isinstance(value, Mapping) or _VALUES[kind] not in value:
            remedy = "Boxes, spans and masks are no classes."
            raise DataError(at, wanted=f"have choices in the control `{control}`", got=f"{kind}", remedy=remedy)
        found.append(value[_VALUES[kind]])
    if all(isinstance(each, list) for each in found):
        chosen = [choice for each in found for choice in each]
        return chosen if chosen or multi else None
    if len(found) > 1:
        raise DataError(at, wanted=f"have one value in the control `{control}`", got=json_text(found))
    return found[0]


def _annotator(who: Any) -> Any:
    """The user who labelled: the mail address, or the number as text."""
    if isinstance(who, Mapping):
        who = who.get("email") or who.get("id")
    return str(who) if isinstance(who, int) and not isinstance(who, bool) else who
