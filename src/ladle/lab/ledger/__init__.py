"""The ledger of an experiment: one sealed SQLite file that holds every finished round."""
