"""Which columns of a source of scores are its classes: those named, or the only possible ones.

A list column is one vector of classes. Columns of one number each are classes if their names have one pattern:
`z0, z1, z2` or `p_cat, p_dog` or plain words. A column of another pattern (`loss` beside `z0`) may or may not be a
class. Ladle does not guess: the columns must then be named. Plain words are taken only for numbers that must sum to 1,
because there one column too many is detected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from ladle.errors import ArgumentError, did_you_mean

_BESIDE = """
    loss nll entropy margin margins confidence conf uncertainty variance var std score weight weights time timestamp
    seconds epoch step lr length size min max mean sum total threshold temperature target label labels truth y pred
    prediction perplexity accuracy acc error energy distance dist density row index idx rank fold split
"""
_VECTORS = "x e emb embed embedding embeddings feat feature features vec vector dim pc pca tsne umap"
_ENCODED = "feats embeds vecs vectors hidden pooler pooled cls latent latents encoding encodings representation"
_SCORES = """
    score scores logit logits output outputs out prediction predictions preds pred prob probs probability probabilities
    proba p z y class classes softmax answer answers target vote votes
"""

BESIDE_SCORES = frozenset(_BESIDE.split())  # a column of such a name is a class only if the caller names it
COORDINATES = frozenset(_VECTORS.split())  # names of coordinates of embeddings
EMBEDDED = (COORDINATES - {"x", "e"}) | frozenset(_ENCODED.split())  # a list column with such a word holds embeddings
SCORED = frozenset(_SCORES.split())  # words of which a list column of logits has one, or else has to be named
NO_MARGIN = BESIDE_SCORES - {"margin", "margins", "score", "confidence", "conf", "distance", "dist"}

Pattern = tuple[str, ...]
WORD: Pattern = ("word",)  # the pattern of names that have nothing in common

ReadAs = Literal["probabilities", "logits", "multilabel", "margins", "binary", "votes"]
Holds = Literal["lists", "floats", "integers", "others"]
SINGLE: tuple[ReadAs, ...] = ("margins", "binary")  # one number per example

MARGIN_COLUMN = "margin"
SHOWN = 6  # columns named in a message
ONE_NUMBER = (
    "One number per example can be read in two ways. If it is a margin (0 where the model is least sure), say "
    'read_as="margins"; if it is the probability of one of two classes, say read_as="binary".'
)
NAMING = 'Name the columns of the classes: column=[...], in which a pattern such as "p_*" may stand for several.'


@dataclass(frozen=True, slots=True)
class ScoreField:
    """A column of a table, or an array of an archive. kind: its type as the file names it."""

    name: str
    holds: Holds
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """Which scores are wanted from a source. columns: those named. classes: the names of the classes, if known."""

    read_as: ReadAs = "probabilities"
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def single(self) -> bool:
        """Whether there is one number per example."""
        return self.read_as in SINGLE


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """The columns of the scores: one of lists (`listed`), or columns of one number each."""

    names: tuple[str, ...]
    listed: bool


def choose_columns(fields: Sequence[ScoreField], request: ScoreRequest, source: str) -> ChosenColumns:
    """The columns of the classes, or of the one number, among `fields`. Raises: ArgumentError, with the readings."""
    if request.columns:
        return _choose_named(fields, request, source)
    if request.single:
        return _choose_one_number(fields, request, source)
    numbers = [field for field in fields if field.holds in ("floats", "integers")]
    by_class = _by_class_names([field.name for field in numbers], request.classes)
    vectors = [field.name for field in fields if field.holds == "lists" and _is_embedded(field.name)]
    lists = [field for field in fields if field.holds == "lists" and field.name not in vectors]
    family = _family(fields, whole=not lists or request.read_as == "votes")
    if len(lists) == 1:
        series = [group for group in by_pattern(family) if len(group) > 1 and is_series(group)]
        rivals = by_class or (series[0] if series else ())
        if not rivals and request.read_as == "logits" and not words_of(lists[0].name) & SCORED:
            raise _vectors_error(source, lists[0].name, "whose name does not say that these are logits")
        if not rivals:
            return ChosenColumns((lists[0].name,), listed=True)
        raise _unclear_error(source, f"`{lists[0].name}` by itself, or {_list_names(rivals)}")
    if by_class and not lists:
        return ChosenColumns(by_class, listed=False)
    if vectors and not lists and not family:
        raise _vectors_error(source, vectors[0], "whose name says embeddings")
    if lists or not family:
        raise _unclear_error(source, _list_kinds(fields))
    _check_family(fields, family, request, source)
    return ChosenColumns(family, listed=False)


def _choose_named(fields: Sequence[ScoreField], request: ScoreRequest, source: str) -> ChosenColumns:
    of_name = {field.name: field for field in fields}
    names: list[str] = []
    for wanted in request.columns:
        matching = [wanted] if wanted in of_name else _matching(fields, wanted)
        if not matching:
            got = ", ".join(of_name) or "none"
            raise ArgumentError(
                source, wanted=f"have a column `{wanted}`", got=got, remedy=did_you_mean(wanted, of_name)
            )
        names += matching
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"the columns of scores in {source}", wanted="be named once", got=f"`{twice[0]}` twice")
    kinds = {of_name[name].holds for name in names}
    if kinds == {"lists"} and len(names) == 1 and not request.single:
        return ChosenColumns(tuple(names), listed=True)
    if not kinds <= {"floats", "integers"} or (request.single and len(names) > 1):
        wanted = f"be {_wanted(request)}"
        raise ArgumentError(
            f"the columns named in {source}", wanted=wanted, got=_list_kinds([of_name[n] for n in names])
        )
    if len(names) == 1 and not request.single and request.read_as not in ("multilabel", "votes"):
        raise _one_column_error(source, names[0])
    return ChosenColumns(tuple(names), listed=False)


def _matching(fields: Sequence[ScoreField], pattern: str) -> list[str]:
    if not set(pattern) & set("*?["):
        return []
    return [
        field.name for field in fields if field.holds in ("floats", "integers") and fnmatchcase(field.name, pattern)
    ]


def _choose_one_number(fields: Sequence[ScoreField], request: ScoreRequest, source: str) -> ChosenColumns:
    names = [field.name for field in fields if field.holds == "floats"]
    if request.read_as == "margins":
        if any(field.name == MARGIN_COLUMN and field.holds in ("floats", "integers") for field in fields):
            return ChosenColumns((MARGIN_COLUMN,), listed=False)
        if len(names) == 1 and stem_of(names[0]) in NO_MARGIN:
            raise ArgumentError(
                source,
                wanted="have a column of margins (0 where the model is least sure)",
                got=f"`{names[0]}`, whose name says something else",
                remedy="Name the column if its numbers are margins.",
            )
    if len(names) == 1:
        return ChosenColumns((names[0],), listed=False)
    raise ArgumentError(
        source, wanted=f"have {_wanted(request)}", got=_list_kinds(fields), remedy="Name the column that holds them."
    )


def _by_class_names(names: Sequence[str], classes: Sequence[str]) -> tuple[str, ...]:
    """The columns whose names are those of the classes, or these with a common prefix, in the order of the classes.

    None, if further columns have the same pattern: the series then has more classes than there should be.
    """
    name_set = set(names)
    starts = {name[: -len(classes[0])] for name in names if name.endswith(classes[0])} if len(classes) > 1 else set()
    prefixes = [start for start in sorted(starts) if all(start + name in name_set for name in classes)]
    columns = tuple(prefixes[0] + name for name in classes) if len(prefixes) == 1 else ()
    if is_series(columns) and any(pattern_of(name) == pattern_of(columns[0]) for name in name_set - set(columns)):
        return ()
    return columns


def _family(fields: Sequence[ScoreField], *, whole: bool) -> tuple[str, ...]:
    """The columns of one number each that may be classes.

    Columns of whole numbers are among them if they are in one series with float columns, or if there are only such
    columns and `whole` allows it: probabilities of 0 and 1 may be written as whole numbers.
    """
    floats = [field.name for field in fields if field.holds == "floats"]
    integers = [field.name for field in fields if field.holds == "integers"]
    starting = floats if floats or not whole else integers
    series = {pattern_of(name) for name in starting if is_series([name])}
    names = [
        field.name
        for field in fields
        if field.holds == "floats" or (field.holds == "integers" and pattern_of(field.name) in series)
    ]
    if is_series(names) and pattern_of(names[0])[0] == "number":
        names.sort(key=number_in)  # class 10 comes after class 9, whatever their order in the file
    return tuple(names)


def _check_family(fields: Sequence[ScoreField], family: tuple[str, ...], request: ScoreRequest, source: str) -> None:
    """Refuse columns that may or may not be classes. Raises: ArgumentError."""
    if len(family) == 1 and request.read_as != "votes":
        raise _one_column_error(source, family[0])
    groups = by_pattern(family)
    if len(groups) > 1:
        largest = max(groups, key=len)
        odd = [name for name in family if name not in largest]
        if len(largest) < 2:
            raise _unclear_error(source, f"all of {_list_names(family)}, or some of them")
        raise _unclear_error(source, f"{_list_names(largest)}, or also {_list_names(odd)}")
    odd = [name for name in family if stem_of(name) in (BESIDE_SCORES | COORDINATES)]
    if odd:
        others = [name for name in family if name not in odd]
        raise _unclear_error(
            source, f"{_list_names(family)}, or {_list_names(others)} alone" if others else _list_names(odd)
        )
    if not is_series(family) and request.read_as != "probabilities":  # one column too many would go unnoticed
        raise _unclear_error(source, f"all of {_list_names(family)}, or some of them")


def _unclear_error(source: str, readings: str) -> ArgumentError:
    return ArgumentError(
        source,
        wanted="have its scores in one column of float lists, or in a float column for each class and no others",
        got=readings,
        remedy=NAMING,
    )


def _vectors_error(source: str, name: str, why: str) -> ArgumentError:
    """For the only list column: it may hold embeddings, and any numbers can be read as logits."""
    return ArgumentError(
        source,
        wanted="have a column of scores",
        got=f"one list column, `{name}`, {why}",
        remedy=f"If it holds scores and no embeddings, name it: column={name!r}.",
    )


def _is_embedded(name: str) -> bool:
    return stem_of(name) in COORDINATES or bool(words_of(name) & EMBEDDED)


def words_of(name: str) -> set[str]:
    """The words of a name, in small letters: `poolerOutput_2` has pooler and output."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def _one_column_error(source: str, name: str) -> ArgumentError:
    return ArgumentError(
        source,
        wanted="have its scores in one column of float lists, or in a float column for each class",
        got=f"one column of one number, `{name}`",
        remedy=ONE_NUMBER,
    )


