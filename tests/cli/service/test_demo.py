"""`ladle serve demo`: what is refused before the images are unpacked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_wrong_port_is_refused_before_any_work(run: Any, tmp_path: Path, port: int) -> None:
    code, _, told = run("serve", "demo", "--folder", tmp_path / "demo", "--no-browser", f"--port={port}")
    assert (code, "--port must be a whole number from 0 to 65,535" in told) == (2, True)
    assert not any((tmp_path / "demo").iterdir())
