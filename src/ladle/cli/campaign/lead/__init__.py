"""Commands of a data lead: settings, classes, people, what is taken back, decided or assigned."""
