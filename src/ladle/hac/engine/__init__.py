"""Average linkage in rounds: state, kernels, pairing, the dense end."""
