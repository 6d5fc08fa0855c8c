"""What a campaign shows: its tables, figures, waiting work and stories, read at one moment."""
