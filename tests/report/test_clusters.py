"""What a report says of the pool's clusters."""

import numpy as np

from ladle.report.clusters import cluster_facts

CLUSTERS = np.repeat(np.arange(40), [30, 20, 13, *[1] * 37]).astype(np.int32)
BATCH = np.arange(10) * 9 + 1
FOUND = cluster_facts(CLUSTERS, "Cluster-Margin", BATCH)


def test_clusters_are_counted_in_doubling_bins():
    assert (FOUND.count, FOUND.largest, FOUND.singletons, FOUND.median) == (40, 30, 37, 1)
    assert [(each.least, each.most, each.clusters, each.rows) for each in FOUND.bins] == [
        (1, 1, 37, 37), (2, 3, 0, 0), (4, 7, 0, 0), (8, 15, 1, 13), (16, 31, 2, 50),
    ]  # fmt: skip


def test_examples_show_the_chosen_first():
    batch = set(BATCH.tolist())
    assert [each.size for each in FOUND.examples] == [30, 20, 13]
    for place, example in enumerate(FOUND.examples):
        assert {CLUSTERS[row] for row in example.rows} == {place}
        assert all((row in batch) == (position < example.chosen) for position, row in enumerate(example.rows))
        assert len(set(example.rows)) == len(example.rows) <= 20
        assert example.chosen_in_all == sum(CLUSTERS[row] == place for row in batch)


def test_a_batch_of_singletons_has_no_examples():
    assert cluster_facts(CLUSTERS, "Uniform", np.arange(70, 80)).examples == ()
    assert cluster_facts(CLUSTERS, "Uniform", np.empty(0, np.int64)).examples == ()
