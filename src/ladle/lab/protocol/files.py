"""Protocol files: they are read into an `Experiment`, with errors that name the file and the field."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ValidationError

from ladle.errors import ArgumentError, DataError, FileError, FileFormatError
from ladle.lab.protocol.experiment import Clustering, Experiment, Redundancy, StrategyEntry, nearest
from ladle.plain_files import instead_of_file

FOLDER = Path(__file__).parent / "protocols"
MOST_FAULTS = 5  # in one message
_PARTS: dict[str, type[BaseModel]] = {"cluster": Clustering, "redundancy": Redundancy, "strategies": StrategyEntry}
_PATTERNS = {
    "name": "be small letters, digits, dots, dashes and underscores, the first a letter or a digit",
    "label": "have no comma and no line break",
}
# pydantic's types of errors: what is wanted, in the words of a protocol file.
_WANTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda context: "be given",
    "int_type": lambda context: "be a whole number",
    "int_from_float": lambda context: "be a whole number",
    "float_type": lambda context: "be a number",
    "finite_number": lambda context: "be finite",
    "bool_type": lambda context: "be true or false",
    "string_type": lambda context: "be text, in quotes",
    "tuple_type": lambda context: "be a list, in square brackets",
    "dict_type": lambda context: "be a table, in braces",
    "model_type": lambda context: "be a table, in braces",
    "string_too_short": lambda context: "not be empty",
    "too_short": lambda context: "have one entry or more",
    "string_too_long": lambda context: f"have at most {context['max_length']} characters",
    "greater_than": lambda context: f"be more than {_bound(context['gt'])}",
    "greater_than_equal": lambda context: f"be {_bound(context['ge'])} or more",
    "less_than_equal": lambda context: f"be {_bound(context['le'])} or less",
    "literal_error": lambda context: f"be {context['expected']}",
}


def shipped() -> list[str]:
    """The names of the protocols that come with Ladle."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_experiment(source: str | os.PathLike[str]) -> Experiment:
    """Read an experiment from a protocol file.

    Parameters
    ----------
    source : path or str
        A .toml file, or the name of a protocol that comes with Ladle.

    Returns
    -------
    Experiment

    Raises
    ------
    FileError
        When there is no such file.
    FileFormatError
        When the file is not TOML.
    ArgumentError
        When a field, a name or an option is wrong; the message names it.

    Notes
    -----
    Data set and learner are looked up in the catalogue, and each strategy is made once for a toy pool, so that a wrong
    option is found before any work. Cost: about 0.1 s, to load the catalogue.
    """
    named = f"the protocol {source}"
    experiment = parse_experiment(read_text(source), named)
    check_whole(experiment, named)
    return experiment


def check_whole(experiment: Experiment, named: str = "the experiment") -> None:
    """Check what lies beyond the fields: names and options of the catalogue, and values that strategies refuse.

    Raises: ArgumentError. Cost: as `read_experiment`.
    """
    faults = [*_catalogue_faults(experiment), *_strategy_faults(experiment)]
    if faults:
        raise _as_error(faults, named)


def read_text(source: str | os.PathLike[str]) -> str:
    """The text of a protocol file with its comments. Raises: FileError, FileFormatError."""
    path = _path_of(source)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as cause:
        raise FileError(f"the protocol {path}", wanted="be readable", got=cause.strerror or str(cause)) from cause
    except UnicodeDecodeError as cause:
        remedy = "Save it again as UTF-8."
        raise FileFormatError(f"the protocol {path}", wanted="be UTF-8 text", got=str(cause), remedy=remedy) from cause


def parse_experiment(text: str, named: str = "the protocol") -> Experiment:
    """The experiment in the TOML `text`; `named` is what errors call it.

    Raises: FileFormatError when it is not TOML; ArgumentError naming what is wrong.
    """
    try:
        fields = tomllib.loads(text)
    except (ValueError, RecursionError) as cause:  # also of numbers of thousands of digits, and of deep nesting
        got = str(cause) if isinstance(cause, tomllib.TOMLDecodeError) else "a number or a nesting without end"
        raise FileFormatError(named, wanted="be TOML", got=f"text that is not: {got}") from cause
    return checked_experiment(fields, named)


def checked_experiment(fields: dict[str, Any], named: str = "the experiment") -> Experiment:
    """The experiment of these fields. Raises: ArgumentError naming what is wrong, unknown fields first."""
    try:
        return Experiment.model_validate(fields)
    except ValidationError as cause:
        raise _as_error(_faults(cause, fields), named) from cause


def _path_of(source: str | os.PathLike[str]) -> Path:
    path = Path(source)
    if path.is_file():
        return path
    if isinstance(source, str) and source in shipped():
        return FOLDER / f"{source}.toml"
    raise FileError(
        f"the protocol {source}",
        wanted=f"be a .toml file, or one of those shipped ({', '.join(shipped())})",
        got=instead_of_file(path)[0].replace("nothing there", "neither"),
    )


@dataclass(frozen=True, slots=True)
class _Fault:
    """One thing that is wrong. place: the field or the strategy; "": the whole file. subject: its part; "": all."""

    place: str
    subject: str
    wanted: str
    got: str
    remedy: str = ""


