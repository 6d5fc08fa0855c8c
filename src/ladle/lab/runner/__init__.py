"""Running an experiment: jobs, workers, rounds, and what a run keeps."""
