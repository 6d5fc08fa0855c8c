"""`python -m ladle`: the command line."""

from __future__ import annotations

import sys

from ladle.cli import main

if __name__ == "__main__":
    sys.exit(main())