def _as_error(faults: Sequence[_Fault], named: str) -> ArgumentError:
    """An error of the first fault; its remedy lists the others, up to `MOST_FAULTS` in all."""
    first, *others = faults
    remedies = [first.remedy] if first.remedy else []
    for number, fault in enumerate(others[: MOST_FAULTS - 1]):
        subject = ": ".join(part for part in (fault.place, fault.subject) if part)
        remedies.append(("Also: " if number == 0 else "") + str(_error(subject, fault, fault.remedy)))
    if len(faults) > MOST_FAULTS:
        remedies.append(f"And {len(faults) - MOST_FAULTS:,} more.")
    place = f"{first.place} in {named}" if first.place else named
    return _error(f"{place}: {first.subject}" if first.subject else place, first, " ".join(remedies))


def _error(subject: str, fault: _Fault, remedy: str) -> ArgumentError:
    return ArgumentError(subject, wanted=fault.wanted, got=fault.got, remedy=remedy)


def _faults(cause: ValidationError, fields: Mapping[str, Any]) -> list[_Fault]:
    """The errors of pydantic as faults, unknown fields first; a missing field that one of them misspells is omitted."""
    errors = cause.errors(include_url=False)
    unknown = [each for each in errors if each["type"] == "extra_forbidden"]
    misspelt = {(*each["loc"][:-1], nearest(str(each["loc"][-1]), _known(each["loc"]))) for each in unknown}
    others = [
        each for each in errors if each not in unknown and not (each["type"] == "missing" and each["loc"] in misspelt)
    ]
    return [_as_fault(each, fields) for each in [*unknown, *others]]


def _known(path: Sequence[str | int]) -> list[str]:
    """The fields of the table that `path` lies in."""
    return list(_PARTS[str(path[0])].model_fields if len(path) > 1 else Experiment.model_fields)


def _as_fault(details: Any, fields: Mapping[str, Any]) -> _Fault:
    """An error of pydantic, in the words of ours."""
    path, kind, context = details["loc"], details["type"], details.get("ctx", {})
    place, subject = _place(path, fields)
    if kind == "value_error" and isinstance(context["error"], ArgumentError):  # of our own validators
        error = context["error"]
        return _Fault(place, error.subject, error.wanted, error.got, error.remedy)
    if kind == "extra_forbidden":
        near = nearest(str(path[-1]), _known(path))
        if near:
            return _Fault(place, subject, "be one of its fields", "an unknown one", f"Did you mean `{near}`?")
        return _Fault(place, subject, f"be one of the fields {', '.join(_known(path))}", "an unknown one")
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS[path[-1]]
    elif kind in _WANTED:
        wanted = _WANTED[kind](context)
    else:
        wanted = details["msg"].removeprefix("Input should ")
    return _Fault(place, subject, wanted, "nothing" if kind == "missing" else repr(details["input"]))


def _place(path: Sequence[str | int], fields: Mapping[str, Any]) -> tuple[str, str]:
    """The place and the subject that a path of pydantic names."""
    if path[:1] == ("strategies",) and len(path) > 1:
        number = int(path[1])
        entry = fields["strategies"][number]
        label = entry.get("label") or entry.get("name") if isinstance(entry, Mapping) else None
        rest = ".".join(str(part) for part in path[2:])
        return _strategy_place(number + 1, label), f"`{rest}`" if rest else ""
    names = ".".join(part for part in path if isinstance(part, str))
    entries = "".join(f"entry {part + 1} of " for part in path if isinstance(part, int))
    return f"{entries}`{names}`" if names else "", ""


def _bound(value: float) -> str:
    return f"{value:,}".removesuffix(".0")


def _strategy_place(number: int, label: object) -> str:
    return f"strategy {number} ({label})" if isinstance(label, str) and label else f"strategy {number}"


# -- checks that go beyond the file ----------------------------------------------------------------------------------


def _catalogue_faults(experiment: Experiment) -> list[_Fault]:
    """Names and options that the catalogue refuses."""
    from ladle.lab.protocol import catalogue

    faults: list[_Fault] = []
    with _collected(faults, "`dataset`"):
        catalogue.check_dataset(experiment.dataset.name, experiment.dataset.options)
    with _collected(faults, "`learner`"):
        catalogue.learner(experiment.learner.name, experiment.learner.options)
    return faults


class _AnyCut:
    """In place of the tree of a toy pool: clustering one would load and compile the kernels."""

    def cut(self, **dials: float | None) -> npt.NDArray[np.int32]:
        """(8,) a single cluster, at any valid level. Raises: ArgumentError."""
        from ladle.hac import Level

        Level(**dials)  # type: ignore[arg-type]  # it checks their types
        return np.zeros(8, np.int32)


def _strategy_faults(experiment: Experiment) -> list[_Fault]:
    """Values of options that strategies refuse when they are made; a few values are refused only by a query."""
    faults: list[_Fault] = []
    for number, entry in enumerate(experiment.strategies, 1):
        with _collected(faults, _strategy_place(number, entry.label)):
            try:
                if entry.is_upper_bound:
                    entry.upper_bound()
                else:
                    entry.create(_AnyCut(), experiment.mean_size)  # type: ignore[arg-type]  # only `cut` is called
            except (ArgumentError, DataError):
                raise
            except (TypeError, ValueError, OverflowError) as cause:  # text for a number, and the like
                wanted, got = "have values of the kinds it takes", repr(entry.options)
                raise ArgumentError(f"the options of {entry.name}", wanted=wanted, got=got) from cause
    return faults


@contextmanager
def _collected(faults: list[_Fault], place: str) -> Iterator[None]:
    """Add to `faults` an error that is raised inside."""
    try:
        yield
    except (ArgumentError, DataError) as error:
        faults.append(_Fault(place, error.subject, error.wanted, error.got, error.remedy))
