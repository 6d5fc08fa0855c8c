"""An open campaign: its pool, its files, its clock and its store, and the error in place of a crash over damage."""
