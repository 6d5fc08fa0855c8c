"""One query for every strategy: its contract, its border, its base class."""
