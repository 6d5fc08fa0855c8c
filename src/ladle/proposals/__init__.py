"""Labels proposed for the unlabelled rows of clusters, and the audit that estimates how many are right."""
