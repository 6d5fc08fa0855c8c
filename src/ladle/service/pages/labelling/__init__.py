"""The labelling page: its frame, the tasks that it takes, and what the examples look like."""
