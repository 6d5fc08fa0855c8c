"""`Reader.figures`, `Reader.progress` and the pages of `Reader`: quick whatever the size of the campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ladle.campaign.overview import mapping, paging
from ladle.campaign.overview.figures import figures
from ladle.campaign.overview.paging import MOST_ROWS, TaskFilter
from ladle.campaign.overview.progress import progress
from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import LONGEST_REASON, check_name, check_text
from ladle.errors import ArgumentError
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import CommentTable
from ladle.labelling.figures import Figures, Progress
from ladle.labelling.labels import Labels
from ladle.labelling.pages import Page
from ladle.labelling.people import person_name
from ladle.numbers import shown, switch, whole


class _Open(Protocol):
    """An open campaign."""

    _session: Session


def figures_of(campaign: _Open) -> Figures:
    """How far the campaign has come, in counts that are kept in the store.

    Returns
    -------
    Figures

    Raises
    ------
    CorruptFileError
        When one of the counts was changed or lost.

    Notes
    -----
    Cost: no task and no label is read: some milliseconds, whatever the size of the campaign. `verify` compares the kept
    counts with tasks and labels.
    """
    session = campaign._session
    with session.reading() as view:
        return figures(view, session.settings, session.now())


def progress_of(campaign: _Open, *, people: bool | None = None) -> Progress:
    """How far the campaign has come.

    Parameters
    ----------
    people : bool, optional
        Whether the figures of people and of the control are read too, and the speed to the second. By default where
        the campaign has at most 100,000 labels. `Progress.not_read` names what is left out.

    Returns
    -------
    Progress

    Raises
    ------
    ArgumentError
        When `people` is no bool.
    CorruptFileError
        When rows that are read, or counts, were changed or lost.

    Notes
    -----
    Cost: reads the kept counts; with the people all tasks and labels.
    """
    session, people = campaign._session, switch(people, "`people`", undecided=True)
    with session.reading() as view:
        return progress(session, view, session.now(), people=people)


def task_page_of(
    campaign: _Open,
    *,
    state: str | None = None,
    batch: int | None = None,
    annotator: str | None = None,
    label: Any = None,
    assigned_to: str | None = None,
    cluster: int | None = None,
    comment: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page:
    """The next tasks that pass all filters.

    Parameters
    ----------
    state : {"open", "labelled", "disputed", "excluded"}, optional
        A gold example in dispute is labelled. Tasks of no batch that wait for nobody are among the open ones.
    batch : int, optional
        The number of a batch; 0 for tasks that no ask has chosen.
    annotator : str, optional
        Who has a current answer, a label or a skip.
    label : label of the campaign, optional
        What a current answer says; with `annotator`, that of this one.
    assigned_to : str, optional
        The person or team of an assignment that stands, answered or not.
    cluster : int, optional
        The number of a cluster, as `CampaignMap.clusters` has them: tasks of its members.
    comment : str, optional
        The text of a comment that somebody wrote on the example; "" for any comment.
    after : str, optional
        The `next` of the page before, with the same filters.
    limit : int, default 100
        How many rows at most, up to 10,000.

    Returns
    -------
    Page
        One row for each task: id, row, state (as `Reader.outstanding`, and "unasked" for one that waits for nobody),
        batch, round (both 0 for none), order (its place in the batch), labels (a dict, by annotator; None for a skip),
        taken_by (who has a lease now), assigned_to (for whom it is kept). By row of the pool with `annotator`, `label`,
        `assigned_to`, `cluster` or `comment`, and without any filter; else by batch and row.

    Raises
    ------
    ArgumentError
        For a state that there is not, a value that is no label of the campaign, a cluster that there is not, another
        `after`.

    Notes
    -----
    Each page is of its own moment: a task that changes meanwhile may be on two pages, or on none. With several filters
    a page may be short, even empty, before the end: it looks at about a thousand tasks that pass one of them. Cost: the
    rows of the page; with `cluster` a cut of the tree, with `comment` all comments. A task whose row is lost is not
    noticed here: `verify` notices it, and so do the calls that read all tasks.
    """
    session, size, start = campaign._session, _size(limit), _cursor(after)
    given = _Filters(state, batch, annotator, label, assigned_to, cluster, comment)
    with session.reading() as view:
        return paging.task_page(view, _task_filter(session, view, given), start, size, session.now())


def task_total_of(
    campaign: _Open,
    *,
    state: str | None = None,
    batch: int | None = None,
    annotator: str | None = None,
    label: Any = None,
    assigned_to: str | None = None,
    cluster: int | None = None,
    comment: str | None = None,
) -> int | None:
    """How many tasks pass all filters, where that is known without reading them.

    Parameters
    ----------
    state, batch, annotator, label, assigned_to, cluster, comment
        As in `Reader.task_page`.

    Returns
    -------
    int or None
        None with `annotator`, `label` or `assigned_to`, and with a cluster or comments of more than 10,000 examples.

    Raises
    ------
    ArgumentError
        As `Reader.task_page`.

    Notes
    -----
    Cost: the kept counts of tasks; with `cluster` or `comment` as `Reader.task_page`, and the tasks that pass.
    """
    session = campaign._session
    given = _Filters(state, batch, annotator, label, assigned_to, cluster, comment)
    with session.reading() as view:
        return paging.task_total(view, _task_filter(session, view, given))


def resolved_page_of(
    campaign: _Open, *, batch: int | None = None, label: Any = None, after: str | None = None, limit: int = 100
) -> Page:
    """The next resolved labels that pass all filters: what a model trains on.

    Parameters
    ----------
    batch : int, optional
        The number of a batch; 0 for examples that no ask has chosen.
    label : label of the campaign, optional
        The resolved label.
    after : str, optional
        The `next` of the page before, with the same filters.
    limit : int, default 100
        How many rows at most, up to 10,000.

    Returns
    -------
    Page
        One row for each example, as `Reader.resolved`: by row of the pool with `label`, else by batch and row.

    Raises
    ------
    ArgumentError
        For a value that is no label of the campaign, another `after`.

    Notes
    -----
    Each page is of its own moment, and may be short before the end, as in `Reader.task_page`. Cost: the rows of the
    page and all gold examples. Under "dawid-skene", which estimates all labels together, each page reads all labels.
    """
    session, size, start = campaign._session, _size(limit), _cursor(after)
    number = None if batch is None else whole(batch, "`batch`", least=0)
    with session.reading() as view:
        said = None if label is None else _canonical(session.settings.labels, label)
        return paging.resolved_page(view, session.settings, batch=number, label=said, after=start, limit=size)


@dataclass(frozen=True, slots=True)
class _Filters:
    """The filters of tasks as callers give them."""

    state: str | None
    batch: int | None
    annotator: str | None
    label: Any
    assigned_to: str | None
    cluster: int | None
    comment: str | None


def _task_filter(session: Session, view: View, given: _Filters) -> TaskFilter:
    """The filters of a call, checked, in the words of tables. Raises: ArgumentError."""
    who, to = (
        None if each is None else person_name(check_name(each, name))
        for each, name in ((given.annotator, "annotator"), (given.assigned_to, "assigned_to"))
    )
    number = None if given.batch is None else whole(given.batch, "`batch`", least=0)
    return TaskFilter(
        state=None if given.state is None else paging.state_number(given.state),
        batch=number,
        annotator=None if who is None else paging.person_filter(view, who),
        label=None if given.label is None else _canonical(session.settings.labels, given.label),
        assigned_to=to,
        rows=_rows_wanted(session, view, given),
    )


def _rows_wanted(session: Session, view: View, given: _Filters) -> Int64 | None:
    """The rows of a cluster, and of examples with a comment; None for all. Raises: ArgumentError."""
    rows: Int64 | None = None
    if given.cluster is not None:
        rows = mapping.members_of(session.clusters(view), session.settings, whole(given.cluster, "`cluster`", least=0))
    if given.comment is not None:
        text = check_text(given.comment, "comment", longest=LONGEST_REASON)
        noted = np.unique(view.read(CommentTable, *(("text", [text]) if text else ())).row)
        rows = noted if rows is None else np.intersect1d(rows, noted)
    return rows


def label_page_of(campaign: _Open, *, after: str | None = None, limit: int = 10_000) -> Page:
    """The next labels and skips, in the order in which they came: all of them without holding all in memory.

    Parameters
    ----------
    after : str, optional
        The `next` of the page before.
    limit : int, default 10,000
        How many rows at most, up to 10,000.

    Returns
    -------
    Page
        One row for each version of an answer, as `Reader.labels`. All pages together are of one moment, that of the
        first page: what is told afterwards is not in them.

    Raises
    ------
    MismatchError
        When what was there was changed since the first page, not only added to: labels deleted, people or classes
        merged, examples asked for or decided. Begin again.
    ArgumentError
        For another `after`.

    Notes
    -----
    Cost: the rows of the page. No lock is held between two pages, so nobody waits.
    """
    session, size, start = campaign._session, _size(limit), _cursor(after)
    with session.reading() as view:
        return paging.label_page(view, start, size)


def audit_page_of(campaign: _Open, *, after: str | None = None, limit: int = 100) -> Page:
    """The next changes of the campaign, the newest first.

    Parameters
    ----------
    after : str, optional
        The `next` of the page before.
    limit : int, default 100
        How many rows at most, up to 10,000.

    Returns
    -------
    Page
        One row for each event, as `Reader.audit`. Cost: the rows of the page.

    Raises
    ------
    ArgumentError
        For another `after`.
    """
    session, size, start = campaign._session, _size(limit), _cursor(after)
    with session.reading() as view:
        return paging.audit_page(view, start, size)


def quarantine_page_of(campaign: _Open, *, open_only: bool = True, after: str | None = None, limit: int = 100) -> Page:
    """The next entries of the quarantine, in the order in which they came.

    Parameters
    ----------
    open_only : bool, default True
        Whether closed entries are left out.
    after : str, optional
        The `next` of the page before, with the same `open_only`.
    limit : int, default 100
        How many rows at most, up to 10,000.

    Returns
    -------
    Page
        One row for each entry, as `Reader.quarantine`. Cost: the rows of the page.

    Raises
    ------
    ArgumentError
        For another `after`.
    """
    session, size, start = campaign._session, _size(limit), _cursor(after)
    is_open = switch(open_only, "`open_only`")
    with session.reading() as view:
        return paging.quarantine_page(session, view, start, size, is_open=is_open)


for _function, _name in (
    (figures_of, "figures"),
    (progress_of, "progress"),
    (task_page_of, "task_page"),
    (task_total_of, "task_total"),
    (resolved_page_of, "resolved_page"),
    (label_page_of, "label_page"),
    (audit_page_of, "audit_page"),
    (quarantine_page_of, "quarantine_page"),
):
    _function.__qualname__ = f"Reader.{_name}"  # so Python's own errors name it as callers do


def _size(limit: object) -> int:
    return whole(limit, "`limit`", least=1, most=MOST_ROWS)


def _cursor(after: object) -> str | None:
    if after is not None and (not isinstance(after, str) or len(after) > 100):
        raise ArgumentError("`after`", wanted="be the `next` of an earlier page", got=shown(after)[:80])
    return after


def _canonical(kind: Labels, label: object) -> str:
    """A label as tables have it. Raises: ArgumentError for a value that is none."""
    written, refused = kind.all_canonical([label])
    if refused:
        raise ArgumentError("`label`", wanted="be a label of the campaign", got=refused[0])
    return str(written[0])
