"""The contract of an executor, held by processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ladle.compute.local_processes as local_processes
from ladle.compute import LocalProcesses, Task
from ladle.errors import DataError, MismatchError, WorkersError
from tests.compute import work


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProcesses]:
    with LocalProcesses(2, tmp_path_factory.mktemp("shared")) as processes:
        yield processes


def test_each_task_is_answered_once_with_what_was_shared(executor: LocalProcesses) -> None:
    shared = executor.share(np.arange(10.0))
    answers = dict(executor.run(work.total, [Task(str(each), (shared, each)) for each in range(7)]))
    assert {name: output["total"][0] for name, output in answers.items()} == {str(x): 45.0 * x for x in range(7)}
    assert not any(output["writeable"][0] for output in answers.values())
    executor.release([shared])


def test_a_lost_worker_costs_the_tasks_in_flight(executor: LocalProcesses, tmp_path: Path) -> None:
    tasks = [Task(str(each), (str(tmp_path / f"mark-{each % 3}"), each)) for each in range(9)]
    answers = list(executor.run(work.die_once, tasks))
    assert sorted((name, int(output["value"][0])) for name, output in answers) == [(str(x), x) for x in range(9)]


def test_workers_that_always_die_are_given_up(executor: LocalProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_processes, "MOST_LOSSES", 1)
    with pytest.raises(WorkersError, match="2 times in a row"):
        list(executor.run(work.die, [Task("0", (0,))]))


def test_an_error_of_a_task_is_raised_here(executor: LocalProcesses) -> None:
    with pytest.raises(DataError, match="the value must be even; got 3"):
        list(executor.run(work.refuse, [Task("0", (3,))]))
    assert len(list(executor.run(work.total, [Task("0", (np.ones(2), 1))]))) == 1  # and the next run works


def test_another_version_is_refused(executor: LocalProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_processes, "__version__", "0.0.1")
    with pytest.raises(MismatchError, match=r"have Ladle 0\.0\.1"):
        list(executor.run(work.total, [Task("0", (np.ones(2), 1))]))


def test_shared_files_are_removed(tmp_path: Path) -> None:
    with LocalProcesses(1, tmp_path) as processes:
        first, second = processes.share(np.ones(3)), processes.share(np.ones(3))
        processes.release([first])
        assert [path.name for path in tmp_path.glob("*/*")] == [second.path.name]
    assert list(tmp_path.iterdir()) == []
