"""Which files are read, in which order, and how their bytes are opened and checked."""
