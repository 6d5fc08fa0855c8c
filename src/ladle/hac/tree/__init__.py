"""The dendrogram: its cuts, its file, its prototypes, the pool it came from."""
