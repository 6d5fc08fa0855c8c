"""Entries of the catalogue and their descriptions; options are read from the signatures of data sets and learners."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from ladle.errors import ArgumentError
from ladle.lab.protocol.experiment import check_options


@dataclass(frozen=True, slots=True)
class CatalogueDescription:
    """The description of a data set or a learner.

    Attributes
    ----------
    name, summary : str
        Its name in the catalogue, and what it is.
    licence : str
        Of the data, or of what a learner needs.
    bring : str
        How to get what it needs, a command where there is one.
    options : mapping of str to object
        Its options with their defaults.
    required : tuple of str
        Options without a default.
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

    make: its keyword arguments are the options; one without a default is required.
    """

    make: Callable[..., Any]
    summary: str
    licence: str
    bring: str
    every: Mapping[str, tuple[type, Any]] = field(default_factory=dict)  # options of every entry: type, default

    def options(self) -> dict[str, tuple[Any, Any]]:
        """Each option's type and default; `inspect.Parameter.empty` where it is required."""
        hints = get_type_hints(
            inspect.getattr_static(self.make, "__init__") if isinstance(self.make, type) else self.make
        )
        parameters = inspect.signature(self.make).parameters
        own = {
            name: (hints.get(name, Any), parameter.default)  # code of users may have no hints
            for name, parameter in parameters.items()
            if parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        }
        return {**own, **self.every}

    def describe(self, name: str) -> CatalogueDescription:
        """The description, under this name."""
        options = self.options()
        required = tuple(option for option, (_, default) in options.items() if default is inspect.Parameter.empty)
        defaults = {option: default for option, (_, default) in options.items() if option not in required}
        return CatalogueDescription(name, self.summary, self.licence, self.bring, defaults, required)

    def checked(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values` by option, of the right types and with all that are required. Raises: ArgumentError."""
        from pydantic import TypeAdapter, ValidationError

        options = self.options()
        check_options(name, values, options)
        for option, (_, default) in options.items():
            if default is inspect.Parameter.empty and option not in values:
                raise ArgumentError(f"`{option}` of {name}", wanted="be given", got="nothing")
        checked = {}
        for option, value in values.items():
            try:
                checked[option] = TypeAdapter(options[option][0]).validate_python(value, strict=True)
            except ValidationError as cause:
                kind = getattr(options[option][0], "__name__", str(options[option][0]))
                raise ArgumentError(f"`{option}` of {name}", wanted=f"be of type {kind}", got=repr(value)) from cause
        return checked
