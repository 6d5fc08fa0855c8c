"""Pages of docs/ whose blocks are run as a reader would run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def run_page(name: str, folder: Path, kinds: list[str], *, smaller: tuple[str, str] = ("", "")) -> list[str]:
    """Run the python and sh blocks of a page in `folder`, one after another; what each printed, on one line.

    kinds: of its blocks, in order. smaller: a number of the page, and what stands in its place, to be quick.
    """
    page = (DOCS / name).read_text().replace(*smaller) if smaller[0] else (DOCS / name).read_text()
    blocks = re.findall(r"^```(python|sh)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in blocks] == kinds
    told = []
    for kind, body in blocks:
        done = subprocess.run(
            [*([sys.executable, "-c"] if kind == "python" else ["bash", "-ec"]), body],
            cwd=folder,
            env=os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, body + done.stderr
        told.append(" ".join(done.stdout.split()))
    return told
