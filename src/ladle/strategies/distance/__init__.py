"""Strategies that sample or pick rows by their distance to chosen rows."""
