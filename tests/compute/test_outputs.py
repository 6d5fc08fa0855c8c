"""Outputs of tasks: kept whole, found again, made again where they are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ladle.compute import LocalProcesses, Task, TaskOutputs, run_tasks
from ladle.compute.outputs import clear_outputs
from tests.compute import work


def runs(folder: Path) -> dict[str, int]:
    return {path.stem: len(path.read_text()) for path in folder.glob("*.runs")}


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    outputs = TaskOutputs(tmp_path / "shards", "key")
    tasks = [Task(str(each), (str(tmp_path), each)) for each in range(6)]
    with LocalProcesses(2, tmp_path) as processes:
        assert len(list(run_tasks(processes, work.count_runs, tasks[:3], outputs))) == 3
        (outputs.folder / ".3.npz.half.tmp").write_bytes(b"half")
        damaged = outputs.folder / "1.npz"
        content = bytearray(damaged.read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        answers = dict(run_tasks(processes, work.count_runs, tasks, outputs))
        assert {name: int(output["value"][0]) for name, output in answers.items()} == {str(x): x for x in range(6)}
        assert runs(tmp_path) == {"0": 1, "1": 2, "2": 1, "3": 1, "4": 1, "5": 1}
        other = TaskOutputs(tmp_path / "shards", "another")
        list(run_tasks(processes, work.count_runs, tasks[:1], other))  # other inputs have outputs of their own
    assert runs(tmp_path)["0"] == 2
    assert not list(outputs.folder.glob(".*"))
    clear_outputs(tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


def test_an_output_is_the_arrays_that_were_saved(tmp_path: Path) -> None:
    outputs = TaskOutputs(tmp_path, "key")
    outputs.open()
    assert outputs.load("task") is None
    made = {"a": np.arange(5, dtype=np.int32), "b": np.ones((2, 3), np.float32)}
    outputs.save("task", made)
    loaded = outputs.load("task")
    assert loaded is not None
    assert sorted(loaded) == ["a", "b"]
    for name, array in made.items():
        assert loaded[name].dtype == array.dtype
        assert np.array_equal(loaded[name], array)


def test_an_output_with_objects_is_never_read(tmp_path: Path) -> None:
    outputs = TaskOutputs(tmp_path, "key")
    outputs.open()
    outputs.save("task", {"a": np.array([{}], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        outputs.load("task")
