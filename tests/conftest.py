"""What holds for every test."""

import signal

from hypothesis import settings

# A law is no stopwatch: on a machine in use by others, any example may take a second.
settings.register_profile("ladle", deadline=None)
settings.load_profile("ladle")

# Started in the background of a script, tests are deaf to Ctrl-C, and so would be the processes that they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
