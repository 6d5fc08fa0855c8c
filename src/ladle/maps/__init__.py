"""The map of a pool: where each example lies in two dimensions, its tiles of density, and what lies within a shape."""

from ladle.maps.by_umap import require_umap, umap_positions
from ladle.maps.layout import Layout
from ladle.maps.layout_file import load_layout, save_layout
from ladle.maps.positions import given_positions, principal_positions
from ladle.maps.tiles import class_tile, density_tile, value_tile

__all__ = [
    "Layout",
    "class_tile",
    "density_tile",
    "given_positions",
    "load_layout",
    "principal_positions",
    "require_umap",
    "save_layout",
    "umap_positions",
    "value_tile",
]
