"""Benchmarks of scores and strategies."""
