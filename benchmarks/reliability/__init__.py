"""What is lost when a process dies, power goes, disks fail or bits flip."""
