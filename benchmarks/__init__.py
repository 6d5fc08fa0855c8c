"""Benchmarks: what Ladle costs, and what it loses, each in one file with its command; see README.md."""
