"""HTML pages, each a template filled by a call of `Campaign` or `Reader`."""
