"""The labels of a file, checked for a tell."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.counts import counted, of_number
from ladle.durable import file_digest
from ladle.errors import ArgumentError, DataError, FileFormatError, IdError, did_you_mean
from ladle.formats.catalogue import Format, format_of, read, with_dialect
from ladle.formats.checks import CHECK, ID_COPY, OLD_BATCH_FIELDS, ROW, WrongChecks, find_wrong_checks
from ladle.formats.columns import plain_name, shown
from ladle.formats.fields import EMPTY_IS_NONE, ID, LABEL, LABEL_FIELDS, Form
from ladle.formats.foreign import FOREIGN, MARKS, NESTED
from ladle.formats.labelcells import as_classes, decided_lists, without_empty
from ladle.formats.outcomes import (
    At,
    Codes,
    code_of,
    find_outcomes,
    first_filled,
    refuse_skipped_labels,
    spent_ms,
    with_choices,
)
from ladle.formats.text.csvdialect import CsvDialect
from ladle.labelling.people import person_name
from ladle.labelling.rules.once import twice_error
from ladle.notices import notice
from ladle.numbers import choice, path_of
from ladle.plain_files import check_plain_file

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LabelFile:
    """The labels of a file, for `ladle.Campaign.tell_file` and `round`.

    Attributes
    ----------
    source : str
        The path of the file.
    table : pyarrow.Table
        id and label without nulls, and where the file has them: annotator, told_at, source, spent_ms (int64), ladle_row
        and ladle_check of a batch, row of a batch of an older Ladle.
    unlabelled : int
        Rows without a label, which are left out.
    superseded : int
        Rows whose label does not stand any more, which are left out: superseded or deleted.
    sha256 : str
        The digest of the file, which identifies its tell.
    names : mapping of str to str
        Field -> its name in the file, as `read_labels` got them.
    rejected : int
        Rows whose label is wrong by the word of the tool, which are left out: their examples stay open.
    machine : int
        Labels of the table that a machine gave, by the word of the tool.
    skips : pyarrow.Table
        Skips, which are answers without a label: id, reason (text), and annotator, told_at and so on, as in `table`.
    comments : pyarrow.Table
        Remarks of annotators on examples with a label or without: id, text, and annotator and told_at where known.
    rows, skip_rows, comment_rows : ndarray of int64
        The row of the file of each label, of each skip and of each remark, for `places`.
    notices : tuple of str
        What users should know of how the file was read.
    """

    source: str
    table: Any
    unlabelled: int
    superseded: int
    sha256: str
    names: Mapping[str, str] = field(default_factory=dict)
    rejected: int = 0
    machine: int = 0
    skips: Any = None
    comments: Any = None
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    skip_rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    comment_rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    notices: tuple[str, ...] = ()
    _find_places: Callable[[Sequence[int]], list[str]] | None = None

    def __repr__(self) -> str:
        return f"<LabelFile {self.source}: {self.table.num_rows:,} labels>"

    def places(self, rows: npt.ArrayLike) -> list[str]:
        """Where rows stand in the file.

        Parameters
        ----------
        rows : array of shape (k,)
            Some of `rows`, `skip_rows` or `comment_rows`, in any order.

        Returns
        -------
        list of str
            Such as "line 7", or "row 6" of a Parquet file.

        Notes
        -----
        Cost: a pass over the file, for any number of rows.
        """
        wanted = np.asarray(rows, np.int64)
        if self._find_places is None or wanted.size == 0:
            return [""] * wanted.size
        distinct, place = np.unique(wanted, return_inverse=True)
        found = self._find_places(distinct.tolist())
        return [found[each] for each in place.tolist()]


def read_labels(
    path: str | os.PathLike[str],
    *,
    form: Form,
    names: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users have for it
    dialect: CsvDialect | None = None,
    empty: Literal["open", "none"] | None = None,
    ignore: Sequence[str] = (),
) -> LabelFile:
    """Read the labels of a file of any format: at most one of each annotator for each example.

    Parameters
    ----------
    path : path
        The file.
    form : Form
        The types of ids and labels; `ladle.Campaign.form` has those of a campaign.
    names : mapping of str to str, optional
        Field -> its name in the file, for fields with another name there.
    format : str, optional
        The name of the format; by default that of the file's ending.
    dialect : CsvDialect, optional
        How a CSV file is written; by default that is found out.
    empty : str, optional
        What an empty list of classes says: "open", nobody has labelled the example yet; "none", no class fits. By
        default a file with an empty list is refused where nothing in it decides. Where a label is one class or a
        number, an empty list is always open.
    ignore : sequence of str, default ()
        Columns that mean something in other tools, and nothing here.

    Returns
    -------
    LabelFile
        Rows without a label, labels with the status superseded or deleted, and rejected ones are counted and left out.

    Raises
    ------
    ArgumentError
        For `empty="none"` where a label is one class or a number.
    FileFormatError
        For a file without labels. Also what `read` raises.
    DataError
        When an annotator labels an example twice, and times do not say which label is newer; for a column of another
        tool with a value that is not understood. The error names the lines.
    IdError
        When the check of a line of a batch does not fit its id; the error names the first line.

    Notes
    -----
    `ladle.formats.FOREIGN_COLUMNS` lists the columns that mean something in other tools, and what happens to them.
    Cost: JSONL and Parquet about a second for a million rows, see each format; memory for the table.
    """
    if empty is not None:
        choice(empty, "`empty`", ("open", "none"))
    if empty == "none" and form.kind != "multi":
        wanted = f"be `open` where a label is {'one class' if form.kind == 'single' else 'a number'}"
        raise ArgumentError("`empty`", wanted=wanted, got="none", remedy="Such a label cannot say that no class fits.")
    source = Path(path_of(path, "`path`"))
    chosen = with_dialect(format_of(source, format), dialect)
    digest = file_digest(check_plain_file(source))
    fields = _fields(names or {}, ignore)
    table = read(source, form=form, fields=fields, names=names, format=format, dialect=dialect)
    at: At = lambda row: f"{chosen.places(source, [row])[0]} of {source}"  # noqa: E731
    _refuse_nested(chosen, source, names or {})
    _check_lines(table, at)
    codes = find_outcomes(table, at)
    labels, told = _labels(table, codes, form, empty, at)
    answers = _with_facts(table, labels, at)
    is_label = labels.is_valid().to_numpy(zero_copy_only=False)
    label_rows = np.flatnonzero(is_label & (codes <= code_of("machine")))
    skip_rows = np.flatnonzero(codes == code_of("skipped"))
    if not is_label.any() and (skip_rows.size == 0 or not _has_label(chosen, source, names or {})):
        raise _no_labels(chosen, source, names or {})
    label_rows = _check_once(answers, label_rows, skip_rows, chosen, source)
    rejected = int((is_label & (codes == code_of("rejected"))).sum())
    machine = int((codes[label_rows] == code_of("machine")).sum())
    notices = _notices(source, rejected, machine, told)
    comments, comment_rows = _comments(answers)
    for each in notices:
        notice(each)
    return LabelFile(
        source=str(source),
        table=_taken(answers, label_rows, (LABEL,)),
        unlabelled=int(np.where(is_label, codes == code_of("open"), codes != code_of("skipped")).sum()),
        superseded=int((is_label & (codes == code_of("stale"))).sum()),
        sha256=digest,
        names=dict(names or {}),
        rejected=rejected,
        machine=machine,
        skips=_taken(answers, skip_rows, ("reason",)),
        comments=comments,
        rows=label_rows,
        skip_rows=skip_rows,
        comment_rows=comment_rows,
        notices=notices,
        _find_places=lambda rows: chosen.places(source, rows),
    )


def _fields(names: Mapping[str, str], ignore: Sequence[str]) -> list[str]:
    """All fields that say something of a label, without those to ignore."""
    ignored = {plain_name(each) for each in ignore}
    fields = [*LABEL_FIELDS, ID_COPY, ROW, CHECK, *OLD_BATCH_FIELDS, *FOREIGN]
    named = {ID, LABEL, *names}
    return list(dict.fromkeys(each for each in fields if each in named or plain_name(each) not in ignored))


def _check_lines(table: Any, at: At) -> None:
    """Refuse lines of a batch whose id is another than their check, or than the copy of the id, says. Raises: IdError.

    A line with a row and a check needs no copy. The campaign compares a check without a row, or a row without a check.
    """
    columns = {name: table.column(name).to_pylist() for name in (ID_COPY, ROW, CHECK) if name in table.schema.names}
    ids, wrong = table.column(ID).to_pylist(), None
    is_checked = {ROW, CHECK} <= columns.keys()
    if is_checked:
        wrong = find_wrong_checks(ids, columns[ROW], columns[CHECK])
    elif ID_COPY in columns:
        places = [place for place, copy in enumerate(columns[ID_COPY]) if copy is not None and ids[place] != copy]
        wrong = WrongChecks(places[0], len(places)) if places else None
    if wrong is None:
        return
    other = "" if is_checked else f" and {columns[ID_COPY][wrong.first]!r}"
    raise IdError(
        at(wrong.first),
        wanted="have the id that its check is of" if is_checked else f"have one id in its columns `id` and `{ID_COPY}`",
        got=f"{ids[wrong.first]!r}{other}; {wrong.count:,} of {counted(table.num_rows, 'line')} "
        f"{of_number(wrong.count, 'has')} another id than before",
        remedy="Ids were renumbered, shifted or sorted apart from their lines. Where a tool has written numbers of "
        f"its own into `id`, the ids are in the column `{ID_COPY}`: name it as the column of the ids.",
    )


def _labels(table: Any, codes: Codes, form: Form, empty: Any, at: At) -> tuple[Any, str]:
    """((n,) labels, null for none; a notice). Raises: DataError."""
    labels = with_choices(table, form.kind != "multi", at)
    if labels is None:
        return pa.nulls(table.num_rows, form.type_of(LABEL)), ""
    if labels.type != form.type_of(LABEL):
        raise DataError(at(0), wanted="have labels in `label`", got="options in `accept` alone")
    labels, told = as_classes(without_empty(labels), form)
    decided = np.full(table.num_rows, (table.schema.metadata or {}).items() >= EMPTY_IS_NONE.items())
    for name in ("told_at", "updated_at", "answer"):  # they stand beside answers only
        if name in table.schema.names:
            decided |= table.column(name).is_valid().to_numpy()
    labels = decided_lists(labels, decided, empty, at)
    refuse_skipped_labels(table, labels, at)
    return labels, told


def _with_facts(table: Any, labels: Any, at: At) -> Any:
    """id, label and the facts of each row under the names of Ladle's own fields."""
    columns: dict[str, Any] = {ID: table.column(ID), LABEL: labels}
    names = table.schema.names
    found = {
        "annotator": first_filled(table, "annotator", ("annotator",)),
        "told_at": first_filled(table, "told_at", ("time", "epoch")),
        "source": table.column("source") if "source" in names else None,
        "spent_ms": spent_ms(table, at),
        "reason": first_filled(table, "reason", ("reason",)),
        "comment": first_filled(table, "comment", ("comment", "comments")),
    }
    kept = [ROW, CHECK] + (["row"] if set(OLD_BATCH_FIELDS) <= set(names) else [])
    found |= {name: table.column(name) for name in kept if name in names}
    return pa.table(columns | {name: column for name, column in found.items() if column is not None})


