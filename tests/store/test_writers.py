"""A test of the store's suite under a name of this folder, so that a planted fault can name it."""

from __future__ import annotations

from ladle.labelling import Store
from ladle.testing import StoreContract


def test_a_writer_reads_what_it_has_just_written(store: Store) -> None:
    StoreContract().test_a_writer_reads_what_it_has_just_written(store)
