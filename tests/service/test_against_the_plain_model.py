"""Whatever is done through the real application, in whatever order, every store answers as the plain model does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from ladle.labelling import MemoryStore, Store
from ladle.store import SqlStore
from tests.campaign.test_against_a_plain_model import SHARES, Machine
from tests.service.over_http import OverHttp

ROUTES = {"ask", "tell", "skip", "take", "release", "adjudicate", "adjudicate/undo", "exclude", "include", "gold"}
COUNTS = ("asked", "labelled", "labelled_unasked", "outstanding", "disputed", "excluded", "rounds", "quarantined")


class HttpMachine(Machine):
    """The machine of the campaign, with a service before it."""

    def __init__(self, make: Any, sent: Counter[str]) -> None:
        super().__init__(make)
        self.sent = sent
        self.holders: dict[str, str] = {}

    def begin_again(self) -> None:
        self.campaign: Any = OverHttp(self.campaign, self.clock, self.sent, self.holders)

    @initialize(per_task=st.integers(1, 2), budget=st.sampled_from([None, 18]), seed=st.integers(0, 3), control=SHARES)
    def begin(self, per_task: int, budget: int | None, seed: int, control: float) -> None:
        super().begin(per_task, budget, seed, control)
        self.begin_again()

    @rule()
    def open_again(self) -> None:
        self.campaign.shut()
        super().open_again()
        self.begin_again()

    @invariant()
    def http_says_what_the_campaign_says(self) -> None:
        told, found = self.campaign.progress_of_http(), self.campaign.progress()
        assert {name: told[name] for name in COUNTS} == {name: getattr(found, name) for name in COUNTS}

    def teardown(self) -> None:
        if isinstance(getattr(self, "campaign", None), OverHttp):
            self.campaign.shut()
            self.campaign = self.campaign.direct
        super().teardown()


@pytest.mark.parametrize(("kind", "examples", "steps"), [("memory", 6, 20), ("sqlite", 2, 12), ("postgres", 2, 20)])
def test_through_http_every_store_answers_as_the_plain_model(
    kind: str, examples: int, steps: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert len(run(kind, examples, steps, tmp_path, request)) > 0


@pytest.mark.long
@pytest.mark.parametrize(("kind", "examples", "steps"), [("memory", 100, 50), ("sqlite", 12, 30), ("postgres", 8, 30)])
def test_the_same_for_longer(
    kind: str, examples: int, steps: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sent = run(kind, examples, steps, tmp_path, request)
    assert set(sent) <= ROUTES
    if kind == "memory":  # the others have too few steps to be sure of every route
        assert set(sent) == ROUTES


def run(kind: str, examples: int, steps: int, folder: Path, request: pytest.FixtureRequest) -> Counter[str]:
    """How many requests each route got."""
    made, sent = iter(range(10**6)), Counter[str]()

    def make() -> Store:
        if kind == "memory":
            return MemoryStore()
        if kind == "sqlite":
            return SqlStore.create(f"sqlite:///{folder}/{next(made)}.db")
        return SqlStore.create(request.getfixturevalue("server").new_database())

    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=checks,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    run_state_machine_as_test(lambda: HttpMachine(make, sent), settings=profile)
    return sent
