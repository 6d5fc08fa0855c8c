"""The changes to the answers of a campaign beside telling labels: skips, comments, deletions, people."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ladle.campaign.lead import withdrawals
from ladle.campaign.lead.people import CampaignPeople
from ladle.campaign.lead.withdrawals import CampaignWithdrawals
from ladle.campaign.reader import Reader
from ladle.campaign.work import telling
from ladle.campaign.work.arguments import check_text
from ladle.errors import ArgumentError
from ladle.labelling.answers import Told


class Teller(Reader):
    """The methods of `Campaign` about answers and the people who give them."""

    __slots__ = ()

    def skip(
        self,
        ids: object,
        *,
        annotator: str | Sequence[str],
        reason: str | Sequence[str],
        source: str | Sequence[str] = "",
        key: str | None = None,
        told_at: Any = None,
        seconds: Any = None,
    ) -> Told:
        """Store that annotators cannot tell the labels of examples: answers without a label.

        Who has skipped an example is not asked for it again. A skip replaces the annotator's own earlier label, and a
        later label replaces the skip. An example with enough answers and too few labels is disputed.

        Parameters
        ----------
        ids : list or array of shape (s,)
            The examples.
        annotator, reason, source : str or sequence of str
            Who skips, why, and where that comes from: one for all, or one for each.
        key, told_at, seconds
            As in `Campaign.tell`.

        Returns
        -------
        Told

        Raises
        ------
        IdError, ShapeError, ArgumentError, MismatchError
            As `Campaign.tell`. ArgumentError also for an empty reason.
        """
        if isinstance(reason, str) and not reason.strip():
            raise ArgumentError("`reason`", wanted="say why", got="nothing")
        request = telling.check_skips(
            self._session,
            ids,
            annotator=annotator,
            reason=reason,
            source=source,
            key=key,
            told_at=told_at,
            seconds=seconds,
        )
        return telling.tell(self._session, request)

    def comment(self, ids: object, texts: str | Sequence[str], *, annotator: str | Sequence[str]) -> int:
        """Store comments on examples. The same comment of the same annotator again changes nothing.

        Parameters
        ----------
        ids : list or array of shape (c,)
            The examples, asked for or not.
        texts, annotator : str or sequence of str
            What is said, and by whom: one for all, or one for each.

        Returns
        -------
        int
            How many comments are new.

        Raises
        ------
        IdError, ShapeError, ArgumentError
            For unknown ids; when there is not one text for each id; for an empty text.
        """
        comments = telling.check_comments(self._session, ids, texts, annotator=annotator, must_be_known=True)
        return telling.tell(self._session, telling.without_answers(self._session, comments)).comments

    def delete_labels(
        self,
        ids: object = None,
        *,
        annotator: str | None = None,
        source: str | None = None,
        file: str | os.PathLike[str] | None = None,
        since: Any = None,
        until: Any = None,
        reason: str,
        key: str | None = None,
    ) -> int:
        """Delete current labels and skips. They stay on record, and each task is judged by its other answers.

        Parameters
        ----------
        ids : list or array, or boolean mask of shape (n,), optional
            Only those of these examples. Without it, one of the next arguments must say which are meant.
        annotator, source : str, optional
            Only those of this annotator, from this source.
        file : path, optional
            Only those that came in this file: its path, or its SHA-256.
        since, until : datetime with a time zone or seconds since 1970, optional
            Only those that were given at `since` or later, and before `until`.
        reason : str
            Why, for the audit log.
        key : str, optional
            Identifies the deletion, which is done once.

        Returns
        -------
        int
            How many labels and skips were deleted.

        Raises
        ------
        IdError, ArgumentError, NotFoundError
            For unknown ids; without a reason, or when nothing says which are meant; for a file that was never told, an
            annotator whom nobody knows and a source that no label has.
        MismatchError
            For a key of another deletion.
        """
        which = withdrawals.filter_of(
            self._session, annotator=annotator, source=source, file=file, since=since, until=until
        )
        key = check_text("" if key is None else key, "key")
        return withdrawals.delete_labels(self._session, ids, which=which, reason=reason, key=key).answers

    @property
    def people(self) -> CampaignPeople:
        """The people who label: list them, merge two names of one person, rename a person, set a team."""
        return CampaignPeople(self._session)

    @property
    def withdrawals(self) -> CampaignWithdrawals:
        """What can be taken back beside labels: whole files, entries of the quarantine, gold."""
        return CampaignWithdrawals(self._session)
