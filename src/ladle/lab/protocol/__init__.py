"""What an experiment states: its protocol file, its settings, its data sets and learners by name."""
