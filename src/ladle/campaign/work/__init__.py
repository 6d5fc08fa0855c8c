"""The work of a round: scores come in, tasks are asked for and taken, labels are told."""
