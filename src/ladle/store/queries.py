"""The texts of the statements of a store, each made once: SQLAlchemy would make them anew for each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ladle.labelling.contract.tables import KINDS, TaskTable
from ladle.store.schema import CAMPAIGN, DISPUTED_TASK, PAGED, SEAL, SERVED, TABLES, WAITING_TASK

_KINDS = {kind.NAME: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Wording:
    """How a database words a query: the mark of a parameter, whether indexes are named, and the condition that a field
    has one of the values of a parameter, by what the field holds."""

    mark: str
    names_indexes: bool
    among: tuple[tuple[str, str], ...]


@cache
def whole(wording: Wording, name: str) -> str:
    """All rows of a table. Parameter: the campaign."""
    return f"{_select(wording, name)} ORDER BY {_listed(_KINDS[name].KEY)}"


@cache
def last(wording: Wording, name: str) -> str:
    """The row of the highest key. Parameter: the campaign."""
    return f'{_select(wording, name)} ORDER BY "{_KINDS[name].KEY[0]}" DESC LIMIT 1'


@cache
def by_field(wording: Wording, name: str, field: str, *, is_single: bool, is_served: bool) -> str:
    """The rows of which a field has one of some values, in no order. Parameters: the campaign, the value or values.

    is_single: one value. is_served: whether the index of the field may be used.
    """
    served_by, condition = SERVED.get((_KINDS[name], field), ("", None)) if is_served else ("", None)
    among = f"= {wording.mark}" if is_single else dict(wording.among)[_KINDS[name].layout()[field]]
    return f'{_select(wording, name, served_by)} AND "{field}" {among}{_also(condition)}'


@cache
def page(wording: Wording, name: str, fields: Sequence[str], by: Sequence[str], *, is_served: bool) -> str:
    """A page. Parameters: the campaign, a value for each of `fields`, one for each of `by`, the limit."""
    served_by, condition = PAGED.get((_KINDS[name], *fields), ("", None)) if is_served else ("", None)
    marks = ", ".join([wording.mark] * len(by))
    equal = "".join(f' AND "{field}" = {wording.mark}' for field in fields)
    later = f" AND ({_listed(by)}) > ({marks}){_also(condition)}"
    return f"{_select(wording, name, served_by)}{equal}{later}{_in_order(wording, by)}"


@cache
def listed_tasks(wording: Wording, *, disputed: bool) -> str:
    """The waiting tasks after a batch and a place, or the disputed ones after an event and a row. Parameters: the
    campaign, these two, the limit."""
    by, condition = (("event", "row"), DISPUTED_TASK) if disputed else (("batch", "place"), WAITING_TASK)
    later = f" AND ({_listed(by)}) > ({wording.mark}, {wording.mark})"
    select = f"{_select(wording, TaskTable.NAME)} AND {condition.text}{later}"
    return select + _in_order(wording, by)


@cache
def insertion(table: str, names: Sequence[str]) -> str:
    """A new row in SQLite. Parameters: the value of each column."""
    return f"INSERT INTO {table} ({_listed(names)}) VALUES ({', '.join(['?'] * len(names))})"


@cache
def update(wording: Wording, table: str, values: Sequence[str], keys: Sequence[str]) -> str:
    """Other values of the row of a key. Parameters: the values, the key."""
    assignments = ", ".join(f'"{name}" = {wording.mark}' for name in values)
    return f"UPDATE {table} SET {assignments} WHERE " + " AND ".join(f'"{name}" = {wording.mark}' for name in keys)


@cache
def count(wording: Wording, name: str) -> str:
    """How many rows a table has. Parameter: the campaign."""
    return f"SELECT count(*) FROM {TABLES[_KINDS[name]].name} WHERE {CAMPAIGN} = {wording.mark}"


@cache
def count_up_to(wording: Wording, name: str) -> str:
    """How many rows a table has, as far as a limit. Parameters: the campaign, the limit."""
    rows = f"SELECT 1 FROM {TABLES[_KINDS[name]].name} WHERE {CAMPAIGN} = {wording.mark} LIMIT {wording.mark}"
    return f"SELECT count(*) FROM ({rows}) AS counted"


def _select(wording: Wording, name: str, served_by: str = "") -> str:
    # SQLite has no statistics of the tables: without the name of the index it would read all rows.
    named = f" INDEXED BY {served_by}" if served_by and wording.names_indexes else ""
    columns = _listed((*_KINDS[name].layout(), SEAL))
    return f"SELECT {columns} FROM {TABLES[_KINDS[name]].name}{named} WHERE {CAMPAIGN} = {wording.mark}"


def _in_order(wording: Wording, by: Sequence[str]) -> str:
    return f" ORDER BY {_listed(by)} LIMIT {wording.mark}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{each}"' for each in names)


def _also(condition: object) -> str:
    """The condition of a partial index, which a query must repeat."""
    text = getattr(condition, "text", "")
    return f" AND {text}" if text else ""
