"""What choosing a batch takes of memory, planned before it begins."""

from __future__ import annotations

from ladle.memory.budget import MemoryPlan, available_bytes

# A row: margin 4, clusters 4, partial sort 12, tree (merges 16, heights 8), the cut 16.
_SELECTION_ROW_BYTES = 60
# An id: an integer takes 8; text is estimated at 8 for its offset and 24 for its bytes.
_ID_BYTES = 32


def selection_bytes(n: int) -> int:
    """Working memory of choosing one batch from n rows, in bytes; scores are streamed and do not count."""
    return n * (_SELECTION_ROW_BYTES + _ID_BYTES)


def memory_plan(n: int) -> MemoryPlan:
    """The memory plan of choosing one batch from n rows."""
    return MemoryPlan("select", selection_bytes(n), available_bytes())
