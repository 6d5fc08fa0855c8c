"""Changing what belongs to the campaign: exclusions, gold, deleted labels, a grown pool, models."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladle import durable
from ladle.arraylikes import as_array
from ladle.campaign.creation import check_tree, kept_ids, pool_part, without_cuts
from ladle.campaign.damage import newest_part
from ladle.campaign.session import Desk
from ladle.campaign.telling import LONGEST_REASON, canonical, check_text, known_of
from ladle.errors import ArgumentError, FileError, MismatchError
from ladle.labelling import pool_rules, tell_rules
from ladle.labelling.columns import Int64
from ladle.labelling.events import Act, Effects, before, digest_of, next_number, record
from ladle.labelling.pool_rules import Named
from ladle.labelling.settings import check_count
from ladle.labelling.states import LABELLED
from ladle.labelling.tables import Artefact, Batch, Event, Exclusion, Gold, Model, PoolPart, Task
from ladle.pool import Pool
from ladle.pool.ids.example_ids import Ids
from ladle.pool.ids.named_rows import find_rows_named
from ladle.progress import Reporter

if TYPE_CHECKING:
    from ladle.hac import Dendrogram


def named(desk: Desk, ids: object) -> Named:
    """The examples of these ids, each once, or of a boolean mask of the pool. Raises: as `find_rows_named`."""
    with desk.reading() as view:
        examples = desk.examples(view)
    rows = find_rows_named(list(ids) if isinstance(ids, Set) else ids, examples.ids, name="`ids`")
    return Named(rows, examples.texts_at(rows))


def exclude(desk: Desk, ids: object, reason: str) -> int:
    """Exclude examples: how many that were not."""
    if not check_text(reason, "reason", longest=LONGEST_REASON):
        raise ArgumentError("`reason`", wanted="say why", got="nothing")
    chosen, at = named(desk, ids), desk.now()
    with desk.writing() as writer:
        exclusions = writer.read(Exclusion, "row", chosen.row.tolist())
        effects = pool_rules.exclude(chosen, exclusions, known_of(writer, chosen.row, at), reason=reason)
        if effects:
            record(writer, Act("exclude", at), effects)
    return int(effects.told["excluded"])


def include(desk: Desk, ids: object) -> int:
    """End exclusions: how many there were."""
    chosen, at = named(desk, ids), desk.now()
    with desk.writing() as writer:
        exclusions = writer.read(Exclusion, "row", chosen.row.tolist())
        effects = pool_rules.include(desk.settings, exclusions, known_of(writer, chosen.row, at))
        if effects:
            record(writer, Act("include", at), effects)
    return int(effects.told["included"])


def delete_labels(desk: Desk, ids: object, *, annotator: str | None, reason: str, key: str) -> int:
    """Delete current labels: how many."""
    if not check_text(reason, "reason", longest=LONGEST_REASON):
        raise ArgumentError("`reason`", wanted="say why", got="nothing")
    chosen, at = named(desk, ids), desk.now()
    act = Act("delete", at, annotator or "", key, digest_of(chosen.row, annotator, reason))
    with desk.writing() as writer:
        told = before(writer, act)
        if told is not None:
            return int(told["deleted"])
        effects = tell_rules.delete(desk.settings, known_of(writer, chosen.row, at), annotator=annotator, reason=reason)
        if effects or key:
            record(writer, act, effects)
    return int(effects.told["deleted"])


def add_gold(desk: Desk, ids: object, labels: object) -> int:
    """Add gold: how many examples that were not. Raises: ArgumentError for what is no label; nothing is added then."""
    with desk.reading() as view:
        examples = desk.examples(view)
    asked = examples.checked(ids)
    rows, written = examples.rows_of(asked), canonical(desk.settings.labels, labels, len(asked))
    order = np.argsort(rows)
    chosen = Named(rows[order], examples.texts_at(rows[order]))
    if len(np.unique(rows)) < len(rows):
        raise ArgumentError("`ids`", wanted="name each example once", got="one of them twice")
    with desk.writing() as writer:
        gold = writer.read(Gold, "row", rows.tolist())
        effects = pool_rules.gild(chosen, written[order], gold, event=next_number(writer, Event))
        if effects:
            record(writer, Act("gold", desk.now()), effects)
    return int(effects.told["gold"])


def record_model(
    desk: Desk,
    version: str,
    metrics: Mapping[str, Any] | None,
    scores: str | os.PathLike[str] | None,
    number: int | None,
) -> int:
    """Record a version of the model: the examples labelled when it was."""
    if not check_text(version, "version"):
        raise ArgumentError("`version`", wanted="name the model", got="nothing")
    number = None if number is None else check_count(number, "round", least=1)
    text, path = pool_rules.check_metrics(metrics), "" if scores is None else str(Path(scores).absolute())
    digest = _score_digest(Path(path)) if path else ""
    with desk.writing() as writer:
        batches, at = writer.read(Batch), desk.now()
        if number is not None and number not in batches.round:
            raise ArgumentError("`round`", wanted=f"be one of the {len(batches):,} rounds", got=repr(number))
        of_round = int(batches.round.max(initial=0)) if number is None else number
        labelled = int((writer.read(Task).state == LABELLED).sum())
        counted = (next_number(writer, Model), version, at, of_round, labelled)
        row = Model.of([(*counted, text, path, digest, next_number(writer, Event))])
        effects = pool_rules.model(row, writer.read(Model))
        if effects:
            record(writer, Act("model", at), effects)
    return int(effects.told["labelled"])


def extend(desk: Desk, pool: Pool, tree: Any, progress: Reporter) -> int:
    """The pool has grown: by how many examples. Raises: MismatchError when it did not begin as it was."""
    with desk.reading() as view:
        part, artefacts = newest_part(view), view.read(Artefact)
    grown = pool.rows - int(part.rows[0])
    if grown == 0 and pool.digest == part.digest[0] and pool.dim == part.dim[0]:
        return 0
    _check_grown(pool, part)
    number = int(part.number[0]) + 1
    clusters = _grown_clusters(desk, pool, artefacts, number, tree, progress)
    with desk.writing() as writer:
        if int(newest_part(writer).number[0]) != number - 1:
            raise MismatchError("the pool", wanted="stay as it is while it is extended", got="another extension")
        event = next_number(writer, Event)
        fresh = pool_part(pool, number, event)
        names = kept_ids(desk.files, fresh, pool)
        if clusters is not None:
            names.append(desk.files.keep_clusters(clusters, number))
        added = Artefact.of([desk.files.artefact(name, event) for name in names])
        told = {"pool": pool.source, "examples": pool.rows, "new": grown}
        record(writer, Act("extend", desk.now()), Effects(added=(fresh, added), told=told))
    desk.pool = pool
    return grown


def _check_grown(pool: Pool, part: PoolPart) -> None:
    begins = pool.rows > int(part.rows[0]) and Ids(pool.ids.slice(0, int(part.rows[0]))).digest == part.digest[0]
    if not begins or pool.dim != part.dim[0]:
        raise MismatchError(
            f"the pool {pool.source}",
            wanted=f"begin with the campaign's {int(part.rows[0]):,} examples of dim {int(part.dim[0])}, in order",
            got=f"{pool.rows:,} examples of dim {pool.dim}, other ones or in another order",
            remedy="Append new examples at the end.",
        )


def _grown_clusters(
    desk: Desk, pool: Pool, artefacts: Artefact, number: int, tree: Any, progress: Reporter
) -> Dendrogram | Int64 | None:
    """Clusters of the grown pool: those given, or the tree's with the newcomers assigned to them."""
    from ladle import strategies
    from ladle.hac import Dendrogram

    settings = desk.settings
    if isinstance(tree, (str, Path)):
        tree = Dendrogram.load(tree)
    if tree is not None:
        tree = tree if isinstance(tree, Dendrogram) else as_array(tree, "tree")
        check_tree(tree, pool, progress)
        return tree  # type: ignore[no-any-return]
    known = desk.files.tree(artefacts, number - 1)
    if known is None:
        if strategies.describe(settings.strategy).takes_tree != "yes":
            return None
        raise ArgumentError(
            "`tree`", wanted="be the clusters of the grown pool", got="none, and the campaign's own are no tree to grow"
        )
    cut = {name: value for name, value in settings.options.items() if name not in without_cuts(settings.options)}
    embeddings = pool.embeddings()
    wanted = f"begin with the {known.n:,} examples that the campaign's tree was made from"
    known.origin.check(embeddings[: known.n], subject="the grown pool", wanted=wanted, progress=progress)
    newcomers = embeddings[known.n :]
    labels = known.assign(newcomers, seed=settings.seed, progress=progress, **cut).labels
    grown: Int64 = np.concatenate([known.cut(**cut), labels])
    return grown


def _score_digest(path: Path) -> str:
    if not path.is_file():
        raise FileError(f"the scores {path}", wanted="be a file", got="no such file")
    return durable.file_digest(path)
