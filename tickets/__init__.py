"""The heart: the life of a ticket (工单), from the call to the archive."""
