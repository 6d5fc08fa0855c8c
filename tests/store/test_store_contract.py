"""Every store keeps the contract."""

from __future__ import annotations

import pytest

from ladle.labelling import Store
from ladle.store import SqlStore
from ladle.testing import StoreContract


class TestEveryStore(StoreContract):
    def again(self, store: Store) -> Store:
        return SqlStore.open(store.url) if isinstance(store, SqlStore) else store


@pytest.mark.parametrize("name", ["again"])
def test_the_suite_opens_sql_stores_anew(store: Store, name: str) -> None:
    other = getattr(TestEveryStore(), name)(store)
    assert (other is store) == (not isinstance(store, SqlStore))
    assert other.names() == []
