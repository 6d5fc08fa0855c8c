"""What every store keeps and guarantees: tables as columns, the log of events, reading and writing.

columns, tables: what is kept. store: `View`, `Writer` and `Store`. counted: a view that notices lost rows. events: the
log. version_two: what the second version of the tables added.
"""
