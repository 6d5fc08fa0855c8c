"""The parts that all commands share: options, outputs, printing, progress, signals, failures."""
