"""What is measured of labels and of the people who gave them; nothing here changes a state."""
