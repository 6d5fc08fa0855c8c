"""Commands on pools: cluster, select, assign, doctor, strategies."""
