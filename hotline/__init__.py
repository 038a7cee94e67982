"""What all share: time, database, people, events, jobs. Imports none of the other packages."""
