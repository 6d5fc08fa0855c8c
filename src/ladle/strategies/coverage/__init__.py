"""Strategies that cover the pool greedily."""
