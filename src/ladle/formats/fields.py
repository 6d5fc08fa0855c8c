"""The fields of a file of labels or tasks that Ladle knows, and the type of each.

All formats follow one rule. A field that is read must have the type it has here, or the file is refused. All other
fields are ignored. Writing keeps every column of the table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from ladle.errors import ArgumentError
from ladle.formats.foreign import FOREIGN
from ladle.iso_times import FORMS

Kind = Literal["single", "multi", "value"]
Item = Literal["text", "integer"]

ID, LABEL = "id", "label"
TIME = pa.timestamp("us", "UTC")
# All fields but ids and label, whose types depend on the campaign: see `Form`.
_KNOWN: dict[str, Any] = {
    "annotator": pa.large_string(),
    "told_at": TIME,
    "source": pa.large_string(),
    "status": pa.large_string(),
    "version": pa.int64(),
    "row": pa.int64(),
    "order": pa.int64(),
    "round": pa.int64(),
    "ladle_row": pa.int64(),
    "ladle_batch": pa.int64(),
    "ladle_order": pa.int64(),
    "ladle_round": pa.int64(),
    "ladle_check": pa.large_string(),
    "margin": pa.float64(),
    "cluster": pa.int64(),
    "cluster_size": pa.int64(),
}
_KNOWN |= {name: each.type for name, each in FOREIGN.items()}
LABEL_FIELDS = (ID, LABEL, "annotator", "told_at", "source", "status")
# What R, pandas, spreadsheets and databases write for no value, in lower case.
ABSENT = ("na", "n/a", "#n/a", "nan", "null", "none")
# Metadata of a table whose empty lists say "none of the classes": its format says otherwise what has no label yet.
EMPTY_IS_NONE = {b"empty_lists": b"none"}
TASK_FIELDS = (ID, "row", "order", "round")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The types of the labels and ids of a campaign. A file does not say whether `17` is a number or text.

    Attributes
    ----------
    kind : str
        "single" for one class, "multi" for any number of classes, "value" for a number.
    items : str
        The type of classes: "text" or "integer".
    ids : str
        The type of example ids: "text" or "integer".
    classes : tuple of str and int, optional
        The classes, where they are known. Then words such as `NA` and `None` are labels only where they are classes.
    known_ids : pyarrow.Array, optional
        The ids of the pool, where they are known. Then COCO and manifests may name files by their base names.
    """

    kind: Kind = "single"
    items: Item = "text"
    ids: Item = "text"
    classes: tuple[str | int, ...] | None = None
    known_ids: Any = dataclasses.field(default=None, repr=False, compare=False)

    def type_of(self, field: str) -> Any:
        """The Arrow type of a field.

        Parameters
        ----------
        field : str
            Such as "id", "label" or "annotator".

        Returns
        -------
        pyarrow.DataType

        Raises
        ------
        ArgumentError
            For an unknown field.
        """
        if field in (ID, "ladle_id"):
            return _plain(self.ids)
        if field == LABEL:
            item = _plain(self.items)
            return {"single": item, "multi": pa.list_(item), "value": pa.float64()}[self.kind]
        if field not in _KNOWN:
            raise ArgumentError("`fields`", wanted=f"be among {', '.join([ID, LABEL, 'ladle_id', *_KNOWN])}", got=field)
        return _KNOWN[field]

    def schema(self, fields: Sequence[str]) -> Any:
        """The Arrow schema of a table of these fields.

        Parameters
        ----------
        fields : sequence of str
            As in `type_of`.

        Returns
        -------
        pyarrow.Schema

        Raises
        ------
        ArgumentError
            For an unknown field.
        """
        return pa.schema([(field, self.type_of(field)) for field in fields])


def _plain(item: Item) -> Any:
    return pa.large_string() if item == "text" else pa.int64()


def typed_text(kind: Any) -> str:
    """An Arrow type in words, for errors."""
    if pa.types.is_boolean(kind):
        return "yes or no"
    if pa.types.is_integer(kind):
        return "an integer"
    if pa.types.is_floating(kind):
        return "a number"
    if pa.types.is_timestamp(kind):
        return f"a time such as {FORMS}"
    if pa.types.is_list(kind):
        return f"a list of {'integers' if pa.types.is_integer(kind.value_type) else 'texts'}"
    return "text"


def names_in_file(fields: Sequence[str], names: Mapping[str, str] | None) -> dict[str, str]:
    """Field -> its name in the file. names: those that differ. Raises: ArgumentError for two fields of one name."""
    given = dict(names or {})
    for field in given:
        if field not in fields:
            raise ArgumentError("`names`", wanted=f"rename some of {', '.join(fields)}", got=field)
    in_file = {field: given.get(field, field) for field in fields}
    # A renamed field replaces the field that had its name: with `label` read from `status`, there is no `status`.
    taken = set(given.values())
    in_file = {field: name for field, name in in_file.items() if field in given or name not in taken}
    if len(set(in_file.values())) < len(in_file):
        raise ArgumentError("`names`", wanted="give each field a name of its own", got=str(given))
    return in_file
