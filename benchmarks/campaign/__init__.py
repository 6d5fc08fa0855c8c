"""Benchmarks of campaigns and of the formats of tasks and labels."""
