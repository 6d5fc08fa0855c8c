"""Example ids, lists of them in files, and the rows that they name."""
