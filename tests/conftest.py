"""What holds for every test."""

from hypothesis import settings

# A law is no stopwatch: on a machine in use by others, any example may take a second.
settings.register_profile("ladle", deadline=None)
settings.load_profile("ladle")
