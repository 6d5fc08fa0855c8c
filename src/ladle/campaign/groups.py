"""Near-duplicates labelled together: who belongs to a group, what one answer for all of them stores, and its audit.

A group is a task and free examples of its tight cluster (`tight_height` of the campaign's tree). A person sees all of
it, answers once, and may leave members out. Each label is stored as this person's, with the source `group`.

A share of the members, drawn by a hash of the campaign's seed and the id, gets no label by the group. Such a member is
assigned to the person and comes back singly, like any other task; a comment on it keeps the group's answer. The share
of these answers that differ is the error of group labels. No group has members of the control, gold, and what others
have or had to label.

There are groups only where one label a task is wanted. A member is in no batch: nobody would be asked for its second
label, and the first one would be paid for without a result. With one label each member is labelled at once, and the
counts have it among those that no batch asked for (`labelled_unasked`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ladle.campaign.lead.assignments import assign
from ladle.campaign.overview.splitting import tight_height
from ladle.campaign.pages import figures_of
from ladle.campaign.session.examples import Examples
from ladle.campaign.session.session import Session
from ladle.campaign.work import telling
from ladle.campaign.work.arguments import check_name, listed_values
from ladle.campaign.work.telling import as_given
from ladle.errors import ArgumentError
from ladle.labelling.answers import Told
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    AdjudicationTable,
    AssignmentTable,
    BatchTable,
    CommentTable,
    ControlTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    TaskTable,
    gold_of,
    labels_of,
)
from ladle.labelling.id_words import id_words
from ladle.labelling.people import People, person_name
from ladle.labelling.rules import lease as lease_rules
from ladle.numbers import shown, whole
from ladle.proposals.audit import Precision, precision_of

MOST_MEMBERS = 50
AUDIT_SHARE = 0.05
SOURCE = "group"
AUDIT = "group audit: "  # begins the comment that keeps the group's answer, in JSON
CONFIDENCE = 0.95
_MOST_CANDIDATES = 8  # times the members wanted: of a cluster of thousands, not all are looked at


class _Open(Protocol):
    """An open campaign."""

    _session: Session


@dataclass(frozen=True, slots=True)
class GroupAudit:
    """How right labels of groups are, by members that came back singly.

    Attributes
    ----------
    labels : int
        The labels that stand and were given for a group.
    waiting : int
        Members of the audit that have no answer yet.
    precision : Precision or None
        The share of the answered ones whose own label is the group's, with a 95% interval; None while there is none.
    """

    labels: int
    waiting: int
    precision: Precision | None


@dataclass(frozen=True, slots=True, eq=False)
class NearDuplicates:
    """The tight clusters of a pool. order: (n,) its rows by cluster; starts, ends: of the cluster of each row in it."""

    order: Int64
    starts: Int64
    ends: Int64

    @classmethod
    def of(cls, clusters: Any) -> NearDuplicates:
        """The clusters of near-duplicates of a dendrogram, or flat clusters as they are."""
        is_flat = isinstance(clusters, np.ndarray)
        labels = clusters if is_flat else clusters.cut(threshold=tight_height(clusters))
        order = np.argsort(labels, kind="stable").astype(np.int64)
        counts = np.bincount(labels)
        last = np.cumsum(counts)
        return cls(order, (last - counts)[labels], last[labels])

    def around(self, row: int, most: int) -> Int64:
        """Other rows of the cluster of a row, the next ones first: up to `most`; none for a row that joined later."""
        if not 0 <= row < len(self.order):
            return self.order[:0]
        own = self.order[self.starts[row] : self.ends[row]]
        return np.roll(own, -int(np.searchsorted(own, row)))[1 : most + 1]


def groups_of(campaign: _Open, annotator: str, ids: object, *, most: int = MOST_MEMBERS) -> list[list[Any]]:
    """The near-duplicates that may be labelled together with each of some tasks.

    Parameters
    ----------
    annotator : str
        Who would label them.
    ids : list or array of shape (k,)
        Tasks that this person has taken.
    most : int, default 50
        How many members a group has at most, beside the task itself.

    Returns
    -------
    list of k lists of ids
        No example is in two of them, and together they have no more than the budget allows. All are empty for labels
        that are numbers, where a task needs several labels (`annotators_per_task`), and without clusters.

    Raises
    ------
    IdError, ArgumentError
        For unknown ids and a number out of range.

    Notes
    -----
    Cost: the candidates of these clusters; the tree is cut once.
    """
    session, most = campaign._session, whole(most, "`most`", least=1, most=MOST_MEMBERS)
    name = person_name(check_name(annotator, "annotator"))
    needs_several = session.read_settings().annotators_per_task > 1
    budget = figures_of(campaign).left  # before the block: SQLite lets no second reader in while a writer waits
    with session.reading() as view:
        examples = session.examples(view)
        rows = examples.rows_of(examples.checked(ids)).tolist()
        near = _near(session, view)
        gold = set(gold_of(view.read(GoldTable)).row.tolist())
        if near is None or needs_several or session.settings.labels.kind == "value":
            return [[] for _ in rows]
        around = {row: near.around(row, _MOST_CANDIDATES * most) for row in rows if row not in gold}
        found = np.unique(np.concatenate([np.empty(0, np.int64), *around.values()]))
        free = set(_free(session, view, found, name).tolist())
        left = len(found) if budget is None else max(0, budget)
        groups = []
        for row in rows:
            free.discard(row)  # a task that came first stands for itself
            members = [each for each in around.get(row, np.empty(0, np.int64)).tolist() if each in free]
            members = members[: min(most, left)]
            free -= set(members)
            left -= len(members)
            groups.append(examples.at(np.array(members, np.int64)).tolist())
    return groups


def are_near(campaign: _Open, example_id: Any, ids: object) -> npt.NDArray[np.bool_]:
    """Whether examples are near-duplicates of one example: of the same tight cluster.

    Parameters
    ----------
    example_id : int or str
        An example.
    ids : list or array of shape (k,)
        Others.

    Returns
    -------
    ndarray of bool, shape (k,)

    Raises
    ------
    IdError
        For unknown ids.
    """
    session = campaign._session
    with session.reading() as view:
        examples, near = session.examples(view), _near(session, view)
        row = int(examples.rows_of(examples.checked([example_id]))[0])
        rows = examples.rows_of(examples.checked(ids))
    mask: npt.NDArray[np.bool_] = np.isin(rows, [] if near is None else near.around(row, len(near.order)))
    return mask


def tell_group(
    campaign: _Open,
    example_id: Any,
    label: Any,
    members: Sequence[Any],
    *,
    annotator: str,
    key: str | None = None,
    told_at: Any = None,
    seconds: Any = None,
) -> Told:
    """Store one answer for a task and its near-duplicates.

    Parameters
    ----------
    example_id : int or str
        The task.
    label : class, list of classes
        The answer, for all of them.
    members : sequence of ids
        The near-duplicates that the person did not leave out.
    annotator : str
        Who answers.
    key, told_at, seconds
        As in `Campaign.tell`. The time of work is that of the task.

    Returns
    -------
    Told
        Of the labels stored; members of the audit have none.

    Raises
    ------
    IdError
        For unknown ids.
    ArgumentError
        For a label that is none of the campaign, without a name, and for members that are no near-duplicates of the
        task, are more than 50, or are given where a task needs several labels.

    Notes
    -----
    The members of the audit are assigned to the annotator first. After a crash the same call, with its key, does what
    is missing.
    """
    session, people = campaign._session, person_name(check_name(annotator, "annotator"))
    if not people:
        raise ArgumentError("`annotator`", wanted="be a name", got="none")
    settings = session.read_settings()
    as_given(settings.labels, [label], 1)  # refuses a label that is none
    ids = [example_id, *listed_values(members, "members")]
    if len(ids) > 1:
        check_one_label(settings.annotators_per_task, "members")
    with session.reading() as view:
        examples = session.examples(view)
        rows = examples.rows_of(examples.checked(ids))
        audited = _check_members(session, view, examples, rows)
    singly = [each for each, is_audited in zip(ids, audited.tolist(), strict=True) if is_audited]
    if singly:
        words = AUDIT + session.settings.labels.canonical(label)
        comments = telling.check_comments(session, singly, words, annotator=annotator, must_be_known=True)
        telling.tell(session, telling.without_answers(session, comments))
        assign(session, singly, annotator)
    told = [each for each, is_audited in zip(ids, audited.tolist(), strict=True) if not is_audited]
    request = telling.check_request(
        session,
        told,
        [label] * len(told),
        annotator=annotator,
        source=SOURCE,
        told_at=told_at,
        key=key,
        kind="tell",
        seconds=[seconds, *[None] * (len(told) - 1)],
    )
    return telling.tell(session, request)


def check_one_label(annotators_per_task: int, name: str) -> None:
    """Refuse groups where a task needs several labels. name: of the argument. Raises: ArgumentError."""
    if annotators_per_task > 1:
        raise ArgumentError(
            f"`{name}`",
            wanted="be given only in a campaign where a task needs one label",
            got=f"{annotators_per_task} labels a task (`annotators_per_task`)",
            remedy="Near-duplicates are in no batch: nobody would be asked for their other labels. Label each singly.",
        )


def group_audit(campaign: _Open) -> GroupAudit:
    """How right the labels of groups are.

    Returns
    -------
    GroupAudit

    Notes
    -----
    Cost: reads all comments, all labels, and the labels of the members of the audit.
    """
    session = campaign._session
    with session.reading(whole=True) as view:
        comments, people = view.read(CommentTable), People(view.read(PersonTable))
        labels = session.settings.labels
        asked: dict[tuple[int, str], str] = {}  # the last answer that a group had for each row and person
        for row, name, text in zip(
            comments.row.tolist(), comments.annotator.tolist(), comments.text.tolist(), strict=True
        ):
            if text.startswith(AUDIT):
                asked[row, people.name_of(name)] = text.removeprefix(AUDIT)
        stand = labels_of(view.read(LabelTable))
    own: dict[tuple[int, str], str] = {
        (row, people.name_of(name)): label
        for row, name, label, source in zip(
            stand.row.tolist(), stand.annotator.tolist(), stand.label.tolist(), stand.source.tolist(), strict=True
        )
        if source != SOURCE and (row, people.name_of(name)) in asked
    }
    right = sum(own[each] == labels.canonical(json.loads(asked[each])) for each in own)
    precision = precision_of(right, len(own), CONFIDENCE) if own else None
    return GroupAudit(int((stand.source == SOURCE).sum()), len(asked) - len(own), precision)


def _near(session: Session, view: View) -> NearDuplicates | None:
    near: NearDuplicates | None = session.kept_with_clusters(view, NearDuplicates.of)
    return near


def _free(session: Session, view: View, rows: Int64, annotator: str) -> Int64:
    """Those of these rows that nobody has labelled, has to label, or keeps for a purpose."""
    listed = rows.tolist()
    lease, label = view.read(LeaseTable, "row", listed), view.read(LabelTable, "row", listed)
    assignment, people = view.read(AssignmentTable, "row", listed), People(view.read(PersonTable))
    exclusion = view.read(ExclusionTable, "row", listed)
    word = view.read(AdjudicationTable, "row", listed)
    gold = gold_of(view.read(GoldTable)).row
    task = view.read(TaskTable, "row", listed)
    waiting = lease_rules.WaitingTasks(task, label, lease, assignment, gold, view.read(BatchTable), people)
    due = lease_rules.due(waiting, session.settings, people.name_of(annotator), session.now())
    taken = [
        *task.row[~due].tolist(),
        *label.row.tolist(),
        *assignment.row[assignment.active == 1].tolist(),
        *exclusion.row[exclusion.active == 1].tolist(),
        *word.row[word.active == 1].tolist(),
        *view.read(ControlTable, "row", listed).row.tolist(),
        *gold.tolist(),
    ]
    return rows[~np.isin(rows, taken)]


def _check_members(session: Session, view: View, examples: Examples, rows: Int64) -> npt.NDArray[np.bool_]:
    """(members + 1,) which of them the audit has: never the task itself, the first. Raises: ArgumentError."""
    near, members = _near(session, view), rows[1:]
    if len(members) > MOST_MEMBERS:
        raise ArgumentError("`members`", wanted=f"be {MOST_MEMBERS} at most", got=f"{len(members):,}")
    own = rows[:0] if near is None else near.around(int(rows[0]), len(near.order))
    odd = np.flatnonzero(~np.isin(members, own))
    if len(odd) or len(np.unique(rows)) < len(rows):
        first = examples.at(members[odd[:1]]).tolist() if len(odd) else ["one of them twice"]
        raise ArgumentError("`members`", wanted="be other near-duplicates of the task", got=shown(first[0]))
    words = id_words(session.founding.seed, "group audit", examples.texts_at(rows))
    is_drawn: npt.NDArray[np.bool_] = words < np.uint64(int(AUDIT_SHARE * 2**64))
    is_drawn[0] = False
    return is_drawn


for _function, _name in (
    (groups_of, "Reader.groups_of"),
    (are_near, "Reader.are_near"),
    (tell_group, "Campaign.tell_group"),
    (group_audit, "Reader.group_audit"),
):
    _function.__qualname__ = _name  # so Python's own errors name it as callers do
