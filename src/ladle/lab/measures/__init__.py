"""What is computed from finished rounds: metrics, savings, comparisons, redundancy."""
