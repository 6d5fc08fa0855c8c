"""What all commands share: the application, options, outputs, progress, failures."""