def _taken(answers: Any, rows: Rows, extra: tuple[str, ...]) -> Any:
    """Some rows of the answers, with the columns of a label or of a skip."""
    if "reason" in extra and "reason" not in answers.schema.names:
        answers = answers.append_column("reason", pa.nulls(answers.num_rows, pa.large_string()))
    left_out = {LABEL, "reason", "comment"} - set(extra)
    taken = answers.select([name for name in answers.schema.names if name not in left_out]).take(pa.array(rows))
    if "reason" in extra:
        place = taken.schema.get_field_index("reason")
        taken = taken.set_column(place, "reason", pc.fill_null(taken.column("reason"), ""))
    return taken


def _comments(answers: Any) -> tuple[Any, Rows]:
    """The remarks: id, text, annotator and told_at; and their rows of the file."""
    if "comment" not in answers.schema.names:
        none = pa.table({ID: answers.column(ID).slice(0, 0), "text": pa.array([], pa.large_string())})
        return none, np.empty(0, np.int64)
    remarks = without_empty(answers.column("comment").combine_chunks())
    names = [name for name in (ID, "annotator", "told_at") if name in answers.schema.names]
    table = answers.select(names).append_column("text", remarks)
    is_remark = remarks.is_valid()
    return table.filter(is_remark), np.flatnonzero(is_remark.to_numpy(zero_copy_only=False))


