"""The code of docs/theory.md runs as it stands, and its table has the figures of the recorded trials."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.theory.labels import table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "theory.md").read_text()


def test_the_code_of_the_page_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert names["curve"].labels[-1] < 400  # type: ignore[attr-defined]


def test_the_table_is_that_of_the_trials() -> None:
    lines = table(ROOT / "benchmarks" / "results" / "theory_labels.jsonl")
    assert len(lines) == 42
    assert "\n".join(lines) in PAGE


def test_the_figures_of_the_page_are_there() -> None:
    named = re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE)
    assert len(named) == 3
    assert all((ROOT / "docs" / each).is_file() for each in named)
