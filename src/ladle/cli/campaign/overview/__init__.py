"""Commands that show how a campaign stands, and change nothing."""
