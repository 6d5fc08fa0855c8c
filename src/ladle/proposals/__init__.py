"""Labels proposed for whole clusters, and the audit that checks them."""
