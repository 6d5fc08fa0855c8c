"""Which columns of a file hold which fields: by their names, whatever their case and the blanks around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ladle.errors import FileFormatError, did_you_mean
from ladle.formats.foreign import FOREIGN

_SHOWN = 12


def find_columns(header: Sequence[str], names: Mapping[str, str], source: Path | str) -> dict[str, str]:
    """Field -> its column, for the fields of `names` (field -> name) that the header has.

    An exact name goes before one of other case. Raises: FileFormatError for two columns that could be one field.
    """
    by_plain: dict[str, list[str]] = {}
    for column in dict.fromkeys(header):
        by_plain.setdefault(plain_name(column), []).append(column)
    exact, found = set(header), {}
    taken = {name for name in names.values() if name in exact}
    for field, name in names.items():
        if name in exact:
            if header.count(name) > 1:
                raise FileFormatError(str(source), wanted=f"have one column `{name}`", got="several")
            found[field] = name
            continue
        alike = [column for column in by_plain.get(plain_name(name), []) if column not in taken]
        if len(alike) > 1 or (alike and header.count(alike[0]) > 1):
            shown = " and ".join(f"`{column}`" for column in alike) if len(alike) > 1 else "several"
            raise FileFormatError(str(source), wanted=f"have one column `{name}`", got=shown, remedy=_NAME_IT)
        if alike and alike[0] not in found.values():
            found[field] = alike[0]
    plain = {plain_name(column) for column in header}
    return {
        field: column
        for field, column in found.items()
        if field not in FOREIGN or not FOREIGN[field].beside or plain & set(FOREIGN[field].beside)
    }


_NAME_IT = "Name the one that is meant."


def plain_name(column: str) -> str:
    """A name of a column without blanks around it, in lower case, without a byte order mark."""
    return column.strip().removeprefix("\ufeff").strip().lower()


def no_column_error(source: Path | str, what: str, name: str, header: Sequence[str]) -> FileFormatError:
    """The error for a column that a file has not, with the columns that it has."""
    remedy = did_you_mean(name, header) or "Name their column."
    return FileFormatError(
        str(source), wanted=f"have {what} in a column `{name}`", got=f"columns {shown(header)}", remedy=remedy
    )


def shown(header: Sequence[str]) -> str:
    """The names of columns for an error."""
    names = ", ".join(f"`{name}`" for name in header[:_SHOWN])
    return f"{names} and {len(header) - _SHOWN} more" if len(header) > _SHOWN else names or "none"