def _notices(source: Path, rejected: int, machine: int, told: str) -> tuple[str, ...]:
    notices = [told] if told else []
    if rejected:
        known = "no other label is known, so these examples stay open."
        notices.append(f"{counted(rejected, 'label')} in {source} {of_number(rejected, 'is')} rejected: {known}")
    if machine:
        notices.append(f"{counted(machine, 'label')} in {source} came from a machine: human-annotated is no.")
    return tuple(notices)


def _refuse_nested(chosen: Format, source: Path, names: Mapping[str, str]) -> None:
    """Refuse an export whose labels are nested. Raises: FileFormatError."""
    if chosen.name == "coco" or LABEL in names:
        return
    for column in chosen.columns_of(source):
        if plain_name(column) in NESTED:
            raise FileFormatError(
                str(source),
                wanted="have a column of labels",
                got=f"an export of {MARKS[plain_name(column)]}, whose labels are nested",
                remedy="Make a table of ids and labels of it, or name the column that holds the labels.",
            )


def _has_label(chosen: Format, source: Path, names: Mapping[str, str]) -> bool:
    """Whether the column of the labels is there, if it was named: a file of skips alone needs none."""
    columns = {plain_name(each) for each in chosen.columns_of(source)} if LABEL in names else set()
    return LABEL not in names or plain_name(names[LABEL]) in columns


