"""The schema of the store, version by version: each file of `versions` leads from the one before to its own."""
