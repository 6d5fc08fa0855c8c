"""Benchmarks of the search for neighbours."""
