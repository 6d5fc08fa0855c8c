"""The pages of those who lead a campaign or follow it."""
