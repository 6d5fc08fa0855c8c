"""What each change of a campaign writes: pure functions from tables to `Effects`, one file for each kind of change."""
