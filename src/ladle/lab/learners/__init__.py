"""Learners of the lab."""
