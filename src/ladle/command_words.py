"""Errors in the words of the command line: options and commands in place of Python's arguments and methods.

The rooms below name arguments in backticks, such as `size`, and methods, such as Campaign.extend. A user of commands
has neither. One table says what each is called on the command line; an option that the command does not have gets plain
words. Names of columns in files stand in backticks too, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ladle.errors import LadleError

# Python's name of an argument -> its option, and what it is called where the command has no such option.
ARGUMENTS: dict[str, tuple[str, str]] = {
    "agreement": ("--agreement", "the rule of agreement"),
    "annotator": ("--annotator", "the annotator"),
    "annotators_per_task": ("--annotators", "the people for each example"),
    "answered": ("--answered", "whether to close answered entries alone"),
    "assignee": ("--to", "who it is assigned to"),
    "binary": ("--binary", "binary scores"),
    "budget": ("--budget", "the budget"),
    "by": ("--by", "who acts"),
    "checkpoint": ("--checkpoint", "the checkpoint"),
    "clusters": ("--tree", "the clusters"),
    "column": ("--column", "the columns of scores"),
    "currency": ("--currency", "the currency"),
    "disputed": ("--disputed", "disputed examples alone"),
    "embedding": ("--embedding", "the column of the vectors"),
    "embeddings": ("", "the embeddings"),
    "empty": ("--empty-lists", "what an empty list says"),
    "files": ("--files", "the folder of files"),
    "format": ("--format", "the format"),
    "gold": ("--gold", "the number of gold examples"),
    "control": ("--control", "the share that is drawn uniformly"),
    "gold_accuracy": ("--gold-accuracy", "the share of gold that has to be right"),
    "high": ("--high", "the largest label"),
    "held_out": ("--held-out", "that no model has learnt the control"),
    "holder": ("--holder", "the holder"),
    "id": ("--id", "the column of the ids"),
    "ids": ("", "the ids"),
    "key": ("--key", "the key"),
    "label": ("", "the label"),
    "labelled": ("", "the labelled examples"),
    "labels": ("--labels", "the labels"),
    "lease_seconds": ("--lease-days", "the length of a lease"),
    "low": ("--low", "the least label"),
    "margins": ("--scores", "the scores"),
    "mean_size": ("--option mean_size=NUMBER", "the mean size of a cluster"),
    "metric": ("--metric", "the metric"),
    "metrics": ("--metric", "the metrics"),
    "model": ("--model", "the model"),
    "multilabel": ("--option multilabel=true", "labels of several classes"),
    "name": ("--name", "the name"),
    "names": ("--id and --label", "the names of the columns"),
    "near": ("--near", "the height of near-duplicates"),
    "normalise": ("--normalise", "scores that are made probabilities"),
    "number": ("--round", "the number"),
    "options": ("--option", "the options of the strategy"),
    "order": ("", "the order of the files"),
    "path": ("", "the file"),
    "people": ("--people", "the figures of people"),
    "pool": ("--pool", "the pool"),
    "pool_rows": ("", "the number of examples"),
    "price": ("--price", "the price of a label"),
    "instead_of": ("--instead-of", "the mistaken price"),
    "probabilities": ("--scores", "the scores"),
    "read_scores": ("--scores", "the scores"),
    "reason": ("--reason", "the reason"),
    "replace": ("--replace", "to replace the pool"),
    "round": ("--round", "the round"),
    "rows": ("", "the rows"),
    "scores": ("--scores", "the scores"),
    "scores_digest": ("--scores", "the scores"),
    "seed": ("--seed", "the seed"),
    "share": ("--share", "to share leased examples"),
    "shares": ("--split", "the shares of the split"),
    "since": ("--since", "the first time"),
    "size": ("--size", "the size"),
    "skip_invalid": ("--skip-invalid", "to leave out unusable vectors"),
    "source": ("--source", "the source"),
    "strategy": ("--strategy", "the strategy"),
    "team": ("--team", "the team"),
    "to": ("--to", "who it is assigned to"),
    "correct": ("--correct", "a correction"),
    "go_on": ("--go-on", "to go on"),
    "seconds": ("", "the seconds spent"),
    "texts": ("", "the comments"),
    "told_at": ("", "the times"),
    "tree": ("--tree", "the clusters"),
    "until": ("--until", "the last time"),
    "url": ("--db", "the database"),
    "verify": ("", "ladle campaign verify"),
    "version": ("", "the version"),
    "votes": ("--votes", "the votes"),
    "workers": ("--workers", "the workers"),
    "layout": ("--layout", "the layout of the map"),
    "umap": ("--umap", "a map by UMAP"),
    "groups": ("--groups", "groups of near-duplicates"),
    "host": ("--host", "the address"),
    "port": ("--port", "the port"),
    "session_seconds": ("--session-hours", "the length of a session"),
    "unseen_from": ("--unseen-from", "the first batch whose labels the model has not learnt"),
}
# Names that are columns of files as often as arguments: they change only where they are all of the subject.
COLUMNS = frozenset({"annotator", "embedding", "format", "id", "ids", "label", "labels", "name", "names", "number"})
COLUMNS |= frozenset({"order", "path", "reason", "round", "source", "version", "model", "gold", "key"})
# How Python is called -> how the command line is. Longer ones first.
CALLS = (
    ("Campaign.progress(people=True)", "ladle campaign progress --people"),
    ("Campaign.open(..., pool=...)", "--pool POOL"),
    ("Campaign.extend(..., replace=True)", "ladle campaign extend --replace"),
    ("Campaign.set(budget=...)", "ladle campaign set --budget COUNT"),
    ("Campaign.move_pool", "ladle campaign pool move"),
    ("Campaign.undo_adjudication", "ladle campaign adjudicate --undo FILE"),
    ("Campaign.withdrawals.remove_gold", "ladle campaign gold --remove FILE"),
    ("Campaign.create, or ladle campaign create", "ladle campaign create"),
    ("Give `embeddings`, or the pool: --pool POOL.", "Give the pool: --pool POOL."),
    ("Campaign.classes.", "ladle campaign class "),
    ("Campaign.people.", "ladle campaign person "),
    ("a ladle.Dendrogram", "a tree"),
    ("give its margins: a number", "give its margins, with --margins: a number"),
    ("with pool=", "with --pool"),
    ('names={"label": CONTROL}', "--label CONTROL"),
    ("binary=True", "--binary"),
    ("`go_on=True`", "--go-on"),
    ("`quarantine()`", "ladle campaign quarantine"),
    ("`replace=True`", "--replace"),
)
_METHOD = re.compile(r"`?Campaign\.([a-z_]+)(\([^)]*\))?`?")
_ARGUMENT = re.compile(r"`([a-z_]+)`")
_AFTER_COLUMN = re.compile(r"(?:columns?|in|array|list) $")


def in_commands(error: LadleError, options: Collection[str]) -> LadleError:
    """The same error in the words of a command that has these options, such as {"--size", "--pool"}."""
    subject = _subject(error.subject, options)
    parts = [_text(part, options) for part in (error.wanted, error.got, error.remedy)]
    if [subject, *parts] == [error.subject, error.wanted, error.got, error.remedy]:
        return error
    return error.reworded(subject, wanted=parts[0], got=parts[1], remedy=parts[2])


def text_in_commands(text: str, options: Collection[str]) -> str:
    """A text of the rooms below, such as a problem that verify found, in the words of a command with these options."""
    return _text(text, options)


def _subject(text: str, options: Collection[str]) -> str:
    whole = _ARGUMENT.fullmatch(text)
    return _called(whole[1], options) if whole and whole[1] in ARGUMENTS else _text(text, options)


def _called(name: str, options: Collection[str]) -> str:
    option, plain = ARGUMENTS[name]
    return option if option.split(" ")[0] in options else plain


def _text(text: str, options: Collection[str]) -> str:
    for python, command in CALLS:
        text = text.replace(python, command)
    text = _METHOD.sub(lambda found: f"ladle campaign {_COMMANDS.get(found[1], found[1].replace('_', '-'))}", text)

    def word(found: re.Match[str]) -> str:
        of_a_file = found[1] in COLUMNS or _AFTER_COLUMN.search(text[: found.start()])
        return found[0] if of_a_file or found[1] not in ARGUMENTS else _called(found[1], options)

    return _ARGUMENT.sub(word, text)


# Methods of Campaign whose command has another name.
_COMMANDS = {
    "delete_labels": "delete",
    "import_labels": "import",
    "tell_file": "tell",
    "record_model": "model",
    "add_gold": "gold",
}
