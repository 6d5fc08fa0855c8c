"""What `/metrics` tells: of one process, and of several together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ladle.service.counters import FOLDER, Counters, shared_counts

WORKER = """
import os, sys
from ladle.service.counters import Counters
counters = Counters()
for _ in range(int(sys.argv[1])):
    counters.count("/v1/tell", "POST", 200, 0.02)
text = counters.text(int(sys.argv[2]))
if sys.argv[3:]:
    print(text.decode())
print(os.getpid())
"""


def work(*words: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", WORKER, *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_one_process_counts_its_own() -> None:
    counters = Counters()
    counters.count("/v1/tell", "POST", 200, 0.02)
    counters.count("", "BREW", 404, 0.02)
    text = counters.text(3).decode()
    assert 'ladle_requests_total{method="POST",route="/v1/tell",status="200"} 1.0' in text
    assert 'ladle_requests_total{method="other",route="none",status="404"} 1.0' in text
    assert "ladle_waiting_changes 3.0" in text
    assert 'ladle_request_seconds_count{method="POST",route="/v1/tell"} 1.0' not in Counters().text(0).decode()


def test_workers_count_together() -> None:
    """Those that have ended too; only what waited in them does not wait any more."""
    with shared_counts() as counts:
        first = int(work("3", "2")[-1])
        work("4", "5")
        counts.forget_waiting(first)
        text = "\n".join(work("1", "1", "show"))
        assert list(Path(counts.folder).iterdir())
    assert 'ladle_requests_total{method="POST",route="/v1/tell",status="200"} 8.0' in text
    assert 'ladle_request_seconds_count{method="POST",route="/v1/tell"} 8.0' in text
    assert "ladle_waiting_changes 6.0" in text
    assert FOLDER not in os.environ
    assert not Path(counts.folder).exists()
