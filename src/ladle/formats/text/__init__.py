"""CSV and JSON as text: how a file is written, its lines, and its columns as values."""
