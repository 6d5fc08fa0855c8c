"""Checksums of what was read from a source that others may write, so that a change between two passes is noticed.

A clustering, a selection and a campaign read the vectors several times. If a store changes between two of these passes,
the answer would mix two states in silence. So a source is read in pieces of fixed rows, the first pass keeps a checksum
of each piece, and a later pass that reads another content is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable
from typing import Any

from ladle.errors import MismatchError

PIECE_BYTES = 4 << 20  # about what one request to a store brings


class Fingerprints:
    """The checksums of the pieces of one source, for people `source`. Cost: 100 bytes a piece, 1 ms for each 1-2 MB."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._seen: dict[Hashable, int] = {}

    def check(self, piece: Hashable, content: Any) -> None:
        """Keep the checksum of a piece (C-contiguous bytes), or compare it. Raises: MismatchError for another one."""
        found = zlib.crc32(content)
        if self._seen.setdefault(piece, found) != found:
            raise self.error("other content in the same rows")

    def error(self, got: str) -> MismatchError:
        """The error for a source that has changed."""
        return MismatchError(
            self._source,
            wanted="stay as it was when the pool was opened",
            got=f"a change: {got}",
            remedy="Open the pool again when nothing writes to it, or give a copy that stays.",
        )
