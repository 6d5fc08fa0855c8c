"""Taking back: labels by who gave them, when and from where; whole files; entries of the quarantine; gold."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ladle import durable
from ladle.campaign.lead.pool_changes import find_named
from ladle.campaign.session.session import Session, microseconds
from ladle.campaign.work.arguments import LONGEST_REASON, check_text
from ladle.campaign.work.telling import known_rows
from ladle.errors import ArgumentError, NotFoundError
from ladle.labelling.answers import Withdrawn
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.events import Effects, digest_of, earlier_report, next_number, record
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    AdjudicationTable,
    EventTable,
    GoldTable,
    LabelTable,
    PersonTable,
    QuarantineTable,
    gold_of,
)
from ladle.labelling.people import NameChange, People, person_before, person_name
from ladle.labelling.rules import withdrawal
from ladle.labelling.rules.answered import read_answered
from ladle.labelling.rules.people import alike, known_person, name_changes
from ladle.labelling.rules.tell import KnownRows
from ladle.labelling.rules.withdrawal import LabelFilter, TimeMove
from ladle.numbers import path_of, shown, switch, whole

_TELLS = ("tell", "import", "skip")


class CampaignWithdrawals:
    """What is taken back beside labels, as `Campaign.withdrawals` gives it. All of it stays on record."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def preview_deletion(
        self,
        ids: object = None,
        *,
        annotator: str | None = None,
        source: str | None = None,
        file: str | os.PathLike[str] | None = None,
        since: Any = None,
        until: Any = None,
    ) -> Withdrawn:
        """Count what `Campaign.delete_labels` would delete, and change nothing.

        Parameters
        ----------
        ids, annotator, source, file, since, until
            As in `Campaign.delete_labels`.

        Returns
        -------
        Withdrawn

        Raises
        ------
        IdError, ArgumentError, NotFoundError
            As `Campaign.delete_labels`.
        """
        which = filter_of(self._session, annotator=annotator, source=source, file=file, since=since, until=until)
        return delete_labels(self._session, ids, which=which, reason="", key="", is_trial=True)

    def untell(
        self,
        file: str | os.PathLike[str],
        *,
        annotator: str | None = None,
        reason: str = "",
        dry_run: bool = False,
    ) -> Withdrawn:
        """Make everything as if a file of labels had never been told, where nothing newer exists.

        Its labels and skips are deleted. Where one of them stood, the label that it replaced stands again; a label that
        it had only given again, later, has its own time again. Its entries in the quarantine are closed. All of it
        stays on record, labels that were paid for stay paid for, and telling the file again undoes it. Its comments
        stay. A label that another file or tell only repeated goes with the file that brought it: tell the other again.

        Parameters
        ----------
        file : path
            The file: its path, as it was or is, or its SHA-256.
        annotator : str, optional
            Only the labels, skips and entries of this person; by default those of all.
        reason : str, default ""
            Why, for the audit log.
        dry_run : bool, default False
            Whether to count only, and change nothing.

        Returns
        -------
        Withdrawn

        Raises
        ------
        NotFoundError
            For a file that was never told, or by an older Ladle, which did not store the files of labels. For an
            annotator whom nobody knows.
        """
        dry_run = switch(dry_run, "`dry_run`")
        return _untell(self._session, file, annotator=annotator, reason=reason, is_trial=dry_run)

    def close_quarantined(self, numbers: Iterable[int] | None = None, *, reason: str, answered: bool = False) -> int:
        """Close entries of the quarantine: nothing is left to do about them. They stay on record.

        Parameters
        ----------
        numbers : iterable of int, optional
            The numbers of the entries, see `Campaign.quarantine`; by default all that are open.
        reason : str
            Why, for the audit log.
        answered : bool, default False
            Whether to close only those whose annotator has an answer for the example that was stored later.

        Returns
        -------
        int
            How many of them were open.

        Raises
        ------
        NotFoundError, ArgumentError
            For a number that no entry has; without a reason.
        """
        return _close_quarantined(self._session, numbers, reason, switch(answered, "`answered`"))

    def remove_gold(self, ids: object) -> int:
        """Take gold back. The labels that annotators gave for these examples stay, and test nobody any more.

        Parameters
        ----------
        ids : list or array, or boolean mask of shape (n,)
            The examples.

        Returns
        -------
        int
            How many of them were gold.

        Raises
        ------
        IdError
            For unknown ids.
        """
        return _remove_gold(self._session, ids)


