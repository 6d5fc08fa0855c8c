"""What the lab can tell of a live campaign."""
