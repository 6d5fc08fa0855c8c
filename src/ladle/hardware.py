"""The names of this machine's processors."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

NVIDIA_SECONDS = 10  # to wait for the driver's answer


def cpu() -> str:
    """The processor's name, as far as the system knows it."""
    try:
        match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        match = None
    return match[1].strip() if match else platform.processor() or platform.machine()


def gpus() -> list[str]:
    """NVIDIA GPUs with their memory, one text each."""
    # The driver's own tool answers: importing torch takes seconds, and torch may not be installed.
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        listing = subprocess.run(
            [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=NVIDIA_SECONDS,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in listing.splitlines() if line.strip()]
