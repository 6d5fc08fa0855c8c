"""`ladle campaign`: months of labelling, nothing lost."""
