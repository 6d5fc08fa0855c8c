"""What memory the machine has, files for what exceeds it, and fetching their rows before they are used."""
