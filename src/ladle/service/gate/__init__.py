"""Who may what: accounts, roles, sessions, and what is refused before a route is reached."""
