"""`Campaign`: ask for labels, tell them, over weeks, while people and machines fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from ladle.campaign import creation, groups, whole_round
from ladle.campaign.editor import Editor
from ladle.campaign.lead import settings_changes
from ladle.campaign.lead.classes import Classes
from ladle.campaign.session.clocks import Clock
from ladle.campaign.session.examples import as_pool
from ladle.campaign.session.session import Database
from ladle.campaign.whole_round import RoundRequest
from ladle.campaign.work import asking, rounds, telling
from ladle.campaign.work.arguments import check_text
from ladle.campaign.work.label_files import tell_file
from ladle.campaign.work.rounds import RoundResult
from ladle.formats import LabelFile, read_labels
from ladle.labelling.answers import Batch, Told
from ladle.labelling.labels import Class, Labels
from ladle.labelling.settings import Settings
from ladle.numbers import mapping, switch
from ladle.progress import SILENT, Reporter, reporter

Arrays = Mapping[str, npt.ArrayLike | None]


class Campaign(Editor):
    """A labelling campaign in a database.

    `create` makes one, and `open` opens it again. `close` it, or use it in a `with` block. Methods that change nothing
    are in `Reader`; skips, comments and people are in `Teller`; changes beside asking and telling are in `Editor`.

    Notes
    -----
    Every change is durable before its method returns, and is written completely or not at all. Any number of processes
    may work on one campaign at a time. Every method may raise StoreError (the database fails), StoreBusyError (others
    keep it locked for too long) and CorruptFileError (what is read is not what was written).
    """

    __slots__ = ()

    # The function takes the campaign as its first argument. It stands with its rules, because this file is long.
    set = settings_changes.set_settings
    tell_group = groups.tell_group

    @property
    def classes(self) -> Classes:
        """The classes of the campaign, which can be added to, removed, renamed and merged."""
        return Classes(self._session)

    @classmethod
    def create(
        cls,
        url: Database,
        *,
        name: str,
        pool: object,
        strategy: str = "cluster-margin",
        options: Mapping[str, Any] | None = None,
        tree: Any = None,
        labels: Labels | Iterable[Class] | None = None,
        budget: int | None = None,
        price: float | None = None,
        currency: str = "",
        annotators_per_task: int = 1,
        agreement: str = "majority",
        gold_accuracy: float = 0.8,
        control: float = 0.0,
        seed: int = 0,
        lease_seconds: float = 7 * 24 * 3600,
        files: str | None = None,
        clock: Clock | None = None,
        by: str = "",
        progress: Reporter = SILENT,
    ) -> Campaign:
        """Create a campaign.

        Parameters
        ----------
        url : str, path or Store
            The path of a SQLite file, `sqlite:///birds.db`, `postgresql://user@host/database`, or a `Store`.
        name : str
            The name of the campaign in this database.
        pool : Pool or argument of `ladle.open_pool`
            The examples. They stay where they are.
        strategy : str, default "cluster-margin"
            One of `ladle.strategies.names()`.
        options : mapping, optional
            The options of the strategy.
        tree : Dendrogram, path or array of shape (n,), optional
            The clusters of the pool: a dendrogram, the path of one, or flat clusters. Without it, the pool is clustered
            at a mean size of 10 if the strategy needs clusters.
        labels : Labels or iterable of classes, optional
            The labels to accept: classes, or `Labels.single`, `.multi` or `.value`. None accepts any class.
        budget : int, optional
            How many labels may be paid for and reserved; None for no limit.
        price : float, optional
            What a label costs.
        currency : str, default ""
            The word for what the price is in.
        annotators_per_task : int, default 1
            How many annotators label each example.
        agreement, gold_accuracy, seed
            As in `Settings`.
        control : float, default 0
            The share of every batch that is drawn uniformly from the pool, such as 0.05, for honest estimates: see
            docs/campaign.md.
        lease_seconds : float, default 7 days
            How long a batch is leased: the time until its unlabelled examples may be chosen again.
        files : str, optional
            The folder of the campaign's files; by default beside the database, `birds.db.files/NAME`.
        clock : callable, optional
            Returns seconds since 1970, UTC; by default the clock of the PostgreSQL, otherwise of this machine.
        by : str, optional
            Who acts, for the log; by default LADLE_USER or the user of the system.
        progress : Reporter, optional
            Receives the progress of a clustering.

        Returns
        -------
        Campaign

        Raises
        ------
        ArgumentError
            For an argument that is out of range or does not fit the others.
        MismatchError
            When a campaign of this name has other settings or another pool.
        FileError
            For a file that cannot be read or written. Also what `ladle.open_pool` and `ladle.cluster` raise.

        Notes
        -----
        Cost: a pass over the ids of the pool, and a clustering where one is needed. Repeats: the same call again opens
        the campaign; after a crash it continues the clustering.
        """
        settings = Settings(
            name=name,
            strategy=strategy,
            labels=Labels.of(labels),
            options=mapping(options, "`options`"),
            budget=budget,
            annotators_per_task=annotators_per_task,
            agreement=agreement,
            gold_accuracy=gold_accuracy,
            seed=seed,
            lease_seconds=lease_seconds,
            files="" if files is None else files,
            price=price,
            currency=currency,
            control=control,
        )
        plan = creation.NewCampaign(settings, as_pool(pool), tree, clock, reporter(progress), by)
        return cls(creation.create(url, plan))

    def ask(
        self,
        size: int,
        *,
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | None = None,
        votes: npt.ArrayLike | None = None,
        key: str | None = None,
        holder: str = "",
        lease_seconds: float | None = None,
        model: str | None = None,
        scores_digest: str | None = None,
        gold: int = 0,
        binary: bool = False,
        normalise: bool = False,
        progress: Reporter = SILENT,
    ) -> Batch:
        """Choose the examples to label next, as a new round under a lease.

        Examples are free unless they are labelled, disputed, excluded, gold or under a lease. An example whose lease
        has expired may be chosen again; its task then moves to this batch.

        Parameters
        ----------
        size : int
            How many examples to choose.
        probabilities : array of shape (n, c), optional
            The model's probabilities for the whole pool, in row order, for the classes of the campaign.
        margins : array of shape (n,), optional
            Margins in place of probabilities, see `ladle.margin`.
        embeddings : array of shape (n, dim), optional
            For strategies that read them. A pool that can be opened need not be given.
        votes : array of shape (n, t), optional
            The class that each of t passes predicted, for strategies that read them.
        key : str, optional
            Identifies the ask. The same ask under its key returns the same batch and renews its lease.
        holder : str, default ""
            Who has the batch.
        lease_seconds : float, optional
            How long the batch is leased; by default as in `create`.
        model : str, optional
            The version of the model that made the scores. Where the ask was made without it, it is recorded then.
        scores_digest : str, optional
            The digest of the score file, which is compared under a key; by default that of the arrays.
        gold : int, default 0
            How many gold examples to add, at random places.
        binary, normalise : bool, default False
            How to read the probabilities, see `ladle.margin`.
        progress : Reporter, optional
            Receives the progress of the strategy.

        Returns
        -------
        Batch

        Raises
        ------
        ArgumentError
            When fewer examples are free, or the budget is exceeded.
        MismatchError
            For a key of another ask, or of one with another model, and for arrays of another length than the pool.

        Notes
        -----
        Cost: that of the strategy, which may raise too. Repeats: the choice depends on the seed of the campaign, the
        number of the round, the scores, and which examples are free.
        """
        request = asking.check_request(
            self._session,
            size,
            arrays={"probabilities": probabilities, "margins": margins, "embeddings": embeddings, "votes": votes},
            binary=binary,
            normalise=normalise,
            gold=gold,
            key=key,
            holder=holder,
            lease_seconds=lease_seconds,
            model=model,
            scores_digest=scores_digest,
            progress=progress,
        )
        return rounds.noted(self._session, asking.ask(self._session, request))

    def tell(
        self,
        ids: object,
        labels: object,
        *,
        annotator: str | Sequence[str] = "",
        key: str | None = None,
        source: str | Sequence[str] = "",
        told_at: Any = None,
        seconds: Any = None,
    ) -> Told:
        """Store labels.

        The same label of the same annotator again changes nothing. Another label is a new version. Of the two, the one
        that was given later stands; at the same time, the one that comes later. Two different labels of one annotator
        for one example in one call stand so too, with a notice that counts them; in a file they are refused. Labels of
        examples that no ask has chosen are stored too. Unknown ids, and values that are no label of the campaign, go to
        quarantine with a reason.

        Parameters
        ----------
        ids : list or array of shape (l,)
            Example ids; an id may occur several times.
        labels : list or array of shape (l,)
            One label for each id, in the order in which they were given.
        annotator, source : str or sequence of str, default ""
            One for all labels, or one for each. Names of annotators are trimmed and written in Unicode's form NFC.
        key : str, optional
            Identifies the tell. The same tell under its key is stored once.
        told_at : datetime with a time zone, seconds since 1970, or a sequence of them, optional
            When the labels were given; None stands for now. A time still to come, by more than five minutes, is said.
        seconds : float or sequence of float, optional
            How long the annotator worked on each label; None where that is unknown.

        Returns
        -------
        Told

        Raises
        ------
        IdError
            For ids of another kind than the pool's.
        ShapeError
            When there is not one label for each id.
        ArgumentError
            For values that are no list, text or time, and a time more than a year ahead. For labels without an
            annotator, where several people label each example.
        MismatchError
            For a key of another tell.

        Notes
        -----
        Cost: about 20 microseconds for each label.
        """
        request = telling.check_request(
            self._session,
            ids,
            labels,
            annotator=annotator,
            source=source,
            told_at=told_at,
            key=key,
            kind="tell",
            seconds=seconds,
        )
        return telling.tell(self._session, request)

    def import_labels(
        self,
        ids: object,
        labels: object,
        *,
        source: str | Sequence[str],
        annotator: str | Sequence[str] = "",
        key: str | None = None,
        told_at: Any = None,
    ) -> Told:
        """Store labels that were made elsewhere, for examples that were asked for or not.

        Parameters
        ----------
        ids, labels, annotator, key, told_at
            As in `tell`.
        source : str or sequence of str
            Where they were made: one for all, or one for each.

        Returns
        -------
        Told

        Raises
        ------
        IdError, ShapeError, ArgumentError, MismatchError
            As `tell`.
        """
        request = telling.check_request(
            self._session, ids, labels, annotator=annotator, source=source, told_at=told_at, key=key, kind="import"
        )
        return telling.tell(self._session, request)

    def tell_file(
        self,
        file: LabelFile | str | os.PathLike[str],
        *,
        annotator: str = "",
        source: str = "",
        key: str | None = None,
        imported: bool = False,
    ) -> Told:
        """Store the labels, skips and comments of a file.

        The same file is stored once, however often the call is repeated, while all of it stands. Once something of it
        was changed or deleted, the file is news: it is told again, and stands again.

        Parameters
        ----------
        file : LabelFile or path
            What `ladle.formats.read_labels` returns, or a file that it reads with the `form` of the campaign.
        annotator, source : str, default ""
            For the labels that have none in the file.
        key : str, optional
            Identifies the tell, which is then done once. By default the content of the file does.
        imported : bool, default False
            Whether the labels were made elsewhere, as in `import_labels`.

        Returns
        -------
        Told

        Raises
        ------
        FileError, FileFormatError, DataError
            As `ladle.formats.read_labels`. Also what `tell` raises.
        IdError
            For a line of a batch whose id is not that of its row.
        """
        if not isinstance(file, LabelFile):
            file = read_labels(file, form=self.form)
        imported = switch(imported, "`imported`")
        return tell_file(self._session, file, annotator=annotator, source=source, key=key, imported=imported)

    def round(
        self,
        size: int,
        *,
        labels: Iterable[LabelFile | str | os.PathLike[str]] = (),
        annotator: str = "",
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | None = None,
        votes: npt.ArrayLike | None = None,
        read_scores: Callable[[], Arrays] | None = None,
        scores: str | os.PathLike[str] | None = None,
        scores_digest: str | None = None,
        scores_reading: tuple[object, ...] | None = None,
        model: str | None = None,
        metrics: Mapping[str, float] | None = None,
        gold: int = 0,
        holder: str = "",
        lease_seconds: float | None = None,
        binary: bool = False,
        normalise: bool = False,
        go_on: bool = False,
        progress: Reporter = SILENT,
    ) -> RoundResult:
        """Tell the labels that came back, check the campaign, record the model and ask for the next batch.

        Each step is durable before the next one begins. After a failure, repeat the same call: the steps that are done
        are found by the content of their files, and only the others are done. `ladle campaign round` makes this call:
        with `scores`, either finishes what the other began. Arrays alone cannot be compared with a file.

        Parameters
        ----------
        size : int
            How many examples to choose.
        labels : iterable of LabelFile or path, default ()
            The files of labels that came back. All are read before the first one is told.
        annotator : str, default ""
            For the labels that have no annotator in their file.
        probabilities, margins, embeddings, votes : array, optional
            As in `ask`.
        read_scores : callable, optional
            Returns these arrays by name. It is called only if the batch does not exist yet.
        scores : path, optional
            The file of the scores. It identifies the round and is not read: give its numbers as arrays too.
        scores_digest : str, optional
            Identifies the scores; by default the digest of the file `scores`, otherwise of the arrays.
        scores_reading : tuple, optional
            How the file was read: logits, margins, column, id column, and the words of other options. It identifies
            the round too. By default as the arrays, `binary` and `normalise` say. Needed where the command named
            columns, as in `(False, False, "p", "id")`, and for a command that is to finish a round of logits.
        model : str, optional
            The version of the model, which is recorded before the ask.
        metrics : mapping of str to float, optional
            The metrics of the model, as in `record_model`.
        gold, holder, lease_seconds, binary, normalise, progress
            As in `ask`.
        go_on : bool, default False
            Whether to ask though all labels of a file went to quarantine.

        Returns
        -------
        RoundResult

        Raises
        ------
        ArgumentError
            For metrics without a model, for scores given twice, and for a path of scores without their numbers. Also
            for a new batch by arrays alone, while the last round came from a file and none of its batch is labelled.
        MismatchError
            For a file that was told before and does not stand any more, while the batch of this round does not exist.
            For the same round with another model. A model that was not named before is recorded for its batch.
        QuarantinedError
            When all labels of a file went to quarantine. What was told stays told, and nothing is asked.
        CorruptFileError
            When the campaign does not pass its integrity check. Then nothing is asked.

        Notes
        -----
        Errors of `ask`, `tell_file` and `record_model` pass through. Cost: that of `verify`, then that of the strategy.
        """
        size, gold = asking.check_words(self._session, size, gold, holder, model, lease_seconds)
        given = {"probabilities": probabilities, "margins": margins, "embeddings": embeddings, "votes": votes}
        rounds.check_arguments(given, read_scores, model, metrics)
        listed = rounds.listed_files(labels)
        request = RoundRequest(
            size=size,
            gold=gold,
            files=[each if isinstance(each, LabelFile) else read_labels(each, form=self.form) for each in listed],
            annotator=check_text(annotator, "annotator"),
            given=given,
            read_scores=read_scores,
            scores=scores,
            scores_digest=None if scores_digest is None else check_text(scores_digest, "scores_digest"),
            scores_reading=rounds.checked_reading(scores_reading),
            model=model,
            metrics=metrics,
            holder=holder,
            lease_seconds=lease_seconds,
            binary=switch(binary, "`binary`"),
            normalise=switch(normalise, "`normalise`"),
            go_on=switch(go_on, "`go_on`"),
            progress=reporter(progress),
        )
        return whole_round.run(self, self._session, request)
