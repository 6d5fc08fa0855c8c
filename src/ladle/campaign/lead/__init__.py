"""What a data lead changes in a running campaign: settings, classes, people, final words, withdrawals, the pool."""
