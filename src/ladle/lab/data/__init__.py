"""Data sets of the lab: loaders, features, splits, near-duplicates."""
