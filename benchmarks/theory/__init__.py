"""Measurements of the theory: labels to an error, and what compiled walks gain."""