def _wanted(request: ScoreRequest) -> str:
    if request.single:
        return f"one float column of {'margins' if request.read_as == 'margins' else 'probabilities'}"
    return "one column of float lists, or a float column for each class"


def _list_names(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown if len(shown) <= SHOWN else [*shown[:3], "...", shown[-1]])


def _list_kinds(fields: Sequence[ScoreField]) -> str:
    return ", ".join(f"`{field.name}` ({field.kind})" for field in fields) or "no such columns"


def pattern_of(name: str) -> Pattern:
    """What the names of a series have in common: all but the last number, or the beginning up to a separator."""
    numbered = re.fullmatch(r"(.*?)[0-9]+([^0-9]*)", name, re.DOTALL)
    if numbered:
        return ("number", numbered[1], numbered[2])
    begun = re.fullmatch(r"([^_.\-: /\[(]+[_.\-: /\[(]).+", name, re.DOTALL)
    return ("begin", begun[1]) if begun else WORD


def by_pattern(names: Sequence[str]) -> list[list[str]]:
    """The names in groups of one pattern."""
    groups: dict[Pattern, list[str]] = {}
    for name in names:
        groups.setdefault(pattern_of(name), []).append(name)
    return list(groups.values())


def is_series(names: Sequence[str]) -> bool:
    """Whether the names have one pattern in common."""
    patterns = {pattern_of(name) for name in names}
    return len(patterns) == 1 and WORD not in patterns


def number_in(name: str) -> int:
    """The last number in a name; 0 if it has none."""
    match = re.search(r"([0-9]+)[^0-9]*$", name)
    return int(match[1]) if match else 0


def stem_of(name: str) -> str:
    """A name without its numbers and the separators at its ends, in small letters."""
    return re.sub(r"[0-9]+", "", name).strip("_.-: /[]()").lower()