def _no_labels(chosen: Format, source: Path, names: Mapping[str, str]) -> FileFormatError:
    """The error for a file without labels, with the columns that it has."""
    named, header = names.get(LABEL, LABEL), chosen.columns_of(source)
    tools = {MARKS[plain_name(each)] for each in header if plain_name(each) in MARKS}
    others = [each for each in header if each != named]
    if tools:
        remedy = f"This is an export of {sorted(tools)[0]}: name the column that holds what was chosen."
    elif any(each.endswith(".responses") for each in header):
        remedy = "This is an export of Argilla, whose responses are lists: make one row of each response."
    else:
        remedy = did_you_mean(named, others) or "Fill them in, or name their column."
    got = f"none; it has the columns {shown(header)}"
    return FileFormatError(str(source), wanted=f"have labels in `{named}`", got=got, remedy=remedy)


def _check_once(answers: Any, label_rows: Rows, skip_rows: Rows, chosen: Format, source: Path) -> Rows:
    """The rows of the labels, in order of time where an annotator answers twice for one example.

    Raises: DataError where times do not say which answer is newer.
    """
    rows = np.sort(np.concatenate([label_rows, skip_rows]))
    codes = _codes(answers.column(ID))[rows]
    if "annotator" in answers.schema.names:
        annotators = _person_codes(answers.column("annotator"))[rows]
        codes = codes * (int(annotators.max(initial=0)) + 1) + annotators
    times = np.full(len(rows), np.iinfo(np.int64).min)
    if "told_at" in answers.schema.names:
        moments = answers.column("told_at").cast(pa.int64())
        times = pc.fill_null(moments, np.iinfo(np.int64).min).to_numpy()[rows]
    order = np.lexsort((times, codes))
    same = codes[order][1:] == codes[order][:-1]
    if not same.any():
        return label_rows
    known = times[order][:-1] > np.iinfo(np.int64).min
    again = np.flatnonzero(same & ~(known & (times[order][1:] > times[order][:-1])))
    if again.size == 0:
        newest_last = rows[np.lexsort((rows, times))]
        return newest_last[np.isin(newest_last, label_rows)]
    second_pos = int(np.maximum(order[again + 1], order[again]).min())
    first_pos = int(np.flatnonzero(codes == codes[second_pos])[0])
    places = chosen.places(source, sorted((int(rows[first_pos]), int(rows[second_pos]))))
    example = answers.column(ID)[int(rows[second_pos])].as_py()
    raise twice_error(str(source), more=again.size, example=example, places=places)


def _codes(column: Any) -> npt.NDArray[np.int64]:
    coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    codes: npt.NDArray[np.int64] = coded.indices.to_numpy().astype(np.int64)
    return codes


def _person_codes(column: Any) -> npt.NDArray[np.int64]:
    """A number for each name of a person, however it is spelled; nulls and names without a letter are nobody."""
    coded = pc.fill_null(column, "").combine_chunks().dictionary_encode()
    names = [person_name(name) for name in coded.dictionary.to_pylist()]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    of_code: npt.NDArray[np.int64] = np.array([numbers[name] for name in names], np.int64)
    codes: npt.NDArray[np.int64] = of_code[coded.indices.to_numpy()]
    return codes
