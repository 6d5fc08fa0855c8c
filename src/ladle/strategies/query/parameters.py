"""The parameters of a strategy, read and set as scikit-learn does it, and a short `repr` made of them.

A strategy follows scikit-learn's convention: each argument of its class is kept, unchanged, as an attribute of the same
name. So `sklearn.base.clone` can copy it. scikit-learn itself is not needed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ladle.errors import ArgumentError, did_you_mean

LONGEST = 80  # characters of a value in a `repr`
_FREE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def defaults_of(kind: type) -> dict[str, Any]:
    """The arguments that make an object of this class, each with its default (`Parameter.empty` where it has none)."""
    taken = inspect.signature(kind).parameters.values()
    return {parameter.name: parameter.default for parameter in taken if parameter.kind not in _FREE}


def parameters_of(owner: Any, *, deep: bool) -> dict[str, Any]:
    """The arguments that make an equal object; with `deep`, those of a part as well, under `part__argument`."""
    parameters: dict[str, Any] = {}
    for name in defaults_of(type(owner)):
        value = getattr(owner, name)
        if deep and hasattr(value, "get_params") and not isinstance(value, type):
            parameters |= {f"{name}__{inner}": part for inner, part in value.get_params(deep=True).items()}
        parameters[name] = value
    return parameters


def changed(owner: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `owner` with these changes, which may name those of a part as `part__argument`.

    Raises: ArgumentError for an argument that there is not, naming those there are.
    """
    parameters = parameters_of(owner, deep=False)
    of_parts: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        part, _, inner = name.partition("__")
        if part not in parameters:
            known = list(parameters)
            wanted = f"be among {', '.join(known)}" if known else "be left out: it has none"
            subject = f"the parameters of {type(owner).__name__}"
            raise ArgumentError(subject, wanted=wanted, got=name, remedy=did_you_mean(part, known))
        if inner:
            of_parts.setdefault(part, {})[inner] = value
        else:
            parameters[name] = value
    for part, inner_changes in of_parts.items():
        whole = parameters[part]
        if not hasattr(whole, "get_params"):
            wanted = "have parameters of its own"
            raise ArgumentError(f"`{part}`", wanted=wanted, got=", ".join(inner_changes))
        parameters[part] = type(whole)(**changed(whole, inner_changes))
    return parameters


def shown(owner: Any) -> str:
    """`owner` as the call that makes it, without the arguments that are at their default. No array is shown whole."""
    defaults = defaults_of(type(owner))
    values = {name: getattr(owner, name, default) for name, default in defaults.items()}
    arguments = [f"{name}={_brief(value)}" for name, value in values.items() if not _is_same(value, defaults[name])]
    return f"{type(owner).__name__}({', '.join(arguments)})"


def _is_same(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, (int, float, str)) and bool(value == default))


def _brief(value: Any) -> str:
    """A value on one line, without an address in memory."""
    kind: Any = type(value)
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} array of shape {value.shape}>"
    if kind.__repr__ is not object.__repr__:
        text = repr(value)
        if "\n" not in text and " at 0x" not in text:
            if len(text) <= LONGEST:
                return text
            begin = re.split("[,:] ", text, maxsplit=1)[0]  # `<Dendrogram of 1,000 rows of dim 4` of a longer one
            if begin.startswith(f"<{kind.__name__} of ") and len(begin) < LONGEST:
                return f"{begin}>"
    return f"<{kind.__name__} of {len(value):,}>" if hasattr(value, "__len__") else f"<{kind.__name__}>"
