"""Neighbours on Ray: what they cost on one machine, and trees when workers, drivers and raylets are killed."""
