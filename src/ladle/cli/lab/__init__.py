"""`ladle lab` and `ladle demo`: experiments that compare strategies."""
