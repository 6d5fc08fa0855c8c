"""Planted faults fit the source as it is: `make mutants` runs them, these tests keep them from going stale."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.mutants.fault import Fault
from tests.mutants.faults import FAULTS

RULES = {
    "reach", "proven", "cut", "round-robin", "ties", "holm",
    "savings", "agreement", "leases", "pools", "idempotency", "seals", "stores", "budget", "query", "measures", "files",
    "classes", "experiments", "tight", "stories", "control", "fits", "bound",
    "access", "kept counts", "pages", "groups", "theory", "passes", "shards",
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fits_the_source_and_names_its_tests(fault: Fault) -> None:
    changed = fault.file().read_text(encoding="utf-8").replace(fault.old, fault.new)
    assert fault.old != fault.new
    ast.parse(changed)
    assert fault.nodes()


def test_every_rule_has_faults_of_its_own_names() -> None:
    assert set(Counter(fault.area for fault in FAULTS)) == RULES
    assert min(Counter(fault.area for fault in FAULTS).values()) >= 5
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_no_fault_is_planted_twice() -> None:
    assert len({(fault.old, fault.new) for fault in FAULTS}) == len(FAULTS)
