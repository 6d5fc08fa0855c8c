"""Search for the nearest clusters of clusters: which could merge with which."""

from ladle.geometry.frame import Frame
from ladle.neighbours.brute import BruteSearch
from ladle.neighbours.cells import CellSearch
from ladle.neighbours.contract import Candidates, NeighbourSearch
from ladle.neighbours.effort import Effort

__all__ = ["BruteSearch", "Candidates", "CellSearch", "Effort", "Frame", "NeighbourSearch"]
