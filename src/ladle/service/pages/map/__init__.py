"""The map of the pool: a page, its tiles and points, and the list of what was chosen on it."""
