"""Protocol files: TOML in, an `Experiment` out, and errors that name the file and the field."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ladle.errors import ArgumentError, FileError, FileFormatError
from ladle.lab.experiment import Experiment

FOLDER = Path(__file__).parent / "protocols"


def shipped() -> list[str]:
    """The names of the protocols that come with Ladle."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_experiment(source: str | os.PathLike[str]) -> Experiment:
    """The experiment in the file `source`, or the shipped one of that name.

    Raises: FileError when there is no such file; FileFormatError when it is not TOML; ArgumentError naming the first
    field that is wrong.
    """
    return parse_experiment(read_text(source), f"the protocol {source}")


def read_text(source: str | os.PathLike[str]) -> str:
    """The text of a protocol file, comments and all. Raises: FileError, FileFormatError."""
    path = _found(source)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as cause:
        raise FileError(f"the protocol {path}", wanted="be readable", got=cause.strerror or str(cause)) from cause
    except UnicodeDecodeError as cause:
        raise FileFormatError(f"the protocol {path}", wanted="be UTF-8 text", got=str(cause)) from cause


def parse_experiment(text: str, named: str = "the protocol") -> Experiment:
    """The experiment that `text` states, TOML; `named` is what errors call it. Raises: as `read_experiment`."""
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise FileFormatError(named, wanted="be TOML", got=f"text that is not: {cause}") from cause
    return checked_experiment(fields, named)


def checked_experiment(fields: dict[str, Any], named: str = "the experiment") -> Experiment:
    """The experiment of these fields. Raises: ArgumentError naming the first field that is wrong, and how many are."""
    try:
        return Experiment.model_validate(fields)
    except ValidationError as cause:
        faults = cause.errors(include_url=False)
        raise _as_argument_error(faults[0], len(faults) - 1, named) from cause


def _found(source: str | os.PathLike[str]) -> Path:
    path = Path(source)
    if path.is_file():
        return path
    if isinstance(source, str) and source in shipped():
        return FOLDER / f"{source}.toml"
    raise FileError(
        f"the protocol {source}",
        wanted=f"be a .toml file, or one of those shipped ({', '.join(shipped())})",
        got="a folder" if path.is_dir() else "neither",
    )


def _as_argument_error(fault: Any, others: int, named: str) -> ArgumentError:
    """A fault as pydantic tells it, as our errors tell it."""
    place = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    given = fault["input"]
    if fault["type"] == "missing":
        wanted, got = "be given", "nothing"
    elif fault["type"] == "extra_forbidden":
        known = ", ".join(Experiment.model_fields) if "." not in place else "see the shipped protocols"
        wanted, got = f"be a field of it ({known})", "a field nobody knows"
    elif not place:  # fields that do not fit each other: the message says which
        wanted, got = f"hold together: {message}", "these fields"
    else:
        wanted = message.removeprefix("should ")
        got = repr(given)
    remedy = f"{others} more {'field is' if others == 1 else 'fields are'} wrong." if others else ""
    return ArgumentError(f"`{place}` in {named}" if place else named, wanted=wanted, got=got, remedy=remedy)
