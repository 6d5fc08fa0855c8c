"""One answer of each person for an example in a file of labels, where times do not say which is newer."""

from __future__ import annotations

from collections.abc import Sequence

from ladle.errors import DataError
from ladle.labelling.contract.tables import PersonTable
from ladle.labelling.people import People, person_name
from ladle.labelling.rules.request import TellRequest


def check_once(request: TellRequest, people: PersonTable) -> None:
    """Refuse a file in which a person answers for an example twice, by the names as they count. Raises: DataError.

    The names of a file count with the default for empty cells and after people were merged, which a file does not know.
    Cost: a look-up for each answer.
    """
    if not request.origin.path:
        return
    crew = People(people)
    persons = {name: crew.name_of(person_name(name)) for name in set(request.told_by.tolist())}
    listed = zip(request.example_id.tolist(), request.told_by.tolist(), strict=True)
    pairs = [(example, persons[name]) for example, name in listed]
    if len(set(pairs)) == len(pairs):
        return
    places: dict[tuple[object, str], dict[int | None, int]] = {}  # of the answers by their times, None for none
    twice: list[tuple[int, int]] = []
    for place, (pair, at, is_timed) in enumerate(
        zip(pairs, request.told_at.tolist(), request.is_timed.tolist(), strict=True)
    ):
        time, before = at if is_timed else None, places.setdefault(pair, {})
        if before and (time is None or None in before or time in before):
            twice.append((next(iter(before.values())), place))
        before.setdefault(time, place)
    if twice:
        first, second = twice[0]
        names = [str(request.told_by[place]) for place in (first, second)]
        raise twice_error(
            request.origin.path,
            more=len(twice),
            example=request.example_id[first],
            places=request.origin.places_of([first, second]),
            names=() if names[0] == names[1] else names,
        )


def twice_error(
    path: str, *, more: int, example: object, places: Sequence[str], names: Sequence[str] = ()
) -> DataError:
    """The error for two answers of one person. places: of both, in the order of the file. names: where they differ."""
    one_person = f"; {names[0]!r} and {names[1]!r} are one person" if names else ""
    return DataError(
        f"the labels in {path}",
        wanted="be one of each annotator for an example",
        got=f"{more:,} more, such as {example!r} ({places[1]} after {places[0]}){one_person}",
        remedy="Keep one, name the annotators in a column `annotator`, or the times in a column `told_at`.",
    )
