"""The commands of the command line, a file for each kind; manage.py puts them together. A door like the other root files: nothing imports it."""
