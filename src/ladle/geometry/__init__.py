"""Geometry that clustering, neighbour search and strategies share: metric space, frame, equal rows, points."""
