"""Learners of the lab: how right they are."""