def delete_labels(
    session: Session, ids: object, *, which: LabelFilter, reason: str, key: str, is_trial: bool = False
) -> Withdrawn:
    """Delete current answers. Raises: see `Editor.delete_labels`."""
    if not is_trial and not check_text(reason, "reason", longest=LONGEST_REASON):
        raise ArgumentError("`reason`", wanted="say why", got="nothing")
    if ids is None and not which:
        raise ArgumentError(
            "the labels",
            wanted="be named by their examples, annotator, source, file or time",
            got="none of these",
            remedy="To delete all labels, say since when: all of them are later.",
        )
    chosen, at = None if ids is None else find_named(session, ids), session.now()
    rows = None if chosen is None else chosen.row
    named = (which.source, which.sha256, which.since, which.until)
    more = named if rows is None or any(each is not None for each in named) else ()
    # By ids and not by rows: in another pool the same examples have other rows.
    ids_of_all = None if chosen is None else sorted(chosen.example_id.tolist())
    request = digest_of(ids_of_all, which.annotator, reason, *more)
    act = session.act("delete", at, key=key, request=request)
    with session.reading(whole=True) if is_trial else session.writing() as view:
        report = None if is_trial else earlier_report(view, act)
        if report is None:
            meant = _resolved(view, which)
            report = {"reason": reason, "file": "" if which.sha256 is None else which.sha256}
            effects = withdrawal.delete(session.settings, _known(view, rows, meant, at), meant, report)
            if not is_trial and (effects or key):
                record(view, act, effects)  # type: ignore[arg-type]  # a writer
            report = effects.report
    return _withdrawn(report)


def _untell(
    session: Session, file: str | os.PathLike[str], *, annotator: str | None, reason: str, is_trial: bool
) -> Withdrawn:
    """Make everything as if a file had never been told. Raises: see `CampaignWithdrawals.untell`."""
    check_text(reason, "reason", longest=LONGEST_REASON)
    named = None if annotator is None else check_text(annotator, "annotator")
    path_of(file, "`file`")
    at = session.now()
    with session.reading(whole=True) if is_trial else session.writing() as view:
        which = _resolved(view, LabelFilter(annotator=named, sha256=digest_of_file(view, file)))
        changes = name_changes(view)
        moves = _moves(view, which, changes)
        retimed = [each.number for each in moves if each.is_untold]
        rows = [*view.read(LabelTable, "file", [which.sha256]).row, *view.read(LabelTable, "number", retimed).row]
        effects = withdrawal.untell(
            session.settings,
            known_rows(view, np.unique(np.array(rows, np.int64)), at),
            which,
            untold=view.read(EventTable, "kind", ["untell"]).seq.tolist(),
            moves=moves,
            changes=changes,
            entries=_entries_of(view, which),
            report={"file": os.fspath(file), "sha256": which.sha256, "annotator": which.annotator, "reason": reason},
        )
        is_news = bool(effects) or any(each.is_untold and not each.was_untold for each in moves)
        if is_news and not is_trial:
            record(view, session.act("untell", at), effects)  # type: ignore[arg-type]  # a writer
    return _withdrawn(effects.report)


def _withdrawn(report: Mapping[str, Any]) -> Withdrawn:
    """What an event tells of itself. Events of an older Ladle count skips as labels."""
    skips = int(report.get("skips", 0))
    others = {name: int(report.get(name, 0)) for name in ("tasks", "restored", "closed", "replaced", "retimed")}
    return Withdrawn(labels=int(report["deleted"]) - skips, skips=skips, **others)


def _close_quarantined(session: Session, numbers: Iterable[int] | None, reason: str, answered: bool) -> int:
    """Close entries of the quarantine, or all of them: how many were open. Raises: see `CampaignWithdrawals`."""
    if not check_text(reason, "reason", longest=LONGEST_REASON).strip():
        raise ArgumentError("`reason`", wanted="say why", got="nothing")
    if numbers is not None and (isinstance(numbers, (str, bytes)) or not isinstance(numbers, Iterable)):
        raise ArgumentError("`numbers`", wanted="be a list of numbers of entries", got=shown(numbers)[:80])
    wanted = None if numbers is None else [whole(each, "`numbers`", least=1) for each in numbers]
    with session.writing() as writer:
        entries = writer.read(QuarantineTable) if wanted is None else writer.read(QuarantineTable, "number", wanted)
        missing = sorted(set(wanted or []) - set(entries.number.tolist()))
        if missing:
            last = next_number(writer, QuarantineTable) - 1
            got = f"{missing[0]}, and there are {last:,}"
            raise NotFoundError("the entry", wanted="be a number of the quarantine", got=got)
        entries = entries.take(read_answered(writer, entries) if answered else entries.closed == 0)
        closed = withdrawal.close_entries(entries, reason=reason, event=next_number(writer, EventTable))
        report = {"closed": len(closed), "numbers": closed.number.tolist()[:100], "reason": reason}
        if len(closed):
            act = session.act("close quarantined", session.now())
            record(writer, act, Effects(changed=(closed,), report=report))
    return len(closed)


def _remove_gold(session: Session, ids: object) -> int:
    """Take gold back: how many examples were gold."""
    chosen = find_named(session, ids)
    with session.writing() as writer:
        gold = writer.read(GoldTable, "row", chosen.row.tolist())
        effects = withdrawal.remove_gold(gold, event=next_number(writer, EventTable))
        if effects:
            record(writer, session.act("remove gold", session.now()), effects)
    return int(effects.report["removed"])


