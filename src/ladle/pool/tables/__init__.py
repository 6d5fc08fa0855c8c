"""Tables of columns as pools are read from them: files, frames, partitions, vectors in columns."""
