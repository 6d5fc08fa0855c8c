"""Scores in files and arrays, matched to the examples of a pool."""
