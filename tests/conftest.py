"""What holds for every test."""

import os
import signal

from hypothesis import settings

# A law is no stopwatch: on a machine in use by others, any example may take a second.
settings.register_profile("ladle", deadline=None)
settings.load_profile("ladle")

os.environ["LADLE_USER"] = "tester"  # who acts in the tests, whatever the user of the system is called

# Started in the background of a script, tests are deaf to Ctrl-C, and so would be the processes that they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
