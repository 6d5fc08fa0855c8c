"""What exclusions, inclusions, gold and recorded models write."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ladle.errors import ArgumentError, MismatchError, NotFoundError, did_you_mean
from ladle.labelling.contract.columns import Int64, Texts, repeated, texts
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import EventTable, ExclusionTable, GoldTable, ModelTable
from ladle.labelling.rules.tell import KnownRows, rejudge
from ladle.labelling.settings import Settings
from ladle.labelling.states import EXCLUDED, check_moves
from ladle.numbers import mapping, number


@dataclass(frozen=True, slots=True, eq=False)
class NamedExamples:
    """Examples that the caller named: distinct rows, ascending, and their ids."""

    row: Int64
    example_id: Texts


def exclude(
    named: NamedExamples, exclusions: ExclusionTable, known: KnownRows, *, reason: str, removals: Collection[int] = ()
) -> Effects:
    """Exclude these examples from labelling. Examples that are excluded already stay as they are.

    removals: the events that excluded examples because they left the pool. Such an exclusion becomes one of its own,
    which stays when the example comes back.
    """
    of_people = (exclusions.active == 1) & ~np.isin(exclusions.event, list(removals))
    active = exclusions.row[of_people]
    fresh = ~np.isin(named.row, exclusions.row)
    again = exclusions.take(~of_people & np.isin(exclusions.row, named.row))
    count = int(fresh.sum())
    new = ExclusionTable(
        row=named.row[fresh],
        example_id=named.example_id[fresh],
        reason=repeated(reason, count),
        at=repeated(known.at, count),
        active=repeated(1, count),
        event=repeated(known.event, count),
    )
    back = replace(
        again,
        reason=repeated(reason, len(again)),
        at=repeated(known.at, len(again)),
        active=repeated(1, len(again)),
        event=repeated(known.event, len(again)),
    )
    tasks = known.task.take((known.task.state != EXCLUDED) & np.isin(known.task.row, named.row))
    state = repeated(EXCLUDED, len(tasks))
    check_moves("exclude", tasks.state, state)
    moved = replace(tasks, state=state, event=repeated(known.event, len(tasks)))
    already = int(np.isin(named.row, active).sum())
    report = {"excluded": count + len(again), "already": already, "reason": reason}
    report["ids"] = [*new.example_id.tolist(), *back.example_id.tolist()]
    return Effects(added=(new,), changed=(back, moved), report=report)


def include(settings: Settings, exclusions: ExclusionTable, known: KnownRows) -> Effects:
    """End these exclusions: each task gets the state that its labels give."""
    active = exclusions.take(exclusions.active == 1)
    count = len(active)
    ended = replace(active, active=repeated(0, count), at=repeated(known.at, count), event=repeated(known.event, count))
    left = replace(known, excluded=np.setdiff1d(known.excluded, active.row))
    moved = rejudge("include", settings, left, known.label, active.row)
    return Effects(changed=(ended, moved), report={"included": count, "ids": active.example_id.tolist()})


def add_gold(named: NamedExamples, labels: Texts, as_told: Texts, gold: GoldTable, *, event: int) -> Effects:
    """Make these examples gold with these labels; a gold example with another label gets the new one.

    labels, as_told: (examples,) canonical JSON under the names of the classes now, and as they were given.
    """
    fresh = ~np.isin(named.row, gold.row)
    back = int((gold.label == "").sum()) if len(gold) else 0  # they were taken back
    count = int(fresh.sum())
    new = GoldTable(named.row[fresh], named.example_id[fresh], labels[fresh], repeated(event, count), as_told[fresh])
    places = np.searchsorted(gold.row, named.row[~fresh])
    old, wanted = gold.take(places), labels[~fresh]
    differ = old.label != wanted if len(old) else np.zeros(0, bool)
    changed = replace(old, label=wanted, event=repeated(event, len(old)), as_told=as_told[~fresh]).take(differ)
    report: dict[str, Any] = {"gold": count + back, "changed": len(changed) - back}
    report["ids"] = [*new.example_id.tolist(), *changed.example_id.tolist()]
    report["labels"] = [*new.label.tolist(), *changed.label.tolist()]
    was = old.take(differ & (old.label != "")) if len(old) else old
    if len(was):
        report["was"] = dict(zip(was.example_id.tolist(), was.label.tolist(), strict=True))
    return Effects(added=(new,), changed=(changed,), report=report)


def record_model(row: ModelTable, known: ModelTable, former: Collection[tuple[str, str]] = ()) -> Effects:
    """Record a version of the model once. Raises: MismatchError when it is recorded with other values.

    former: the metrics (JSON) and the digest of scores that it was recorded with before it was corrected.
    """
    same = known.take(known.version == row.version[0])
    report = {"version": str(row.version[0]), "labelled": int((same if len(same) else row).labelled[0])}
    if not len(same):
        return Effects(added=(row,), report=report | {"metrics": json.loads(row.metrics[0])})
    if (row.metrics[0], row.scores_digest[0]) in former:
        return Effects(report=report)
    for name in ("metrics", "scores_digest"):
        if row.column(name)[0] != same.column(name)[0]:
            raise MismatchError(
                f"the model {row.version[0]!r}",
                wanted="be recorded once",
                got=f"it with other {name.replace('_', ' ')}",
                remedy="Give the new model a version of its own, or correct what is recorded.",
            )
    return Effects(report=report)


def correct_model(row: ModelTable, known: ModelTable, removed: Collection[str] = ()) -> Effects:
    """Correct the metrics of a recorded version, and its scores where `row` names some. The log keeps the old values.

    Metrics that `row` does not name stay as they are; one that is null there is removed. removed: names that earlier
    corrections have removed, which may be removed again. Raises: NotFoundError for a version that is not recorded, and
    for a metric to remove that it never had.
    """
    same = known.take(known.version == row.version[0])
    if not len(same):
        raise NotFoundError(
            f"the model {row.version[0]!r}",
            wanted="be recorded, so that it can be corrected",
            got="no such version",
            remedy=did_you_mean(str(row.version[0]), known.version.tolist()),
        )
    before = json.loads(same.metrics[0])
    given = json.loads(row.metrics[0])
    odd = [name for name, value in given.items() if value is None and name not in {*before, *removed}]
    if odd:
        raise NotFoundError(
            f"the metric {odd[0]!r} of the model {row.version[0]!r}",
            wanted="be recorded, so that it can be removed",
            got="no metric of that name",
            remedy=did_you_mean(odd[0], before),
        )
    after = {name: value for name, value in (before | given).items() if value is not None}
    named = bool(row.scores[0])
    corrected = replace(
        same,
        metrics=texts([json.dumps(after, sort_keys=True, ensure_ascii=False)]),
        scores=row.scores if named else same.scores,
        scores_digest=row.scores_digest if named else same.scores_digest,
        event=row.event,
    )
    is_same = corrected.metrics[0] == same.metrics[0] and corrected.scores_digest[0] == same.scores_digest[0]
    report = {"version": str(row.version[0]), "labelled": int(same.labelled[0]), "before": before, "after": after}
    report |= {"scores_before": str(same.scores_digest[0]), "scores_after": str(corrected.scores_digest[0])}
    return Effects(changed=() if is_same else (corrected,), report=report)


def removed_metrics(events: EventTable, version: str) -> set[str]:
    """The names that corrections of a version have removed. events: all corrections."""
    told = [json.loads(each)["told"] for each in events.details.tolist()]
    return {name for each in told if each["version"] == version for name in {*each["before"]} - {*each["after"]}}


def former_models(events: EventTable, version: str) -> set[tuple[str, str]]:
    """The metrics (JSON) and the digest of scores of a version before each of its corrections."""
    told = [json.loads(each)["told"] for each in events.details.tolist()]
    return {
        (json.dumps(each["before"], sort_keys=True, ensure_ascii=False), each["scores_before"])
        for each in told
        if each["version"] == version
    }


def check_metrics(metrics: Mapping[str, Any] | None, *, is_correction: bool = False) -> str:
    """Metrics as JSON text. Raises: ArgumentError for anything but finite numbers under names.

    is_correction: whether None may stand for a metric that is to be removed.
    """
    plain: dict[str, float | None] = {}
    for name, value in mapping(metrics, "`metrics`", wanted="be numbers under names").items():
        if not isinstance(name, str):
            raise ArgumentError("`metrics`", wanted="be numbers under names", got=f"{name!r}: {value!r}")
        if value is None and not is_correction:
            raise ArgumentError(
                f"the metric {name!r} of `metrics`",
                wanted="be a number",
                got="None",
                remedy="To remove a metric that is recorded, correct the model.",
            )
        plain[name] = None if value is None else number(value, f"the metric {name!r} of `metrics`")
    return json.dumps(plain, sort_keys=True, ensure_ascii=False)
