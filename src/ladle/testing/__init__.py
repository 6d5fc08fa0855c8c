"""Contract suites for anyone who writes a part of Ladle: hold yours to what the others are held to."""
