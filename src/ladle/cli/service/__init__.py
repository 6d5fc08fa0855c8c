"""`ladle serve` and the accounts of its users."""
