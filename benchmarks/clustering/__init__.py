"""Benchmarks of the clustering engine."""
