"""Labels from a file, as the arguments of a tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.campaign.session.session import Session
from ladle.campaign.work import rounds, telling
from ladle.campaign.work.arguments import check_name, check_text
from ladle.counts import counted
from ladle.errors import ArgumentError, DataError, IdError
from ladle.formats import Form, LabelFile
from ladle.formats.checks import CHECK, ROW, fits
from ladle.labelling.answers import Told
from ladle.labelling.contract.tables import LATEST_DAYS, MICROSECONDS, EventTable
from ladle.labelling.labels import Labels
from ladle.labelling.people import is_person_name, person_name
from ladle.labelling.records import moment
from ladle.labelling.rules.request import FileOrigin, TellRequest
from ladle.labelling.spelling import one_spelling
from ladle.labelling.times_ahead import FARTHEST
from ladle.notices import notice
from ladle.pool.ids.example_ids import Ids

SHOWN_NAMES = 3  # in a notice
_ROWS = (ROW, "row")  # the row of an example in the files of batches, now and in earlier versions


def form_of(labels: Labels, ids: Ids) -> Form:
    """How the labels and ids of a campaign look in files: classes that are all numbers are numbers there."""
    names = labels.as_told().classes  # a file may have the name that a class had before
    numbers = names is not None and all(isinstance(each, int) for each in names)
    return Form(
        kind=labels.kind,
        items="integer" if numbers else "text",
        ids="integer" if ids.kind == "integer" else "text",
        classes=None if labels.classes is None else tuple(labels.classes),
        known_ids=ids.values,
    )


def tell_file(
    session: Session, file: LabelFile, *, annotator: str, source: str, key: str | None, imported: bool
) -> Told:
    """Tell the answers of a file: once, while all of it stands. Raises: as `Campaign.tell_file`."""
    request = request_of(session, file, annotator=annotator, source=source, key=key, imported=imported)
    told = telling.tell(session, request, by_content=key is None)
    names = sorted(set(request.told_by.tolist()))
    if not annotator.strip() or not names or person_name(annotator) in names:
        return told
    listed = ", ".join(names[:SHOWN_NAMES]) + (", ..." if len(names) > SHOWN_NAMES else "")
    text = f"The file says itself who labelled: {listed}. The annotator {annotator.strip()} was used for no line."
    notice(text)
    return replace(told, notices=(*told.notices, text))


def request_of(
    session: Session,
    file: LabelFile,
    *,
    annotator: str,
    source: str = "",
    key: str | None = None,
    imported: bool = False,
) -> TellRequest:
    """The labels, skips and comments of a file as one checked tell.

    Raises: IdError for a line of a batch whose row is another than that of its id; also as `telling.check_request`.
    """
    kind: Literal["tell", "import"] = "import" if imported else "tell"
    key = check_text("" if key is None else key, "key")
    check_name(annotator, "annotator")
    check_text(source, "source")
    key = key or rounds.tell_key(kind, file.sha256, annotator, source, file.names)
    origin = FileOrigin(file.source, file.sha256)
    parts, rows = [], []
    for table, rows_in_file in ((file.table, file.rows), (file.skips, file.skip_rows)):
        if table is None or not table.num_rows:
            continue
        _check_rows(session, file, table, rows_in_file)
        _check_times(session, file, table, rows_in_file)
        _check_names(file, table, rows_in_file)
        facts = _facts(table, annotator, source) | {"key": key, "kind": kind, "origin": origin}
        if table is file.table:
            labels = with_classes(table.column("label"), session.settings.labels)
            parts.append(telling.check_request(session, table.column("id"), labels, **facts))
        else:
            reasons = filled(table.column("reason"), "")
            parts.append(telling.check_skips(session, table.column("id"), reason=reasons, **facts))
        rows.append(rows_in_file)
    comments = _comments(session, file, annotator)
    if not parts:
        return telling.without_answers(session, comments, kind=kind, key=key, origin=origin)
    request = telling.together(*parts, comments=comments)
    in_file, where = np.concatenate(rows), sorted(request.given)
    places = file.places(in_file[where]) if where else []
    origin = replace(
        origin,
        places=dict(zip(where, places, strict=True)),
        find_places=lambda positions: file.places(np.sort(in_file[list(positions)])),
    )
    return replace(request, origin=origin)


def with_classes(column: Any, labels: Labels) -> Any:
    """A column of labels with the campaign's classes: among classes of text and numbers, text `3` is the number 3.

    The text stays text where the campaign has a class of this text.
    """
    classes = labels.as_told().classes or tuple(old for old, _ in labels.former)
    numbers = {str(each): each for each in classes if isinstance(each, int)}
    if not numbers or len(numbers) == len(classes):
        return column
    class_of: dict[Any, Any] = numbers | {each: each for each in classes if isinstance(each, str)}

    def as_class(label: Any) -> Any:
        plain = label if label in class_of or not isinstance(label, str) else one_spelling(label)
        return class_of.get(plain, label)

    def as_classes(label: Any) -> Any:
        return [as_class(each) for each in label] if isinstance(label, list) else as_class(label)

    return [as_classes(label) for label in column.to_pylist()]


def words_of(file: LabelFile, labels: Labels) -> tuple[Any, list[Any]]:
    """The ids of a file and its labels, each of which must be one of the campaign: known labels, and final words.

    Raises: ArgumentError that names the id and the line of the first one that is none.
    """
    ids, given = file.table.column("id"), with_classes(file.table.column("label"), labels)
    listed = given if isinstance(given, list) else given.to_pylist()
    _, refused = labels.all_canonical(listed)
    if refused:
        first, reason = next(iter(sorted(refused.items())))
        at = file.places([file.rows[first]])[0]
        raise ArgumentError(
            f"{at} of {file.source}" if at else f"the labels in {file.source}",
            wanted="have a label of the campaign",
            got=f"{reason}, for the example {ids[first].as_py()!r}"
            + ("" if len(refused) == 1 else f", and {counted(len(refused), 'such label')} in all"),
            remedy="Correct it, or leave its label empty. Nothing of the file was stored.",
        )
    return ids, listed


def filled(column: Any, default: str) -> Any:
    """A column of text with `default` in place of nulls; `default` itself where there is no column."""
    return default if column is None else column.fill_null(default).to_pylist()


def _facts(table: Any, annotator: str, source: str) -> dict[str, Any]:
    """Who, from where, when and how long, for each row of a table."""
    columns = {name: table.column(name) for name in table.schema.names}
    spent = columns.get("spent_ms")
    return {
        "annotator": _names(columns.get("annotator"), annotator),
        "source": filled(columns.get("source"), source),
        "told_at": columns.get("told_at"),
        "seconds": None if spent is None else [None if each is None else each / 1000 for each in spent.to_pylist()],
    }


def _names(column: Any, default: str) -> Any:
    """A column of annotators with `default` in place of nulls and of names without a letter."""
    if column is None:
        return default
    return [name if name.strip() else default for name in column.fill_null("").to_pylist()]


def _comments(session: Session, file: LabelFile, annotator: str) -> Any:
    table = file.comments
    if table is None or not table.num_rows:
        return None
    _check_times(session, file, table, file.comment_rows)
    _check_names(file, table, file.comment_rows)
    columns = {name: table.column(name) for name in table.schema.names}
    return telling.check_comments(
        session,
        columns["id"],
        columns["text"].to_pylist(),
        annotator=_names(columns.get("annotator"), annotator),
        told_at=columns.get("told_at"),
    )


def _check_times(session: Session, file: LabelFile, table: Any, rows_in_file: Any) -> None:
    """Refuse times that no campaign stores, and those of a year to come or later. Raises: DataError."""
    if "told_at" not in table.schema.names:
        return
    now = session.now()
    moments = table.column("told_at").cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    latest = min(now + FARTHEST, LATEST_DAYS * 86_400 * MICROSECONDS - 1)
    is_odd = pc.or_(pc.less_equal(moments, 0), pc.greater(moments, latest))
    wrong = np.flatnonzero(pc.fill_null(is_odd, False).to_numpy())
    if not wrong.size:
        return
    first = int(wrong[0])
    at = "" if first >= len(rows_in_file) else file.places([rows_in_file[first]])[0]
    raise DataError(
        f"{at} of {file.source}" if at else file.source,
        wanted="have a time after the beginning of 1970 and at most a year ahead of now "
        f"({moment(now):%Y-%m-%d %H:%M} UTC) in `told_at`",
        got=f"{table.column('told_at')[first].as_py()}, and {counted(wrong.size, 'such time')} in all",
        remedy="Correct the time, or leave it empty: then it is the time of the tell.",
    )


def _check_names(file: LabelFile, table: Any, rows_in_file: Any) -> None:
    """Refuse annotators without a letter or a digit. Raises: DataError."""
    if "annotator" not in table.schema.names:
        return
    names = table.column("annotator")
    odd = [each for each in pc.unique(names).to_pylist() if each is not None and not is_person_name(each)]
    if not odd:
        return
    wrong = np.flatnonzero(pc.is_in(names, value_set=pa.array(odd, names.type)).to_numpy())
    first = int(wrong[0])
    raise DataError(
        f"{file.places([rows_in_file[first]])[0]} of {file.source}",
        wanted="have a name with a letter or a digit in `annotator`",
        got=f"{names[first].as_py()!r}, and {counted(wrong.size, 'such name')} in all",
        remedy="Name the annotator, or leave the cell empty where nobody is known.",
    )


def _check_rows(session: Session, file: LabelFile, table: Any, rows_in_file: Any) -> None:
    """Refuse a batch whose rows or checks are not those of its ids: its ids were renumbered or moved. Raises: IdError.

    Lines with a check and a row were compared when the file was read.
    """
    columns = {name: table.column(name).to_pylist() for name in (*_ROWS, CHECK) if name in table.schema.names}
    column = next((name for name in _ROWS if name in columns), None)
    if not columns:
        return
    with session.reading() as view:
        examples = session.examples(view)
        if len(view.read(EventTable, "kind", ["replace"])):
            return  # the rows of a replaced pool have other numbers than the batch says
    ids = examples.checked(table.column("id"))
    checks = columns.get(CHECK, [None] * len(ids))
    found = examples.find(ids)
    if column is None:
        lines = zip(ids.to_pylist(), found.tolist(), checks, strict=True)
        wrong = [place for place, (each, row, check) in enumerate(lines) if check and not fits(each, row, check)]
        wanted, known_by = "have the id that its check is of", CHECK
    else:
        lines = zip(found.tolist(), columns[column], checks, strict=True)
        wrong = [place for place, (row, said, check) in enumerate(lines) if said not in (None, row) and not check]
        wanted, known_by = "name the example of row {:,}, as its column `" + column + "` says", column
    if not wrong:
        return
    first = wrong[0]
    at = file.places(np.asarray(rows_in_file)[[first]])[0]
    raise IdError(
        f"{at} of {file.source}" if at else file.source,
        wanted=wanted if column is None else wanted.format(columns[column][first]),
        got=f"the id {ids[first].as_py()!r}, and {len(wrong):,} such lines of {table.num_rows:,} labelled ones",
        remedy="Ids were renumbered, shifted or sorted apart from their lines. Put the ids of the batch back; if the "
        f"ids are right, leave out the column `{known_by}`.",
    )
