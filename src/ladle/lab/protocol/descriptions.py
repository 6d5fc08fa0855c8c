"""What the catalogue says of a data set or a learner, and how their options are read off their signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from ladle.errors import ArgumentError
from ladle.lab.protocol.experiment import check_options


@dataclass(frozen=True, slots=True)
class Described:
    """A data set or a learner in words.

    options: with their defaults; those of `required` have none. licence: of the data, or of what a learner needs.
    bring: how to get what it needs, a command where there is one.
    """

    name: str
    summary: str
    licence: str
    bring: str
    options: Mapping[str, Any]
    required: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The description as plain strings, numbers and lists, ready for JSON."""
        return {
            "name": self.name,
            "summary": self.summary,
            "licence": self.licence,
            "bring": self.bring,
            "options": dict(self.options),
            "required": list(self.required),
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue.

    make: whose keyword arguments are the options, each with a default unless it must be given.
    """

    make: Callable[..., Any]
    summary: str
    licence: str
    bring: str
    every: Mapping[str, tuple[type, Any]] = field(default_factory=dict)  # options all have: their type and default

    def options(self) -> dict[str, tuple[Any, Any]]:
        """Each option's type and default; `inspect.Parameter.empty` where it must be given."""
        hints = get_type_hints(
            inspect.getattr_static(self.make, "__init__") if isinstance(self.make, type) else self.make
        )
        parameters = inspect.signature(self.make).parameters
        own = {
            name: (hints.get(name, Any), taken.default)  # only code that is not ours leaves them out
            for name, taken in parameters.items()
            if taken.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        }
        return {**own, **self.every}

    def described(self, name: str) -> Described:
        """In words, under this name."""
        options = self.options()
        required = tuple(option for option, (_, default) in options.items() if default is inspect.Parameter.empty)
        told = {option: default for option, (_, default) in options.items() if option not in required}
        return Described(name, self.summary, self.licence, self.bring, told, required)

    def checked(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """`given`, if the entry takes these options and all that it must have are there. Raises: ArgumentError."""
        from pydantic import TypeAdapter, ValidationError

        options = self.options()
        check_options(name, given, options)
        for option, (_, default) in options.items():
            if default is inspect.Parameter.empty and option not in given:
                raise ArgumentError(f"`{option}` of {name}", wanted="be given", got="nothing")
        checked = {}
        for option, value in given.items():
            try:
                checked[option] = TypeAdapter(options[option][0]).validate_python(value, strict=True)
            except ValidationError as cause:
                kind = getattr(options[option][0], "__name__", str(options[option][0]))
                raise ArgumentError(f"`{option}` of {name}", wanted=f"be of type {kind}", got=repr(value)) from cause
        return checked