def filter_of(
    session: Session,
    *,
    annotator: str | None,
    source: str | None,
    file: str | os.PathLike[str] | None,
    since: Any,
    until: Any,
) -> LabelFilter:
    """Which labels a caller means. Raises: ArgumentError; NotFoundError for a file that was never told."""
    sha256 = None
    path_of(file, "`file`", undecided=True)
    if file is not None:
        with session.reading() as view:
            sha256 = digest_of_file(view, file)
    return LabelFilter(
        annotator=None if annotator is None else check_text(annotator, "annotator"),
        source=None if source is None else check_text(source, "source"),
        sha256=sha256,
        since=None if since is None else microseconds(since, "`since`"),
        until=None if until is None else microseconds(until, "`until`"),
    )


def digest_of_file(view: View, file: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file that was told: of its content now, or by the path or the digest of its tell.

    Raises: NotFoundError when no such file was told.
    """
    named, told = os.fspath(file), [each for each in _reports(view) if each.get("sha256")]
    known = {each["sha256"] for each in told} | set(view.read(LabelTable).file.tolist()) - {""}
    digest = durable.file_digest(Path(named)) if Path(named).is_file() else ""
    by_name = {each["sha256"] for each in told if each["file"] == named}
    for found in ({digest} & known, by_name, {named.lower()} & known):
        if len(found) == 1:
            return str(found.pop())
    got = "one that was never told" if len(by_name) < 2 else f"{len(by_name):,} files that were told under this name"
    raise NotFoundError(
        f"the file {named}",
        wanted="be one whose labels were told",
        got=got,
        remedy="Name it by its path, or by the SHA-256 in the log. Labels that an older Ladle stored name no file: "
        f"delete them by annotator, source or time.{_other_ways(view)}",
    )


def _other_ways(view: View) -> str:
    """How to take back labels that were not told, of those kinds that the campaign has; "" for none.

    Known labels and final words name no file: the examples that the file names are taken back.
    """
    ways = []
    if len(gold_of(view.read(GoldTable))):
        ways.append("Known labels of a file are taken back by Campaign.withdrawals.remove_gold.")
    if (view.read(AdjudicationTable).active == 1).any():
        ways.append("Final words of a file are taken back by Campaign.undo_adjudication.")
    return "".join(f" {each}" for each in ways)


def _resolved(view: View, which: LabelFilter) -> LabelFilter:
    """The filter with the name of the person that its annotator belongs to. "" stands for labels that name none.

    Raises: NotFoundError for an annotator whom nobody knows, and a source that no label has.
    """
    person, source = which.annotator, which.source
    if person is not None:
        person = known_person(view.read(PersonTable), person_name(person), also=[""])
    if source and not len(view.read(LabelTable, "source", [source])):
        sources = sorted(set(view.read(LabelTable).source.tolist()))
        wanted = "be one that labels of the campaign came from"
        remedy = alike(source, sources)
        raise NotFoundError(f"the source {source!r}", wanted=wanted, got="none of that name", remedy=remedy)
    return replace(which, annotator=person)


def _known(view: View, rows: Int64 | None, which: LabelFilter, at: int) -> KnownRows:
    """What is known of these rows, or of all rows with labels that are meant."""
    if rows is None:
        label = view.read(LabelTable)
        rows = np.unique(label.row[which.fits(label)])
    return known_rows(view, rows, at)


def _reports(view: View) -> list[dict[str, Any]]:
    events = view.read(EventTable, "kind", _TELLS)
    return [{**json.loads(each)["told"], "seq": seq} for each, seq in zip(events.details, events.seq, strict=True)]


def _entries_of(view: View, which: LabelFilter) -> QuarantineTable:
    """The entries of a file in the quarantine, of one annotator or all."""
    events = [int(each["seq"]) for each in _reports(view) if each.get("sha256") == which.sha256]
    entries = view.read(QuarantineTable, "event", events)
    if which.annotator is None:
        return entries
    people = People(view.read(PersonTable))
    return entries.take(np.array([people.name_of(name) == which.annotator for name in entries.annotator], bool))


def _moves(view: View, which: LabelFilter, changes: Sequence[NameChange]) -> list[TimeMove]:
    """Every answer that was given again at another time, by any tell. which: the file that is untold now."""
    told = [each for each in _reports(view) if each.get("retimed")]
    if not told:
        return []
    numbers = [number for each in told for number, _, _ in each["retimed"]]
    label = view.read(LabelTable, "number", sorted(set(numbers)))
    who_of = dict(zip(label.number.tolist(), label.annotator.tolist(), strict=True))
    named = dict(zip(label.number.tolist(), label.told_by.tolist(), strict=True))
    events = view.read(EventTable, "kind", ["untell"])
    untold = [(seq, json.loads(text)["told"]) for seq, text in zip(events.seq.tolist(), events.details, strict=True)]

    def was_untold(tell: dict[str, Any], number: int) -> bool:
        return any(
            seq > tell["seq"]
            and each["sha256"] == tell["sha256"]
            and each.get("annotator") in (None, person_before(seq, named[number], changes))
            for seq, each in untold
        )

    found = []
    for each in told:
        for number, before, after in each["retimed"]:
            is_untold = each["sha256"] == which.sha256 and which.annotator in (None, who_of[number])
            was = was_untold(each, number)
            found.append(TimeMove(int(each["seq"]), number, before, after, is_untold, was))
    return found
