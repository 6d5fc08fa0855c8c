"""Strategies that rank rows by a score."""
