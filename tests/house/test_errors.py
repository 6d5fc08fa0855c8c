"""The table of errors is whole, and every error tells its story."""

from __future__ import annotations

import copy

import pytest

from ladle import errors
from ladle.errors import OUTCOMES, ArgumentError, LadleError, outcome_of


def kinds(kind: type[LadleError] = LadleError) -> list[type[LadleError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in kinds(child))]


@pytest.mark.parametrize("kind", kinds())
def test_every_error_has_an_outcome_and_a_story(kind: type[LadleError]) -> None:
    error = kind("`size`", wanted="be 1 or more", got="0", remedy="Raise it.")
    assert str(error) == "`size` must be 1 or more; got 0. Raise it."
    assert (error.subject, error.wanted, error.got, error.remedy) == ("`size`", "be 1 or more", "0", "Raise it.")
    assert outcome_of(error).exit_code in range(1, 64)
    assert outcome_of(error).http_status in range(400, 600)
    again = copy.copy(error)  # what crossing a process border does
    assert (type(again), str(again)) == (kind, str(error))
    assert kind.__name__ in errors.__doc__  # type: ignore[operator]


def test_exit_codes_tell_kinds_apart() -> None:
    own = {kind: each.exit_code for kind, each in OUTCOMES.items() if each.exit_code != _code_of_base(kind)}
    assert len(set(own.values())) == len(own)
    assert {each.exit_code for each in OUTCOMES.values()} == set(own.values())


def _code_of_base(kind: type[LadleError]) -> int:
    bases = [each for each in kind.__mro__[1:] if each in OUTCOMES]
    return OUTCOMES[bases[0]].exit_code if bases else 0


def test_a_message_leaves_out_the_middle_of_what_is_very_long() -> None:
    error = ArgumentError("`ids`", wanted="be short", got="a" * 5000 + "z")
    assert len(str(error)) < 700
    assert str(error).endswith("az.")
    assert error.got == "a" * 5000 + "z", "the parts are whole"
