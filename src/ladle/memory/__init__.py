"""The memory of the machine, files for arrays that exceed it, and fetching their rows before they are used."""
