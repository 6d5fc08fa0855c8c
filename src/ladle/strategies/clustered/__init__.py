"""Strategies that choose by cluster."""
