"""The named sets of vectors that the benchmarks share."""
