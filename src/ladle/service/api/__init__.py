"""`/v1`: the campaign for programs, as JSON and as streams of records."""
